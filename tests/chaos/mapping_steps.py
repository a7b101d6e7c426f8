"""Changes of a mapping that are under way when the server is killed, and what must be there afterwards: the mapping from
before or the one that was asked for, nothing between; and the latter where it was answered as success."""

import http.client
import json
import threading
import time

import harness

ID = "am.services.oauth2.stateless.signing.ES384"
OTHER_ID = "am.services.oauth2.oidc.signing.ES384"  # keys for ID are made under this one, which publishes nothing of ID
KINDS = ("publish", "activate", "rotate", "map", "retire")


class Asked(threading.Thread):
    """A request that is sent when the constructor returns, and whose answer may never come."""

    def __init__(self, server, method, path, body):
        super().__init__(daemon=True)
        self.answer, self.took = None, None
        self.connection = http.client.HTTPConnection("127.0.0.1", server.management_port, timeout=harness.GENEROUS)
        self.connection.request(method, path, json.dumps(body), {
            "Authorization": "Bearer " + server.admin_token(), "Content-Type": "application/json"})
        self.sent = time.monotonic()
        self.start()

    def run(self):
        try:
            answer = self.connection.getresponse()
            self.answer = harness.Answer(answer.status, {}, answer.read())
            self.took = time.monotonic() - self.sent
        except (OSError, http.client.HTTPException):
            pass  # it was killed
        finally:
            self.connection.close()


class MappingSteps:
    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.made, self.turn, self.within, self.answered, self.unanswered_but_done = 0, 0, 0, 0, 0
        self.took = dict.fromkeys(KINDS, 0.03)  # seconds that one takes, as far as is known: longer where no answer came
        self.secret = harness.create_client(server, "mapped", access_token={
            "format": "jwt", "signing_algorithm": "ES384"})
        self.kind = self.before = self.after = self.asked = None

    def aliases(self):
        mappings = self.server.admin("GET", "/admin/secrets/mappings?realm=&store=local").json()["mappings"]
        return next(mapping["aliases"] for mapping in mappings if mapping["secretId"] == ID)

    def ring(self):
        rings = self.server.admin("GET", "/admin/realms/root/secrets").json()["rings"]
        return next(ring for ring in rings if ring["id"] == ID)["keys"]

    def name(self):
        self.made += 1
        return f"killed-{self.made}"

    def fresh_key(self):
        """The alias of a key in the store that ID never had: a retired one must not come back."""
        alias = self.name()
        answer = self.server.admin("POST", "/admin/secrets/rotate",
                                   {"realm": "", "store": "local", "id": OTHER_ID, "alias": alias})
        if answer.status != 200:
            raise RuntimeError(f"no key to publish: {answer}")
        return alias

    def choose(self):
        """(kind, alias, the aliases afterwards). A key that was passive is never asked to sign again."""
        kind = KINDS[self.turn % len(KINDS)]
        self.turn += 1
        before = self.before
        states = {key["alias"]: key["state"] for key in self.ring() if key["alias"] in before}
        prepared = [alias for alias in before[1:] if states.get(alias) == "prepared"]
        passive = [alias for alias in before[1:] if states.get(alias) == "passive"]
        if kind == "activate" and prepared:
            alias = self.rng.choice(prepared)
            return kind, alias, [alias, *(one for one in before if one != alias)]
        if kind == "retire" and passive:
            alias = self.rng.choice(passive)
            return kind, alias, [one for one in before if one != alias]
        if kind == "map":
            first = self.rng.choice(prepared or before[:1])
            kept = [one for one in before if one != first and (one not in passive or self.rng.random() < 0.5)]
            return kind, None, [first, *kept, self.fresh_key()]
        if kind == "rotate":
            alias = self.name()
            return kind, alias, [*before, alias]
        alias = self.fresh_key()
        return "publish", alias, [*before, alias]

    def begin(self):
        """Sends the next step; returns the seconds after which to kill."""
        self.before = self.aliases()
        self.kind, alias, self.after = self.choose()
        where = {"realm": "", "store": "local"}
        if self.kind == "map":
            self.asked = Asked(self.server, "PUT", "/admin/secrets/mappings?realm=&store=local",
                               {**where, "secretId": ID, "aliases": self.after, "force": True})
        else:
            self.asked = Asked(self.server, "POST", f"/admin/secrets/{self.kind}",
                               {**where, "id": ID, "alias": alias, "force": True})
        return self.rng.uniform(0, 1.1 * self.took[self.kind])

    def check_after(self):
        """Faults, once the server runs again."""
        self.asked.join()
        answer = self.asked.answer
        self.answered += answer is not None
        self.within += answer is None
        self.took[self.kind] = self.asked.took or 1.5 * self.took[self.kind]
        what = f"{self.kind} of {self.before}"
        faults, now = [], self.aliases()
        self.unanswered_but_done += answer is None and now == self.after
        if answer is not None and answer.status != 200:
            faults.append(f"{what}: {answer}")
        elif answer is not None and now != self.after:
            faults.append(f"{what} was answered, but the mapping is {now}")
        if now not in (self.before, self.after):
            faults.append(f"{what}: the mapping is {now}, neither that nor {self.after}")
        keys = self.ring()
        lost = set(now) - {key["alias"] for key in keys}
        if lost:
            faults.append(f"{what}: mapped without a key: {sorted(lost)}")
        signers = [key["alias"] for key in keys if key["state"] == "active"]
        if len(signers) != 1 or signers[0] not in now:
            faults.append(f"{what}: {signers} sign, of {now}")
        return faults

    def token(self):
        """One that the ring signs after the restart."""
        answer = self.server.token("mapped", self.secret)
        if answer.status != 200:
            raise RuntimeError(f"no token of {ID}: {answer}")
        return answer.json()["access_token"]
