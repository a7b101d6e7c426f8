#!/usr/bin/env python3
"""A Google of one's own: Secret Manager v1, Cloud KMS v1, the OAuth 2.0 token endpoint, the security
token service and the metadata server, on one loopback port. Written from the public definitions
(googleapis: google/cloud/secretmanager/v1, google/cloud/kms/v1, google/rpc/status; RFC 6749, 7523,
8693). It checks who asks, the shape of what is asked and the integrity fields, does real
cryptography, and can be told to misbehave.

  with GoogleStub() as google: google.url, google.service_account(path), google.fault("…", "500")

Alone: tests/interop/stubs/google_stub.py FOLDER   writes FOLDER/credentials.json and serves.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import sys
import threading
import time
import urllib.parse

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from stub_server import LoopbackServer

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PROJECT_NUMBER = "123456789012"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
EVERYTHING = frozenset({
    "secretmanager.versions.access", "secretmanager.versions.list", "secretmanager.versions.add",
    "secretmanager.versions.destroy", "secretmanager.secrets.list", "secretmanager.secrets.create",
    "cloudkms.cryptoKeys.list", "cloudkms.cryptoKeys.get", "cloudkms.cryptoKeyVersions.list",
    "cloudkms.cryptoKeyVersions.create",
    "cloudkms.cryptoKeyVersions.viewPublicKey", "cloudkms.cryptoKeyVersions.useToSign",
    "cloudkms.cryptoKeyVersions.useToVerify", "cloudkms.cryptoKeyVersions.useToDecrypt"})


def _crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_TABLE = _crc_table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = (value >> 8) ^ _TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


def b64(data):
    return base64.b64encode(data).decode()


class Refused(Exception):
    """An answer that is no success: google.rpc.Status as REST writes it."""

    def __init__(self, http_status, status, message):
        super().__init__(message)
        self.http_status = http_status
        self.body = {"error": {"code": http_status, "status": status, "message": message}}


def invalid(message):
    return Refused(400, "INVALID_ARGUMENT", message)


class OAuthRefused(Refused):
    def __init__(self, error, description):
        super().__init__(400, "", description)
        self.body = {"error": error, "error_description": description}


def members(body, known):
    """Google refuses JSON members that it does not know."""
    for name in body:
        if name not in known:
            raise invalid(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')


def decoded(body, name):
    try:
        return base64.b64decode(body[name], validate=True)
    except KeyError:
        raise invalid(f"{name} is required") from None
    except (ValueError, TypeError):
        raise invalid(f"{name}: Base64 decoding failed") from None


def checked(body, name, crc_name):
    """The bytes, and whether a checksum came with them and was right."""
    data = decoded(body, name)
    if crc_name not in body:
        return data, False
    if int(body[crc_name]) != crc32c(data):
        raise invalid(f"The checksum in field {crc_name} did not match the data in field {name}.")
    return data, True


class KeyVersion:
    def __init__(self, algorithm):
        self.algorithm, self.stored_state, self.ready_at = algorithm, "ENABLED", 0
        self.key, self.mac_key = None, None
        bits = re.search(r"_(2048|3072|4096)", algorithm)
        if algorithm == "EC_SIGN_P256_SHA256":
            self.key = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "EC_SIGN_P384_SHA384":
            self.key = ec.generate_private_key(ec.SECP384R1())
        elif algorithm == "EC_SIGN_SECP256K1_SHA256":
            self.key = ec.generate_private_key(ec.SECP256K1())
        elif algorithm == "EC_SIGN_ED25519":
            self.key = ed25519.Ed25519PrivateKey.generate()
        elif bits:
            self.key = rsa.generate_private_key(65537, int(bits[1]))
        elif algorithm.startswith("HMAC_"):
            self.mac_key = os.urandom(64)
        else:
            raise ValueError(algorithm)

    @property
    def state(self):
        if self.stored_state == "ENABLED" and time.monotonic() < self.ready_at:
            return "PENDING_GENERATION"
        return self.stored_state

    @state.setter
    def state(self, state):
        self.stored_state = state

    @property
    def hash(self):
        for name, made in (("SHA512", hashes.SHA512), ("SHA384", hashes.SHA384), ("SHA1", hashes.SHA1)):
            if self.algorithm.endswith(name):
                return made()
        return hashes.SHA256()

    @property
    def purpose(self):
        for part, purpose in (("HMAC", "MAC"), ("DECRYPT", "ASYMMETRIC_DECRYPT")):
            if part in self.algorithm:
                return purpose
        return "ASYMMETRIC_SIGN"

    def public_pem(self):
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, digest):
        prehashed = utils.Prehashed(self.hash)
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(digest, ec.ECDSA(prehashed))
        if "_PSS_" in self.algorithm:
            pss = padding.PSS(padding.MGF1(self.hash), self.hash.digest_size)
            return self.key.sign(digest, pss, prehashed)
        return self.key.sign(digest, padding.PKCS1v15(), prehashed)

    def decrypt(self, ciphertext):
        oaep = padding.OAEP(padding.MGF1(self.hash), self.hash, None)
        try:
            return self.key.decrypt(ciphertext, oaep)
        except ValueError:
            raise invalid("Decryption failed: the ciphertext is invalid.") from None

    def mac(self, data):
        return hmac.new(self.mac_key, data, self.hash.name).digest()


class GoogleStub(LoopbackServer):
    def __init__(self, project="signet-test", location="europe-west3", key_ring="ring", page=2):
        self.project, self.location, self.key_ring, self.page = project, location, key_ring, page
        self.secrets = {}   # name -> [ {"data": bytes, "state": str} ], version 1 first
        self.keys = {}      # name -> [ KeyVersion ]
        self.templates = {}  # name -> algorithm of new versions, where it is not the last one's
        self.generates = 1   # how many seconds a new version of a key is PENDING_GENERATION
        self.rights = {}    # identity -> set of permissions; others have them all
        self.tokens = {}    # access token -> (identity, expiry)
        self.accounts = {}  # e-mail -> public key
        self.calls = []     # (identity, method, path)
        self.bad_shapes = []
        self._faults = []
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stub._serve(self, b"")

            def do_POST(self):
                stub._serve(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            def log_message(self, *_):
                pass

        super().__init__(Handler)
        self.host = f"127.0.0.1:{self.port}"

    # ------------------------------------------------------------------------ what the tests say

    def service_account(self, path, email="signet@signet-test.iam.gserviceaccount.com"):
        """Writes the key document of a new account."""
        key = rsa.generate_private_key(65537, 2048)
        self.accounts[email] = key.public_key()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption()).decode()
        document = {"type": "service_account", "project_id": self.project, "private_key_id": "kid-1",
                    "private_key": pem, "client_email": email, "client_id": "1",
                    "token_uri": self.url + "/token", "universe_domain": "googleapis.com"}
        path.write_text(json.dumps(document))
        path.chmod(0o600)
        return email

    def authorized_user(self, path):
        path.write_text(json.dumps({"type": "authorized_user", "client_id": "client",
                                    "client_secret": "secret", "refresh_token": "refresh+/token",
                                    "token_uri": self.url + "/token"}))
        path.chmod(0o600)

    def external_account(self, path, subject_file):
        subject_file.write_text("subject-token\n")
        path.write_text(json.dumps({
            "type": "external_account", "audience": "//iam.googleapis.com/projects/1/pool",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": self.url + "/sts/token", "credential_source": {"file": str(subject_file)}}))

    def add_secret(self, name, data):
        with self.lock:
            self.secrets.setdefault(name, []).append({"data": data, "state": "ENABLED"})

    def add_key(self, name, algorithm):
        version = KeyVersion(algorithm)
        with self.lock:
            self.keys.setdefault(name, []).append(version)
        return version

    def fault(self, part, kind, times=1):
        """The next `times` calls whose path holds `part` go wrong: "429", "500", "503", "hang_up",
        "crc" (wrong checksum), "name" (about another resource), "unverified", "signature" (wrong, with its
        right checksum), "no_json"."""
        with self.lock:
            self._faults.append({"part": part, "kind": kind, "left": times})

    def heal(self):
        with self.lock:
            self._faults.clear()

    def count(self, part):
        with self.lock:
            return sum(part in path for _, _, path in self.calls)

    def revoke_tokens(self):
        with self.lock:
            self.tokens.clear()

    # ------------------------------------------------------------------------ one request

    def _serve(self, handler, raw):
        with self.lock:
            fault = next((f for f in self._faults if f["part"] in handler.path and f["left"] > 0), None)
            if fault:
                fault["left"] -= 1
        kind = fault["kind"] if fault else ""
        if kind == "hang_up":
            self._note(handler, "?")
            handler.close_connection = True
            handler.connection.shutdown(2)
            return
        headers = {}
        try:
            if kind.isdigit():
                self._note(handler, "?")
                raise Refused(int(kind), {"429": "RESOURCE_EXHAUSTED"}.get(kind, "UNAVAILABLE"), "fault")
            with self.lock:
                status, body, headers = 200, *self._route(handler, raw)
            self._spoil(kind, body)
        except Refused as refused:
            status, body = refused.http_status, refused.body
        text = b"<html>upstream</html>" if kind == "no_json" else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json; charset=UTF-8")
        handler.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    @staticmethod
    def _spoil(kind, body):
        for holder in (body, body.get("payload", {})):
            for name in list(holder):
                if kind == "crc" and name.lower().endswith("crc32c") and not isinstance(holder[name], bool):
                    holder[name] = str(int(holder[name]) ^ 1)
                if kind == "unverified" and name.startswith("verified"):
                    del holder[name]
        if kind == "signature" and "signature" in body:
            wrong = bytearray(decoded(body, "signature"))
            wrong[-1] ^= 1
            body.update(signature=b64(wrong), signatureCrc32c=str(crc32c(wrong)))
        if kind == "name" and "name" in body:
            body["name"] = re.sub(r"/(\d+)$", lambda m: f"/{int(m[1]) + 1}", body["name"])

    def _note(self, handler, identity):
        with self.lock:
            self.calls.append((identity, handler.command, handler.path))

    def _route(self, handler, raw):
        path, _, query = handler.path.partition("?")
        if path in ("/token", "/sts/token"):
            self._note(handler, "?")
            return self._token(path, handler, raw), {}
        if path.startswith("/computeMetadata/"):
            self._note(handler, "?")
            return self._metadata(path, handler), {"Metadata-Flavor": "Google"}
        identity = self._identity(handler)
        self._note(handler, identity)
        body = {}
        if handler.command == "POST":
            if not handler.headers.get("Content-Type", "").startswith("application/json"):
                raise invalid("Content-Type must be application/json")
            body = json.loads(raw)
            if not isinstance(body, dict):
                raise invalid("the body must be an object")
        elif raw:
            raise invalid("a GET has no body")
        arguments = dict(urllib.parse.parse_qsl(query, strict_parsing=bool(query)))
        if not path.startswith("/v1/projects/" + self.project + "/"):
            raise Refused(403, "PERMISSION_DENIED", "Permission denied on resource project.")
        resource = path[len("/v1/"):]
        try:
            if "/keyRings/" in resource:
                return self._kms(identity, handler.command, resource, body, arguments), {}
            return self._secret_manager(identity, handler.command, resource, body, arguments), {}
        except Refused as refused:
            if refused.http_status == 400 and "FAILED_PRECONDITION" not in str(refused.body):
                self.bad_shapes.append((handler.command, path, str(refused)))
            raise

    # ------------------------------------------------------------------------ who is it

    def _issue(self, identity):
        token = "ya29." + base64.urlsafe_b64encode(os.urandom(24)).decode()
        self.tokens[token] = (identity, time.time() + 3600)
        return {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    def _identity(self, handler):
        scheme, _, token = handler.headers.get("Authorization", "").partition(" ")
        identity, expiry = self.tokens.get(token, ("", 0))
        if scheme != "Bearer" or expiry < time.time():
            raise Refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        return identity

    def _needs(self, identity, permission):
        assert permission in EVERYTHING, permission
        if permission not in self.rights.get(identity, EVERYTHING):
            raise Refused(403, "PERMISSION_DENIED", f"Permission '{permission}' denied on resource "
                          "(or it may not exist).")

    def _metadata(self, path, handler):
        if handler.headers.get("Metadata-Flavor") != "Google":
            raise Refused(403, "FORBIDDEN", "Missing Metadata-Flavor:Google header.")
        found = re.fullmatch(r"/computeMetadata/v1/instance/service-accounts/([^/]+)/token", path)
        if not found:
            raise Refused(404, "NOT_FOUND", "no such entry")
        return self._issue("metadata:" + found[1])

    def _token(self, path, handler, raw):
        if handler.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise OAuthRefused("invalid_request", "Content-Type")
        fields = urllib.parse.parse_qsl(raw.decode(), strict_parsing=True)
        form = dict(fields)
        if len(form) != len(fields):
            raise OAuthRefused("invalid_request", "a parameter twice")
        grant = form.get("grant_type")
        if path == "/sts/token":
            want = {"grant_type": TOKEN_EXCHANGE, "scope": SCOPE, "subject_token": "subject-token",
                    "audience": "//iam.googleapis.com/projects/1/pool",
                    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}
            if form != want:
                raise OAuthRefused("invalid_request", "the exchange is another")
            return {**self._issue("federated"),
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}
        if grant == "refresh_token":
            if form != {"grant_type": grant, "client_id": "client", "client_secret": "secret",
                        "refresh_token": "refresh+/token"}:
                raise OAuthRefused("invalid_grant", "Bad Request")
            return self._issue("user")
        if grant == JWT_BEARER:
            return self._issue(self._assertion(form.get("assertion", "")))
        raise OAuthRefused("unsupported_grant_type", "Invalid grant_type")

    def _assertion(self, assertion):
        """RFC 7523 §3, by hand: the stub trusts no library that the tested program might share."""
        try:
            head, claims, signature = assertion.split(".")
            unpack = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
            header, body = json.loads(unpack(head)), json.loads(unpack(claims))
            key = self.accounts[body["iss"]]
            key.verify(unpack(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, KeyError, InvalidSignature):
            raise OAuthRefused("invalid_grant", "Invalid JWT Signature.") from None
        now = time.time()
        if header != {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}:
            raise OAuthRefused("invalid_grant", f"header {header}")
        if body["aud"] != self.url + "/token" or body["scope"] != SCOPE:
            raise OAuthRefused("invalid_scope", "audience or scope")
        if not (now - 300 < body["iat"] <= now + 300 and body["iat"] < body["exp"] <= body["iat"] + 3600):
            raise OAuthRefused("invalid_grant", "Token must be a short-lived token")
        return body["iss"]

    # ------------------------------------------------------------------------ Secret Manager

    def _paged(self, items, member, arguments):
        start = int(arguments.get("pageToken", "0"))
        size = min(int(arguments.get("pageSize", "100")), self.page)
        answer = {member: items[start:start + size], "totalSize": len(items)}
        if start + size < len(items):
            answer["nextPageToken"] = str(start + size)
        return answer

    def _secret_manager(self, identity, method, resource, body, arguments):
        parent = f"projects/{self.project}"
        out = f"projects/{PROJECT_NUMBER}"
        if resource == parent + "/secrets":
            return self._secret_collection(identity, method, body, arguments, out)
        found = re.fullmatch(re.escape(parent) + r"/secrets/([\w-]{1,255})(?:/versions(?:/([\w-]+))?)?(?::(\w+))?",
                             resource)
        if not found:
            raise Refused(404, "NOT_FOUND", "The requested URL was not found on this server.")
        name, version, verb = found.groups()
        permission = {"access": "access", "addVersion": "add", "destroy": "destroy", None: "list"}.get(verb)
        if permission is None:
            raise Refused(404, "NOT_FOUND", "no such method")
        self._needs(identity, "secretmanager.versions." + permission)
        versions = self.secrets.get(name)
        if versions is None:
            raise Refused(404, "NOT_FOUND", f"Secret [{out}/secrets/{name}] not found.")
        if verb == "addVersion" and method == "POST":
            members(body, {"payload"})
            members(body.get("payload", {}), {"data", "dataCrc32c"})
            data, has_crc = checked(body.get("payload", {}), "data", "dataCrc32c")
            if len(data) > 65536:
                raise invalid("payload.data is too large")
            versions.append({"data": data, "state": "ENABLED"})
            return {"name": f"{out}/secrets/{name}/versions/{len(versions)}", "state": "ENABLED",
                    "etag": '"1"', "clientSpecifiedPayloadChecksum": has_crc}
        if verb is None and method == "GET" and version is None and resource.endswith("/versions"):
            return self._list_versions(name, versions, arguments, out)
        if version is None or not (version == "latest" or version.isdigit()):
            raise invalid("no such version name")
        number = len(versions) if version == "latest" else int(version)
        if not 1 <= number <= len(versions):
            raise Refused(404, "NOT_FOUND", f"Secret [{out}/secrets/{name}] not found or has no versions.")
        entry = versions[number - 1]
        full = f"{out}/secrets/{name}/versions/{number}"
        if verb == "destroy" and method == "POST":
            members(body, {"etag"})
            entry["state"], entry["data"] = "DESTROYED", b""
            return {"name": full, "state": "DESTROYED", "etag": '"2"'}
        if verb != "access" or method != "GET":
            raise Refused(404, "NOT_FOUND", "no such method")
        if entry["state"] != "ENABLED":
            raise Refused(400, "FAILED_PRECONDITION",
                          f"Secret Version [{full}] is in {entry['state']} state.")
        return {"name": full, "payload": {"data": b64(entry["data"]),
                                          "dataCrc32c": str(crc32c(entry["data"]))}}

    def _secret_collection(self, identity, method, body, arguments, out):
        if method == "GET":
            self._needs(identity, "secretmanager.secrets.list")
            items = [{"name": f"{out}/secrets/{name}"} for name in self.secrets]
            return self._paged(items, "secrets", arguments)
        self._needs(identity, "secretmanager.secrets.create")
        members(body, {"replication", "labels", "annotations"})
        name = arguments.get("secretId", "")
        if not re.fullmatch(r"[\w-]{1,255}", name) or body.get("replication") != {"automatic": {}}:
            raise invalid("secretId or replication")
        if name in self.secrets:
            raise Refused(409, "ALREADY_EXISTS", f"Secret [{out}/secrets/{name}] already exists.")
        self.secrets[name] = []
        return {"name": f"{out}/secrets/{name}", "replication": {"automatic": {}}, "etag": '"1"'}

    def _list_versions(self, name, versions, arguments, out):
        wanted = arguments.get("filter", "")
        if wanted not in ("", "state:ENABLED"):
            raise invalid("the filter is another")
        items = [{"name": f"{out}/secrets/{name}/versions/{i + 1}", "state": v["state"], "etag": '"1"'}
                 for i, v in enumerate(versions) if not wanted or v["state"] == "ENABLED"]
        return self._paged(items[::-1], "versions", arguments)

    # ------------------------------------------------------------------------ Cloud KMS

    def _kms(self, identity, method, resource, body, arguments):
        ring = f"projects/{self.project}/locations/{self.location}/keyRings/{self.key_ring}"
        if not resource.startswith(ring + "/cryptoKeys"):
            raise Refused(404, "NOT_FOUND", "KeyRing not found.")
        rest = resource[len(ring) + len("/cryptoKeys"):]
        if rest == "" and method == "GET":
            self._needs(identity, "cloudkms.cryptoKeys.list")
            items = [{"name": f"{ring}/cryptoKeys/{name}", "purpose": versions[0].purpose}
                     for name, versions in self.keys.items()]
            return self._paged(items, "cryptoKeys", arguments)
        found = re.fullmatch(r"/([\w-]{1,63})", rest)
        if found and method == "GET":
            self._needs(identity, "cloudkms.cryptoKeys.get")
            if found[1] not in self.keys:
                raise Refused(404, "NOT_FOUND", "CryptoKey not found.")
            last = self.keys[found[1]][-1]
            return {"name": resource, "purpose": last.purpose,
                    "versionTemplate": {"protectionLevel": "SOFTWARE", "algorithm": self._template(found[1])}}
        found = re.fullmatch(r"/([\w-]{1,63})/cryptoKeyVersions(?:/(\d+)(/publicKey|:\w+)?)?", rest)
        if not found or found[1] not in self.keys:
            raise Refused(404, "NOT_FOUND", "CryptoKey not found.")
        key, number, action = found.groups()
        versions = self.keys[key]
        if number is None and method == "POST":
            return self._create_version(identity, resource, key, body, arguments)
        if number is None:
            self._needs(identity, "cloudkms.cryptoKeyVersions.list")
            if arguments.get("filter", "") not in ("", "state=ENABLED"):
                raise invalid("the filter is another")
            items = [self._version_json(resource, i + 1, v)
                     for i, v in enumerate(versions) if not arguments.get("filter") or v.state == "ENABLED"]
            return self._paged(items, "cryptoKeyVersions", arguments)
        if not 1 <= int(number) <= len(versions):
            raise Refused(404, "NOT_FOUND", "CryptoKeyVersion not found.")
        version = versions[int(number) - 1]
        name = f"{ring}/cryptoKeys/{key}/cryptoKeyVersions/{number}"
        right, purpose, do = {
            "/publicKey": ("viewPublicKey", None, self._public_key),
            ":asymmetricSign": ("useToSign", "ASYMMETRIC_SIGN", self._sign),
            ":asymmetricDecrypt": ("useToDecrypt", "ASYMMETRIC_DECRYPT", self._decrypt),
            ":macSign": ("useToSign", "MAC", self._mac_sign),
            ":macVerify": ("useToVerify", "MAC", self._mac_verify),
        }.get(action, (None, None, None))
        if do is None or (action == "/publicKey") != (method == "GET"):
            raise Refused(404, "NOT_FOUND", "no such method")
        self._needs(identity, "cloudkms.cryptoKeyVersions." + right)
        if purpose not in (None, version.purpose) or (purpose is None and version.key is None):
            raise invalid(f"{name} is not for this: its purpose is {version.purpose}")
        if version.state != "ENABLED":
            raise Refused(400, "FAILED_PRECONDITION", f"{name} is not enabled, current state is: {version.state}.")
        answer = do(version, body)
        if action != ":asymmetricDecrypt":
            answer["name"] = name
        return {**answer, "protectionLevel": "SOFTWARE"}

    def _template(self, key):
        return self.templates.get(key, self.keys[key][-1].algorithm)

    @staticmethod
    def _version_json(parent, number, version):
        return {"name": f"{parent}/{number}", "state": version.state, "protectionLevel": "SOFTWARE",
                "algorithm": version.algorithm}

    def _create_version(self, identity, resource, key, body, arguments):
        """google.cloud.kms.v1.CreateCryptoKeyVersion. All members of the body but `state` are output only or for
        keys outside, so that the stub wants none."""
        self._needs(identity, "cloudkms.cryptoKeyVersions.create")
        members(body, {"state"})
        if arguments or body.get("state", "ENABLED") != "ENABLED":
            raise invalid("a new version is asked for by its key alone")
        version = self.add_key(key, self._template(key))
        version.ready_at = time.monotonic() + self.generates
        return self._version_json(resource, len(self.keys[key]), version)

    def _public_key(self, version, _):
        pem = version.public_pem()
        return {"pem": pem, "pemCrc32c": str(crc32c(pem.encode())), "algorithm": version.algorithm}

    def _sign(self, version, body):
        members(body, {"digest", "digestCrc32c", "data", "dataCrc32c"})
        if ("digest" in body) == ("data" in body):
            raise invalid("exactly one of digest and data")
        if isinstance(version.key, ed25519.Ed25519PrivateKey):
            if "data" not in body:
                raise invalid("this key signs data, not digests")
            data, has_crc = checked(body, "data", "dataCrc32c")
            signature, verified = version.key.sign(data), {"verifiedDataCrc32c": has_crc}
        else:
            digest = body.get("digest", {})
            want = version.hash.name
            if list(digest) != [want]:
                raise invalid(f"the digest must be {want}")
            value, has_crc = checked({**digest, **body}, want, "digestCrc32c")
            if len(value) != version.hash.digest_size:
                raise invalid("the digest has another length")
            signature, verified = version.sign(value), {"verifiedDigestCrc32c": has_crc}
        verified = {k: v for k, v in verified.items() if v}  # proto3 leaves false out
        return {"signature": b64(signature), "signatureCrc32c": str(crc32c(signature)), **verified}

    def _decrypt(self, version, body):
        members(body, {"ciphertext", "ciphertextCrc32c"})
        data, has_crc = checked(body, "ciphertext", "ciphertextCrc32c")
        plain = version.decrypt(data)
        return {"plaintext": b64(plain), "plaintextCrc32c": str(crc32c(plain)),
                **({"verifiedCiphertextCrc32c": True} if has_crc else {})}

    def _mac_sign(self, version, body):
        members(body, {"data", "dataCrc32c"})
        data, has_crc = checked(body, "data", "dataCrc32c")
        mac = version.mac(data)
        return {"mac": b64(mac), "macCrc32c": str(crc32c(mac)),
                **({"verifiedDataCrc32c": True} if has_crc else {})}

    def _mac_verify(self, version, body):
        members(body, {"data", "dataCrc32c", "mac", "macCrc32c"})
        data, has_data_crc = checked(body, "data", "dataCrc32c")
        mac, has_mac_crc = checked(body, "mac", "macCrc32c")
        right = hmac.compare_digest(mac, version.mac(data))
        flags = {"success": right, "verifiedDataCrc32c": has_data_crc, "verifiedMacCrc32c": has_mac_crc,
                 "verifiedSuccessIntegrity": right}
        return {name: True for name, value in flags.items() if value}


def main():
    import pathlib
    folder = pathlib.Path(sys.argv[1])
    with GoogleStub() as google:
        google.service_account(folder / "credentials.json")
        google.add_key("es256", "EC_SIGN_P256_SHA256")
        google.add_secret("password", hashlib.sha256(os.urandom(8)).hexdigest().encode())
        print(google.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
