#!/usr/bin/env python3
"""Graceful stop (F19): SIGTERM under load. Every request that was sent before the signal is answered
whole; one that comes later is answered, or its connection ends before a byte, which tells a client
that it may ask elsewhere. The process ends within 5 s."""

import asyncio
import random
import time

import harness
import load

WORKERS, ANSWERED = 16, 1000


def main():
    options = harness.arguments(__doc__, stops=20)
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    server = harness.Server(options.signetd, {}, keep=options.keep)
    server.document.update(harness.config([]))
    failed, times, answered, turned_away, codes = [], [], 0, 0, set()
    with server:
        kinds = {"jwt": {"signing_algorithm": "RS256"}, "opaque": {"format": "opaque"}}
        requests = [harness.token_request(kind, harness.create_client(server, kind, access_token=token),
                                          scope="read") for kind, token in kinds.items()]
        for stop in range(options.stops):
            signalled = [None]
            counts = {"answered": 0, "turned_away": 0}
            reached = set()  # of the workers: who has an answer is no stranger to the server when it is told to end

            async def worker(stopping, number):
                raw = requests[number % 2]
                connection = harness.AsyncConnection(server.port)
                while not stopping.is_set():
                    sent = time.monotonic()
                    try:
                        status, body = await connection.ask(raw)
                    except harness.Closed as closed:
                        late = signalled[0] is not None and sent >= signalled[0] and not closed.partial
                        if not late:
                            failed.append(f"stop {stop}: a request was cut off "
                                          f"({'partial' if closed.partial else 'no'} answer)")
                        counts["turned_away"] += 1
                        return
                    except OSError:
                        if signalled[0] is None:
                            failed.append(f"stop {stop}: no connection before the signal")
                        return
                    counts["answered"] += 1
                    reached.add(number)
                    if status != 200:
                        failed.append(f"stop {stop}: {status} {body[:100]!r}")

            async def workers(stopping):
                await asyncio.gather(*(worker(stopping, number) for number in range(WORKERS)))

            background = load.Background(workers)
            time.sleep(rng.uniform(0.1, 0.4))
            harness.until(lambda: len(reached) == WORKERS and counts["answered"] >= ANSWERED // options.stops)
            # The moment before the signal is sent: what was sent earlier must be answered.
            signalled[0] = time.monotonic()
            times.append(server.stop())
            codes.add(server.process.returncode)
            background.stop()
            answered += counts["answered"]
            turned_away += counts["turned_away"]
            if stop + 1 < options.stops:
                server.start()
    for text in failed[:10]:
        print("#", text)
    report.at_least("stops", len(times), "stops", options.stops)
    report.at_least("answered", answered, "requests", ANSWERED)
    report.line("asked_to_go_elsewhere", turned_away, "requests", "-", True)
    report.at_most("failed_requests", len(failed), "requests", 0)
    report.at_most("slowest_stop", max(times), "s", 5.0)
    report.line("exit_codes", ",".join(map(str, sorted(codes))), "codes", "0", codes == {0})
    report.finish()


if __name__ == "__main__":
    main()
