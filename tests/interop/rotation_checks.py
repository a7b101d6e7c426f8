"""F36, as far as resource servers go: six that we did not write (jose, oauth4webapi, PyJWT, authlib, joserfc,
jwcrypto) take every token while the server's signing key and the resource server's own key are rotated three
times each. Each keeps the server's JWKS for as long as it says that it may, and decrypts with whatever keys it
has at that moment."""

import base64
import json
import re
import shutil
import subprocess
import threading
import time

import harness
import jwt as pyjwt
import setting
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwe as rfc_jwe
from joserfc import jwk as rfc_jwk
from joserfc import jws as rfc_jws
from jwcrypto import jwe as crypto_jwe
from jwcrypto import jwk as crypto_jwk
from jwcrypto import jwt as crypto_jwt
from resource_server_cluster import Publisher

ROTATIONS = 3
AHEAD, LIFETIME = 6, 4  # seconds; the JWKS may be kept for half of the first
OWN_AGE = 1             # of the resource server's own key set
SIGNING_ID = "am.services.oauth2.stateless.signing.ES256"
AUDIENCE = {"plain": "https://plain.example", "sealed": "https://sealed.example"}


class KeptSet:
    """The server's JWKS, read again when it is as old as the server allows, and at no other time."""

    def __init__(self, server):
        self.server, self.until, self.text = server, 0.0, ""

    def get(self):
        if time.monotonic() >= self.until:
            asked = time.monotonic()  # an answer is as old as its question, however long it was on its way
            answer = self.server.get(harness.ROOT + "/connect/jwk_uri")
            life = int(re.search(r"max-age=(\d+)", answer.headers["cache-control"]).group(1))
            self.text, self.until = answer.body.decode(), asked + life
        return self.text


def take_pyjwt(issuer, jwks_url):
    client = pyjwt.PyJWKClient(jwks_url, lifespan=1)

    def take(token, audience):
        key = client.get_signing_key_from_jwt(token)
        pyjwt.decode(token, key.key, algorithms=["ES256"], audience=audience, issuer=issuer)
    return take


def take_authlib(issuer, kept):
    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return json.loads(kept.get())

    def take(token, audience):
        validator = Validator(issuer=issuer, resource_server=audience)
        claims = validator.authenticate_token(token)
        if not claims:
            raise ValueError("authlib takes it for no token")
        validator.validate_token(claims, [], None)
    return take


def take_joserfc(kept):
    def take(token, audience):
        keys = rfc_jwk.KeySet.import_key_set(json.loads(kept.get()))
        claims = json.loads(rfc_jws.deserialize_compact(token.encode(), keys, algorithms=["ES256"]).payload)
        if claims["aud"] != audience or claims["exp"] < time.time():
            raise ValueError(f"{claims}")
    return take


def take_jwcrypto(issuer, kept):
    def take(token, audience):
        parsed = crypto_jwt.JWT(check_claims={"iss": issuer, "aud": audience, "exp": None}, algs=["ES256"])
        parsed.leeway = 0
        parsed.deserialize(token, crypto_jwk.JWKSet.from_json(kept.get()))
    return take


def open_joserfc(token, keys):
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    key = next(key for key in keys if key["kid"] == header["kid"])
    algorithms = ["ECDH-ES+A128KW", "A128GCM"]
    return rfc_jwe.decrypt_compact(token.encode(), rfc_jwk.import_key(key), algorithms=algorithms).plaintext.decode()


def open_jwcrypto(token, keys):
    parsed = crypto_jwe.JWE(algs=["ECDH-ES+A128KW", "A128GCM"])
    parsed.deserialize(token)
    key = next(key for key in keys if key["kid"] == parsed.jose_header["kid"])
    parsed.decrypt(crypto_jwk.JWK(**key))
    return parsed.payload.decode()


class OwnKeys:
    """What the resource server publishes, and what it can decrypt with."""

    def __init__(self, publisher):
        self.publisher, self.made, self.private, self.lock = publisher, 0, [], threading.Lock()
        publisher.max_age = OWN_AGE
        self.rotate()

    def rotate(self):
        self.made += 1
        key = rfc_jwk.ECKey.generate_key("P-256").as_dict(private=True) | {"kid": f"own-{self.made}"}
        with self.lock:
            self.private = [key, *self.private]
            self.publish(self.private)

    def publish(self, keys):
        public = [{name: value for name, value in key.items() if name != "d"} for key in keys]
        self.publisher.sets = {"/keys": public}

    def retire(self, traffic):
        """Once neither a token nor a copy of the set needs the older ones."""
        with self.lock:
            self.publish(self.private[:1])
        time.sleep(2 * OWN_AGE)
        newest = self.private[0]["kid"]
        seen = traffic.sealed  # the server uses a copy until it has read a newer one
        harness.until(lambda: traffic.sealed > seen + 3 and traffic.recipient == newest)
        time.sleep(LIFETIME)
        with self.lock:
            self.private = self.private[:1]

    def now(self):
        with self.lock:
            return list(self.private)


class Traffic:
    def __init__(self, server, secret, own, takers, node):
        self.server, self.secret, self.own, self.takers, self.node = server, secret, own, takers, node
        self.failures, self.taken, self.signers, self.recipients = [], 0, set(), set()
        self.sealed, self.recipient, self.stalls = 0, None, harness.Stalls()
        self.rounds, self.late = 0, set()  # rounds of which something is excused
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.is_set():
            begin = time.monotonic()
            self.rounds += 1
            try:
                self.one()
            except Exception as why:
                if self.stalls.since(begin - self.stalls.AFTERWARDS):
                    self.late.add(self.rounds)
                else:
                    self.failures.append(f"{type(why).__name__}: {why}")
            time.sleep(0.02)

    def issue(self, name):
        answer = self.server.token("app", self.secret, resourceServer=name)
        if answer.status != 200:
            raise RuntimeError(f"no token for {name}: {answer}")
        return answer.json()["access_token"]

    def one(self):
        keys = self.own.now()  # whoever decrypts has these at least when the token is made
        plain, sealed = self.issue("plain"), self.issue("sealed")
        keys = self.own.now() if len(self.own.now()) > len(keys) else keys
        self.signers.add(pyjwt.get_unverified_header(plain)["kid"])
        inner = {"joserfc": open_joserfc(sealed, keys), "jwcrypto": open_jwcrypto(sealed, keys)}
        self.recipient = json.loads(base64.urlsafe_b64decode(sealed.split(".")[0] + "=="))["kid"]
        self.recipients.add(self.recipient)
        self.sealed += 1
        for name, take in self.takers.items():
            for kind, token in (("plain", plain), ("sealed", inner["joserfc" if name != "jwcrypto" else name])):
                try:
                    take(token, AUDIENCE[kind])
                    self.taken += 1
                except Exception as why:
                    self.note(f"{name} {kind}: {type(why).__name__}: {why}", token)
        if self.node is not None:
            line = {"plain": plain, "sealed": sealed, "audience": AUDIENCE, "keys": keys}
            self.node.stdin.write(json.dumps(line) + "\n")
            self.node.stdin.flush()
            for text in json.loads(self.node.stdout.readline()):
                self.note(text, plain, inner["joserfc"])
            self.taken += 4

    def note(self, failure, *tokens):
        """Unless a token has ended meanwhile: then it is refused with reason."""
        ends = min(pyjwt.decode(token, options={"verify_signature": False})["exp"] for token in tokens)
        if time.time() >= ends or self.stalls.since(time.monotonic() - self.stalls.AFTERWARDS):
            self.late.add(self.rounds)
        else:
            self.failures.append(failure)

    def stop(self):
        self.stopping.set()
        self.thread.join()


def patiently(server, path, **body):
    """For as long as the server says that it is too early, or that its store is slow."""
    end = time.monotonic() + harness.GENEROUS
    while True:
        answer = server.admin("POST", path, {"realm": "", "store": "local", "id": SIGNING_ID, **body})
        if answer.status not in (409, 503) or time.monotonic() > end:
            return answer
        time.sleep(0.2)


def rotate_signing_key(server):
    answer = patiently(server, "/admin/secrets/rotate")
    if answer.status != 200:
        raise RuntimeError(f"rotate: {answer}")
    alias = next(step["alias"] for step in answer.json()["plan"] if step["step"] == "publish")
    answer = patiently(server, "/admin/secrets/activate", alias=alias)
    if answer.status != 200:
        raise RuntimeError(f"activate: {answer}")


def define(server, publisher):
    secret = harness.create_client(server, "app")
    for name, access in (("plain", {"encryption": "none"}),
                         ("sealed", {"encryption": "resource_server_key", "jwks_uri": publisher.url("/keys"),
                                     "key_encryption_algorithm": "ECDH-ES+A128KW",
                                     "token_encryption_algorithm": "A128GCM"})):
        body = {"name": name, "uri": AUDIENCE[name],
                "access_token": {**access, "signing_algorithm": "ES256", "lifetime": f"PT{LIFETIME}S"}}
        answer = server.admin("PUT", f"/admin/realms/root/resource-servers/{name}", body)
        if answer.status != 201:
            raise RuntimeError(f"PUT {name}: {answer}")
    return secret


def survive(results, options, install_js):
    publisher = Publisher()
    own = OwnKeys(publisher)
    document = harness.config([], keys={"publish_ahead": f"PT{AHEAD}S", "clock_skew": "PT1S", "refresh": "PT1S"},
                              resource_servers={"jwks": {"allow_http": True, "min_age": "PT1S", "timeout": "PT60S",
                                                         "allow_private_hosts": ["127.0.0.1"]}})
    with harness.Server(options.signetd, document, keep=options.keep) as server:
        secret = define(server, publisher)
        metadata = server.metadata()
        issuer, jwks_uri = metadata["issuer"], metadata["jwks_uri"]
        takers = {"PyJWT": take_pyjwt(issuer, jwks_uri), "authlib": take_authlib(issuer, KeptSet(server)),
                  "joserfc": take_joserfc(KeptSet(server)), "jwcrypto": take_jwcrypto(issuer, KeptSet(server))}
        node = None
        if shutil.which("node") is not None:
            node = subprocess.Popen([*setting.NODE, "resource_servers.mjs", issuer, jwks_uri, str(AHEAD * 500)],
                                    cwd=install_js(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        traffic = Traffic(server, secret, own, takers, node)
        try:
            for _ in range(ROTATIONS):
                own.rotate()
                rotate_signing_key(server)
                own.retire(traffic)
        finally:
            traffic.stop()
            if node is not None:
                node.stdin.close()
                node.wait(harness.GENEROUS)
            publisher.close()
    print(f"# {traffic.taken} tokens taken by {len(takers) + (2 if node else 0)} resource servers, "
          f"{len(traffic.signers)} signing keys, {len(traffic.recipients)} keys of the resource server, "
          f"{len(traffic.late)} of {traffic.rounds} rounds too late for an answer")
    for text in traffic.failures[:10]:
        print("#", text)
    if traffic.failures:
        return f"{len(traffic.failures)} failures"
    if len(traffic.late) > traffic.stalls.most(traffic.rounds):
        return f"{len(traffic.late)} of {traffic.rounds} rounds were excused"
    if len(traffic.signers) <= ROTATIONS or len(traffic.recipients) <= ROTATIONS:
        return "there were fewer rotations"
    return "" if traffic.taken > 500 else f"only {traffic.taken} tokens were taken"


def run(results, options, install_js):
    results.check(f"F36: resource servers take every token over {ROTATIONS} rotations of both keys",
                  survive, results, options, install_js)
