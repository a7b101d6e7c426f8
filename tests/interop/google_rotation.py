"""Rotation of keys that stay in Cloud KMS: by hand and by schedule, for google_checks.py."""

import pathlib
import tempfile
import time

import harness
from google_world import STATELESS, eventually, google_stub, part, shapes_were_right, signed, verifies


KEPT = 1  # seconds: relying parties keep the JWKS for half of publish_ahead


def ask_to_rotate(server, algorithm_id):
    return server.admin("POST", "/admin/secrets/rotate", {"store": "kms", "id": algorithm_id})


def rotates_by_hand(world, alg, algorithm_id, key):
    """A version is PENDING_GENERATION for a while: it is asked for again, and only one is made."""
    old, before = world.token(alg), len(world.google.keys[key])
    asked, gaps = [], []  # when, and from there to the next answer

    def is_ready():
        asked.append(time.monotonic())
        answer = ask_to_rotate(world.server, algorithm_id)
        gaps.append(time.monotonic() - asked[max(0, len(asked) - 2)])
        if answer.status == 503 and b"version_pending" in answer.body:
            return None
        return answer
    answer = eventually("the version is generated", is_ready)
    # A version signs at the earliest 2 * KEPT after it was published. Where nobody asked for that long, it was rotated
    # before this machine came to ask again, and the next one was made.
    most = 2 if max(gaps) > 2 * KEPT else 1
    if answer.status != 200 or [step["step"] for step in answer.json()["plan"]] != ["publish", "activate"]:
        return f"{answer}"
    eventually("the new version signs", lambda: part(world.token(alg), 0)["kid"] != part(old, 0)["kid"])
    for token in (old, world.token(alg)):
        active = world.server.introspect(alg, world.secrets[alg], token).json().get("active")
        if active is not True:
            return f"introspection says {active}"
    made = len(world.google.keys[key]) - before
    return None if 1 <= made <= most else f"{made} versions were made"


def another_template_is_refused(world):
    before = len(world.google.keys["ps256"])
    world.google.templates["ps256"] = "RSA_SIGN_PSS_3072_SHA256"
    answer = ask_to_rotate(world.server, STATELESS + "RSA")
    del world.google.templates["ps256"]
    if answer.status == 200 or b"google_kms_template_differs" not in answer.body:
        return f"{answer}"
    return signed(world, "PS256") if len(world.google.keys["ps256"]) == before else "a version was made"


class Planned:
    """keys.rotation over one key of KMS. Every look at it issues a token, which the keys that were published just
    before must verify, as must the first token: just before is as long ago as they may be kept."""

    def __init__(self, server, secret, google):
        self.server, self.secret, self.google, self.stalls = server, secret, google, harness.Stalls()
        self.looks, self.excused = 0, 0
        self.first = self.token()

    def token(self):
        answer = self.server.token("c", self.secret)
        if answer.status != 200:
            raise AssertionError(f"no token: {answer}")
        return answer.json()["access_token"]

    def kids(self):
        return {k["kid"] for k in self.server.jwks()["keys"]}

    def look(self):
        begin = time.monotonic()
        while True:
            asked, keys = time.monotonic(), self.server.jwks()
            token = self.token()
            if time.monotonic() - asked < KEPT:
                break  # else this machine stood still, and nobody would use these keys any more
            if time.monotonic() - begin > harness.GENEROUS:
                raise AssertionError(f"no token came within {KEPT} s after the keys")
        self.looks += 1
        failed = False
        for one in (token, self.first):
            try:
                why = verifies(self, one, "ES256", keys)
            except Exception as error:
                why = f"{type(error).__name__}: {error}"
            if why and not self.stalls.since(asked - self.stalls.AFTERWARDS):
                raise AssertionError(why)
            failed = failed or bool(why)
        self.excused += failed
        return part(token, 0)["kid"]

    def until(self, what, seen, patience=300):
        end = time.monotonic() + patience
        while not seen(self.look()):
            if time.monotonic() > end:
                raise AssertionError(f"not seen in {patience} seconds: {what}")
            time.sleep(0.2)


def planned_rotation(options):
    """Two minutes, since no schedule is shorter than one and a failure rests for another: runs beside the others."""
    with tempfile.TemporaryDirectory() as name, google_stub.GoogleStub() as google:
        folder = pathlib.Path(name)
        account = google.service_account(folder / "credentials.json")
        google.rights[account] = google_stub.EVERYTHING - {"cloudkms.cryptoKeyVersions.create"}
        google.add_key("es256", "EC_SIGN_P256_SHA256")
        secret = harness.new_secret()
        server = harness.Server(options.signetd, {}, keep=options.keep)
        kms = {"name": "kms", "type": "google_kms", "mappings": {STATELESS + "ES256": ["es256"]},
               "settings": {"project": google.project, "location": google.location, "keyRing": google.key_ring,
                            "endpoint": google.url, "credentials_file": str(folder / "credentials.json"),
                            "versionCacheDuration": 0, "create_keys": True}}
        client = harness.client("c", secret, access_token={"format": "jwt", "signing_algorithm": "ES256"})
        rule = {"id": STATELESS + "ES256", "store": "kms", "every": "PT1M"}
        server.document.update(harness.config(
            [client], keys={"refresh": "PT1S", "publish_ahead": f"PT{2 * KEPT}S", "rotation": [rule],
                            "store_timeout": harness.STORE_TIMEOUT},
            secret_stores=[kms, harness.local_store(server.data_dir)]))
        with server:
            planned = Planned(server, secret, google)
            old, known = part(planned.first, 0)["kid"], planned.kids()
            refused = ask_to_rotate(server, STATELESS + "ES256")
            if refused.status == 200 or b"google_denied" not in refused.body:
                return f"without the right to create: {refused}"
            planned.until("the refusal shows in health",
                          lambda _: "google_denied" in server.admin("GET", "/admin/health").body.decode())
            if len(google.keys["es256"]) != 1 or planned.look() != old:
                return "it did not stay with the version before"
            del google.rights[account]
            planned.until("a new version is published", lambda _: planned.kids() - known)
            planned.until("the new version signs", lambda kid: kid != old)
            if planned.look() in known:
                return "what signs was published before"
            if len(google.keys["es256"]) != 2:
                return f"{len(google.keys['es256']) - 1} versions were made"
            planned.until("health tells of the refusal no more",
                          lambda _: "google_denied" not in server.admin("GET", "/admin/health").body.decode())
            print(f"# planned rotation in Cloud KMS: {planned.looks} looks, {planned.excused} excused", flush=True)
            if planned.excused > planned.stalls.most(planned.looks):
                return f"{planned.excused} of {planned.looks} looks were excused"
            return shapes_were_right(planned)
