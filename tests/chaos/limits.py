#!/usr/bin/env python3
"""File descriptors used up (F16): under a low limit new connections wait or are refused, old ones are
served on, nothing crashes, and when connections go the server takes new ones again."""

import asyncio
import time

import harness

LIMIT, FLOOD = 96, 300


async def flood(port, raw, seconds):
    """Old connections keep asking while new ones are opened beyond the limit."""
    old = [harness.AsyncConnection(port) for _ in range(8)]
    for connection in old:
        await connection.ask(raw)
    opened, failures, answered = [], 0, 0
    for _ in range(FLOOD):
        try:
            opened.append(await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 5))
        except (OSError, asyncio.TimeoutError):
            break
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for connection in old:
            try:
                status, _ = await asyncio.wait_for(connection.ask(raw), harness.GENEROUS)
                failures += status != 200
                answered += 1
            except (harness.Closed, OSError, asyncio.TimeoutError):
                failures += 1
    for _, writer in opened:
        writer.transport.abort()
    for connection in old:
        connection.close()
    return len(opened), answered, failures


def main():
    options = harness.arguments(__doc__)
    report = harness.Report(options.seed)
    server = harness.Server(options.signetd, {}, keep=options.keep, wrap=["prlimit", f"--nofile={LIMIT}:{LIMIT}"])
    server.document.update(harness.config([]))
    with server:
        secret = harness.create_client(server, "honest", access_token={"format": "opaque"})
        raw = harness.token_request("honest", secret, scope="read")
        opened, answered, failures = asyncio.run(flood(server.port, raw, 60 if options.long else 8))
        begin = time.monotonic()
        status = None
        while status != 200 and time.monotonic() - begin < harness.GENEROUS:
            try:
                status = server.token("honest", secret).status
            except OSError:
                time.sleep(0.05)
        recovery = time.monotonic() - begin
        alive = server.process.poll() is None
        stop = server.stop() if alive else 99.0
    report.at_least("connections_opened", opened, "sockets", LIMIT)
    report.at_least("answered_on_old_connections", answered, "requests", 100)
    report.at_most("failed_on_old_connections", failures, "requests", 0)
    report.line("process_alive", int(alive), "bool", "1", alive)
    report.line("serves_afterwards", status, "status", "200", status == 200)
    report.at_most("recovery", recovery, "s", 5.0)
    report.at_most("stop_afterwards", stop, "s", 5.0)
    report.finish()


if __name__ == "__main__":
    main()
