#!/usr/bin/env python3
"""kill -9 at random moments (F1): whatever was answered as success is still true after the restart.
Tokens (JWT and opaque), revocations, client settings and published keys are written down as their
answers arrive; after each restart all of it is checked, the tokens with a JWKS from before the kill
and with a fresh one. Every other kill comes while a mapping is being changed, before the answer or just after it."""

import asyncio
import random
import time

import harness

harness.in_venv()

import load  # noqa: E402
from journal import Journal, Keys, check_audit, check_rings, proves_itself  # noqa: E402
from mapping_steps import MappingSteps  # noqa: E402

RING = "am.services.oauth2.stateless.signing.ES256"
KINDS = {"jwt": {"format": "jwt", "signing_algorithm": "ES256"}, "opaque": {"format": "opaque"}}
LEFTOVERS = (".tmp", ".temp", ".part", ".new", "~", ".swp")


class Driver:
    def __init__(self, server, secrets, rng):
        self.server, self.secrets, self.rng, self.journal = server, secrets, rng, Journal()
        self.unexpected = []
        self.counter = 0

    def next_request(self):
        roll = self.rng.random()
        mine = [t for t in self.journal.tokens[-200:] if not t.revoke_asked] if roll < 0.25 else []
        if mine:
            token = self.rng.choice(mine)
            token.revoke_asked = True
            raw = harness.raw_request("POST", harness.ROOT + "/token/revoke", {
                "Authorization": harness.basic(token.client, self.secrets[token.client]),
                "Content-Type": harness.FORM}, harness.form({"token": token.value}))
            return token, raw
        kind = self.rng.choice(list(KINDS))
        return kind, harness.token_request(kind, self.secrets[kind], scope="read")

    def on_answer(self, what, status, body):
        if status != 200:
            self.unexpected.append(f"{status} {body[:200]!r}")
        elif isinstance(what, str):
            self.journal.issued(body, what, what)
        else:
            what.revoked_at = time.time()

    async def run(self, stopping):
        await asyncio.gather(self.change_settings(stopping), *(
            load.ask_forever(self.server.port, stopping, self.next_request, self.on_answer,
                             lambda what, why: None) for _ in range(8)))

    async def change_settings(self, stopping):
        """A client's name grows without end: the newest that was acknowledged must be there."""
        while not stopping.is_set():
            self.counter += 1
            self.journal.wanted("name", self.counter)
            try:
                answer = await asyncio.to_thread(
                    self.server.admin, "PUT", "/admin/realms/root/clients/changing",
                    {**harness.client("changing", name=str(self.counter)), "generate_secret": True})
                if answer.status in (200, 201):
                    self.journal.acknowledged("name", self.counter)
                elif not stopping.is_set():
                    self.unexpected.append(f"PUT client: {answer}")
            except (OSError, harness.http.client.HTTPException, ValueError):
                await asyncio.sleep(0.01)

    def publish_key(self):
        answer = self.server.admin("POST", "/admin/secrets/rotate",
                                   {"realm": "", "store": "local", "id": RING})
        if answer.status == 200:
            kids = {s["kid"] for s in answer.json()["plan"] if s["step"] == "publish" and s.get("kid")}
            self.journal.acknowledged("kids", self.journal.facts.get("kids", set()) | kids)
        else:
            self.unexpected.append(f"rotate: {answer}")


def check_after(server, driver, rng, before, sample):
    journal, faults = driver.journal, []
    fresh = Keys(server.jwks())

    def is_active(token):
        answer = server.introspect("gateway", driver.secrets["gateway"], token)
        if answer.status != 200:
            faults.append(f"introspection: {answer}")
        return answer.status == 200 and answer.json()["active"]

    found, looked_at = journal.check(is_active, [before, fresh], sample, rng)
    faults += found
    name = int(server.admin("GET", "/admin/realms/root/clients/changing").json()["client"]["name"])
    if not journal.facts.get("name", 0) <= name <= journal.asked.get("name", 0):
        faults.append(f"the client's name is {name}; {journal.facts['name']} was acknowledged")
    ring = next(r for r in server.admin("GET", "/admin/realms/root/secrets").json()["rings"]
                if r["id"] == RING)
    lost = journal.facts.get("kids", set()) - {k["kid"] for k in ring["keys"]}
    if lost:
        faults.append(f"published keys are gone: {sorted(lost)}")
    return faults + check_rings(server) + harness.check_invariants(server), looked_at


def main():
    options = harness.arguments(__doc__, kills=40)
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    report.line("the_check_of_lives_finds_faults", proves_itself(), "-", "True", proves_itself())
    server = harness.Server(options.signetd, {}, keep=options.keep)
    server.document.update(harness.config([]))
    faults, starts, looked_at, published = [], [], 0, 0
    with server:
        secrets = {kind: harness.create_client(server, kind, access_token=token)
                   for kind, token in KINDS.items()}
        secrets["gateway"] = harness.create_client(server, "gateway", may_introspect="realm")
        driver = Driver(server, secrets, rng)
        harness.create_client(server, "changing", name="0")
        steps = MappingSteps(server, rng)
        begin, kills = time.time(), 0
        while kills < options.kills and time.time() - begin < (3600 if options.long else 120 * harness.PATIENCE ** 0.5):
            background = load.Background(driver.run)
            moment = rng.uniform(0.02, 0.5)
            if kills % 8 == 3:
                driver.publish_key()
                published += 1
            time.sleep(moment)
            before = Keys(server.jwks())
            is_step = kills % 2 == 0
            if is_step:
                time.sleep(steps.begin())
            server.kill()
            background.stop()
            kills += 1
            started = time.monotonic()
            server.start()
            answer = server.token("opaque", secrets["opaque"])
            starts.append(time.monotonic() - started)
            if answer.status != 200:
                faults.append(f"kill {kills}: the first token was refused: {answer}")
            found, seen = check_after(server, driver, rng, before, 60 if not options.long else 400)
            if is_step:
                found += steps.check_after()
                why = Keys(server.jwks()).verifies(steps.token())
                found += [f"after {steps.kind}: {why}"] if why else []
            faults += [f"kill {kills}: {fault}" for fault in found]
            looked_at += seen
        found, seen = check_after(server, driver, rng, Keys(server.jwks()), 2000)
        faults += found + check_audit(server)
        looked_at += seen
        server.stop()
        left = [str(p) for p in server.data_dir.rglob("*")
                if p.name.endswith(LEFTOVERS) or ".tmp" in p.name or ".new." in p.name]
    for text in (faults + driver.unexpected)[:10]:
        print("#", text)
    tokens = driver.journal.tokens
    report.at_least("kills", kills, "kills", options.kills)
    report.at_least("acknowledged_tokens", len(tokens), "tokens", 1000)
    report.at_least("acknowledged_revocations", sum(t.revoked_at is not None for t in tokens), "tokens", 50)
    report.at_least("published_keys", published, "keys", min(5, options.kills // 8))
    print(f"mapping steps: {steps.within} killed before the answer, of which {steps.unanswered_but_done} were done; "
          f"{steps.answered} after it")
    report.at_least("mapping_steps_killed_before_the_answer", steps.within, "steps", min(3, options.kills // 8))
    report.at_least("checked_after_restarts", looked_at, "tokens", 1000)
    report.at_most("lost_or_undone", len(faults), "faults", 0)
    report.at_most("unexpected_answers", len(driver.unexpected), "answers", 0)
    report.at_most("restart_to_first_token", max(starts), "s", 1.0)
    report.at_most("half_written_files", len(left), "files", 0)
    report.finish()


if __name__ == "__main__":
    main()
