#!/usr/bin/env python3
"""Rotation under load (F2 on one instance): tokens are issued from several connections without a
pause while keys are published, activated and retired. No request fails, and each token verifies with
a JWKS that a relying party holds by its caching rules: fetched before, kept for max-age."""

import asyncio
import collections
import datetime
import re
import time

import harness

harness.in_venv()

import load  # noqa: E402
from journal import Keys, check_audit, check_rings, claims_of, header_of  # noqa: E402

IDS = {"RS256": "am.services.oauth2.stateless.signing.RSA",
       "ES256": "am.services.oauth2.stateless.signing.ES256",
       "ES384": "am.services.oauth2.stateless.signing.ES384"}
CONNECTIONS, CACHES = 6, 4
LIFETIME, SKEW = 2, 1  # seconds


class RelyingParties:
    """JWKS caches of different ages. Each obeys max-age, and asks again for no other reason."""

    def __init__(self, server):
        self.server, self.held = server, [None] * CACHES

    def refresh(self):
        for i, held in enumerate(self.held):
            if held is None or time.time() >= held.until:
                asked = time.time()  # an answer is as old as its question, however long it was on its way
                answer = self.server.get(harness.ROOT + "/connect/jwk_uri")
                life = int(re.search(r"max-age=(\d+)", answer.headers["cache-control"]).group(1))
                keys = Keys(answer.json())
                keys.until = asked + life * (1 - 0.15 * i)
                self.held[i] = keys


async def relying_party_loop(parties, stopping):
    while not stopping.is_set():
        await asyncio.to_thread(parties.refresh)
        await asyncio.sleep(0.1)


class Rotator:
    def __init__(self, server, ahead):
        self.ahead = ahead
        self.server, self.done, self.retired, self.forced, self.faults = server, 0, 0, 0, []

    def ring(self, secret_id):
        rings = self.server.admin("GET", "/admin/realms/root/secrets").json()["rings"]
        return next(r for r in rings if r["id"] == secret_id)

    def ask(self, step, secret_id, alias, force=False):
        return self.server.admin("POST", f"/admin/secrets/{step}", {
            "realm": "", "store": "local", "id": secret_id, "alias": alias, "force": force})

    def activate(self, secret_id, alias):
        """Asks until the server no longer says that it is too early; True if done."""
        end = time.time() + harness.GENEROUS + self.ahead
        while time.time() < end:
            answer = self.ask("activate", secret_id, alias)
            if answer.status == 200:
                return True
            if answer.status != 409:
                break
            time.sleep(0.1)
        self.faults.append(f"activate {alias}: {answer}")
        return False

    def rotate(self, secret_id):
        """One key published and, when it may sign, activated; passive ones whose time came, retired."""
        answer = self.server.admin("POST", "/admin/secrets/rotate",
                                   {"realm": "", "store": "local", "id": secret_id})
        if answer.status != 200:
            self.faults.append(f"rotate {secret_id}: {answer}")
            return
        alias = next(s["alias"] for s in answer.json()["plan"] if s["step"] == "publish")
        if self.activate(secret_id, alias):
            self.done += 1
        self.retire(secret_id)

    def retire(self, secret_id):
        """Retires the passive keys whose tokens are dead. The server answers for longer lives than
        those of this run, as it raises horizons in large steps; so where it refuses, this script does
        what an operator who knows better does: it forces, once the last token is dead."""
        for key in self.ring(secret_id)["keys"]:
            if key["state"] != "passive":
                continue
            gone = datetime.datetime.fromisoformat(key["deactivated"].replace("Z", "+00:00")).timestamp()
            if time.time() < gone + LIFETIME + SKEW + 1:
                continue
            answer = self.ask("retire", secret_id, key["alias"])
            if answer.status == 409:
                self.forced += 1
                answer = self.ask("retire", secret_id, key["alias"], force=True)
            if answer.status == 200:
                self.retired += 1
            else:
                self.faults.append(f"retire {key['alias']}: {answer}")


def main():
    options = harness.arguments(__doc__, rotations=50, ahead=2)
    report = harness.Report(options.seed)
    server = harness.Server(options.signetd, {}, keep=options.keep)
    server.document.update(harness.config(
        [], keys={"publish_ahead": f"PT{options.ahead}S", "clock_skew": f"PT{SKEW}S", "refresh": "PT1S"}))
    with server:
        secrets = {alg: harness.create_client(server, alg, access_token={
            "signing_algorithm": alg, "lifetime": f"PT{LIFETIME}S"}) for alg in IDS}
        parties, rotator = RelyingParties(server), Rotator(server, options.ahead)
        parties.refresh()
        kids, failures, unverified, stalls = collections.Counter(), [], [], harness.Stalls()
        turn = {"n": 0}
        algorithms = list(IDS)
        requests = {alg: harness.token_request(alg, secrets[alg], scope="read") for alg in IDS}

        def next_request():
            turn["n"] += 1
            alg = algorithms[turn["n"] % len(algorithms)]
            return alg, requests[alg]

        def on_answer(alg, status, body):
            if status != 200:
                failures.append(f"{alg}: {status} {body[:200]!r}")
                return
            token = harness.json.loads(body)["access_token"]
            kids[header_of(token)["kid"]] += 1
            for keys in parties.held:
                # Neither a key set that may not be used any more, and is about to be replaced, nor a dead token says much.
                now = time.time()
                why = keys.verifies(token) if now < min(keys.until, claims_of(token)["exp"]) else None
                if why:
                    unverified.append((time.monotonic(), f"{alg}: {why}; JWKS of {now - keys.fetched:.2f} s ago"))
                    break

        async def workers(stopping):
            await asyncio.gather(relying_party_loop(parties, stopping), *(
                load.ask_forever(server.port, stopping, next_request, on_answer,
                                 lambda what, why: failures.append(f"{what}: {why}"))
                for _ in range(CONNECTIONS)))

        background = load.Background(workers)
        end = time.time() + (600 if options.long else max(110 * harness.PATIENCE ** 0.5, 1.2 * options.ahead))
        with harness.concurrent.futures.ThreadPoolExecutor(len(IDS)) as pool:
            def keep_rotating(secret_id):
                while rotator.done < options.rotations and time.time() < end and not rotator.faults:
                    rotator.rotate(secret_id)
                time.sleep(LIFETIME + SKEW + 1.5)
                rotator.retire(secret_id)
            list(pool.map(keep_rotating, IDS.values()))
        background.stop()
        blamed = [text for at, text in unverified if not stalls.between(at - stalls.AFTERWARDS, at)]
        for text in (rotator.faults + failures + blamed)[:10]:
            print("#", text)
        faults = check_rings(server) + check_audit(server) + harness.check_invariants(server)
        for text in faults[:10]:
            print("#", text)
        report.at_least("rotations", rotator.done, "keys", options.rotations)
        report.at_least("retired_keys", rotator.retired, "keys", options.rotations)
        report.line("of_them_forced", rotator.forced, "keys", "-", True)
        report.at_least("tokens", sum(kids.values()), "tokens", 500)
        report.at_least("keys_seen_in_tokens", len(kids), "keys", len(IDS) + 1)
        report.at_most("failed_requests", len(failures), "requests", 0)
        report.at_most("unverifiable_tokens", len(blamed), "tokens", 0)
        report.at_most("excused_tokens", len(unverified) - len(blamed), "tokens", stalls.most(sum(kids.values())))
        report.at_most("refused_rotation_steps", len(rotator.faults), "steps", 0)
        report.at_most("broken_invariants", len(faults), "faults", 0)
    report.finish()


if __name__ == "__main__":
    main()
