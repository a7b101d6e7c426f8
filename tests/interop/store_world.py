"""A signetd over given secret stores, with one client for each algorithm of its tokens."""

import base64
import time

import harness
from joserfc import jws as rfc_jws
from joserfc.jwk import KeySet
from stubs.stub_server import Reply

STATELESS = "am.services.oauth2.stateless.signing."
IDS = {"RS": STATELESS + "RSA", "PS": STATELESS + "RSA", "ES256": STATELESS + "ES256", "ES384": STATELESS + "ES384",
       "ES512": STATELESS + "ES512", "EdDSA": "am.services.oauth2.oidc.signing.EDDSA"}

WRONG_ES256 = base64.urlsafe_b64encode(bytes(range(64))).rstrip(b"=").decode()  # of the form, by no key


def signing_id(alg):
    return IDS.get(alg) or IDS[alg[:2]]


class StoreWorld:
    def __init__(self, options, stores, algorithms, env, keys=None, until_ready=True):
        self.secret = harness.new_secret()
        clients = [harness.client(alg, self.secret, access_token={"format": "jwt", "signing_algorithm": alg})
                   for alg in algorithms]
        document = harness.config(clients, secret_stores=stores, keys={
            "refresh": "PT1S", "publish_ahead": "PT2S", "store_timeout": harness.STORE_TIMEOUT, **(keys or {})})
        base = {"PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0"}
        self.server = harness.Server(options.signetd, document, keep=options.keep, env={**base, **env},
                                     until_ready=until_ready)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def ask(self, alg):
        return self.server.token(alg, self.secret)

    def token(self, alg):
        answer = self.ask(alg)
        if answer.status != 200:
            raise AssertionError(f"no {alg} token: {answer}")
        return answer.json()["access_token"]

    def kid(self, alg):
        """Of a fresh token, verified against the JWKS by a library that is not ours."""
        return self.verify(self.token(alg), alg)

    def verify(self, token, alg):
        keys = KeySet.import_key_set(self.server.jwks())
        algorithms = [alg] if alg != "EdDSA" else ["EdDSA", "Ed25519"]
        return rfc_jws.deserialize_compact(token.encode(), keys, algorithms=algorithms).protected["kid"]

    def published(self):
        return [key["kid"] for key in self.server.jwks().get("keys", [])]  # an error while there are none

    def log(self):
        return "".join(path.read_text(errors="replace") for path in self.server.logs())

    def logs(self, words):
        """Waits for the words: a thread of its own writes the lines, some time after the answer. The reason why not."""
        return until(lambda: words in self.log())


def until(condition, seconds=harness.GENEROUS):
    """Waits for what the next refresh brings; the reason why not, if it does not come."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = condition()
        except Exception as error:
            found, last = None, repr(error)
        else:
            last = repr(found)
        if found:
            return None
        if time.monotonic() > end:
            return f"it did not come to pass: {last}"
        time.sleep(0.2)


def wrong_signature_gives_no_token(world, stub, answer):
    """`answer` is well-formed, and the ES256 signature in it by no key: it is noticed before a token goes out."""
    stub.fail("/sign", Reply(200, answer))
    refused = world.ask("ES256")
    stub.heal()
    if refused.status != 500:
        return f"a wrong signature gives {refused}"
    why = world.logs("box_signature_wrong")
    if why:
        return "the log does not say why: " + why
    return until(lambda: world.kid("ES256"))
