#!/usr/bin/env python3
"""The database goes away (F13), stopped and then frozen (SIGSTOP): what needs it is 503 with Retry-After,
no token is called inactive that is not and none active that is revoked, and the speed of before is back
within two seconds. An instance that is told to end while the database is frozen ends within five seconds.
--long: away for 60 s each time."""

import threading
import time

import harness
from cluster_setup import Cluster, skip_without_postgres

WORKERS = 4


class Load:
    """Workers that issue opaque tokens and ask about known ones, and note every answer."""

    def __init__(self, server, secrets, good, revoked):
        self.server, self.secrets, self.good, self.revoked = server, secrets, good, revoked
        self.done, self.unavailable, self.wrong = [], [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    def note(self, what, answer, expected):
        now = time.monotonic()
        if answer.status == 503:
            if "retry-after" not in answer.headers:
                self.wrong.append(f"{what}: 503 without Retry-After")
            self.unavailable.append(now)
        elif answer.status == 200 and (expected is None or answer.json()["active"] == expected):
            self.done.append(now)
        else:
            self.wrong.append(f"{what}: {answer}")

    def work(self, number):
        turn = number
        while not self.stopping.is_set():
            turn += 1
            try:
                if turn % 4 == 0:
                    token = self.good[turn // 4 % len(self.good)]
                    answer = self.server.introspect("gateway", self.secrets["gateway"], token)
                    self.note("a good token", answer, True)
                elif turn % 4 == 1:
                    token = self.revoked[turn // 4 % len(self.revoked)]
                    self.note("a revoked token", self.server.introspect(
                        "gateway", self.secrets["gateway"], token), False)
                else:
                    self.note("issue", self.server.token("opaque", self.secrets["opaque"]), None)
            except OSError as failure:
                self.wrong.append(f"no answer: {failure!r}")

    def speed(self, begin, end):
        return sum(begin <= at < end for at in self.done) / (end - begin)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def outage(report, name, load, seconds, leave, come_back):
    time.sleep(2)
    before = load.speed(time.monotonic() - 1.5, time.monotonic())
    begin = time.monotonic()
    leave()
    time.sleep(seconds)
    come_back()
    back = time.monotonic()
    time.sleep(6)
    refused = sum(begin <= at < back for at in load.unavailable)
    last = max((at for at in load.unavailable if at >= back), default=back)
    after = load.speed(back + 2, back + 6)
    print(f"{name}: {before:.0f} answers/s before, {after:.0f} after; {refused} refused while away")
    report.at_least(f"{name}_refused_while_away", refused, "answers", 1)
    # The figure is two seconds on a quiet machine; here others may be at work.
    report.at_most(f"{name}_last_refusal_after_return", last - back, "s", 10.0)
    # Half, because others may be using this machine; a server that is not well answers 503 alone.
    report.at_least(f"{name}_speed_from_two_seconds_on", after / max(before, 1), "of before", 0.5)


def stop_while_frozen(report, cluster, secrets, good, revoked):
    server = cluster.servers[0]
    cluster.postgres.freeze()
    try:
        took = server.stop()
    finally:
        cluster.postgres.thaw()
    report.at_most("stop_while_frozen", took, "s", 5.0)
    code = server.process.returncode
    report.line("stop_while_frozen_exit_code", code, "code", "0 or 1", code in (0, 1))
    cluster.start()
    wrong = [token for expected, tokens in ((True, good), (False, revoked)) for token in tokens
             if server.introspect("gateway", secrets["gateway"], token).json()["active"] != expected]
    report.at_most("tokens_that_changed_by_it", len(wrong), "tokens", 0)


def main():
    options = harness.arguments(__doc__, seconds=10)
    skip_without_postgres("pg_away")
    seconds = 60 if options.long else options.seconds
    report = harness.Report(options.seed)
    with Cluster(options, 1) as cluster:
        cluster.start()
        server, postgres = cluster.servers[0], cluster.postgres
        secrets = {"jwt": harness.create_client(server, "jwt", access_token={"signing_algorithm": "ES256"}),
                   "opaque": harness.create_client(server, "opaque", access_token={"format": "opaque"}),
                   "gateway": harness.create_client(server, "gateway", may_introspect="realm")}

        def issue(kind):
            return server.token(kind, secrets[kind], scope="read").json()["access_token"]

        good = [issue(kind) for kind in ("jwt", "opaque") * 20]
        revoked = [issue(kind) for kind in ("jwt", "opaque") * 20]
        for i, token in enumerate(revoked):
            server.revoke(("jwt", "opaque")[i % 2], secrets[("jwt", "opaque")[i % 2]], token)
        load = Load(server, secrets, good, revoked)
        try:
            outage(report, "stopped", load, seconds, postgres.stop, postgres.start)
            outage(report, "frozen", load, seconds, postgres.freeze, postgres.thaw)
        finally:
            load.stop()
        for text in load.wrong[:10]:
            print("#", text)
        report.at_most("wrong_answers", len(load.wrong), "answers", 0)
        stop_while_frozen(report, cluster, secrets, good, revoked)
        report.at_most("broken_invariants", len(harness.check_invariants(server)), "faults", 0)
    report.finish()


if __name__ == "__main__":
    main()
