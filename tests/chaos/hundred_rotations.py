#!/usr/bin/env python3
"""Three instances on one PostgreSQL under continuous load, while every ID that signs or encrypts tokens is
rotated again and again (10 times; SIGNET_ROTATIONS=100 or --rotations 100 for the whole of it). Each token is
asked for at one instance, introspected at the others, and verified with key sets of several ages that were
fetched from any of them and kept for as long as they may be; those whose key is in no key set (MACs, encrypted
tokens) are introspected alone. Nothing may fail."""

import asyncio
import collections
import os
import random
import re
import time

import harness

harness.in_venv()

import load  # noqa: E402
from cluster_setup import Cluster, skip_without_postgres  # noqa: E402
from journal import Keys, check_audit, check_rings, claims_of, header_of  # noqa: E402

IDS = {"RS256": "am.services.oauth2.stateless.signing.RSA",
       "ES256": "am.services.oauth2.stateless.signing.ES256",
       "ES384": "am.services.oauth2.stateless.signing.ES384",
       "ES512": "am.services.oauth2.stateless.signing.ES512",
       "EdDSA": "am.services.oauth2.oidc.signing.EDDSA",
       "HS256": "am.services.oauth2.stateless.signing.HMAC",
       "encrypted": "am.services.oauth2.stateless.token.encryption"}
SECRET = {"HS256", "encrypted"}  # only the servers have the key
LIFETIME, SKEW, AHEAD = 3, 1, 2  # seconds
CACHES, CONNECTIONS = 4, 2       # key sets; connections to each instance
PAUSE = 0.02                     # of a connection after each token


def settings_of(name):
    """Of the client whose tokens are made with the keys of that name's ID."""
    if name == "encrypted":
        return {"format": "encrypted_jwt", "signing_algorithm": "ES256", "lifetime": f"PT{LIFETIME}S"}
    return {"signing_algorithm": name, "lifetime": f"PT{LIFETIME}S"}


class RelyingParties:
    """Key sets from any instance. Each is kept for max-age, and asked for again for no other reason."""

    def __init__(self, servers, rng):
        self.servers, self.rng, self.held, self.failures = servers, rng, [None] * CACHES, []

    def refresh(self):
        for i, held in enumerate(self.held):
            if held is not None and time.time() < held.until:
                continue
            asked = time.time()  # an answer is as old as its question, however long it was on its way
            answer = self.rng.choice(self.servers).get(harness.ROOT + "/connect/jwk_uri")
            if answer.status != 200:
                self.failures.append(f"JWKS: {answer}")
                continue
            life = int(re.search(r"max-age=(\d+)", answer.headers["cache-control"]).group(1))
            keys = Keys(answer.json())
            keys.until = asked + life
            self.held[i] = keys

    async def keep_fresh(self, stopping):
        while not stopping.is_set():
            await asyncio.to_thread(self.refresh)
            await asyncio.sleep(0.05)

    def fault_of(self, token):
        for keys in self.held:
            # Neither a key set that may not be used any more, and is about to be replaced, nor a dead token says much.
            if keys is None or time.time() >= min(keys.until, claims_of(token)["exp"]):
                continue
            why = keys.verifies(token)
            if why:
                return f"{why}; key set of {time.time() - keys.fetched:.2f} s ago"
        return None


def may_be_kept(answer):
    """Whether relying parties may hold the JWKS: in the first half minute no copy of it is kept."""
    return answer.status == 200 and "max-age=0" not in answer.headers["cache-control"]


class Load:
    def __init__(self, servers, secrets, gateway, rng):
        self.servers, self.secrets, self.gateway, self.rng = servers, secrets, gateway, rng
        self.parties = RelyingParties(servers, rng)
        self.parties.refresh()
        self.tokens, self.checks = 0, 0
        self.unverified, self.stalls = [], harness.Stalls()
        self.kids, self.failures = collections.defaultdict(collections.Counter), self.parties.failures

    async def worker(self, issuer, stopping):
        ask = {server: harness.AsyncConnection(server.port) for server in self.servers}
        while not stopping.is_set():
            alg = self.rng.choice(list(IDS))
            try:
                await self.one(alg, issuer, ask)
            except (harness.Closed, OSError) as why:
                self.failures.append(f"{alg}: {why or type(why).__name__}")
            await asyncio.sleep(PAUSE)
        for connection in ask.values():
            connection.close()

    async def one(self, alg, issuer, ask):
        alive_until = int(time.time()) + LIFETIME  # at least: `exp` is in whole seconds
        status, body = await ask[issuer].ask(harness.token_request(alg, self.secrets[alg], scope="read"))
        if status != 200:
            self.failures.append(f"{alg}: {status} {body[:200]!r}")
            return
        token = harness.json.loads(body)["access_token"]
        self.tokens += 1
        self.kids[alg][header_of(token)["kid"]] += 1
        why = None if alg in SECRET else self.parties.fault_of(token)
        if why:
            self.unverified.append((time.monotonic(), f"{alg}: {why}"))
        question = harness.raw_request(
            "POST", harness.ROOT + "/introspect",
            {"Authorization": harness.basic("gateway", self.gateway), "Content-Type": harness.FORM},
            harness.form({"token": token}))
        for server in self.servers:
            if server is issuer:
                continue
            status, body = await ask[server].ask(question)
            if status == 200 and harness.json.loads(body)["active"]:
                self.checks += 1
            elif status != 200 or time.time() < alive_until:
                self.failures.append(f"{alg}: {status} {body[:200]!r} at another instance")

    async def run(self, stopping):
        await asyncio.gather(self.parties.keep_fresh(stopping),
                             *(self.worker(server, stopping) for server in self.servers
                               for _ in range(CONNECTIONS)))


class Rotator:
    """One after the other for one ID, each step at another instance."""

    def __init__(self, servers, secret_id, rng):
        self.servers, self.id, self.rng = servers, secret_id, rng
        self.done, self.retired, self.faults = 0, 0, []

    def ask(self, method, path, **body):
        return self.rng.choice(self.servers).admin(
            method, path, {"realm": "", "store": "local", "id": self.id, **body})

    def patiently(self, path, until, **body):
        """Asks for as long as the server says that it is too early or that others were faster."""
        while True:
            answer = self.ask("POST", path, **body)
            if answer.status != 409 or time.time() > until:
                return answer
            time.sleep(0.15)

    def rotate(self):
        answer = self.patiently("/admin/secrets/rotate", time.time() + harness.GENEROUS)
        if answer.status != 200:
            self.faults.append(f"rotate {self.id}: {answer}")
            return
        alias = next(s["alias"] for s in answer.json()["plan"] if s["step"] == "publish")
        answer = self.patiently("/admin/secrets/activate", time.time() + harness.GENEROUS, alias=alias)
        if answer.status != 200:
            self.faults.append(f"activate {alias}: {answer}")
            return
        self.done += 1

    def retire(self):
        """The passive keys whose time has come, by the server's own word."""
        rings = self.rng.choice(self.servers).admin("GET", "/admin/realms/root/secrets").json()["rings"]
        for key in next(ring for ring in rings if ring["id"] == self.id)["keys"]:
            if key["state"] == "passive":
                answer = self.ask("POST", "/admin/secrets/retire", alias=key["alias"])
                if answer.status == 200:
                    self.retired += 1
                elif answer.status not in (404, 409):
                    self.faults.append(f"retire {key['alias']}: {answer}")


def main():
    options = harness.arguments(__doc__, rotations=int(os.environ.get("SIGNET_ROTATIONS", 10)))
    skip_without_postgres("hundred_rotations")
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    keys = {"publish_ahead": f"PT{AHEAD}S", "clock_skew": f"PT{SKEW}S", "refresh": "PT1S"}
    with Cluster(options, 3, keys=keys) as cluster:
        cluster.start()
        servers = cluster.servers
        secrets = {alg: harness.create_client(servers[0], alg, access_token=settings_of(alg)) for alg in IDS}
        gateway = harness.create_client(servers[0], "gateway", may_introspect="realm")
        for server in servers:  # every instance has heard of the clients
            while any(server.token(alg, secrets[alg]).status != 200 for alg in IDS) or \
                    not may_be_kept(server.get(harness.ROOT + "/connect/jwk_uri")):
                time.sleep(0.1)
        traffic = Load(servers, secrets, gateway, rng)
        background = load.Background(traffic.run)
        rotators = {alg: Rotator(servers, secret_id, rng) for alg, secret_id in IDS.items()}
        begin = time.monotonic()

        def keep_rotating(rotator):
            while rotator.done < options.rotations and not rotator.faults:
                rotator.rotate()
                rotator.retire()

        with harness.concurrent.futures.ThreadPoolExecutor(len(IDS)) as pool:
            list(pool.map(keep_rotating, rotators.values()))
        took = time.monotonic() - begin
        background.stop()
        blamed = [text for at, text in traffic.unverified
                  if not traffic.stalls.between(at - traffic.stalls.AFTERWARDS, at)]
        traffic.failures += blamed
        faults = [fault for server in servers for fault in check_rings(server)]
        faults += check_audit(rng.choice(servers)) + harness.check_invariants(rng.choice(servers))
        refused = [fault for rotator in rotators.values() for fault in rotator.faults]
        for text in (refused + traffic.failures + faults)[:10]:
            print("#", text)
        print(f"{took:.0f} s, {traffic.tokens / took:.0f} tokens/s")
        for alg, rotator in rotators.items():
            report.at_least(f"rotations_{alg}", rotator.done, "keys", options.rotations)
            report.at_least(f"keys_that_signed_{alg}", len(traffic.kids[alg]), "keys",
                            options.rotations)
        report.at_least("retired_keys", sum(r.retired for r in rotators.values()), "keys",
                        options.rotations)
        report.at_least("tokens", traffic.tokens, "tokens", 20 * options.rotations)
        report.at_least("checks_at_other_instances", traffic.checks, "checks", 30 * options.rotations)
        report.at_most("failures", len(traffic.failures), "requests", 0)
        report.at_most("excused_tokens", len(traffic.unverified) - len(blamed), "tokens",
                       traffic.stalls.most(traffic.tokens))
        report.at_most("refused_rotation_steps", len(refused), "steps", 0)
        report.at_most("broken_invariants", len(faults), "faults", 0)
    report.finish()


if __name__ == "__main__":
    main()
