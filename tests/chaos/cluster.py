#!/usr/bin/env python3
"""Three instances on one PostgreSQL: started at the same moment on an empty database; tokens of each are
good at the others; what is changed or revoked at one reaches the others at once, and within the
interval where nobody tells (shown with two instances over one SQLite file, which tells nobody)."""

import random
import statistics
import time

import harness

harness.in_venv()

from cluster_setup import Cluster, skip_without_postgres  # noqa: E402
from journal import check_audit, header_of  # noqa: E402

RING = "am.services.oauth2.stateless.signing.ES256"
KINDS = {"jwt": {"format": "jwt", "signing_algorithm": "ES256"}, "opaque": {"format": "opaque"},
         "sealed": {"format": "encrypted_jwt"}}
TOLD = (2.0, 1.0)  # seconds at most, and by median, where instances tell each other (F4)


def until(holds, limit=harness.GENEROUS):
    """The seconds until holds() is true, or the limit."""
    begin = time.monotonic()
    while not holds():
        if time.monotonic() - begin > limit:
            return limit
        time.sleep(0.002)
    return time.monotonic() - begin


class Run:
    def __init__(self, servers, rng):
        self.servers, self.rng, self.faults = servers, rng, []
        self.secrets = {kind: harness.create_client(rng.choice(servers), kind, access_token=token)
                        for kind, token in KINDS.items()}
        self.secrets["gateway"] = harness.create_client(servers[0], "gateway", may_introspect="realm")

    def issue(self, server, kind):
        answer = server.token(kind, self.secrets[kind], scope="read")
        if answer.status != 200:
            self.faults.append(f"issue {kind}: {answer}")
            return None
        return answer.json()["access_token"]

    def is_active(self, server, token):
        answer = server.introspect("gateway", self.secrets["gateway"], token)
        if answer.status != 200:
            self.faults.append(f"introspection: {answer}")
        return answer.status == 200 and answer.json()["active"]

    def cross_check(self, tokens):
        good = 0
        for _ in range(tokens):
            issuer = self.rng.choice(self.servers)
            token = self.issue(issuer, self.rng.choice(list(KINDS)))
            for server in self.servers:
                good += self.is_active(server, token)
        return good

    def revocations(self, count):
        """Seconds from the answer of a revocation until each other instance refuses the token."""
        seconds = {kind: [] for kind in KINDS}
        for i in range(count):
            kind = list(KINDS)[i % len(KINDS)]
            here, *others = self.rng.sample(self.servers, len(self.servers))
            token = self.issue(here, kind)
            for server in others:  # their caches are warm
                if not self.is_active(server, token):
                    self.faults.append(f"a fresh {kind} token is not active elsewhere")
            if here.revoke(kind, self.secrets[kind], token).status != 200:
                self.faults.append("a revocation was refused")
            seconds[kind] += [until(lambda: not self.is_active(server, token)) for server in others]
        return seconds

    def mapping_changes(self, count):
        """Seconds until a key that was published at one instance is in the JWKS of the others."""
        seconds = []
        for _ in range(count):
            here, *others = self.rng.sample(self.servers, len(self.servers))
            known = {key["kid"] for key in here.jwks()["keys"]}
            answer = here.admin("POST", "/admin/secrets/rotate", {"realm": "", "store": "local", "id": RING})
            while answer.status == 409 and answer.json()["code"] == "alias_exists":
                time.sleep(0.1)  # the names of keys that are made have seconds in them
                answer = here.admin("POST", "/admin/secrets/rotate",
                                    {"realm": "", "store": "local", "id": RING})
            if answer.status != 200:
                self.faults.append(f"rotate: {answer}")
                continue
            fresh = {key["kid"] for key in here.jwks()["keys"]} - known
            if not fresh:
                self.faults.append("no new key where it was published")
            seconds += [until(lambda: fresh <= {key["kid"] for key in server.jwks()["keys"]})
                        for server in others]
        return seconds

    def compromises(self, count):
        """Seconds until no other instance takes a token of a key that was reported compromised, nor publishes it (F5)."""
        seconds = []
        for _ in range(count):
            here, *others = self.rng.sample(self.servers, len(self.servers))
            token = self.issue(here, "jwt")
            kid = header_of(token)["kid"]
            if not all(self.is_active(server, token) for server in others):
                self.faults.append("a fresh token is not active elsewhere")
            answer = here.admin("POST", "/admin/secrets/compromise", {"realm": "", "id": RING, "kid": kid})
            if answer.status != 200 or not answer.json()["successor"]:
                self.faults.append(f"compromise: {answer}")
                continue
            if self.is_active(here, token):
                self.faults.append("the compromised key is good where it was reported")
            seconds += [until(lambda: not self.is_active(server, token)
                              and kid not in {key["kid"] for key in server.jwks()["keys"]}) for server in others]
        return seconds

    def secret_changes(self, count):
        """Seconds until the others take a client's new secret and refuse the old one."""
        seconds = []
        for _ in range(count):
            here, *others = self.rng.sample(self.servers, len(self.servers))
            old = self.secrets["jwt"]
            for server in self.servers:
                self.issue(server, "jwt")
            self.secrets["jwt"] = harness.create_client(here, "jwt", access_token=KINDS["jwt"])
            seconds += [until(lambda: server.token("jwt", old).status == 401
                              and server.token("jwt", self.secrets["jwt"]).status == 200)
                        for server in others]
        return seconds


def tell(report, name, seconds, goal, median=None):
    print(f"{name}: median {statistics.median(seconds) * 1000:.0f} ms, most {max(seconds) * 1000:.0f} ms "
          f"of {len(seconds)}")
    report.at_most(name + "_slowest", max(seconds), "s", goal)
    if median:
        report.at_most(name + "_median", statistics.median(seconds), "s", median)


def main():
    options = harness.arguments(__doc__, revocations=30, rotations=6)
    skip_without_postgres("cluster")
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    with Cluster(options, 3) as cluster:
        report.at_most("start_of_three_at_once", cluster.start(), "s", 15.0)
        run = Run(cluster.servers, rng)
        tokens = 60
        report.at_least("tokens_good_everywhere", run.cross_check(tokens), "checks",
                        tokens * len(cluster.servers))
        for kind, seconds in run.revocations(options.revocations).items():
            tell(report, f"revocation_{kind}", seconds, *TOLD)
        tell(report, "mapping_change", run.mapping_changes(options.rotations), *TOLD)
        tell(report, "client_change", run.secret_changes(5), *TOLD)
        tell(report, "compromise", run.compromises(3), 5.0)
        report.at_least("tokens_good_after_changes", run.cross_check(tokens), "checks",
                        tokens * len(cluster.servers))
        run.faults += check_audit(rng.choice(cluster.servers))
        finish(report, "postgres", run)
    with Cluster(options, 2, storage_url="sqlite:WORKDIR/shared.db",
                 keys={"refresh": "PT2S"}) as cluster:
        for server in cluster.servers:  # SQLite is made by the first
            server.start()
        run = Run(cluster.servers, rng)
        seconds = run.revocations(3)["jwt"]
        tell(report, "revocation_when_nobody_tells", seconds, 2 + 0.5)
        tell(report, "mapping_change_when_nobody_tells", run.mapping_changes(2), 2 + 2.5)
        finish(report, "sqlite", run)
    report.finish()


def finish(report, name, run):
    for fault in run.faults[:10]:
        print("#", fault)
    report.at_most(f"broken_invariants_{name}", len([fault for server in run.servers
                                                     for fault in harness.check_invariants(server)]), "faults", 0)
    report.at_most(f"faults_{name}", len(run.faults), "faults", 0)


if __name__ == "__main__":
    main()
