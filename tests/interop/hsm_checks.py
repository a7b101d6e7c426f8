"""Tokens that are signed in an HSM: a signetd whose keys lie in a SoftHSM2 token. PyJWT verifies what
it issues, before and after a rotation by mapping; the keys are imported by softhsm2-util."""

import json
import os
import pathlib
import shutil
import subprocess
import time

import harness
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PIN = "471108"
STATELESS = "am.services.oauth2.stateless.signing."
LIBRARIES = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
             "/usr/lib64/pkcs11/libsofthsm2.so"]
ALGORITHMS = ["RS256", "PS256", "ES256"]


def library():
    found = [path for path in LIBRARIES if pathlib.Path(path).exists()]
    return found[0] if found and shutil.which("softhsm2-util") else None


class Hsm:
    """A token in a folder of its own."""

    def __init__(self, workdir):
        self.workdir = workdir
        (workdir / "tokens").mkdir()
        conf = workdir / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {workdir}/tokens\nobjectstore.backend = file\n"
                        "log.level = ERROR\n")
        self.env = {**os.environ, "SOFTHSM2_CONF": str(conf)}
        self.util("--init-token", "--free", "--label", "signet", "--so-pin", "0815081", "--pin", PIN)

    def util(self, *arguments):
        subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True, env=self.env)

    def put(self, label, number, key):
        """Imports the key; returns its public half for the comparison with the JWKS."""
        file = self.workdir / "key.pem"
        file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
        self.util("--import", str(file), "--token", "signet", "--label", label, "--id", f"{number:02x}",
                  "--pin", PIN)
        file.unlink()
        return key.public_key()


def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def make_server(options):
    server = harness.Server(options.signetd, {}, keep=options.keep)
    hsm = Hsm(server.workdir)
    server.env = hsm.env
    public = {"rsa-1": hsm.put("rsa-1", 1, rsa_key()), "rsa-2": hsm.put("rsa-2", 2, rsa_key()),
              "ec-1": hsm.put("ec-1", 3, ec.generate_private_key(ec.SECP256R1()))}
    passwords = server.workdir / "passwords"
    passwords.mkdir(mode=0o700)
    (passwords / "hsm.pin").write_text(PIN)
    (passwords / "hsm.pin").chmod(0o600)
    stores = [{"name": "passwords", "type": "filesystem",
               "settings": {"directory": str(passwords), "format": "PLAIN"}},
              {"name": "hsm", "type": "pkcs11",
               "settings": {"library": library(), "tokenLabel": "signet", "storePassword": "hsm.pin"},
               "mappings": {STATELESS + "RSA": ["rsa-1"], STATELESS + "ES256": ["ec-1"]}}]
    secret = harness.new_secret()
    clients = [harness.client(alg, secret, may_introspect="realm",
                              access_token={"format": "jwt", "signing_algorithm": alg})
               for alg in ALGORITHMS]
    server.document.update(harness.config(clients, secret_stores=stores,
                                          keys={"publish_ahead": "PT2S", "clock_skew": "PT0S",
                                                "refresh": "PT1S", "store_timeout": harness.STORE_TIMEOUT}))
    return server, secret, public


def verify(server, token, alg):
    """What PyJWT makes of the token with the published keys; returns its kid."""
    kid = jwt.get_unverified_header(token)["kid"]
    found = [key for key in server.jwks()["keys"] if key["kid"] == kid]
    if len(found) != 1 or "d" in found[0]:
        raise AssertionError(f"the JWKS holds {len(found)} keys of kid {kid}")
    jwt.decode(token, jwt.PyJWK(found[0], algorithm=alg).key, algorithms=[alg],
               audience="https://api.example.com")
    return kid


def issue(server, secret, alg):
    answer = server.token(alg, secret)
    if answer.status != 200:
        raise AssertionError(f"no token: {answer}")
    return answer.json()["access_token"]


def check_algorithm(server, secret, alg):
    for _ in range(20):
        token = issue(server, secret, alg)
        verify(server, token, alg)
    if not server.introspect(alg, secret, token).json()["active"]:
        return "introspection calls it inactive"
    return None


def modulus(jwk):
    return jwt.utils.from_base64url_uint(jwk["n"])


def check_rotation(server, secret, public):
    before = issue(server, secret, "PS256")
    old_kid = verify(server, before, "PS256")

    def step(name):
        end = time.monotonic() + harness.GENEROUS
        while True:
            answer = server.admin("POST", f"/admin/secrets/{name}",
                                  {"realm": "", "store": "hsm", "id": STATELESS + "RSA", "alias": "rsa-2"})
            if answer.status == 200 or time.monotonic() > end:
                return answer
            time.sleep(0.2)

    for name in ("publish", "activate"):
        answer = step(name)
        if answer.status != 200:
            return f"{name}: {answer}"
    end = time.monotonic() + harness.GENEROUS
    while True:
        after = issue(server, secret, "PS256")
        kid = verify(server, after, "PS256")
        if kid != old_kid or time.monotonic() > end:
            break
        time.sleep(0.2)
    if kid == old_kid:
        return "the old key still signs"
    key = next(key for key in server.jwks()["keys"] if key["kid"] == kid)
    if modulus(key) != public["rsa-2"].public_numbers().n:
        return "it is not the key of that label"
    verify(server, before, "PS256")
    return None


def check_no_secret(server):
    """Neither the PIN nor a private member is in what the server wrote and answers."""
    texts = [path.read_text(errors="replace") for path in server.logs()]
    texts.append(server.admin("GET", "/admin/realms/root/secrets").body.decode())
    texts.append(json.dumps(server.jwks()))
    return "the PIN was told" if any(PIN in text for text in texts) else None


def run(results, options):
    if library() is None:
        print("skipped HSM: SoftHSM2 is not installed", flush=True)
        return
    server, secret, public = make_server(options)
    with server:
        for alg in ALGORITHMS:
            results.check(f"PyJWT verifies {alg} signed in a SoftHSM2 token", check_algorithm, server,
                          secret, alg)
        results.check("a key in the HSM is rotated by mapping", check_rotation, server, secret, public)
        results.check("the PIN of the HSM is in no log and no answer", check_no_secret, server)
