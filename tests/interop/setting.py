"""The world that the interop checks look at: one signetd with a client for every authentication
method and every kind of token. The symmetric keys lie in a filesystem secret volume, so that the
checks know them."""

import time
import uuid

import harness
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

NODE = ["node", "--import", "./webcrypto.mjs"]  # in the folder of js/
AUDIENCE = "https://api.example.com"
HMAC_ID = "am.services.oauth2.stateless.signing.HMAC"
ENCRYPTION_ID = "am.services.oauth2.stateless.token.encryption"
JWT_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
                  "EdDSA", "HS256", "HS384", "HS512"]
PRIVATE_KEY_ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"]
BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def private_key(alg):
    if alg == "ES256":
        return ECKey.generate_key("P-256")
    if alg == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return RSAKey.generate_key(2048)


class World:
    def __init__(self, options):
        # client id -> secret; sec_037: characters that form-encoding must carry
        self.secrets = {"odd:client%+&": "odd:secret %+&é" + harness.new_secret()}
        self.keys = {alg: private_key(alg) for alg in PRIVATE_KEY_ALGORITHMS}
        self.hmac = harness.symmetric_jwk(512)
        self.encryption = harness.symmetric_jwk(256)
        self.server = harness.Server(options.signetd, {}, keep=options.keep)
        stores = [harness.volume_store(self.server.workdir / "volume",
                                       {HMAC_ID: self.hmac, ENCRYPTION_ID: self.encryption}),
                  harness.local_store(self.server.data_dir)]
        self.server.document.update(harness.config(
            self.clients(), secret_stores=stores,
            realms=[{"name": "other", "default_audience": [AUDIENCE], "scopes": ["read", "write"],
                     "clients": [self.with_secret("basic")]}]))

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def with_secret(self, client_id, **members):
        secret = self.secrets.setdefault(client_id, harness.new_secret())
        return harness.client(client_id, secret, audience=[AUDIENCE], **members)

    def clients(self):
        clients = [self.with_secret("basic"),
                   self.with_secret("post", token_endpoint_auth_method="client_secret_post"),
                   self.with_secret("secret_jwt", token_endpoint_auth_method="client_secret_jwt",
                                    token_endpoint_auth_signing_alg="HS256"),
                   self.with_secret("disabled", enabled=False),
                   self.with_secret("gateway", may_introspect="realm"),
                   self.with_secret("blind", may_introspect="none"),
                   harness.client("public", token_endpoint_auth_method="none", grant_types=[]),
                   self.with_secret("odd:client%+&"),
                   self.with_secret("no_grant", grant_types=[])]
        clients += [self.with_secret(alg, access_token={"format": "jwt", "signing_algorithm": alg})
                    for alg in JWT_ALGORITHMS]
        clients += [self.with_secret("opaque", access_token={"format": "opaque"}),
                    self.with_secret("encrypted", access_token={"format": "encrypted_jwt",
                                                                "signing_algorithm": "ES256"})]
        for alg, key in self.keys.items():
            public = key.as_dict(private=False, kid="k-" + alg, alg=alg, use="sig")
            clients.append(harness.client("pk_" + alg, token_endpoint_auth_method="private_key_jwt",
                                          token_endpoint_auth_signing_alg=alg, jwks={"keys": [public]}))
        return clients

    @property
    def issuer(self):
        return self.server.metadata()["issuer"]

    def assertion(self, client_id, key, alg, header=None, **changes):
        """A client assertion; a change to None leaves the claim out."""
        now = int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": self.issuer, "iat": now, "exp": now + 60,
                  "jti": str(uuid.uuid4()), **changes}
        claims = {k: v for k, v in claims.items() if v is not None}
        return jwt.encode({"alg": alg, **(header or {})}, claims, key, algorithms=[alg])

    def token(self, client_id, **fields):
        answer = self.server.token(client_id, self.secrets[client_id], **fields)
        if answer.status != 200:
            raise AssertionError(f"no token: {answer}")
        return answer.json()["access_token"]

    def facts(self):
        """What the JavaScript checks need to know."""
        return {"port": self.server.port, "issuer": self.issuer, "audience": AUDIENCE,
                "base": f"http://127.0.0.1:{self.server.port}{harness.ROOT}",
                "algorithms": JWT_ALGORITHMS, "secrets": self.secrets, "hmac": self.hmac,
                "encryption": self.encryption,
                "keys": {alg: key.as_dict(private=True, kid="k-" + alg) for alg, key in self.keys.items()}}
