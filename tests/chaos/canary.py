#!/usr/bin/env python3
"""Canaries (F33, sec_045, sec_122, sec_125): recognisable secrets are planted in every place that
takes one; after a run with good, bad and failing requests none of them is in a log, a metric, the
data directory, an answer or the admin API: not raw, nor as base64, hex or URL-encoded. Nor are the keys
that the server makes itself (DER, PEM, raw numbers): the search is what a copy of the disk would show."""

import base64
import pathlib
import random
import subprocess
import urllib.parse

import harness

harness.in_venv()

from cryptography.hazmat.primitives import serialization  # noqa: E402
from joserfc.jwk import ECKey  # noqa: E402

HMAC_ID = "am.services.oauth2.stateless.signing.HMAC"
ENCRYPTION_ID = "am.services.oauth2.stateless.token.encryption"
EC_ID = "am.services.oauth2.stateless.signing.ES256"


def unpadded(data):
    return base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))


def spellings(secret):
    """Every form in which the bytes might leak, long enough not to be found by chance."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(),
             urllib.parse.quote(secret).encode(), urllib.parse.quote_plus(secret).encode()}
    for shift in range(3):  # base64 of the secret inside longer text, at each alignment
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * shift + secret).rstrip(b"=")
            found.add(text[(0, 2, 3)[shift]:len(text) - 2])
    return {form for form in found if len(form) >= 12}


def made_keys(data_dir):
    """Name -> bytes of what is secret in each key that the local store made. A line of a PEM text holds 48 bytes
    of a longer number, so those are looked for in pieces."""
    numbers = {}
    for file in sorted((data_dir / "keys").glob("*.sealed")):
        text = harness.local_key(data_dir, file.stem)
        der = base64.b64decode(text.split(b"-----END")[0].split(b"-----\n", 1)[1].replace(b"\n", b""))
        numbers[f"the local key {file.stem}"] = der
        if b"BEGIN PRIVATE KEY" not in text:
            continue
        key = serialization.load_der_private_key(der, None)
        if not hasattr(key, "private_numbers"):
            numbers[f"d of {file.stem}"] = key.private_bytes_raw()
            continue
        for name in ("private_value", "d", "p", "q", "dmp1", "dmq1", "iqmp"):
            value = getattr(key.private_numbers(), name, None)
            if value is not None:
                numbers[f"{name} of {file.stem}"] = value.to_bytes((value.bit_length() + 7) // 8, "big")
    found = dict(numbers)
    for name, number in numbers.items():
        if not name.startswith("the local key"):  # which begins as the public half does
            found |= {f"{name} from {at}": number[at:at + 24] for at in range(0, min(len(number) - 18, 96), 12)}
    return found


class Scanner:
    def __init__(self):
        self.planted = {}  # name -> forms
        self.hits, self.bytes = [], 0

    def plant(self, name, secret):
        self.planted[name] = spellings(secret)

    def scan(self, where, data, allow=()):
        self.bytes += len(data)
        for name, forms in self.planted.items():
            if name not in allow and any(form in data for form in forms):
                self.hits.append(f"{name} is in {where}")


def main():
    options = harness.arguments(__doc__)
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    scanner = Scanner()
    secrets = {name: "c4nary-" + harness.new_secret(rng) + "&+é%" for name in ("basic", "post", "wrong")}
    secrets["jwt"] = harness.new_secret(rng)
    hmac, encryption = harness.symmetric_jwk(512, rng), harness.symmetric_jwk(256, rng)
    ec = ECKey.generate_key("P-256").as_dict(private=True)
    for name, secret in secrets.items():
        scanner.plant(f"the secret of {name}", secret.encode())
        scanner.plant(f"the encoded secret of {name}", urllib.parse.quote_plus(secret).encode())
    scanner.plant("the HMAC key", unpadded(hmac["k"]))
    scanner.plant("the encryption key", unpadded(encryption["k"]))
    scanner.plant("the private EC key", unpadded(ec["d"]))

    server = harness.Server(options.signetd, {}, keep=options.keep)
    clients = [harness.client("basic", secrets["basic"]),
               harness.client("post", secrets["post"], token_endpoint_auth_method="client_secret_post"),
               harness.client("jwt", secrets["jwt"], token_endpoint_auth_method="client_secret_jwt")]
    clients += [harness.client(kind, secrets["basic"], access_token=token) for kind, token in {
        "hs": {"signing_algorithm": "HS512"}, "es": {"signing_algorithm": "ES256"},
        "enc": {"format": "encrypted_jwt", "signing_algorithm": "ES256"}, "opaque": {"format": "opaque"}}.items()]
    server.document.update(harness.config(
        clients, log={"level": "debug", "format": "json"},
        secret_stores=[harness.volume_store(server.workdir / "volume", {
            HMAC_ID: hmac, ENCRYPTION_ID: encryption, EC_ID: ec}), harness.local_store(server.data_dir)]))
    with server:
        master = server.data_dir / "master.key"
        token_file = server.data_dir / "admin.token"
        if master.exists():
            scanner.plant("the master key", master.read_bytes().strip())
        scanner.plant("the administrator's token", token_file.read_bytes().strip())
        own_keys = made_keys(server.data_dir)
        for name, secret in own_keys.items():
            scanner.plant(name, secret)
        scanner.plant("a PEM text", b"-----BEGIN PRIVATE KEY-----")
        tokens = drive(server, secrets, scanner)
        server.kill()
        server.start()
        tokens += drive(server, secrets, scanner)
        for number, token in enumerate(tokens):
            scanner.plant(f"access token {number}", token.encode())
        pages(server, scanner)
        cli(options, server, scanner)
        server.stop()
    own = {master: "the master key", token_file: "the administrator's token"}
    files = [p for p in server.data_dir.rglob("*") if p.is_file()] + server.logs()
    for path in files:
        scanner.scan(str(path.relative_to(server.workdir)), path.read_bytes(), {own.get(path)})
    loose = [str(p) for p in server.data_dir.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
    for text in scanner.hits[:20] + loose[:10]:
        print("#", text)
    report.at_least("canaries", len(scanner.planted), "secrets", 8)
    report.at_least("sec_122_parts_of_own_keys", len(own_keys), "parts", 8)
    report.at_least("tokens_made", len(tokens), "tokens", 10)
    report.at_least("scanned", scanner.bytes, "bytes", 10_000)
    report.at_most("leaks", len(scanner.hits), "places", 0)
    report.at_most("files_that_others_may_read", len(loose), "files", 0)
    report.finish()


def drive(server, secrets, scanner):
    """Good, bad and failing requests; answers are scanned as they come. Returns the tokens made."""
    tokens = []
    for kind in ("basic", "hs", "es", "enc", "opaque"):
        answer = server.token(kind, secrets["basic"], scope="read")
        if answer.status != 200:
            scanner.hits.append(f"no {kind} token was made: {answer}")
            continue
        tokens.append(answer.json()["access_token"])
        scanner.scan(f"the token answer of {kind}", answer.body)
        scanner.scan("an introspection", server.introspect(kind, secrets["basic"], tokens[-1]).body)
    for answer in (
            server.token("basic", secrets["wrong"]), server.token("nobody", secrets["wrong"]),
            server.post(harness.ROOT + "/access_token", {"client_id": "post", "client_secret": secrets["post"],
                                                         "grant_type": secrets["wrong"]}),
            server.post(harness.ROOT + "/access_token?client_secret=" + urllib.parse.quote(secrets["post"]), {}),
            server.post(harness.ROOT + "/access_token", {"client_id": "post", "client_secret": secrets["post"],
                                                         "grant_type": "client_credentials", "scope": "x"}),
            server.introspect("basic", secrets["wrong"], tokens[0]),
            server.revoke("basic", secrets["basic"], tokens[0])):
        scanner.scan("an error answer", answer.body)
    server.admin("PUT", "/admin/realms/root/clients/later", harness.client("later", secrets["basic"]))
    server.admin("PUT", "/admin/realms/root/clients/bad",
                 {**harness.client("bad", secrets["basic"]), "scopes": 7})
    return tokens


def pages(server, scanner):
    for path in ("/connect/jwk_uri", "/.well-known/openid-configuration"):
        scanner.scan(path, server.get(harness.ROOT + path).body)
    for path in ("/metrics", "/health/live", "/health/ready"):
        scanner.scan(path, server.management(path).body)
    for path in ("/admin/health", "/admin/realms", "/admin/realms/root", "/admin/realms/root/clients",
                 "/admin/realms/root/clients/basic", "/admin/realms/root/secrets", "/admin/stores",
                 "/admin/secrets/mappings?realm=&store=local", "/admin/audit?after=0&limit=1000"):
        scanner.scan(path, server.admin("GET", path).body)


def cli(options, server, scanner):
    """`signet config show` prints the configuration with its secrets hidden."""
    if not pathlib.Path(options.signet).exists():
        return
    done = subprocess.run([str(options.signet), "config", "show", "--config", str(server.config_file)],
                          capture_output=True, timeout=harness.GENEROUS)
    scanner.scan("signet config show", done.stdout + done.stderr)


if __name__ == "__main__":
    main()
