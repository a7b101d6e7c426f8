"""The Vault stores against a stub (stubs/vault_stub.py), and the same against a real Vault or OpenBao
where there is one: SIGNET_VAULT names its program, or `vault` or `bao` is in the PATH, or
tests/interop/vault/build.sh has made one."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request

import harness
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from store_world import WRONG_ES256, StoreWorld, signing_id, until, wrong_signature_gives_no_token
from stubs.vault_stub import VaultStub, refuse

MADE = harness.BUILD / "interop" / "vault" / "vault-of-tests"
ALGORITHMS = {"rsa": ("rsa-2048", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]),
              "p256": ("ecdsa-p256", ["ES256"]), "p384": ("ecdsa-p384", ["ES384"]),
              "p521": ("ecdsa-p521", ["ES512"]), "ed": ("ed25519", ["EdDSA"])}


def pem():
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


class Admin:
    """What an operator does to a Vault, by its HTTP API."""

    def __init__(self, address, token, namespace=None):
        self.address, self.token, self.namespace = address, token, namespace

    def call(self, method, path, body=None):
        headers = {"X-Vault-Token": self.token, "X-Vault-Request": "true", "Content-Type": "application/json"}
        if self.namespace:
            headers["X-Vault-Namespace"] = self.namespace
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}/v1/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=harness.GENEROUS) as answer:
            text = answer.read()
            return json.loads(text) if text else {}

    def engines(self):
        self.call("POST", "sys/mounts/transit", {"type": "transit"})
        self.call("POST", "sys/mounts/kv", {"type": "kv", "options": {"version": "2"}})
        # A fresh KV engine upgrades itself for a moment.
        why = until(lambda: self.call("POST", "kv/data/ready", {"data": {"x": "y"}}))
        if why:
            raise RuntimeError(why)

    def write(self, name, value):
        self.call("POST", "kv/data/" + name, {"data": {"value": value, "note": "canary-of-another-field"}})

    def limited_token(self, rules, ttl="3600s"):
        policy = {"path": {path: {"capabilities": rights} for path, rights in rules.items()}}
        self.call("POST", "sys/policies/acl/signet", {"policy": json.dumps(policy)})
        return self.call("POST", "auth/token/create", {"policies": ["signet"], "ttl": ttl})["auth"]["client_token"]


@contextlib.contextmanager
def stub():
    with VaultStub() as server:
        yield server, Admin(server.address, server.root)


def real_program():
    for program in (os.environ.get("SIGNET_VAULT"), shutil.which("vault"), shutil.which("bao"), MADE):
        if program and os.access(program, os.X_OK):
            return str(program)
    return None


@contextlib.contextmanager
def real():
    program = real_program()
    if pathlib.Path(program).name == MADE.name:
        process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        told = json.loads(process.stdout.readline())
        address, token = told["address"], told["token"]
    else:
        token = "root-of-the-checks"
        port = harness.free_ports()
        process = subprocess.Popen([program, "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={token}",
                                    f"-dev-listen-address=127.0.0.1:{port}"],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{port}"
    try:
        admin = Admin(address, token)
        why = until(lambda: admin.call("GET", "auth/token/lookup-self"))
        if why:
            raise RuntimeError(why)
        yield None, admin
    finally:
        process.kill()
        process.wait()


def store(kind, admin, mappings, **settings):
    return {"name": "vault", "type": kind, "settings": {"address": admin.address, **settings}, "mappings": mappings}


def kv_rotates(vault, options):
    with vault() as (_, admin):
        admin.engines()
        admin.write("signet/es", pem())
        token = admin.limited_token({"kv/metadata/signet/*": ["read"], "kv/data/signet/*": ["read"]})
        stores = [store("vault_kv", admin, {signing_id("ES256"): ["es"]}, mount="kv", path="signet", value_format="PEM")]
        with StoreWorld(options, stores, ["ES256"], {"VAULT_TOKEN": token}) as world:
            first, old = world.kid("ES256"), world.token("ES256")
            admin.write("signet/es", pem())
            why = until(lambda: len(world.published()) == 2)
            if why:
                return "the new version is not published: " + why
            if world.verify(old, "ES256") != first:
                return "a token of the version before does not verify"
            admin.call("POST", "kv/delete/signet/es", {"versions": [2]})
            why = until(lambda: world.published() == [first] and world.kid("ES256") == first)
            if why:
                return "a deleted newest version is an outage: " + why
            admin.write("signet/es", "no key")
            said = lambda: world.server.admin("GET", "/admin/health").json()["stores"][0]
            why = until(lambda: said()["ok"] and any("version 3" in one for one in said()["warnings"]))
            if why or world.kid("ES256") != first:
                return f"a newest version that is no key is an outage: {why}"
            admin.write("signet/es", pem())
            why = until(lambda: world.kid("ES256") != first)
            if why:
                return "a good version behind a broken one does not sign: " + why
            if token in world.log() or "canary-of" in world.log():
                return "the log holds a secret"


def transit_signs(vault, options):
    with vault() as (_, admin):
        admin.engines()
        rules, mappings = {}, {}
        for name, (kind, algorithms) in ALGORITHMS.items():
            admin.call("POST", "transit/keys/" + name, {"type": kind})
            mappings[signing_id(algorithms[0])] = [name]
        rules = {"transit/keys/*": ["read"], "transit/sign/*": ["update"]}
        algorithms = [alg for _, some in ALGORITHMS.values() for alg in some]
        token = admin.limited_token(rules)
        with StoreWorld(options, [store("vault_transit", admin, mappings)], algorithms, {"VAULT_TOKEN": token}) as world:
            for alg in algorithms:
                world.kid(alg)
            old = world.token("ES256")
            kid = world.verify(old, "ES256")
            admin.call("POST", "transit/keys/p256/rotate", {})
            why = until(lambda: world.kid("ES256") != kid)
            if why:
                return "a rotated key does not become active: " + why
            if world.verify(old, "ES256") != kid:
                return "a token of the version before does not verify"
            admin.call("POST", "transit/keys/p256/config", {"min_decryption_version": 2})
            # The server keeps the public half for as long as tokens of that version may live.
            return None if world.verify(old, "ES256") == kid else "a living token lost its key"


def transit_rotates(vault, options):
    with vault() as (_, admin):
        admin.engines()
        admin.call("POST", "transit/keys/p256", {"type": "ecdsa-p256"})
        rules = {"transit/keys/p256": ["read"], "transit/sign/p256": ["update"]}
        token = admin.limited_token(rules)
        stores = [store("vault_transit", admin, {signing_id("ES256"): ["p256"]})]
        # Long enough for two calls before the new version signs.
        with StoreWorld(options, stores, ["ES256"], {"VAULT_TOKEN": token}, keys={"publish_ahead": "PT15S"}) as world:
            old = world.token("ES256")
            kid = world.verify(old, "ES256")
            asked = {"store": "vault", "id": signing_id("ES256")}
            refused = world.server.admin("POST", "/admin/secrets/rotate", asked)
            if refused.status == 200 or b"vault_access_denied" not in refused.body:
                return f"without the right to rotate: {refused}"
            if world.kid("ES256") != kid:
                return "it did not stay with the version before"
            admin.limited_token({**rules, "transit/keys/p256/rotate": ["update"]})  # the policy of the same name
            begin = time.monotonic()
            for _ in range(2):  # the second call finds what the first one made, unless this machine stood still between
                answer = world.server.admin("POST", "/admin/secrets/rotate", asked)
                if answer.status != 200:
                    return f"{answer}"
            made = {2} if time.monotonic() - begin < 15 else {2, 3}
            why = until(lambda: world.kid("ES256") == answer.json()["plan"][0]["kid"])
            if why:
                return "the new version does not sign: " + why
            if world.verify(old, "ES256") != kid:
                return "a token of the version before does not verify"
            latest = admin.call("GET", "transit/keys/p256")["data"]["latest_version"]
            return None if latest in made else f"the key has {latest} versions"


def app_role_logs_in(vault, options):
    with vault() as (_, admin):
        admin.engines()
        admin.write("es", pem())
        admin.call("POST", "sys/auth/approle", {"type": "approle"})
        admin.limited_token({"kv/metadata/es": ["read"], "kv/data/es": ["read"]})
        admin.call("POST", "auth/approle/role/signet", {"token_policies": ["signet"], "token_ttl": "6s"})
        role = admin.call("GET", "auth/approle/role/signet/role-id")["data"]["role_id"]
        secret = admin.call("POST", "auth/approle/role/signet/secret-id", {})["data"]["secret_id"]
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(secret)
            file.flush()
            stores = [store("vault_kv", admin, {signing_id("ES256"): ["es"]}, mount="kv", value_format="PEM",
                            auth="approle", role_id=role, secret_id_file=file.name)]
            with StoreWorld(options, stores, ["ES256"], {}) as world:
                first = world.kid("ES256")
                # Two lives of a token: it has to be renewed or got anew.
                for _ in range(2):
                    admin.write("es", pem())
                    kids = len(world.published())
                    why = until(lambda: len(world.published()) > kids)
                    if why:
                        return "changes are not seen any more: " + why
                    threading.Event().wait(6)
                why = until(lambda: world.kid("ES256") != first)
                if why:
                    return "the newest version is not active: " + why
                if secret in world.log():
                    return "the log holds the secret_id"


def one_certificate_for_all(vault, options):
    with vault() as (_, admin):
        admin.engines()
        token = admin.limited_token({"kv/data/signet/certificate": ["create", "read"]})
        shared = store("vault_shared_certificate", admin, {signing_id("ES256"): ["certificate"]}, mount="kv",
                       path="signet/certificate", key="P-256")
        kids, failures = [], []

        def instance():
            try:
                with StoreWorld(options, [shared], ["ES256"], {"VAULT_TOKEN": token}) as world:
                    kids.append(world.kid("ES256"))
            except Exception as error:
                failures.append(repr(error))

        threads = [threading.Thread(target=instance) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures or len(set(kids)) != 1:
            return f"{failures[:1]} {kids}"
        versions = admin.call("GET", "kv/metadata/signet/certificate")["data"]["versions"]
        if len(versions) != 1:
            return f"it was written {len(versions)} times"


def faults_are_borne(options):
    with stub() as (server, admin):
        admin.engines()
        admin.call("POST", "transit/keys/p256", {"type": "ecdsa-p256"})
        stores = [store("vault_transit", admin, {signing_id("ES256"): ["p256"]})]
        with StoreWorld(options, stores, ["ES256"], {"VAULT_TOKEN": admin.token}) as world:
            world.kid("ES256")
            for fault in (refuse(400, "no"), refuse(403, "permission denied"), refuse(500, "internal error"),
                          refuse(404), "hang up"):
                server.fail("/sign/", fault)
                answer = world.ask("ES256")
                if answer.status not in (500, 503):
                    return f"{getattr(fault, 'status', fault)} on sign gives {answer}"
                server.heal()
                why = until(lambda: world.kid("ES256"))
                if why:
                    return f"no recovery after {getattr(fault, 'status', fault)}: {why}"
            why = wrong_signature_gives_no_token(world, server, {"data": {"signature": "vault:v1:" + WRONG_ES256}})
            if why:
                return why
            server.sealed = True
            if world.ask("ES256").status not in (500, 503):
                return "a sealed Vault signs"
            if not world.published():
                return "the JWKS is empty while Vault is sealed"
            server.sealed = False
            return until(lambda: world.kid("ES256"))


def kubernetes_in_a_namespace(options):
    with VaultStub(namespace="team/a") as server, tempfile.NamedTemporaryFile("w") as file:
        admin = Admin(server.address, server.root, "team/a")
        admin.engines()
        admin.write("es", pem())
        server.service_account = "eyJ.service.account"
        file.write(server.service_account)
        file.flush()
        admin.call("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
        admin.limited_token({"kv/data/es": ["read"]})
        admin.call("POST", "auth/kubernetes/role/signet", {"token_policies": ["signet"], "token_ttl": "60s"})
        stores = [store("vault_kv", admin, {signing_id("ES256"): ["es"]}, mount="kv", value_format="PEM",
                        namespace="team/a", auth="kubernetes", role="signet", jwt_file=file.name)]
        with StoreWorld(options, stores, ["ES256"], {}) as world:
            world.kid("ES256")  # without the right to read the metadata


def run(results, options):
    kinds = [("stub", stub)]
    if real_program():
        kinds.append(("real", real))
    else:
        print("skipped: no Vault or OpenBao is here (tests/interop/vault/build.sh makes one)", flush=True)
    for name, vault in kinds:
        results.check(f"Vault ({name}): versions of a secret sign, rotate and retire", kv_rotates, vault, options)
        results.check(f"Vault ({name}): transit signs with every algorithm", transit_signs, vault, options)
        results.check(f"Vault ({name}): transit is rotated where the policy allows it", transit_rotates, vault, options)
        results.check(f"Vault ({name}): an AppRole logs in and stays", app_role_logs_in, vault, options)
        results.check(f"Vault ({name}): instances that start at once end with one certificate",
                      one_certificate_for_all, vault, options)
    results.check("Vault (stub): refused, broken, lost and wrong answers and a sealed Vault are borne", faults_are_borne, options)
    results.check("Vault (stub): a Kubernetes login in a namespace, without the metadata", kubernetes_in_a_namespace, options)
