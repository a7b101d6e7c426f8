#!/usr/bin/env python3
"""Google Secret Manager and Cloud KMS: signetd against a stub of both (stubs/google_stub.py), and its
tokens against joserfc and PyJWT. The real services cannot be had here.

Alone: tests/interop/google_checks.py [--signetd FILE]
"""

import hashlib
import hmac
import pathlib
import subprocess
import sys
import tempfile

if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
    import harness
    harness.in_venv()

import harness  # noqa: E402
from google_rotation import another_template_is_refused, planned_rotation, rotates_by_hand  # noqa: E402
from google_world import (STATELESS, World, eventually, google_stub, new_pem, part, shapes_were_right,  # noqa: E402
                          signed, verifies)
from results import Results  # noqa: E402


def mac_is_of_kms(world):
    token = world.token("HS256")
    text, _, signature = token.rpartition(".")
    mac_key = world.google.keys["hs256"][0].mac_key
    expected = hmac.new(mac_key, text.encode(), hashlib.sha256).digest()
    if signature != google_stub.base64.urlsafe_b64encode(expected).rstrip(b"=").decode():
        return "the MAC is another"
    if any(k["kty"] == "oct" for k in world.server.jwks()["keys"]):
        return "a symmetric key is published"
    answer = world.server.introspect("HS256", world.secrets["HS256"], token).json()
    return None if answer.get("active") is True else f"introspection says {answer}"


def repaired(world, kind):
    """One answer of KMS arrives changed: the token must come all the same, and be right."""
    for _ in range(3):  # an answer that came too late is asked for again too: once more, then
        world.google.fault(":asymmetricSign", kind)
        before = world.google.count(":asymmetricSign")
        why = signed(world, "ES256")
        asked = world.google.count(":asymmetricSign") - before
        if why or asked == 2:
            break
    return why or (None if asked == 2 else f"KMS was asked {asked} times")


def refused_then_healed(world, kind):
    world.google.fault(":asymmetricSign", kind, times=1000)
    try:
        answer = world.answer("ES256")
    finally:
        world.google.heal()
    if answer.status not in (500, 503):
        return f"answered {answer}"
    if "google" in answer.body.decode().lower():
        return f"the client is told of the store: {answer}"
    eventually("a token after the outage", lambda: world.answer("ES256").status == 200)
    return None


def kids(world):
    return [k["kid"] for k in world.server.jwks()["keys"]]


def version_rotates(world):
    old = world.token("ES384")
    if part(old, 0)["kid"] != "secrets/es384/versions/1":
        return f"kid is {part(old, 0)['kid']}"
    world.google.add_secret("es384", new_pem())
    eventually("the new version is published", lambda: "secrets/es384/versions/2" in kids(world))
    eventually("the new version signs",
               lambda: part(world.token("ES384"), 0)["kid"] == "secrets/es384/versions/2")
    return verifies(world, old, "ES384") or signed(world, "ES384")


def disabled_newest_is_no_outage(world):
    with world.google.lock:
        world.google.secrets["es384"][1]["state"] = "DISABLED"
    eventually("the version before signs again",
               lambda: world.answer("ES384").status == 200 and
               part(world.token("ES384"), 0)["kid"] == "secrets/es384/versions/1")
    return None


def key_version_rotates(world):
    old = world.token("ES256")
    world.google.add_key("es256", "EC_SIGN_P256_SHA256")
    eventually("the new version signs",
               lambda: part(world.token("ES256"), 0)["kid"] != part(old, 0)["kid"])
    return verifies(world, old, "ES256") or signed(world, "ES256")


def store_outage_is_survived(world):
    world.google.fault("/secrets/", "hang_up", times=10_000)
    try:
        for _ in range(20):
            if world.answer("ES384").status != 200:
                return f"{world.answer('ES384')}"
        eventually("health tells", lambda: "manager" in world.server.admin("GET", "/admin/health").body.decode())
    finally:
        world.google.heal()
    return None


def expired_tokens_are_renewed(world):
    world.google.revoke_tokens()
    return signed(world, "ES256")


def other_credentials(options, google, folder, kind):
    """A start whose only signing key of the ID is in Secret Manager, with other credentials."""
    settings = {"project": google.project, "endpoint": google.url, "secretFormat": "PEM"}
    env = {"PATH": "/usr/bin:/bin"}
    if kind == "metadata server":
        env["GCE_METADATA_HOST"] = google.host
    else:
        file = folder / f"{kind}.json"
        if kind == "authorized user":
            google.authorized_user(file)
        else:
            google.external_account(file, folder / "subject")
        env["GOOGLE_APPLICATION_CREDENTIALS"] = str(file)
    name = f"by-{kind}".replace(" ", "-")
    google.add_secret(name, new_pem())
    secret = harness.new_secret()
    store = {"name": "manager", "type": "google_secret_manager", "settings": settings,
             "mappings": {STATELESS + "ES384": [name]}}
    server = harness.Server(options.signetd, {}, env=env)
    client = harness.client("c", secret, access_token={"format": "jwt", "signing_algorithm": "ES384"})
    server.document.update(harness.config([client], secret_stores=[store, harness.local_store(server.data_dir)]))
    with server:
        answer = server.token("c", secret)
        if answer.status != 200:
            return f"{answer}"
        kid = part(answer.json()["access_token"], 0)["kid"]
        return None if kid == f"secrets/{name}/versions/1" else f"kid is {kid}"


def shared_certificate(options, google, folder):
    """Five instances that start at the same moment, with no certificate anywhere."""
    settings = {"project": google.project, "endpoint": google.url, "secret": "shared", "key": "P-256",
                "credentials_file": str(folder / "credentials.json")}
    secret = harness.new_secret()
    servers = []
    try:
        for _ in range(5):
            server = harness.Server(options.signetd, {})
            store = {"name": "shared", "type": "google_shared_certificate", "settings": settings,
                     "mappings": {STATELESS + "ES256": ["certificate"]}}
            client = harness.client("c", secret, access_token={"format": "jwt",
                                                               "signing_algorithm": "ES256"})
            # No local store: five times its RSA keys would be most of the work.
            server.document.update(harness.config([client], secret_stores=[store]))
            servers.append(server)
        with harness.concurrent.futures.ThreadPoolExecutor(5) as pool:
            list(pool.map(lambda s: s.start(), servers))
        signed_by = set()
        for server in servers:
            signed_by.add(part(server.token("c", secret).json()["access_token"], 0)["kid"])
        enabled = [v for v in google.secrets["shared"] if v["state"] == "ENABLED"]
        if len(signed_by) != 1 or len(enabled) != 1:
            return f"{len(signed_by)} keys sign, {len(enabled)} versions are enabled"
        return None
    finally:
        for server in servers:
            server.__exit__()


def run(results, options):
    with results.beside("google_kms: planned rotation, refused at first, and every token verifies throughout",
                        planned_rotation, options):
        run_others(results, options)


def run_others(results, options):
    with tempfile.TemporaryDirectory() as name, google_stub.GoogleStub() as google:
        folder = pathlib.Path(name)
        try:
            world = World(options, google, folder)
            world.__enter__()
        except (harness.StartFailed, subprocess.SubprocessError) as failed:
            results.fail("google: a signetd whose keys are in Google starts", str(failed)[-1500:])
            return
        with_world = [
            ("google_kms: ES256 token verifies with joserfc and PyJWT", signed, "ES256"),
            ("google_kms: PS256 token verifies with joserfc and PyJWT", signed, "PS256"),
            ("google_kms: HS256 token carries the MAC of KMS and is active", mac_is_of_kms),
            ("google_secret_manager: ES384 token verifies with joserfc and PyJWT", signed, "ES384"),
            ("google_kms: a wrong checksum is asked for again", repaired, "crc"),
            ("google_kms: an answer about another version is asked for again", repaired, "name"),
            ("google_kms: an unconfirmed checksum is asked for again", repaired, "unverified"),
            ("google_kms: a connection that breaks is tried again", repaired, "hang_up"),
            ("google_kms: a 500 is tried again", repaired, "500"),
            ("google_kms: checksums that stay wrong give no token", refused_then_healed, "crc"),
            ("google_kms: a wrong signature with the right checksum gives no token", refused_then_healed, "signature"),
            ("google_kms: a used-up quota gives no token, and is told to nobody outside",
             refused_then_healed, "429"),
            ("google_kms: an access token that Google revoked is renewed", expired_tokens_are_renewed),
            ("google_kms: a new version takes over, the old one verifies", key_version_rotates),
            ("google_kms: a rotation by hand waits for the version that it made, and the old one verifies",
             rotates_by_hand, "ES256", STATELESS + "ES256", "es256"),
            ("google_kms: a MAC key is rotated too", rotates_by_hand, "HS256", STATELESS + "HMAC", "hs256"),
            ("google_kms: a version of another algorithm is not asked for", another_template_is_refused),
            ("google_secret_manager: a new version takes over, the old one verifies", version_rotates),
            ("google_secret_manager: a disabled newest version is no outage", disabled_newest_is_no_outage),
            ("google_secret_manager: an outage is survived and told by health", store_outage_is_survived),
            ("google: every request had the shape that Google asks for", shapes_were_right),
        ]
        try:
            for title, check, *arguments in with_world:
                results.check(title, check, world, *arguments)
        finally:
            world.__exit__()
        for kind in ("authorized user", "federated identity", "metadata server"):
            results.check(f"google: credentials of the {kind}", other_credentials, options, google, folder, kind)
        results.check("google_shared_certificate: five instances, one certificate", shared_certificate,
                      options, google, folder)


def main():
    options = harness.arguments(__doc__.splitlines()[0])
    results = Results()
    run(results, options)
    sys.exit(results.finish())


if __name__ == "__main__":
    main()
