"""Every algorithm that we offer, in both directions, between the command line's JOSE filters and five
libraries: what we make each of them opens, and what each of them makes we open. And our access tokens
with the libraries that python_checks.py does not use.

A pair is skipped only where the library itself says that it lacks the algorithm."""

import base64
import collections
import concurrent.futures
import json
import os
import pathlib
import subprocess
import tempfile
import time

import cross_libraries
import python_checks
import setting
from joserfc.jwk import ECKey, OKPKey, RSAKey

JWS = setting.JWT_ALGORITHMS
KEY_MANAGEMENT = ["RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "A128KW", "A192KW", "A256KW", "A128GCMKW",
                  "A192GCMKW", "A256GCMKW", "dir", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW",
                  "ECDH-ES+A256KW", "PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"]
CONTENT = {"A128CBC-HS256": 256, "A192CBC-HS384": 384, "A256CBC-HS512": 512,
           "A128GCM": 128, "A192GCM": 192, "A256GCM": 256}
TEXT = '{"text":"héllo"}'
PASSWORD = "correct horse battery staple"


class Case:
    """One algorithm, or one pair of them, with the private key for it."""

    def __init__(self, alg, key, enc=None):
        self.alg, self.key, self.enc = alg, key, enc
        curve = f" on {key['crv']}" if alg.startswith("ECDH") else ""
        self.name = f"{alg}{' ' + enc if enc else ''}{curve}"
        self.is_password = alg.startswith("PBES2")

    @property
    def public(self):
        return {k: v for k, v in self.key.items() if k not in ("d", "p", "q", "dp", "dq", "qi")}

    def as_dict(self):
        return {"name": self.name, "alg": self.alg, "enc": self.enc, "key": self.key, "public": self.public}


def oct_key(bits):
    return {"kty": "oct", "k": base64.urlsafe_b64encode(os.urandom(bits // 8)).rstrip(b"=").decode()}


def make_cases():
    rsa = RSAKey.generate_key(2048).as_dict(private=True)
    curves = {c: ECKey.generate_key(c).as_dict(private=True) for c in ("P-256", "P-384", "P-521")}
    curves |= {c: OKPKey.generate_key(c).as_dict(private=True) for c in ("Ed25519", "X25519")}
    plain = {name: {k: v for k, v in key.items() if k != "kid"} for name, key in curves.items()}
    rsa.pop("kid", None)
    ec = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
    jws = [Case(alg, plain[ec[alg]] if alg in ec else rsa if alg[0] in "RP" else oct_key(int(alg[2:])))
           for alg in JWS]
    password = {"kty": "oct", "k": base64.urlsafe_b64encode(PASSWORD.encode()).rstrip(b"=").decode()}
    jwe = []
    for alg in KEY_MANAGEMENT:
        for enc, bits in CONTENT.items():
            if alg.startswith("ECDH"):
                jwe += [Case(alg, plain[curve], enc) for curve in ("P-256", "P-384", "P-521", "X25519")]
            elif alg.startswith("RSA"):
                jwe.append(Case(alg, rsa, enc))
            elif alg.startswith("PBES2"):
                jwe.append(Case(alg, password, enc))
            else:
                jwe.append(Case(alg, oct_key(bits if alg == "dir" else int(alg[1:4])), enc))
    return jws + jwe


class Signet:
    """The command line's filters; keys in files, one pair for each case."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        self.runs = 0
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "issuer").write_text(json.dumps(oct_key(256)))

    def write_keys(self, cases):
        for case in cases:
            for kind, key in (("private", case.key), ("public", case.public)):
                self.key_file(case, kind).write_text(json.dumps(key))

    def key_file(self, case, kind):
        return self.folder / f"{case.name.replace(' ', '_')}.{kind}"

    def run(self, verb, case, kind, text):
        command = [str(self.program), "jose", verb, "--alg", case.alg]
        command += ["--password-file", str(self.folder / "password")] if case.is_password else \
            ["--key", str(self.key_file(case, kind))]
        if case.enc:
            command += ["--enc", case.enc]
        if case.alg == "RSA1_5":
            command.append("--allow-rsa1_5")
        if case.is_password and verb == "decrypt":
            command.append("--allow-pbes2")
        if verb == "encrypt" and not case.is_password:
            command += ["--issuer-key", str(self.folder / "issuer")]
        return self.filter(command, text)

    def filter(self, command, text):
        self.runs += 1
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode().strip())
        return done.stdout.decode()

    def make(self, case):
        kind = "public" if case.enc else "private"
        return self.run("encrypt" if case.enc else "sign", case, kind, TEXT).strip()

    def open(self, case, token):
        kind = "private" if case.enc else "public"
        return self.run("decrypt" if case.enc else "verify", case, kind, token)

    def open_as_issuer(self, token):
        """Tokens for others hold their content key for the issuer too."""
        return self.filter([str(self.program), "jose", "decrypt", "--as-issuer", "--key",
                            str(self.folder / "issuer")], token)


def failed(function, *arguments):
    try:
        return function(*arguments), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def report(results, name, answers, cases, opened):
    """`answers` by case name; `opened` what we read of the library's tokens. Returns what was skipped."""
    skipped = collections.Counter()
    for case in cases:
        answer = answers.get(case.name)
        if answer is None:
            results.fail(f"{name}: {case.name}", "the library said nothing")
        elif answer.get("lacks"):
            skipped[case.alg if answer["lacks"] != "enc" else case.enc] += 1
        else:
            verb = ("opens", "opened") if case.enc else ("verifies", "verified")
            for label, text, error in ((f"{name} {verb[0]} ours", answer.get("text"), answer.get("open_error")),
                                       (f"{name}'s is {verb[1]} by us", *opened[name, case.name])):
                if text == TEXT:
                    results.ok(f"{label}: {case.name}")
                else:
                    results.fail(f"{label}: {case.name}", error or f"got {text!r}")
    return skipped


def check_algorithms(results, signet_program, run_node):
    started = time.monotonic()
    cases = make_cases()
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        signet = Signet(signet_program, folder)
        signet.write_keys(cases)
        ours = {}
        for case, (token, error) in zip(cases, pool.map(lambda c: failed(signet.make, c), cases)):
            if error:
                results.fail(f"we make {case.name}", error)
            ours[case.name] = token
        for case in cases:
            # By dir the content key is the recipient's own.
            if case.enc and case.alg != "dir" and not case.is_password and ours[case.name]:
                text, error = failed(signet.open_as_issuer, ours[case.name])
                if text == TEXT:
                    results.ok(f"the issuer opens ours: {case.name}")
                else:
                    results.fail(f"the issuer opens ours: {case.name}", error or f"got {text!r}")
        jobs = pathlib.Path(folder) / "jobs.json"
        jobs.write_text(json.dumps({"text": TEXT, "cases": [{**c.as_dict(), "token": ours[c.name]} for c in cases]}))
        answers = {"npm jose": pool.submit(run_node, jobs)}
        for library in cross_libraries.ALL:
            answers[library.name] = cross_libraries.answers(library, cases, ours, TEXT)
        answers["npm jose"] = answers["npm jose"].result()
        made = [(name, case, found[case.name].get("made"), found[case.name].get("make_error"))
                for name, found in answers.items() for case in cases
                if case.name in found and not found[case.name].get("lacks")]
        texts = pool.map(lambda m: failed(signet.open, m[1], m[2]) if m[2] else (None, m[3]), made)
        opened = {(name, case.name): text for (name, case, _, _), text in zip(made, texts)}
        for name, found in answers.items():
            mine = [case for case in cases if not (name == "PyJWT" and case.enc)]
            skipped = report(results, name, found, mine, opened)
            for alg, count in skipped.items():
                print(f"skip {name}: {alg} in {count} case(s), each in both directions: not in this library")
            print(f"sum  {name}: {len(mine)} cases, {sum(skipped.values())} skipped"
                  + (" (it has no JWE)" if name == "PyJWT" else ""))
        print(f"sum  {len(cases)} cases, {signet.runs} runs of signet, {time.monotonic() - started:.1f} s")


def run(results, world, signet_program, run_node):
    for alg in JWS:
        for library in cross_libraries.FOR_TOKENS:
            results.check(f"{alg} token verifies with {library.name}", python_checks.check_jwt, world, alg,
                          lambda token, jwks, hmac=None, lib=library: lib.claims(token, jwks, hmac))
    results.check("encrypted token opens with authlib", python_checks.check_encrypted, world,
                  cross_libraries.decrypt_authlib)
    check_algorithms(results, signet_program, run_node)
