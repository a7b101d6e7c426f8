"""The Azure stores against a stub of Azure (stubs/azure_stub.py): a signetd signs with what the vault
holds, by every credential, and bears what the vault does to it."""

import base64
import contextlib
import datetime
import pathlib
import subprocess
import tempfile
import threading
import time

import harness
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from store_world import WRONG_ES256, StoreWorld, signing_id, until, wrong_signature_gives_no_token
from stubs.azure_stub import IdentityStub, KeyVaultStub, Tokens
from stubs.stub_server import Reply

TENANT, CLIENT = "0b1c2d3e-aaaa-bbbb-cccc-000000000001", "0b1c2d3e-aaaa-bbbb-cccc-000000000002"
SECRET = "canary-client-secret-~_."
PATIENCE = 300  # seconds until a schedule of one minute must have shown, of which a failed try costs another one


def key_and_certificate(key=None):
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signet check")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=30)).sign(key, hashes.SHA256()))
    return key, certificate


def pem(key, certificate):
    return (key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                              serialization.NoEncryption()) + certificate.public_bytes(serialization.Encoding.PEM)).decode()


def pfx(key, certificate):
    """As Key Vault hands certificates out: PKCS#12 with an empty password, in base64."""
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(pem(key, certificate))
        file.flush()
        made = subprocess.run(["openssl", "pkcs12", "-export", "-in", file.name, "-passout", "pass:", "-keypbe",
                               "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
                              check=True, capture_output=True)
    return base64.b64encode(made.stdout).decode()


@contextlib.contextmanager
def azure():
    tokens = Tokens()
    with IdentityStub(tokens, TENANT, CLIENT) as identity, KeyVaultStub(tokens, TENANT) as vault:
        identity.client_secret = SECRET
        yield identity, vault


def environment(identity):
    return {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": SECRET,
            "AZURE_AUTHORITY_HOST": identity.url}


def store(kind, vault, mappings, **settings):
    place = {"vault": vault.url, "vault_domain": vault.domain}
    if kind == "azure_key_vault_certificate":
        place = {"certificate_url": vault.url + "/certificates/shared", "vault_domain": vault.domain}
    return {"name": "azure", "type": kind, "settings": {**place, **settings}, "mappings": mappings}


def secrets_rotate(options):
    with azure() as (identity, vault):
        vault.put_secret("es", pem(*key_and_certificate()), "application/x-pem-file")
        vault.put_secret("rs", pfx(*key_and_certificate(rsa.generate_private_key(65537, 2048))), "application/x-pkcs12")
        stores = [store("azure_key_vault", vault, {signing_id("ES256"): ["es"], signing_id("RS256"): ["rs"]})]
        with StoreWorld(options, stores, ["ES256", "RS256"], environment(identity)) as world:
            first, token = world.kid("ES256"), world.token("ES256")
            world.kid("RS256")
            newer = vault.put_secret("es", pem(*key_and_certificate()), "application/x-pem-file")
            why = until(lambda: len(world.published()) == 3)
            if why:
                return "the new version is not published: " + why
            if world.verify(token, "ES256") != first:
                return "a token of the version before does not verify"
            newer["attributes"]["enabled"] = False
            why = until(lambda: len(world.published()) == 2 and world.kid("ES256") == first)
            if why:
                return "a disabled newest version is an outage: " + why
            for canary in (SECRET, "eyJ-stub."):
                if canary in world.log():
                    return f"the log holds {canary}"


def remote_keys_sign(options):
    with azure() as (identity, vault):
        vault.put_key("rsa")
        vault.put_key("p256", "P-256")
        vault.put_key("p384", "P-384")
        vault.put_key("p521", "P-521")
        mappings = {signing_id("RS256"): ["rsa"], signing_id("ES256"): ["p256"], signing_id("ES384"): ["p384"],
                    signing_id("ES512"): ["p521"]}
        algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
        with StoreWorld(options, [store("azure_key_vault_keys", vault, mappings)], algorithms, environment(identity)) as world:
            for alg in algorithms:
                world.kid(alg)
            before = world.token("ES256")
            kid = world.verify(before, "ES256")
            vault.put_key("p256", "P-256")
            why = until(lambda: world.kid("ES256") != kid)
            if why:
                return "a new version does not become active: " + why
            if world.verify(before, "ES256") != kid:
                return "a token of the version before does not verify"


def planned_rotation(options):
    """Two minutes, since no schedule is shorter than one and a failure rests for another: runs beside the others."""
    with azure() as (identity, vault):
        vault.put_key("p256", "P-256")
        vault.permissions.discard("keys/rotate")
        stores = [store("azure_key_vault_keys", vault, {signing_id("ES256"): ["p256"]}, create_keys=True)]
        rule = {"id": signing_id("ES256"), "store": "azure", "every": "PT1M"}
        with StoreWorld(options, stores, ["ES256"], environment(identity), keys={"rotation": [rule]}) as world:
            old = world.token("ES256")
            first, failures, stalls = world.verify(old, "ES256"), [], harness.Stalls()
            seen = {"looks": 0, "excused": 0}

            def look():
                """The key of a fresh token, which verifies as the first one does."""
                begin = time.monotonic()
                seen["looks"] += 1
                try:
                    world.verify(old, "ES256")
                    return world.kid("ES256")
                except Exception as error:
                    if stalls.since(begin):  # the vault is part of this process
                        seen["excused"] += 1
                    else:
                        failures.append(repr(error))
                    raise

            def health():
                look()
                return world.server.admin("GET", "/admin/health").body.decode()

            refused = world.server.admin("POST", "/admin/secrets/rotate", {"store": "azure", "id": signing_id("ES256")})
            if refused.status == 200 or b"azure_access_denied" not in refused.body:
                return f"without the right to rotate: {refused}"
            why = until(lambda: "azure_access_denied" in health(), PATIENCE)
            if why:
                return "the refusal does not show: " + why
            if look() != first or len(vault.keys["p256"]) != 1:
                return "it did not stay with the version before"
            vault.permissions.add("keys/rotate")
            why = until(lambda: look() and len(world.published()) == 2, PATIENCE)
            if why:
                return "no new version is published: " + why
            new = set(world.published()) - {first}
            why = until(lambda: look() in new)
            if why:
                return "the new version does not sign: " + why
            if look() == first or len(vault.keys["p256"]) != 2:
                return f"{len(vault.keys['p256']) - 1} versions were made"
            if until(lambda: "azure_access_denied" not in health()):
                return "health still tells of the refusal"
            print(f"# planned rotation in Azure: {seen['looks']} looks, {seen['excused']} excused", flush=True)
            if seen["excused"] > stalls.most(seen["looks"]):
                return f"{seen['excused']} of {seen['looks']} looks were excused"
            return failures[0] if failures else None


def rotation_by_hand(options):
    with azure() as (identity, vault):
        vault.put_key("rsa", size=3072)
        stores = [store("azure_key_vault_keys", vault, {signing_id("RS256"): ["rsa"]}, create_keys=True)]
        with StoreWorld(options, stores, ["RS256", "PS256"], environment(identity)) as world:
            old, first = world.token("PS256"), world.kid("RS256")
            for fault in (Reply(500, {"error": {"code": "InternalServerError"}}), "hang up",
                          Reply(200, {"key": {"kid": "x"}})):
                vault.fail("/rotate", fault, 1)
                answer = world.server.admin("POST", "/admin/secrets/rotate", {"store": "azure", "id": signing_id("RS256")})
                if answer.status == 200:
                    return f"{getattr(fault, 'status', fault)} on rotate gives {answer}"
            plan = []

            def rotated():
                answer = world.server.admin("POST", "/admin/secrets/rotate", {"store": "azure", "id": signing_id("RS256")})
                plan[:] = answer.json().get("plan", [])
                return answer.status == 200
            why = until(rotated)
            if why or [step["step"] for step in plan] != ["publish", "activate"]:
                return f"no rotation: {why} {plan}"
            why = until(lambda: world.kid("RS256") == plan[0]["kid"])
            if why:
                return "the new version does not sign: " + why
            if world.verify(old, "PS256") != first:
                return "a token of the version before does not verify"
            sizes = [version["key"].key_size for version in vault.keys["rsa"]]
            return None if sizes == [3072, 3072] else f"the versions are of {sizes} bits"


def faults_are_borne(options):
    with azure() as (identity, vault):
        vault.put_key("p256", "P-256")
        stores = [store("azure_key_vault_keys", vault, {signing_id("ES256"): ["p256"]})]
        with StoreWorld(options, stores, ["ES256"], environment(identity)) as world:
            world.kid("ES256")
            for fault in (Reply(403, {"error": {"code": "Forbidden"}}),
                          Reply(429, {"error": {"code": "Throttled"}}, {"Retry-After": "1"}),
                          Reply(500, {"error": {"code": "InternalServerError"}}), Reply(200, {"kid": "x", "value": "AAAA"}),
                          Reply(404, {"error": {"code": "KeyNotFound"}}), "hang up"):
                vault.fail("/sign", fault)
                answer = world.ask("ES256")
                if answer.status not in (500, 503):
                    return f"{getattr(fault, 'status', fault)} on sign gives {answer}"
                vault.heal()
                why = until(lambda: world.kid("ES256"))
                if why:
                    return f"no recovery after {getattr(fault, 'status', fault)}: {why}"
            version = vault.keys["p256"][0]["id"]
            why = wrong_signature_gives_no_token(
                world, vault, {"kid": f"{vault.url}/keys/p256/{version}", "value": WRONG_ES256})
            if why:
                return why
            vault.fail("", "hang up")
            if not world.published():
                return "the JWKS is empty while the vault is away"


def no_token_leaks(options):
    with azure() as (identity, vault):
        vault.put_secret("es", pem(*key_and_certificate()), "application/x-pem-file")
        vault.challenge_resource = "https://vault.azure.net"
        stores = [store("azure_key_vault", vault, {signing_id("ES256"): ["es"]})]
        with StoreWorld(options, stores, ["ES256"], environment(identity)) as world:
            if world.ask("ES256").status == 200:
                return "a token was issued"
            if identity.count("/oauth2/") or vault.count("FOREIGN"):
                return "a token was got or sent"
            if world.logs("azure_challenge_foreign"):
                return "the log does not say why"


def one_certificate_for_all(options):
    with azure() as (identity, vault):
        vault.permissions = {"secrets/get", "certificates/import"}  # the policy of Indicium
        vault.import_delay = 0.3
        shared = store("azure_key_vault_certificate", vault, {signing_id("ES256"): ["certificate"]}, key="P-256")
        kids, failures = [], []

        def instance():
            try:
                with StoreWorld(options, [shared], ["ES256"], environment(identity)) as world:
                    why = until(lambda: world.ask("ES256").status == 200)
                    if why:
                        failures.append(why)
                    else:
                        kids.append(world.kid("ES256"))
            except Exception as error:
                failures.append(repr(error))

        threads = [threading.Thread(target=instance) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            return failures[0]
        instance()  # one more, later
        if failures or len(set(kids)) != 1:
            return f"{failures} {kids}"


def no_certificate_of_ones_own(options):
    with azure() as (identity, vault):
        vault.permissions = {"secrets/get"}
        shared = store("azure_key_vault_certificate", vault, {signing_id("ES256"): ["certificate"]}, key="P-256")
        with StoreWorld(options, [shared], ["ES256"], environment(identity), until_ready=False) as world:
            if world.ask("ES256").status == 200 or world.published():
                return "it signs though the import is denied"
            vault.permissions.add("certificates/import")
            return until(lambda: world.ask("ES256").status == 200)


def credential(kind):
    def check(options):
        with azure() as (identity, vault), tempfile.TemporaryDirectory() as folder:
            vault.put_secret("es", pem(*key_and_certificate()), "application/x-pem-file")
            env = environment(identity)
            identity.client_secret = None if kind != "client_secret" else SECRET
            if kind != "client_secret":
                del env["AZURE_CLIENT_SECRET"]
            if kind == "client_certificate":
                key, identity.certificate = key_and_certificate(rsa.generate_private_key(65537, 2048))
                file = pathlib.Path(folder) / "app.pem"
                file.touch(0o600)
                file.write_text(pem(key, identity.certificate))
                env["AZURE_CLIENT_CERTIFICATE_PATH"] = str(file)
            if kind == "workload_identity":
                identity.federated = "eyJ.federated.token"
                file = pathlib.Path(folder) / "token"
                file.write_text(identity.federated + "\n")
                env["AZURE_FEDERATED_TOKEN_FILE"] = str(file)
            if kind == "managed_identity":
                env = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": identity.url}
            if kind == "app_service":
                env = {"IDENTITY_ENDPOINT": identity.url + "/msi/token", "IDENTITY_HEADER": identity.identity_header}
            stores = [store("azure_key_vault", vault, {signing_id("ES256"): ["es"]})]
            with StoreWorld(options, stores, ["ES256"], env) as world:
                world.kid("ES256")
    return check


def run(results, options):
    with results.beside("Azure (stub): planned rotation, refused at first, and every token verifies throughout",
                        planned_rotation, options):
        run_others(results, options)


def run_others(results, options):
    results.check("Azure (stub): versions of secrets and certificates sign, rotate and retire", secrets_rotate, options)
    results.check("Azure (stub): keys sign in the vault with every algorithm", remote_keys_sign, options)
    results.check("Azure (stub): a rotation by hand makes one version of the same size", rotation_by_hand, options)
    results.check("Azure (stub): refused, throttled, broken, lost and wrong answers are borne", faults_are_borne, options)
    results.check("Azure (stub): no token goes where the challenge is another's", no_token_leaks, options)
    results.check("Azure (stub): instances that start at once end with one certificate", one_certificate_for_all, options)
    results.check("Azure (stub): no certificate of one's own where the import is denied", no_certificate_of_ones_own, options)
    for kind in ("client_secret", "client_certificate", "workload_identity", "managed_identity", "app_service"):
        results.check(f"Azure (stub): credential {kind}", credential(kind), options)
