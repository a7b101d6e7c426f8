"""The token journal: what clients were told, and the invariants that must hold of it.

A driver writes down each acknowledged success at the moment its answer is whole; check() then asks
the server and the key sets. The numbers are those of the invariants in the requirements (4.5).
"""

import base64
import json
import time

from joserfc import jws
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
              "Ed25519"]


def header_of(token):
    part = token.split(".", 1)[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Keys:
    """A JWKS as a relying party holds it: parsed once, with the moment it was fetched."""

    def __init__(self, document, fetched=None):
        self.fetched = time.time() if fetched is None else fetched
        self.kids = {k.get("kid") for k in document["keys"]}
        self.by_kid = {k.get("kid"): KeySet.import_key_set({"keys": [k]}).keys[0]
                       for k in document["keys"] if k.get("use", "sig") == "sig"}

    def verifies(self, token):
        """The reason why not, or None."""
        kid = header_of(token).get("kid")
        if kid not in self.by_kid:
            return f"kid {kid} is not in the key set"
        try:
            jws.deserialize_compact(token.encode(), self.by_kid[kid], algorithms=ALGORITHMS)
        except Exception as refused:
            return f"{type(refused).__name__}: {refused}"
        return None


class Token:
    def __init__(self, value, kind, client, issued, lifetime):
        self.value, self.kind, self.client = value, kind, client
        self.expires = issued + lifetime
        self.revoked_at = None      # when the revocation was answered as success
        self.revoke_asked = False   # asked; the answer may not have come


class Journal:
    def __init__(self):
        self.tokens = []
        self.facts = {}  # name -> newest acknowledged value
        self.asked = {}  # name -> newest value that was asked for, answered or not

    def issued(self, answer_body, kind, client):
        body = json.loads(answer_body)
        token = Token(body["access_token"], kind, client, time.time(), body["expires_in"])
        self.tokens.append(token)
        return token

    def acknowledged(self, name, value):
        self.facts[name] = value

    def wanted(self, name, value):
        self.asked[name] = value

    def check(self, ask_introspection, key_sets, sample=None, rng=None):
        """Faults as sentences. `ask_introspection(token) -> bool active`; `key_sets` are Keys that
        every JWT must verify with; `sample` bounds how many tokens are looked at."""
        faults = []
        now = time.time()
        living = [t for t in self.tokens if t.expires > now + 5]
        if sample is not None and len(living) > sample:
            revoked = [t for t in living if t.revoked_at]
            others = [t for t in living if not t.revoked_at]
            rng.shuffle(revoked)
            rng.shuffle(others)
            living = revoked[:sample // 2] + others[:sample - min(len(revoked), sample // 2)]
        for token in living:
            if token.kind == "jwt":
                for keys in key_sets:
                    why = keys.verifies(token.value)
                    if why:
                        faults.append(f"invariant 1: a token does not verify: {why}")
            active = ask_introspection(token.value)
            if token.revoked_at and active:
                faults.append(f"invariant 2: a {token.kind} token is active after its revocation was answered")
            if not token.revoke_asked and not active:
                faults.append(f"invariant 1: a {token.kind} token that was issued is not active")
        return faults, len(living)


def check_rings(server, realm="root"):
    """Invariant 4 on the rings as the server shows them."""
    faults = []
    for ring in server.admin("GET", f"/admin/realms/{realm}/secrets").json()["rings"]:
        active = [k["kid"] for k in ring["keys"] if k["state"] == "active"]
        if len(active) > 1:
            faults.append(f"invariant 4: {ring['id']} has {len(active)} active keys")
    return faults


STEPS = {"published": 0, "activated": 1, "deactivated": 2, "retired": 3}


class Lives:
    """Invariant 7: no key's life runs backwards. A passive key still verifies, so it may sign again once the
    one that came after it was compromised; what was retired stays so."""

    def __init__(self):
        self.step = {}          # (realm, secret ID, kid) -> the furthest step it is at
        self.deactivated = {}   # the same -> sequence of its newest deactivation
        self.compromised = {}   # secret ID -> sequence of the newest compromise of one of its keys, in any realm

    def fault_of(self, event):
        kind, _, step = event["event"].partition(".")
        detail = event.get("detail") or {}
        kid, secret_id = detail.get("kid"), detail.get("secret_id", detail.get("id"))
        if kind != "key" or kid is None:
            return None
        if step == "compromised":
            self.compromised[secret_id] = event["sequence"]
        if step not in STEPS:
            return None
        name = (event.get("realm"), secret_id, kid)
        was = self.step.get(name, -1)
        is_successor = (step == "activated" and was == STEPS["deactivated"]
                        and self.compromised.get(secret_id, 0) > self.deactivated[name])
        if step == "deactivated":
            self.deactivated[name] = event["sequence"]
        self.step[name] = STEPS[step] if is_successor else max(STEPS[step], was)
        return f"invariant 7: {kid} went back to {step}" if STEPS[step] < was and not is_successor else None


def proves_itself():
    """Lives takes what may be and refuses what may not, so that its silence means something."""
    begin = ["activated a", "published b", "deactivated a", "activated b"]
    stories = [(True, ["compromised b", "activated a"]), (False, ["activated a"]),
               (False, ["retired a", "compromised b", "activated a"]), (False, ["retired a", "published a"]),
               (False, ["compromised b", "activated a", "deactivated a", "activated a"])]
    for is_good, story in stories:
        lives, faults = Lives(), []
        for sequence, words in enumerate(begin + story, 1):
            step, kid = words.split()
            faults.append(lives.fault_of({"event": "key." + step, "realm": "" if step != "compromised" else "root",
                                          "sequence": sequence, "detail": {"kid": kid, "secret_id": "id"}}))
        if is_good == any(faults):
            return False
    return True


def check_audit(server):
    """Invariants 7 and 8: the sequence has no gap and no key's life runs backwards."""
    faults, after, lives = [], 0, Lives()
    while True:
        events = server.admin("GET", f"/admin/audit?after={after}&limit=1000").json()["events"]
        if not events:
            return faults
        for event in events:
            if event["sequence"] != after + 1:
                faults.append(f"invariant 8: the audit trail jumps from {after} to {event['sequence']}")
            after = event["sequence"]
            fault = lives.fault_of(event)
            if fault:
                faults.append(fault)
