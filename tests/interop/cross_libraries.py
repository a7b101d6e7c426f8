"""Four Python JOSE libraries behind one shape. `lacks` asks the library's own registry."""

import base64
import json
import warnings

import jwt as pyjwt
from joserfc import jwe as rfc_jwe
from joserfc import jwk as rfc_jwk
from joserfc import jws as rfc_jws
from jwcrypto import jwa as crypto_jwa
from jwcrypto import jwe as crypto_jwe
from jwcrypto import jwk as crypto_jwk
from jwcrypto import jws as crypto_jws

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its JOSE is to move to joserfc
    from authlib.jose import JsonWebEncryption, JsonWebKey, JsonWebSignature, JsonWebToken

MOST_ITERATIONS = 1_000_000  # PBES2: the libraries' own limits are below what we write


def missing(case, algs, encs):
    if case.alg not in algs:
        return "alg"
    return "enc" if case.enc and case.enc not in encs else None


class Joserfc:
    name = "joserfc"

    @staticmethod
    def lacks(case):
        if not case.enc:
            return missing(case, rfc_jws.JWSRegistry.algorithms, ())
        registry = rfc_jwe.JWERegistry.algorithms
        return missing(case, registry["alg"], registry["enc"])

    @staticmethod
    def make(case, text):
        key = rfc_jwk.import_key(case.public if case.enc else case.key)
        if case.enc:
            return rfc_jwe.encrypt_compact({"alg": case.alg, "enc": case.enc}, text.encode(), key,
                                           algorithms=[case.alg, case.enc])
        return rfc_jws.serialize_compact({"alg": case.alg}, text.encode(), key, algorithms=[case.alg])

    @staticmethod
    def open(case, token):
        key = rfc_jwk.import_key(case.key if case.enc else case.public)
        if case.enc:
            opened = rfc_jwe.decrypt_compact(token.encode(), key, algorithms=[case.alg, case.enc])
            return opened.plaintext.decode()
        return rfc_jws.deserialize_compact(token.encode(), key, algorithms=[case.alg]).payload.decode()


class Jwcrypto:
    name = "jwcrypto"

    @staticmethod
    def lacks(case):
        known = crypto_jwa.JWA.algorithms_registry
        return missing(case, known, known)

    @staticmethod
    def make(case, text):
        key = crypto_jwk.JWK(**(case.public if case.enc else case.key))
        if case.enc:
            made = crypto_jwe.JWE(text.encode(), json.dumps({"alg": case.alg, "enc": case.enc}),
                                  algs=[case.alg, case.enc], recipient=key)
        else:
            made = crypto_jws.JWS(text.encode())
            made.allowed_algs = [case.alg]
            made.add_signature(key, case.alg, json.dumps({"alg": case.alg}))
        return made.serialize(compact=True)

    @staticmethod
    def open(case, token):
        crypto_jwa.default_max_pbkdf2_iterations = MOST_ITERATIONS
        key = crypto_jwk.JWK(**(case.key if case.enc else case.public))
        if case.enc:
            parsed = crypto_jwe.JWE(algs=[case.alg, case.enc])
            parsed.deserialize(token, key=key)
        else:
            parsed = crypto_jws.JWS()
            parsed.allowed_algs = [case.alg]
            parsed.deserialize(token, key=key)
        return parsed.payload.decode()


def has_whole_epk(token):
    """authlib drops leading zero octets of a coordinate, which RFC 7518 §6.2.1.2 forbids and we refuse
    (three of four epk on P-521, one of a hundred on the others)."""
    head = token.split(".")[0]
    epk = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))).get("epk", {})
    size = {"P-256": 43, "P-384": 64, "P-521": 88}.get(epk.get("crv"))
    return size is None or len(epk["x"]) == len(epk["y"]) == size


class Authlib:
    name = "authlib"

    @staticmethod
    def lacks(case):
        if not case.enc:
            return missing(case, JsonWebSignature.ALGORITHMS_REGISTRY, ())
        return missing(case, JsonWebEncryption.ALG_REGISTRY, JsonWebEncryption.ENC_REGISTRY)

    @staticmethod
    def make(case, text):
        key = JsonWebKey.import_key(case.public if case.enc else case.key)
        if case.enc:
            header = {"alg": case.alg, "enc": case.enc}
            for _ in range(200):
                made = JsonWebEncryption([case.alg, case.enc]).serialize_compact(header, text.encode(), key).decode()
                if has_whole_epk(made):
                    return made
            raise AssertionError("no token with a well-formed epk")
        made = JsonWebSignature([case.alg]).serialize_compact({"alg": case.alg}, text.encode(), key)
        return made.decode()

    @staticmethod
    def open(case, token):
        key = JsonWebKey.import_key(case.key if case.enc else case.public)
        if case.enc:
            opened = JsonWebEncryption([case.alg, case.enc]).deserialize_compact(token, key)
            return opened["payload"].decode()
        return JsonWebSignature([case.alg]).deserialize_compact(token, key)["payload"].decode()

    @staticmethod
    def claims(token, jwks, hmac):
        header = pyjwt.get_unverified_header(token)
        key = JsonWebKey.import_key(hmac) if hmac else JsonWebKey.import_key_set(jwks)
        claims = JsonWebToken([header["alg"]]).decode(token, key)
        claims.validate()
        return claims


class PyJwt:
    name = "PyJWT"

    @staticmethod
    def lacks(case):
        return "alg" if case.enc else missing(case, pyjwt.algorithms.get_default_algorithms(), ())

    @staticmethod
    def make(case, text):
        key = pyjwt.PyJWK.from_dict(case.key, algorithm=case.alg)
        return pyjwt.PyJWS().encode(text.encode(), key.key, algorithm=case.alg)

    @staticmethod
    def open(case, token):
        key = pyjwt.PyJWK.from_dict(case.public, algorithm=case.alg)
        return pyjwt.PyJWS().decode(token, key.key, algorithms=[case.alg]).decode()

    @staticmethod
    def claims(token, jwks, hmac):
        header = pyjwt.get_unverified_header(token)
        keys = [hmac] if hmac else [key for key in jwks["keys"] if key["kid"] == header["kid"]]
        key = pyjwt.PyJWK.from_dict(keys[0], algorithm=header["alg"])
        return pyjwt.decode(token, key.key, algorithms=[header["alg"]],
                            options={"verify_aud": False, "require": ["exp", "iat", "jti"]})


ALL = [Joserfc, Jwcrypto, Authlib, PyJwt]
FOR_TOKENS = [Authlib, PyJwt]  # python_checks.py has the other two


def decrypt_authlib(token, key):
    return JsonWebEncryption().deserialize_compact(token, JsonWebKey.import_key(key))["payload"].decode()


def answers(library, cases, tokens, text):
    """For each case what the library reads of our token and what it makes itself, or the errors."""
    found = {}
    for case in cases:
        answer = found[case.name] = {"lacks": library.lacks(case)}
        if answer["lacks"]:
            continue
        for name, work in (("text", lambda: library.open(case, tokens[case.name])),
                           ("made", lambda: library.make(case, text))):
            try:
                answer[name] = work()
            except Exception as error:
                answer["open_error" if name == "text" else "make_error"] = f"{type(error).__name__}: {error}"
    return found
