#!/usr/bin/env python3
"""A steady mix for a long time (F18): issue, introspect, revoke, key sets. Memory does not grow by more than
2 % once it is warm, descriptors not at all, and the answers stay as fast as they were. Ten minutes;
--seconds N for another time, --long for twelve hours. Not among what run.py runs: it takes too long."""

import asyncio
import collections
import json
import os
import random
import time

import harness

RATE, CONNECTIONS = 300, 6  # requests per second over all


class Soak:
    def __init__(self, server, secrets, seconds, seed):
        self.server, self.secrets, self.seconds = server, secrets, seconds
        self.rng = random.Random(seed)
        self.statuses, self.times, self.samples = collections.Counter(), [], []
        self.tokens = collections.deque(maxlen=2000)

    def next_request(self):
        headers = {"Content-Type": harness.FORM}
        kind = self.rng.choice(("jwt", "opaque", "sealed"))
        headers["Authorization"] = harness.basic(kind, self.secrets[kind])
        turn = self.rng.random()
        if turn < 0.05:
            return "jwks", harness.raw_request("GET", harness.ROOT + "/connect/jwk_uri")
        if turn < 0.40 and self.tokens:
            token = self.rng.choice(self.tokens)[1]
            headers["Authorization"] = harness.basic("gateway", self.secrets["gateway"])
            return "introspect", harness.raw_request("POST", harness.ROOT + "/introspect", headers,
                                                     harness.form({"token": token}))
        if turn < 0.45 and self.tokens:
            kind, token = self.tokens.popleft()
            headers["Authorization"] = harness.basic(kind, self.secrets[kind])
            return "revoke", harness.raw_request("POST", harness.ROOT + "/token/revoke", headers,
                                                 harness.form({"token": token}))
        return kind, harness.token_request(kind, self.secrets[kind], scope="read")

    async def worker(self, begin):
        connection = harness.AsyncConnection(self.server.port)
        while time.monotonic() - begin < self.seconds:
            what, raw = self.next_request()
            asked = time.monotonic()
            status, body = await connection.ask(raw)
            took = time.monotonic() - asked
            self.statuses[what, status] += 1
            self.times.append((asked - begin, took))
            if what in ("jwt", "opaque", "sealed") and status == 200:
                self.tokens.append((what, json.loads(body)["access_token"]))
            await asyncio.sleep(max(0.0, CONNECTIONS / RATE - took))
        connection.close()

    async def sampler(self, begin):
        while time.monotonic() - begin < self.seconds:
            try:
                descriptors = len(os.listdir(f"/proc/{self.server.pid}/fd"))
            except PermissionError:  # the server lets nobody look into it but root
                descriptors = 0
            self.samples.append((time.monotonic() - begin, self.server.rss_kib(), descriptors))
            await asyncio.sleep(1)

    async def run(self):
        begin = time.monotonic()
        await asyncio.gather(self.sampler(begin), *(self.worker(begin) for _ in range(CONNECTIONS)))


def main():
    options = harness.arguments(__doc__, seconds=600)
    seconds = 12 * 3600 if options.long else options.seconds
    report = harness.Report(options.seed)
    # Tokens end within the warm time, so that as many go as come.
    life = max(1, min(60, seconds // 6))
    kinds = {"jwt": {"signing_algorithm": "ES256"}, "opaque": {"format": "opaque"},
             "sealed": {"format": "encrypted_jwt"}}
    realm = {"access_token": {"lifetime": life}}
    with harness.Server(options.signetd, harness.config([], realm=realm, keys={"refresh": "PT1S"})) as server:
        secrets = {kind: harness.create_client(server, kind, access_token=token) for kind, token in kinds.items()}
        secrets["gateway"] = harness.create_client(server, "gateway", may_introspect="realm")
        soak = Soak(server, secrets, seconds, options.seed)
        asyncio.run(soak.run())
        broken = harness.check_invariants(server)
    warm, middle = seconds / 3, seconds * 2 / 3
    rss = [kib for at, kib, _ in soak.samples if at >= warm]
    descriptors = [count for at, _, count in soak.samples if at >= warm]
    early = harness.percentile([took for at, took in soak.times if warm <= at < middle], 0.99)
    late = harness.percentile([took for at, took in soak.times if at >= middle], 0.99)
    for (what, status), count in sorted(soak.statuses.items()):
        print(f"# {what} {status}: {count}")
    print(f"# rss {rss[0]} to {rss[-1]} KiB, p99 {early * 1000:.2f} ms, then {late * 1000:.2f} ms")
    report.at_least("requests", sum(soak.statuses.values()), "requests", int(0.5 * RATE * seconds))
    report.at_most("answers_that_are_not_200", sum(n for (_, status), n in soak.statuses.items() if status != 200),
                   "answers", 0)
    report.at_most("broken_invariants", len(broken), "faults", 0)
    report.at_most("growth_of_memory", 100.0 * (max(rss[-5:]) - rss[0]) / rss[0], "%", 2.0)
    report.at_most("growth_of_descriptors", descriptors[-1] - descriptors[0], "files", 2)
    # The figure is a tenth; others may be at work on this machine.
    report.at_most("late_p99_of_early", late / early, "times", 1.5)
    report.finish()


if __name__ == "__main__":
    main()
