"""A signetd whose keys are in a stub of Google, and what the checks of Google's stores share."""

import json
import pathlib
import sys
import time

import harness
import jwt as pyjwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import KeySet

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "stubs"))
import google_stub  # noqa: E402

AUDIENCE = "https://api.example.com"
STATELESS = "am.services.oauth2.stateless.signing."
PATIENCE = harness.GENEROUS  # seconds until something must have been seen; a bound, not a time that is waited


def part(token, index):
    raw = token.split(".")[index]
    return json.loads(google_stub.base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))


def eventually(what, ask):
    """Asks again and again; the first true answer, or a failure after PATIENCE."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not seen in {PATIENCE} seconds: {what}")


def new_pem():
    key = ec.generate_private_key(ec.SECP384R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class World:
    """A signetd whose keys are in Google: ES256, PS256 and HS256 in Cloud KMS, ES384 in Secret
    Manager."""

    def __init__(self, options, google, folder):
        self.google, self.options = google, options
        google.add_key("es256", "EC_SIGN_P256_SHA256")
        google.add_key("ps256", "RSA_SIGN_PSS_2048_SHA256")
        google.add_key("hs256", "HMAC_SHA256")
        google.add_secret("es384", new_pem())
        google.service_account(folder / "credentials.json")
        self.secrets = {alg: harness.new_secret() for alg in ("ES256", "PS256", "HS256", "ES384")}
        self.server = harness.Server(options.signetd, {}, keep=options.keep)
        clients = [harness.client(alg, secret, access_token={"format": "jwt", "signing_algorithm": alg})
                   for alg, secret in self.secrets.items()]
        shared = {"project": google.project, "endpoint": google.url,
                  "credentials_file": str(folder / "credentials.json")}
        kms = {"name": "kms", "type": "google_kms",
               "settings": {**shared, "location": google.location, "keyRing": google.key_ring,
                            "versionCacheDuration": 0, "create_keys": True},
               "mappings": {STATELESS + "ES256": ["es256"], STATELESS + "RSA": ["ps256"],
                            STATELESS + "HMAC": ["hs256"]}}
        manager = {"name": "manager", "type": "google_secret_manager",
                   "settings": {**shared, "secretFormat": "PEM"},
                   "mappings": {STATELESS + "ES384": ["es384"]}}
        # Last, for the IDs that these checks do not ask about.
        local = harness.local_store(self.server.data_dir)
        self.server.document.update(harness.config(
            clients, keys={"refresh": "PT1S", "publish_ahead": "PT2S", "store_timeout": harness.STORE_TIMEOUT},
            secret_stores=[kms, manager, local]))

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def answer(self, alg):
        return self.server.token(alg, self.secrets[alg])

    def token(self, alg):
        answer = self.answer(alg)
        if answer.status != 200:
            raise AssertionError(f"no token: {answer}")
        return answer.json()["access_token"]


def verifies(world, token, alg, keys=None):
    """With both libraries, by the published keys alone."""
    keys = keys or world.server.jwks()
    header = part(token, 0)
    if header["alg"] != alg:
        return f"signed with {header['alg']}"
    jws.deserialize_compact(token.encode(), KeySet.import_key_set(keys), algorithms=[alg])
    key = next((k for k in keys["keys"] if k["kid"] == header["kid"]), None)
    if key is None:
        return "its kid is not published"
    if set(key) & {"d", "k", "p", "q"}:
        return "the published key holds private members"
    pyjwt.decode(token, pyjwt.PyJWK(key).key, algorithms=[alg], audience=AUDIENCE)
    return None


def signed(world, alg):
    return verifies(world, world.token(alg), alg)


def shapes_were_right(world):
    return f"refused: {world.google.bad_shapes}" if world.google.bad_shapes else None
