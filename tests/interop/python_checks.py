"""Checks with joserfc and jwcrypto: every kind of token, every way to authenticate."""

import json
import re
import time

import harness
import setting
from joserfc import jwe as rfc_jwe
from joserfc import jws as rfc_jws
from joserfc.jwk import KeySet, OctKey
from jwcrypto import jwe as crypto_jwe
from jwcrypto import jwk as crypto_jwk
from jwcrypto import jws as crypto_jws

ENCRYPTIONS = ["dir", "A128CBC-HS256"]


def verify_joserfc(token, jwks, hmac=None):
    algorithms = setting.JWT_ALGORITHMS + ["Ed25519"]
    key = OctKey.import_key(hmac) if hmac else KeySet.import_key_set(jwks)
    return json.loads(rfc_jws.deserialize_compact(token.encode(), key, algorithms=algorithms).payload)


def verify_jwcrypto(token, jwks, hmac=None):
    parsed = crypto_jws.JWS()
    parsed.allowed_algs = setting.JWT_ALGORITHMS + ["Ed25519"]
    parsed.deserialize(token)
    if hmac:
        key = crypto_jwk.JWK(**hmac)
    else:
        key = crypto_jwk.JWKSet.from_json(json.dumps(jwks)).get_key(parsed.jose_header["kid"])
    parsed.verify(key)
    return json.loads(parsed.payload)


def decrypt_joserfc(token, key):
    registry = rfc_jwe.JWERegistry(algorithms=ENCRYPTIONS)
    return rfc_jwe.decrypt_compact(token.encode(), OctKey.import_key(key), registry=registry).plaintext.decode()


def decrypt_jwcrypto(token, key):
    parsed = crypto_jwe.JWE(algs=ENCRYPTIONS)
    parsed.deserialize(token, key=crypto_jwk.JWK(**key))
    return parsed.payload.decode()


def claims_are_right(world, claims, client_id):
    """RFC 9068 §2.2."""
    now = time.time()
    faults = []
    if claims.get("iss") != world.issuer:
        faults.append(f"iss is {claims.get('iss')}")
    if claims.get("aud") not in (setting.AUDIENCE, [setting.AUDIENCE]):
        faults.append(f"aud is {claims.get('aud')}")
    if claims.get("client_id") != client_id or claims.get("sub") != client_id:
        faults.append("client_id or sub is not the client")
    if not claims.get("iat") or not now - 60 <= claims["iat"] <= now + 1:
        faults.append("iat is not now")
    if not claims.get("exp") or not now < claims["exp"] <= now + 3600:
        faults.append("exp is not in the near future")
    if len(claims.get("jti", "")) < 16:
        faults.append("jti is short or absent")
    if claims.get("scope") != "read":
        faults.append(f"scope is {claims.get('scope')}")
    return ", ".join(faults)


def check_jwt(world, alg, verify):
    token = world.token(alg, scope="read")
    hmac = world.hmac if alg.startswith("HS") else None
    claims = verify(token, world.server.jwks(), hmac)
    header = rfc_jws.extract_compact(token.encode()).headers()
    if header["alg"] != alg or header.get("typ") != "at+jwt":
        return f"header is {header}"
    return claims_are_right(world, claims, alg)


def check_encrypted(world, decrypt):
    """`dir` with a shared key authenticates by itself, so the claims lie in the JWE unsigned."""
    token = world.token("encrypted", scope="read")
    if token.count(".") != 4:
        return "the token is not a JWE"
    return claims_are_right(world, json.loads(decrypt(token, world.encryption)), "encrypted")


def check_encrypted_is_known_here(world):
    token = world.token("encrypted", scope="read")
    seen = world.server.introspect("gateway", world.secrets["gateway"], token).json()
    return "" if seen["active"] and seen["client_id"] == "encrypted" else f"introspection says {seen}"


def check_opaque(world):
    token = world.token("opaque", scope="read")
    if token.count(".") >= 2 or len(token) < 22:
        return "the token is short or looks like a JWT"
    seen = world.server.introspect("gateway", world.secrets["gateway"], token).json()
    if not seen["active"] or seen["client_id"] != "opaque" or seen["scope"] != "read":
        return f"introspection says {seen}"


def check_secret_jwt(world):
    key = OctKey.import_key(world.secrets["secret_jwt"].encode())
    return expect_token(world, {"client_assertion": world.assertion("secret_jwt", key, "HS256")})


def check_private_key_jwt(world, alg):
    assertion = world.assertion("pk_" + alg, world.keys[alg], alg, {"kid": "k-" + alg})
    return expect_token(world, {"client_assertion": assertion})


def expect_token(world, fields):
    if "client_assertion" in fields:
        fields = {**fields, "client_assertion_type": setting.BEARER}
    answer = world.server.post(harness.ROOT + "/access_token",
                               {"grant_type": "client_credentials", "scope": "read", **fields})
    if answer.status != 200:
        return str(answer)
    if answer.headers.get("cache-control", "").find("no-store") < 0:
        return "the answer lacks Cache-Control: no-store"
    if answer.json()["token_type"].lower() != "bearer":
        return f"token_type is {answer.json()['token_type']}"


def check_basic(world, client_id):
    world.token(client_id, scope="read")


def check_post(world):
    return expect_token(world, {"client_id": "post", "client_secret": world.secrets["post"]})


def check_jwks_hides_secrets(world):
    keys = world.server.jwks()["keys"]
    for key in keys:
        leaked = set(key) & {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
        if leaked or key["kty"] == "oct":
            return f"the JWKS shows {leaked or 'a symmetric key'}"
    kids = [key.get("kid") for key in keys]
    return "" if len(set(kids)) == len(kids) and all(kids) else f"kids are {kids}"


def check_thumbprints(world):
    for key in world.server.jwks()["keys"]:
        if crypto_jwk.JWK(**key).thumbprint() != key["kid"]:
            return f"kid {key['kid']} is not the RFC 7638 thumbprint"


def check_caching(world):
    answer = world.server.get(harness.ROOT + "/connect/jwk_uri")
    found = re.search(r"max-age=(\d+)", answer.headers.get("cache-control", ""))
    life = int(found.group(1)) if found else -1
    is_fresh = "must-revalidate" in answer.headers.get("cache-control", "")  # just after a first start
    if not (0 < life <= 300 or life == 0 and is_fresh) or "etag" not in answer.headers:
        return f"headers are {answer.headers}"
    again = world.server.get(harness.ROOT + "/connect/jwk_uri",
                             headers={"If-None-Match": answer.headers["etag"]})
    return "" if again.status == 304 and not again.body else f"If-None-Match answered {again.status}"


def check_metadata_algorithms(world):
    offered = set(world.server.metadata().get("token_endpoint_auth_signing_alg_values_supported", []))
    missing = set(setting.PRIVATE_KEY_ALGORITHMS + ["HS256"]) - offered
    return f"metadata lacks {sorted(missing)}" if missing else ""


def check_metadata_forms_agree(world):
    other = world.server.get("/.well-known/oauth-authorization-server" + harness.ROOT)
    if other.status != 200:
        return f"RFC 8414 form: {other}"
    return "" if other.json() == world.server.metadata() else "the two forms differ"


def check_realms_apart(world):
    token = world.token("basic", scope="read")
    other = harness.ROOT + "/realms/root/realms/other"
    seen = world.server.introspect("basic", world.secrets["basic"], token, other)
    if seen.status != 200 or seen.json() != {"active": False}:
        return f"a token of root in realm other: {seen}"


def run(results, world):
    for alg in setting.JWT_ALGORITHMS:
        results.check(f"{alg} token verifies with joserfc", check_jwt, world, alg, verify_joserfc)
        results.check(f"{alg} token verifies with jwcrypto", check_jwt, world, alg, verify_jwcrypto)
    results.check("encrypted token opens with joserfc", check_encrypted, world, decrypt_joserfc)
    results.check("encrypted token opens with jwcrypto", check_encrypted, world, decrypt_jwcrypto)
    results.check("encrypted token is active where it was made", check_encrypted_is_known_here, world)
    results.check("opaque token is active and says whose it is", check_opaque, world)
    results.check("client_secret_basic", check_basic, world, "basic")
    results.check("client_secret_basic with :, %, +, space and é (sec_037)", check_basic, world, "odd:client%+&")
    results.check("client_secret_post", check_post, world)
    results.check("client_secret_jwt", check_secret_jwt, world)
    for alg in setting.PRIVATE_KEY_ALGORITHMS:
        results.check(f"private_key_jwt {alg}", check_private_key_jwt, world, alg)
    results.check("the JWKS shows public halves only (sec_135)", check_jwks_hides_secrets, world)
    results.check("every kid is the RFC 7638 thumbprint by jwcrypto (sec_099)", check_thumbprints, world)
    results.check("the JWKS may be cached and revalidated (sec_106)", check_caching, world)
    results.check("metadata offers the algorithms that work", check_metadata_algorithms, world)
    results.check("the OIDC and RFC 8414 metadata are the same", check_metadata_forms_agree, world)
    results.check("a token of one realm is unknown in another (sec_130)", check_realms_apart, world)
