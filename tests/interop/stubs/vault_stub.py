"""HashiCorp Vault as far as Signet and its checks speak to it, written from the public API
definitions: token, AppRole and Kubernetes logins, policies, KV version 2 and transit with real
cryptography. Transit has Vault's own defaults, which are not those of JOSE. vault_checks.py runs the
same checks against a real Vault where there is one.
"""

import base64
import datetime
import fnmatch
import json
import os
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from .stub_server import Reply, StubServer

TYPES = {"rsa-2048": 2048, "rsa-3072": 3072, "rsa-4096": 4096, "ecdsa-p256": ec.SECP256R1(),
         "ecdsa-p384": ec.SECP384R1(), "ecdsa-p521": ec.SECP521R1(), "ed25519": None}
HASHES = {"sha2-256": hashes.SHA256(), "sha2-384": hashes.SHA384(), "sha2-512": hashes.SHA512()}


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "789Z"


def refuse(status, *errors):
    return Reply(status, {"errors": list(errors)})


class VaultStub(StubServer):
    name = "stub"

    def __init__(self, namespace=None):
        super().__init__()
        self.namespace, self.sealed = namespace, False
        self.root = "hvs." + base64.urlsafe_b64encode(os.urandom(18)).decode()
        self.tokens = {self.root: {"policies": ["root"], "ttl": 0, "end": None, "renewable": False}}
        self.policies, self.roles, self.auths, self.mounts = {}, {}, {}, {}
        self.service_account = None  # the JWT that the Kubernetes login takes

    @property
    def address(self):
        return self.url

    def answer(self, request):
        if self.sealed:
            return refuse(503, "Vault is sealed")
        if not request.path.startswith("/v1/"):
            return refuse(404)
        if request.headers.get("x-vault-request") != "true":
            return refuse(412, "request header X-Vault-Request is missing")
        if self.namespace and request.headers.get("x-vault-namespace") != self.namespace:
            return refuse(403, "permission denied")
        with self.lock:
            return self.route(request, request.path[4:])

    def route(self, request, path):
        parts = path.rstrip("/").split("/")
        if parts[0] == "auth" and parts[-1] == "login":
            return self.login(parts, request.json())
        text = request.headers.get("x-vault-token", "")
        token = self.tokens.get(text)
        if token is None or (token["end"] and token["end"] < time.time()):
            self.tokens.pop(text, None)
            return refuse(403, "permission denied")
        if path == "auth/token/lookup-self":
            left = int(token["end"] - time.time()) if token["end"] else 0
            return Reply(200, {"data": {"ttl": left, "renewable": token["renewable"], "policies": token["policies"]}})
        if path == "auth/token/renew-self":
            token["end"] = time.time() + token["ttl"]
            return self.auth(text)
        if parts[:4] == ["sys", "internal", "ui", "mounts"]:
            return self.mount_seen_by(token, "/".join(parts[4:]))
        self.allow(token, path, request)
        if parts[0] == "sys":
            return self.system(parts[1:], request)
        if parts[0] == "auth":
            return self.auth_admin(parts[1:], request)
        mount = next((m for m in sorted(self.mounts, key=len, reverse=True) if path.startswith(m + "/")), None)
        if mount is None:
            return refuse(404, f'no handler for route "{path}". route entry not found.')
        engine = self.mounts[mount]
        inside = path[len(mount) + 1:]
        return (self.kv if engine["type"] == "kv" else self.transit)(engine["data"], inside, request)

    def allow(self, token, path, request):
        if "root" in token["policies"]:
            return
        need = {"GET": "list" if request.query.get("list") == "true" else "read", "POST": "update",
                "PUT": "update", "DELETE": "delete"}[request.method]
        if need == "update" and self.is_new_secret(path):
            need = "create"
        for policy in token["policies"]:
            for pattern, rule in self.policies.get(policy, {}).items():
                if fnmatch.fnmatchcase(path, pattern) and need in rule["capabilities"]:
                    return
        raise refuse(403, "1 error occurred:\n\t* permission denied\n\n")

    def is_new_secret(self, path):
        mount, _, name = path.partition("/data/")
        engine = self.mounts.get(mount)
        return bool(engine) and engine["type"] == "kv" and name not in engine["data"]

    def new_token(self, policies, ttl):
        text = "hvs." + base64.urlsafe_b64encode(os.urandom(18)).decode()
        self.tokens[text] = {"policies": policies, "ttl": ttl, "end": time.time() + ttl if ttl else None,
                             "renewable": bool(ttl)}
        return self.auth(text)

    def auth(self, text):
        token = self.tokens[text]
        return Reply(200, {"auth": {"client_token": text, "lease_duration": token["ttl"],
                                    "renewable": token["renewable"], "policies": token["policies"]}})

    def login(self, parts, body):
        mount = "/".join(parts[1:-1])
        kind = self.auths.get(mount)
        if kind == "approle":
            for role in self.roles.values():
                if role["id"] == body.get("role_id") and body.get("secret_id") in role["secrets"]:
                    return self.new_token(role["policies"], role["ttl"])
            return refuse(400, "invalid role or secret ID")
        if kind == "kubernetes":
            role = self.roles.get(body.get("role"))
            if role and self.service_account and body.get("jwt") == self.service_account:
                return self.new_token(role["policies"], role["ttl"])
            return refuse(403, "permission denied")
        return refuse(404, "no handler for route")

    def system(self, parts, request):
        if parts[0] == "mounts":
            body = request.json()
            self.mounts["/".join(parts[1:])] = {"type": body["type"], "options": body.get("options"), "data": {}}
            return Reply(204)
        if parts[0] == "auth":
            self.auths["/".join(parts[1:])] = request.json()["type"]
            return Reply(204)
        if parts[:2] == ["policies", "acl"]:
            self.policies[parts[2]] = json.loads(request.json()["policy"])["path"]
            return Reply(204)
        return refuse(404)

    def mount_seen_by(self, token, name):
        """Whoever may do anything in a mount may know what it is."""
        rules = [path for policy in token["policies"] for path in self.policies.get(policy, {})]
        mount = self.mounts.get(name)
        if mount is None or ("root" not in token["policies"] and not any(r.startswith(name + "/") for r in rules)):
            return refuse(403, f'preflight capability check returned 403, please ensure client\'s policies grant access to path "{name}/"')
        return Reply(200, {"data": {"type": mount["type"], "options": mount["options"]}})

    def auth_admin(self, parts, request):
        if parts == ["token", "create"]:
            body = request.json()
            return self.new_token(body.get("policies", []), int(body.get("ttl", "0s").rstrip("s")))
        if parts == ["token", "revoke"]:
            self.tokens.pop(request.json()["token"], None)
            return Reply(204)
        if len(parts) >= 3 and parts[1] == "role":
            if len(parts) == 3:
                body = request.json()
                self.roles[parts[2]] = {"id": os.urandom(8).hex(), "secrets": set(),
                                        "policies": body["token_policies"], "ttl": int(body["token_ttl"].rstrip("s"))}
                return Reply(204)
            role = self.roles[parts[2]]
            if parts[3] == "role-id":
                return Reply(200, {"data": {"role_id": role["id"]}})
            secret = os.urandom(16).hex()
            role["secrets"].add(secret)
            return Reply(200, {"data": {"secret_id": secret}})
        return refuse(404)

    # ---------------------------------------------------------------- KV version 2
    def kv(self, data, path, request):
        kind, _, name = path.partition("/")
        if kind == "metadata" and request.query.get("list") == "true":
            folder = name if not name or name.endswith("/") else name + "/"
            below = {key[len(folder):] for key in data if key.startswith(folder)}
            names = sorted({n.split("/")[0] + ("/" if "/" in n else "") for n in below})
            return Reply(200, {"data": {"keys": names}}) if names else refuse(404)
        versions = data.get(name)
        if kind == "data" and request.method in ("POST", "PUT"):
            body = request.json()
            versions = versions or []
            cas = body.get("options", {}).get("cas")
            if cas is not None and cas != len(versions):
                return refuse(400, "check-and-set parameter did not match the current version")
            if not isinstance(body.get("data"), dict):
                return refuse(400, "no data provided")
            data.setdefault(name, versions).append({"data": body["data"], "created_time": now(),
                                                    "deletion_time": "", "destroyed": False})
            return Reply(200, {"data": {"version": len(versions), "created_time": versions[-1]["created_time"]}})
        if kind == "metadata" and request.method == "DELETE":
            data.pop(name, None)
            return Reply(204)
        if versions is None:
            return refuse(404)
        if kind == "metadata":
            told = {str(i + 1): {k: v for k, v in one.items() if k != "data"} for i, one in enumerate(versions)}
            return Reply(200, {"data": {"current_version": len(versions), "versions": told}})
        if kind in ("delete", "destroy", "undelete"):
            for number in request.json()["versions"]:
                one = versions[number - 1]
                if kind == "destroy":
                    one["destroyed"] = True
                else:
                    one["deletion_time"] = now() if kind == "delete" else ""
            return Reply(204)
        if kind == "data" and request.method == "DELETE":
            versions[-1]["deletion_time"] = now()
            return Reply(204)
        number = int(request.query.get("version", 0)) or len(versions)
        if number > len(versions):
            return refuse(404)
        one = versions[number - 1]
        metadata = {"version": number, **{k: v for k, v in one.items() if k != "data"}}
        gone = one["destroyed"] or one["deletion_time"]
        return Reply(404 if gone else 200, {"data": {"data": None if gone else one["data"], "metadata": metadata}})

    # ---------------------------------------------------------------- transit
    def transit(self, data, path, request):
        parts = path.rstrip("/").split("/")
        if parts == ["keys"]:
            return Reply(200, {"data": {"keys": sorted(data)}}) if data else refuse(404)
        name = parts[1]
        key = data.get(name)
        if parts[0] == "keys" and len(parts) == 2 and request.method == "POST":
            if key is None:
                kind = request.json().get("type", "aes256-gcm96")
                data[name] = {"type": kind, "versions": [self.generate(kind)], "oldest": 1}
            return Reply(204)
        if key is None:
            return refuse(404) if parts[0] == "keys" else refuse(400, "signing key not found")
        if parts[0] == "keys" and len(parts) == 2:
            return Reply(200, {"data": self.describe(key)})
        if parts[0] == "keys" and parts[2] == "rotate":
            key["versions"].append(self.generate(key["type"]))
            return Reply(204)
        if parts[0] == "keys" and parts[2] == "config":
            key["oldest"] = request.json().get("min_decryption_version", key["oldest"])
            return Reply(204)
        if parts[0] == "sign":
            return self.sign(key, request.json())
        if parts[0] == "decrypt":
            return self.decrypt(key, request.json())
        return refuse(404)

    @staticmethod
    def generate(kind):
        if kind.startswith("rsa-"):
            return rsa.generate_private_key(65537, TYPES[kind])
        if kind.startswith("ecdsa-"):
            return ec.generate_private_key(TYPES[kind])
        if kind == "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        return os.urandom(32)

    def describe(self, key):
        told = {}
        for number, private in enumerate(key["versions"], 1):
            if number < key["oldest"]:
                continue
            if isinstance(private, bytes):
                told[str(number)] = int(time.time())
            elif key["type"] == "ed25519":
                raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
                told[str(number)] = {"public_key": base64.b64encode(raw).decode(), "name": "ed25519"}
            else:
                pem = private.public_key().public_bytes(serialization.Encoding.PEM,
                                                        serialization.PublicFormat.SubjectPublicKeyInfo)
                told[str(number)] = {"public_key": pem.decode(), "creation_time": now()}
        return {"type": key["type"], "keys": told, "latest_version": len(key["versions"]), "derived": False,
                "min_decryption_version": key["oldest"], "min_encryption_version": 0}

    def sign(self, key, body):
        version = body.get("key_version", 0) or len(key["versions"])
        private = key["versions"][version - 1]
        data = base64.b64decode(body["input"], validate=True)
        algorithm = HASHES.get(body.get("hash_algorithm", "sha2-256"))
        if algorithm is None or isinstance(private, bytes):
            return refuse(400, "invalid hash algorithm")
        prehashed = utils.Prehashed(algorithm)
        if key["type"] != "ed25519" and not body.get("prehashed"):
            digest = hashes.Hash(algorithm)
            digest.update(data)
            data = digest.finalize()
        jws = body.get("marshaling_algorithm", "asn1") == "jws"
        if key["type"] == "ed25519":
            signature = private.sign(data)
        elif key["type"].startswith("ecdsa-"):
            signature = private.sign(data, ec.ECDSA(prehashed))
            if jws:
                r, s = utils.decode_dss_signature(signature)
                size = (private.curve.key_size + 7) // 8
                signature = r.to_bytes(size, "big") + s.to_bytes(size, "big")
        elif body.get("signature_algorithm", "pss") == "pkcs1v15":
            signature = private.sign(data, padding.PKCS1v15(), prehashed)
        else:
            salt = algorithm.digest_size if body.get("salt_length") == "hash" else padding.PSS.MAX_LENGTH
            signature = private.sign(data, padding.PSS(padding.MGF1(algorithm), salt), prehashed)
        encoded = (base64.urlsafe_b64encode(signature).rstrip(b"=") if jws else base64.b64encode(signature)).decode()
        return Reply(200, {"data": {"signature": f"vault:v{version}:{encoded}", "key_version": version}})

    def decrypt(self, key, body):
        _, number, encoded = body["ciphertext"].split(":")
        try:
            plain = key["versions"][int(number[1:]) - 1].decrypt(
                base64.b64decode(encoded), padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
        except ValueError:
            return refuse(500, "1 error occurred:\n\t* failed to RSA decrypt the ciphertext: crypto/rsa: decryption error\n\n")
        return Reply(200, {"data": {"plaintext": base64.b64encode(plain).decode()}})
