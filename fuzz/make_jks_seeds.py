#!/usr/bin/env python3
"""Writes the seeds of jks_fuzz: small JKS and JCEKS stores with keys of their own.

    make_jks_seeds.py FOLDER

One iteration each, where the JDK asks for 200,000, so that a run is quick. Needs the openssl program.
"""

import hashlib
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

PASSWORD = b"changeit"


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        length = bytes([size])
    else:
        length = b"\x81" + bytes([size]) if size < 0x100 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + content


def text(value):
    return struct.pack(">H", len(value)) + value


def blob(value):
    return struct.pack(">I", len(value)) + value


def jceks_parameters(salt):
    return der(0x30, der(4, salt), der(2, b"\x01"))


def jceks_encrypt(plain, salt):
    halves = [salt[:4], salt[4:]]
    if halves[0] == halves[1]:
        halves[0] = halves[0][::-1]
    derived = b"".join(hashlib.md5(half + PASSWORD).digest() for half in halves)
    return openssl("enc", "-des-ede3-cbc", "-K", derived[:24].hex(), "-iv", derived[24:].hex(), data=plain)


def jks_encrypt(plain):
    characters = PASSWORD.decode().encode("utf-16-be")
    salt = turn = os.urandom(20)
    stream = b""
    while len(stream) < len(plain):
        turn = hashlib.sha1(characters + turn).digest()
        stream += turn
    return salt + bytes(a ^ b for a, b in zip(plain, stream)) + hashlib.sha1(characters + plain).digest()


def sealed_info(oid, parameters, cipher):
    return der(0x30, der(0x30, der(6, bytes.fromhex(oid)), parameters), der(4, cipher))


def class_description(name, version, fields, parent, flags=2):
    return (b"\x72" + text(name) + bytes.fromhex(version) + bytes([flags]) + struct.pack(">H", len(fields))
            + b"".join(code + text(field) + kind for code, field, kind in fields) + b"\x78" + parent)


def reference(number):
    return b"\x71" + struct.pack(">I", 0x7E0000 + number)


BYTES = class_description(b"[B", "acf317f8060854e0", [], b"\x70")


def sealed_object(parameters, cipher):
    fields = [(b"[", b"encodedParams", b"\x74" + text(b"[B")), (b"[", b"encryptedContent", reference(2)),
              (b"L", b"paramsAlg", b"\x74" + text(b"Ljava/lang/String;")), (b"L", b"sealAlg", reference(3))]
    parent = class_description(b"javax.crypto.SealedObject", "3e363da6c3b75470", fields, b"\x70")
    own = class_description(b"com.sun.crypto.provider.SealedObjectForKeyProtector", "cd57ca59e730bb53", [], parent)
    name = b"\x74" + text(b"PBEWithMD5AndTripleDES")
    return (b"\xac\xed\x00\x05\x73" + own + b"\x75" + BYTES + blob(parameters) + b"\x75" + reference(5)
            + blob(cipher) + name + name)


def secret_key_spec(algorithm, key):
    fields = [(b"L", b"algorithm", b"\x74" + text(b"Ljava/lang/String;")), (b"[", b"key", b"\x74" + text(b"[B"))]
    own = class_description(b"javax.crypto.spec.SecretKeySpec", "5b470b66e230614d", fields, b"\x70")
    return b"\xac\xed\x00\x05\x73" + own + b"\x74" + text(algorithm) + b"\x75" + BYTES + blob(key)


def key_rep(algorithm, key):
    fields = [(b"L", b"algorithm", b"\x74" + text(b"Ljava/lang/String;")), (b"[", b"encoded", b"\x74" + text(b"[B")),
              (b"L", b"format", reference(1)), (b"L", b"type", b"\x74" + text(b"Ljava/security/KeyRep$Type;"))]
    own = class_description(b"java.security.KeyRep", "bdf94fb3889aa543", fields, b"\x70")
    enum = class_description(b"java.lang.Enum", "00" * 8, [], b"\x70", 0x12)
    kind = class_description(b"java.security.KeyRep$Type", "00" * 8, [], enum, 0x12)
    return (b"\xac\xed\x00\x05\x73" + own + b"\x74" + text(algorithm) + b"\x75" + BYTES + blob(key)
            + b"\x74" + text(b"RAW") + b"\x7e" + kind + b"\x74" + text(b"SECRET"))


def head(tag, alias):
    return struct.pack(">I", tag) + text(alias) + struct.pack(">Q", 1_700_000_000_000)


def certificate(der_bytes, version=2):
    return (text(b"X.509") if version == 2 else b"") + blob(der_bytes)


def private_key(alias, info, chain, version=2):
    return (head(1, alias) + blob(info) + struct.pack(">I", len(chain))
            + b"".join(certificate(one, version) for one in chain))


def secret_key(alias, plain, salt):
    return head(3, alias) + sealed_object(jceks_parameters(salt), jceks_encrypt(plain, salt))


def store(magic, entries, version=2):
    body = bytes.fromhex(magic) + struct.pack(">II", version, len(entries)) + b"".join(entries)
    return body + hashlib.sha1(PASSWORD.decode().encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def seeds():
    with tempfile.TemporaryDirectory() as folder:
        key, cert = folder + "/key", folder + "/cert"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                "-out", cert, "-subj", "/CN=a", "-days", "36500")
        pkcs8 = openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER")
        own = openssl("x509", "-in", cert, "-outform", "DER")
    salt, equal = bytes(range(8)), bytes([1, 2, 3, 4] * 2)
    of_jks = sealed_info("2b060104012a02110101", b"\x05\x00", jks_encrypt(pkcs8))
    of_jceks = sealed_info("2b060104012a021301", jceks_parameters(salt), jceks_encrypt(pkcs8, salt))
    spec, rep = secret_key_spec(b"HmacSHA512", bytes(range(64))), key_rep(b"AES", bytes(range(32)))
    jks, jceks = "feedfeed", "cececece"
    yield store(jks, [])
    yield store(jks, [head(2, b"trusted") + certificate(own)])
    yield store(jks, [private_key(b"a", of_jks, [own])])
    yield store(jks, [private_key(b"a", of_jks, [own], 1), head(2, b"b") + certificate(own, 1)], 1)
    yield store(jks, [private_key(b"bare\xc0\x80\xed\xa0\xbd\xed\xb8\x80", of_jks, [])])
    yield store(jceks, [private_key(b"a", of_jceks, [own]), private_key(b"A", of_jks, [])])
    yield store(jceks, [secret_key(b"mac", spec, salt), secret_key(b"aes", rep, equal)])
    yield spec
    yield rep
    yield sealed_object(jceks_parameters(salt), b"12345678")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main()
