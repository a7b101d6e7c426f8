"""Azure as far as Signet speaks to it, written from the public API definitions: Entra ID's token
endpoint, the two managed identity endpoints, and the data plane of Key Vault (7.4). Keys work with
real cryptography. Checks authentication, permissions and the shape of every request.
"""

import base64
import json
import os
import re
import time

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from .stub_server import Reply, StubServer

NAME = re.compile(r"^[0-9a-zA-Z-]{1,127}$")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64url(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Tokens:
    """The access tokens that were given: text -> (audience, end)."""

    def __init__(self):
        self.given = {}

    def new(self, audience, life=3600):
        text = "eyJ-stub." + b64url(os.urandom(24))
        self.given[text] = (audience, time.time() + life)
        return text


class IdentityStub(StubServer):
    """login.microsoftonline.com, 169.254.169.254 and IDENTITY_ENDPOINT in one."""

    def __init__(self, tokens, tenant, client_id):
        super().__init__()
        self.tokens, self.tenant, self.client_id = tokens, tenant, client_id
        self.client_secret = None
        self.certificate = None  # of the app
        self.federated = None  # what the platform writes into the file
        self.identity_header = "stub-identity-header"
        self.life = 3600

    def answer(self, request):
        if request.path == f"/{self.tenant}/oauth2/v2.0/token" and request.method == "POST":
            return self.login(request.form())
        if request.path == "/metadata/identity/oauth2/token":
            return self.managed(request, "2018-02-01", "metadata", "true")
        if request.path == "/msi/token":
            return self.managed(request, "2019-08-01", "x-identity-header", self.identity_header)
        return Reply(404, {"error": "not_found"})

    def login(self, form):
        if form.get("grant_type") != "client_credentials":
            return self.refuse(400, "unsupported_grant_type")
        if form.get("client_id") != self.client_id:
            return self.refuse(400, "unauthorized_client", "AADSTS700016: application not found")
        if not form.get("scope", "").endswith("/.default"):
            return self.refuse(400, "invalid_scope")
        if "client_secret" in form:
            proven = self.client_secret is not None and form["client_secret"] == self.client_secret
        else:
            proven = form.get("client_assertion_type") == ASSERTION and self.is_proof(form.get("client_assertion", ""))
        if not proven:
            return self.refuse(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1")
        audience = form["scope"].removesuffix("/.default")
        return Reply(200, {"token_type": "Bearer", "expires_in": self.life,
                           "access_token": self.tokens.new(audience, self.life)})

    def is_proof(self, assertion):
        if self.federated is not None:
            return assertion == self.federated
        if self.certificate is None or assertion.count(".") != 2:
            return False
        head, body, signature = assertion.split(".")
        header, claims = json.loads(unb64url(head)), json.loads(unb64url(body))
        thumbprint = b64url(self.certificate.fingerprint(hashes.SHA256()))
        if header.get("alg") != "PS256" or header.get("x5t#S256") != thumbprint:
            return False
        try:
            self.certificate.public_key().verify(unb64url(signature), f"{head}.{body}".encode(),
                                                 padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        except InvalidSignature:
            return False
        audience = f"{self.url}/{self.tenant}/oauth2/v2.0/token"
        return (claims["aud"] == audience and claims["iss"] == claims["sub"] == self.client_id and claims["jti"]
                and claims["nbf"] <= time.time() + 5 and time.time() < claims["exp"] <= time.time() + 700)

    def managed(self, request, version, header, value):
        if request.headers.get(header) != value or "x-forwarded-for" in request.headers:
            return self.refuse(400, "invalid_request", "Required header not specified")
        if request.query.get("api-version") != version or not request.query.get("resource"):
            return self.refuse(400, "invalid_request")
        end = int(time.time()) + self.life
        return Reply(200, {"access_token": self.tokens.new(request.query["resource"], self.life),
                           "expires_on": str(end), "resource": request.query["resource"], "token_type": "Bearer"})

    @staticmethod
    def refuse(status, error, description="AADSTS900000: refused"):
        return Reply(status, {"error": error, "error_description": description})


class KeyVaultStub(StubServer):
    ALL = {"secrets/get", "secrets/list", "keys/get", "keys/list", "keys/sign", "keys/unwrapKey", "keys/rotate",
           "certificates/import"}

    def __init__(self, tokens, tenant):
        super().__init__()
        self.tokens, self.tenant = tokens, tenant
        self.domain = "127.0.0.1"  # the stub's vault lies "under" its own address
        self.challenge_resource = f"https://{self.domain}"
        self.permissions = set(self.ALL)
        self.secrets, self.keys = {}, {}  # name -> list of versions, oldest first
        self.import_delay = 0
        self.page_size = 2
        self.clock = 0

    # ---------------------------------------------------------------- what tests put in
    def put_secret(self, name, value, content_type=None, created=None, **attributes):
        version = {"id": os.urandom(16).hex(), "value": value, "type": content_type,
                   "attributes": self.new_attributes(created, attributes)}
        with self.lock:
            self.secrets.setdefault(name, []).append(version)
        return version

    def put_key(self, name, kind="RSA", size=2048, **attributes):
        key = ec.generate_private_key(CURVES[kind]) if kind in CURVES else rsa.generate_private_key(65537, size)
        version = {"id": os.urandom(16).hex(), "key": key, "attributes": self.new_attributes(None, attributes)}
        with self.lock:
            self.keys.setdefault(name, []).append(version)
        return version

    def new_attributes(self, created, more):
        with self.lock:
            # Distinct, and in the past, so that the order of versions is what a test made it.
            self.clock += 1
            moment = int(created if created is not None else time.time() - 1000 + self.clock)
        return {"enabled": True, "created": moment, "updated": moment, "recoveryLevel": "Recoverable", **more}

    # ---------------------------------------------------------------- the service
    def answer(self, request):
        self.authenticate(request)
        if request.query.get("api-version") != "7.4":
            raise self.error(400, "BadParameter", "api-version")
        parts = request.path.strip("/").split("/")
        if parts[0] not in ("secrets", "keys", "certificates") or any(not p for p in parts):
            raise self.error(404, "NotFound")
        if len(parts) > 1 and not NAME.match(parts[1]):
            raise self.error(400, "BadParameter", "the name")
        with self.lock:
            reply = self.route(request, parts)
        reply.headers["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        return reply

    def authenticate(self, request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        audience, end = self.tokens.given.get(token, ("", 0))
        if scheme == "Bearer" and audience == self.challenge_resource and time.time() < end:
            return
        if token and token not in self.tokens.given:
            self.requests.append(("FOREIGN", "token"))
        raise Reply(401, {"error": {"code": "Unauthorized", "message": "AKV10000: Request is missing a Bearer token."}},
                    {"WWW-Authenticate": f'Bearer authorization="https://login.microsoftonline.com/{self.tenant}", '
                                         f'resource="{self.challenge_resource}"'})

    def route(self, request, parts):
        collection = parts[0]
        objects = self.secrets if collection == "secrets" else self.keys
        if collection == "certificates":
            if request.method != "POST" or len(parts) != 3 or parts[2] != "import":
                raise self.error(404, "NotFound")
            self.need("certificates/import")
            return self.import_certificate(parts[1], request.json())
        if request.method == "POST" and collection == "keys" and len(parts) == 3 and parts[2] == "rotate":
            self.need("keys/rotate")
            return self.rotate(parts, request)
        if request.method == "POST":
            if collection != "keys" or len(parts) != 4 or parts[3] not in ("sign", "unwrapkey"):
                raise self.error(405, "MethodNotAllowed")
            self.need("keys/sign" if parts[3] == "sign" else "keys/unwrapKey")
            return self.work(parts[1], self.version(objects, parts), parts[3], request.json())
        if len(parts) == 1 or parts[-1] == "versions":
            self.need(collection + "/list")
            return self.listing(collection, objects, parts, request.query)
        self.need(collection + "/get")
        version = self.version(objects, parts)
        if not version["attributes"]["enabled"] and collection == "secrets":
            raise self.error(403, "Forbidden", "disabled", "SecretDisabled")
        return Reply(200, self.bundle(collection, parts[1], version))

    def listing(self, collection, objects, parts, query):
        field = "id" if collection == "secrets" else "kid"
        if len(parts) == 1:
            items = [(f"{collection}/{name}", versions[-1]) for name, versions in sorted(objects.items())]
        else:
            items = [(f"{collection}/{parts[1]}/{v['id']}", v) for v in objects.get(parts[1], [])]
        start = int(query.get("$skiptoken", 0))
        size = min(self.page_size, int(query.get("maxresults", 25)))
        page = [{field: f"{self.url}/{path}", "attributes": v["attributes"]} for path, v in items[start:start + size]]
        more = start + size < len(items)
        link = f"{self.url}/{'/'.join(parts)}?api-version=7.4&$skiptoken={start + size}&maxresults={size}"
        return Reply(200, {"value": page, "nextLink": link if more else None})

    def version(self, objects, parts):
        versions = objects.get(parts[1])
        what = "Secret" if objects is self.secrets else "Key"
        if not versions:
            raise self.error(404, what + "NotFound", f"A {what} with (name/id) {parts[1]} was not found")
        if len(parts) == 2:
            return versions[-1]
        for version in versions:
            if version["id"] == parts[2]:
                return version
        raise self.error(404, what + "NotFound")

    def bundle(self, collection, name, version):
        url = f"{self.url}/{collection}/{name}/{version['id']}"
        if collection == "secrets":
            body = {"value": version["value"], "id": url, "attributes": version["attributes"]}
            if version["type"]:
                body["contentType"] = version["type"]
            return body
        return {"key": {"kid": url, **self.public_jwk(version["key"])}, "attributes": version["attributes"]}

    @staticmethod
    def public_jwk(key):
        numbers = key.public_key().public_numbers()
        operations = {"key_ops": ["sign", "verify", "wrapKey", "unwrapKey", "encrypt", "decrypt"]}
        if isinstance(key, rsa.RSAPrivateKey):
            return {"kty": "RSA", "n": b64url(numbers.n.to_bytes(key.key_size // 8, "big")), "e": "AQAB", **operations}
        size = (key.curve.key_size + 7) // 8
        curve = next(name for name, curve in CURVES.items() if curve.name == key.curve.name)
        return {"kty": "EC", "crv": curve, "x": b64url(numbers.x.to_bytes(size, "big")),
                "y": b64url(numbers.y.to_bytes(size, "big")), "key_ops": ["sign", "verify"]}

    def work(self, name, version, operation, body):
        if set(body) != {"alg", "value"}:
            raise self.error(400, "BadParameter", "exactly alg and value are taken")
        try:
            value = unb64url(body["value"])
        except ValueError:
            raise self.error(400, "BadParameter", "value")
        if not version["attributes"]["enabled"]:
            raise self.error(403, "Forbidden", "disabled", "KeyDisabled")
        result = (self.sign if operation == "sign" else self.unwrap)(version["key"], body["alg"], value)
        return Reply(200, {"kid": f"{self.url}/keys/{name}/{version['id']}", "value": b64url(result)})

    def sign(self, key, alg, digest):
        algorithm = HASHES.get(alg[2:])
        if algorithm is None or len(digest) != algorithm.digest_size:
            raise self.error(400, "BadParameter", "the digest does not fit the algorithm")
        prehashed = utils.Prehashed(algorithm)
        if isinstance(key, rsa.RSAPrivateKey) and alg[:2] in ("RS", "PS"):
            scheme = padding.PKCS1v15()
            if alg[:2] == "PS":
                scheme = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
            return key.sign(digest, scheme, prehashed)
        if isinstance(key, ec.EllipticCurvePrivateKey) and alg == {256: "ES256", 384: "ES384", 521: "ES512"}[key.curve.key_size]:
            r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(prehashed)))
            size = (key.curve.key_size + 7) // 8
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        raise self.error(400, "BadParameter", "the algorithm does not fit the key")

    def unwrap(self, key, alg, value):
        digest = {"RSA-OAEP": hashes.SHA1(), "RSA-OAEP-256": hashes.SHA256()}.get(alg)
        if digest is None or not isinstance(key, rsa.RSAPrivateKey):
            raise self.error(400, "BadParameter", "the algorithm does not fit the key")
        try:
            return key.decrypt(value, padding.OAEP(padding.MGF1(digest), digest, None))
        except ValueError:
            raise self.error(400, "BadParameter", "The parameter is incorrect")

    def rotate(self, parts, request):
        """RotateKey: no body, and a new version of the type, size and operations of the last one."""
        if request.body or set(request.query) != {"api-version"}:
            raise self.error(400, "BadParameter", "a rotation takes nothing")
        last = self.version(self.keys, parts[:2])["key"]
        kind = "RSA"
        if isinstance(last, ec.EllipticCurvePrivateKey):
            kind = next(name for name, curve in CURVES.items() if curve.name == last.curve.name)
        return Reply(200, self.bundle("keys", parts[1], self.put_key(parts[1], kind, last.key_size)))

    def import_certificate(self, name, body):
        policy = body.get("policy") or {}
        if (policy.get("secret_props") or {}).get("contentType") != "application/x-pem-file":
            raise self.error(400, "BadParameter", "the stub takes PEM only")
        pem = body.get("value", "").encode()
        try:
            key = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN PRIVATE KEY"):], None)
            certificate = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE"):])
        except ValueError:
            raise self.error(400, "BadParameter", "The specified PEM X.509 certificate content is in an unexpected format")
        if certificate.public_key() != key.public_key():
            raise self.error(400, "BadParameter", "the certificate is of another key")
        kind = "RSA" if isinstance(key, rsa.RSAPrivateKey) else "EC"
        if (policy.get("key_props") or {}).get("kty") != kind:
            raise self.error(400, "BadParameter", "key_props")
        if self.import_delay:
            self.lock.release()
            time.sleep(self.import_delay)
            self.lock.acquire()
        version = self.put_secret(name, pem.decode(), "application/x-pem-file", created=time.time())
        return Reply(200, {"id": f"{self.url}/certificates/{name}/{version['id']}",
                           "sid": f"{self.url}/secrets/{name}/{version['id']}",
                           "kid": f"{self.url}/keys/{name}/{version['id']}"})

    def need(self, permission):
        if permission not in self.permissions:
            raise self.error(403, "Forbidden", f"does not have {permission} permission", "AccessDenied")

    @staticmethod
    def error(status, code, message="", inner=None):
        error = {"code": code, "message": message}
        if inner:
            error["innererror"] = {"code": inner}
        return Reply(status, {"error": error})
