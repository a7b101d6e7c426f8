"""The server under test as the scenarios want it: one client for each kind of token."""

import base64
import contextlib

from rig import SERVER_CORE, Failed, harness, pinned

# kind, raw operation, least ratio of the limit (None: reported only)
TOKENS = [("RS256", "RS256", 0.95), ("ES256", "ES256", 0.80), ("EdDSA", "EdDSA", 0.75),
          ("HS256", "HS256", 0.50), ("PS256", "PS256", None), ("ES384", "ES384", None)]


@contextlib.contextmanager
def bench_server(rig, loops=1, cores=SERVER_CORE, workdir=None, wrap=(), **top):
    """A running signetd, pinned, with clients named after their tokens, "opaque" and "gateway"."""
    server = harness.Server(rig.options.signetd, {}, workdir=workdir, wrap=[*wrap, *pinned(cores)])
    server.document.update(harness.config([], loops=loops, log={"level": "warn", "format": "json"}, **top))
    with server:
        server.secrets = {}
        for kind, _, _ in TOKENS:
            server.secrets[kind] = harness.create_client(
                server, kind, access_token={"format": "jwt", "signing_algorithm": kind})
        server.secrets["opaque"] = harness.create_client(server, "opaque",
                                                         access_token={"format": "opaque"})
        server.secrets["gateway"] = harness.create_client(server, "gateway", may_introspect="realm")
        yield server


def token_requests(server, kind):
    return [harness.token_request(kind, server.secrets[kind], scope="read")]


def token_body_size(server, kind):
    answer = server.token(kind, server.secrets[kind], scope="read")
    if answer.status != 200:
        raise Failed(f"no {kind} token: {answer}")
    return len(answer.body)


def form_request(server, client, path, **fields):
    return harness.raw_request("POST", harness.ROOT + path, {
        "Authorization": harness.basic(client, server.secrets[client]),
        "Content-Type": harness.FORM}, harness.form(fields))


def document_request(path):
    return harness.raw_request("GET", harness.ROOT + path)


def encryption_keys(server):
    """Keys to encrypt for: two symmetric ones, and public keys of the sizes that the server itself
    publishes for signing."""
    def octets(size):
        text = base64.urlsafe_b64encode(bytes(range(size))).rstrip(b"=").decode()
        return {"kty": "oct", "kid": f"oct{size}", "k": text}

    keys = {"oct16": octets(16), "oct32": octets(32)}
    for jwk in server.get(harness.ROOT + "/connect/jwk_uri").json()["keys"]:
        if jwk["kty"] == "RSA" or jwk.get("crv") == "P-256":
            keys.setdefault(jwk["kty"], {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y")
                                         if name in jwk} | {"kid": "encryption-" + jwk["kty"]})
    return keys


def put_resource_server(server, name, key, alg):
    answer = server.admin("PUT", f"/admin/realms/root/resource-servers/{name}", {
        "name": name, "access_token": {"encryption": "resource_server_key", "jwks": {"keys": [key]},
                                       "key_encryption_algorithm": alg}})
    if answer.status not in (200, 201):
        raise Failed(f"resource server {name}: {answer}")
