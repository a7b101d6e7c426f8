#!/usr/bin/env python3
"""Writes the seeds of jwe_fuzz, jws_fuzz and google_fuzz that chance does not find: whatever they hold is authentic, under the keys of
fixed_key.h.

    make_jose_seeds.py FOLDER        (fuzz/corpus)

Needs the Python package `cryptography`. A second run writes other seeds of the same kind.
"""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import struct
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

KEY = bytes(range(32))
EC = {"crv": "P-256", "x": "2EBx4y29ngzlO-UqiYUG4cjoc4l8t30mPmsh2Ne_Ntg", "y": "GC0XkKh1xGiUzh3e7kkXyXJXgEZPenCKz6wVl9dMjZc"}
OKP = {"crv": "X25519", "x": "6fWtTHV5jhzW2mkjBpCfk4yjbCFUz9yeTIR3a-q-D2U"}
# What the first byte chooses.
A_TOKEN, BESIDE, MESSAGE, DAMAGE = b"\x01", b"\x02", b"\x04", b"\x08"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def dumped(value):
    return json.dumps(value, separators=(",", ":"))


def concat_kdf(secret, algorithm, bits):
    """RFC 7518 §4.6.2 for at most 256 bits, without party info."""
    info = struct.pack(">I", len(algorithm)) + algorithm.encode() + b"\0" * 8 + struct.pack(">I", bits)
    return hashlib.sha256(b"\0\0\0\1" + secret + info).digest()[:bits // 8]


def agreed(pair):
    """A fresh public key, and the secret that it shares with the fixed pair."""
    if pair is EC:
        numbers = ec.EllipticCurvePublicNumbers(*(int.from_bytes(unb64(pair[n]), "big") for n in "xy"), ec.SECP256R1())
        own = ec.generate_private_key(ec.SECP256R1())
        mine = own.public_key().public_numbers()
        epk = {"kty": "EC", "crv": "P-256", "x": b64(mine.x.to_bytes(32, "big")), "y": b64(mine.y.to_bytes(32, "big"))}
        return epk, own.exchange(ec.ECDH(), numbers.public_key())
    own = x25519.X25519PrivateKey.generate()
    epk = {"kty": "OKP", "crv": "X25519", "x": b64(own.public_key().public_bytes_raw())}
    return epk, own.exchange(x25519.X25519PublicKey.from_public_bytes(unb64(pair["x"])))


def keyed(alg, enc_bits=256, pair=EC):
    """Header members, content key and encrypted key."""
    cek = os.urandom(enc_bits // 8)
    if alg == "dir":
        return {}, KEY, b""
    if alg == "A256KW":
        return {}, cek, aes_key_wrap(KEY, cek)
    if alg == "A256GCMKW":
        iv = os.urandom(12)
        sealed = AESGCM(KEY).encrypt(iv, cek, None)
        return {"iv": b64(iv), "tag": b64(sealed[-16:])}, cek, sealed[:-16]
    if alg == "PBES2-HS256+A128KW":
        salt = os.urandom(16)
        kek = PBKDF2HMAC(hashes.SHA256(), 16, alg.encode() + b"\0" + salt, 1000).derive(KEY)
        return {"p2s": b64(salt), "p2c": 1000}, cek, aes_key_wrap(kek, cek)
    epk, secret = agreed(pair)
    if alg == "ECDH-ES":
        return {"epk": epk}, concat_kdf(secret, "A256GCM", 256), b""
    return {"epk": epk}, cek, aes_key_wrap(concat_kdf(secret, alg, 128), cek)


def sealed(cek, protected, aad=None, plain=b"hello"):
    iv = os.urandom(12)
    data = AESGCM(cek).encrypt(iv, plain, (protected + ("." + aad if aad else "")).encode())
    return {"iv": b64(iv), "ciphertext": b64(data[:-16]), "tag": b64(data[-16:])}


def compact(alg, pair=EC):
    members, cek, encrypted = keyed(alg, pair=pair)
    protected = b64(dumped({"alg": alg, "enc": "A256GCM", **members}).encode())
    parts = sealed(cek, protected)
    return ".".join([protected, b64(encrypted), parts["iv"], parts["ciphertext"], parts["tag"]]).encode()


def flattened():
    protected, aad = b64(dumped({"alg": "dir", "enc": "A256GCM"}).encode()), b64(b"context")
    return dumped({"protected": protected, "aad": aad, **sealed(KEY, protected, aad)}).encode()


def general(*others):
    _, cek, encrypted = keyed("A256KW")
    protected = b64(dumped({"enc": "A256GCM"}).encode())
    ours = {"header": {"alg": "A256KW"}, "encrypted_key": b64(encrypted)}
    return dumped({"protected": protected, "recipients": [*others, ours], **sealed(cek, protected)}).encode()


def jwe():
    yield from (A_TOKEN + compact(alg) for alg in ("dir", "A256KW", "A256GCMKW", "PBES2-HS256+A128KW", "ECDH-ES", "ECDH-ES+A128KW"))
    yield A_TOKEN + compact("ECDH-ES", OKP)
    yield A_TOKEN + flattened()
    yield A_TOKEN + general()
    yield A_TOKEN + general({"header": {"alg": "HPKE-0"}}, {"header": {"alg": "RSA1_5"}, "encrypted_key": "AA"})
    for header, entry in (({"enc": "A256GCM"}, {"header": {"alg": "HPKE-0", "ek": "AA"}, "encrypted_key": "AA"}),
                          ({"enc": "A256GCM", "zip": "DEF"}, {"header": {"alg": "dir"}}),
                          ({"enc": "A256GCM", "crit": ["x"], "x": 1}, {"header": {"alg": "A256KW", "kid": "a"}}),
                          ({"typ": "x"}, {"header": {"alg": "ECDH-ES", "enc": "A256GCM", "epk": {"kty": "EC", **EC}}})):
        yield MESSAGE + "\n".join([dumped(header), dumped(entry), "hello"]).encode()
    for alg in range(6):
        for how in (0, 3, 5):
            yield DAMAGE + bytes([alg, how, ord("A")]) + struct.pack(">H", 40 + 50 * alg) + b"hello"


def jws():
    entry = {"protected": b64(b'{"alg":"HS1"}'), "signature": "AA"}
    wrong = {"protected": b64(b'{"alg":"HS256"}'), "header": {"kid": "a"}, "signature": b64(bytes(32))}
    right = b64(b'{"alg":"HS256","crit":["b64"],"b64":true}')
    good = {"protected": right, "signature": b64(hmac.digest(KEY, f"{right}.{b64(b'{}')}".encode(), "sha256"))}
    for header in ('{"alg":"HS256"}', '{"alg":"HS256","crit":["b64"],"b64":false}', '{"alg":"HS256","crit":["x"],"x":1}'):
        for other in (entry, wrong, good):
            yield BESIDE + "\n".join([header, dumped(other), "{}"]).encode()


def google():
    pem = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    yield b"\x08" + dumped({"type": "service_account", "client_email": "a@b", "private_key_id": "k", "private_key": pem}).encode()
    yield b"\x09some bytes"


def main():
    folder = pathlib.Path(sys.argv[1])
    for seeds in (jwe, jws, google):
        for number, seed in enumerate(seeds()):
            (folder / seeds.__name__ / f"made_{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main()
