"""Keystores between keytool, openssl and us: what keytool writes the server signs and decrypts with, and
what `signet keystore init` writes keytool and openssl read.

That a key was read right is shown by its public half, and for secret keys by tokens: those made with one
file are valid after the same keys came, through keytool, in a file of another type."""

import pathlib
import shutil
import subprocess
import tempfile

import harness
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import KeySet

STORE, ENTRY = "store pass", "entrypass"
ID = "am.services.oauth2.stateless."
MAPPINGS = {ID + "signing.ES256": ["es256test"], ID + "signing.ES384": ["es384test"],
            ID + "signing.ES512": ["es512test"], ID + "signing.RSA": ["rsajwtsigningkey"],
            ID + "signing.HMAC": ["HmacSigningTest"], ID + "token.encryption": ["directenctest"]}
FORMATS = {alg: {"format": "jwt", "signing_algorithm": alg} for alg in ("ES256", "ES384", "ES512", "RS256", "HS512")}
FORMATS["encrypted"] = {"format": "encrypted_jwt", "signing_algorithm": "ES256"}
PAIRS = {"es256test": ["EC", "-groupname", "secp256r1"], "es384test": ["EC", "-groupname", "secp384r1"],
         "es512test": ["EC", "-groupname", "secp521r1"], "rsajwtsigningkey": ["RSA", "-keysize", "2048"]}
SECRETS = {"hmacsigningtest": ["HmacSHA512", "-keysize", "512"], "directenctest": ["AES", "-keysize", "256"]}


def run_program(*command, data=None):
    done = subprocess.run([str(part) for part in command], input=data, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[1]}: {(done.stdout + done.stderr).strip()[-400:]}")
    return done.stdout


def keytool(*arguments, password=STORE):
    return run_program("keytool", *arguments, "-storepass", password)


def make(path, kind, entry_password):
    for alias, how in PAIRS.items():
        keytool("-genkeypair", "-alias", alias, "-keyalg", *how, "-dname", "CN=" + alias, "-validity", "3650",
                "-storetype", kind, "-keystore", path, "-keypass", entry_password)
    for alias, how in SECRETS.items() if kind != "JKS" else ():
        keytool("-genseckey", "-alias", alias, "-keyalg", *how, "-storetype", kind, "-keystore", path,
                "-keypass", entry_password)
    path.chmod(0o600)


def convert(source, kind, entry_password, path, to, to_password, source_password=STORE):
    """Every entry of `source`, which keytool has to open for that, under one password."""
    for alias in [*PAIRS, *SECRETS]:
        run_program("keytool", "-importkeystore", "-noprompt", "-srckeystore", source, "-srcstoretype", kind,
                    "-srcstorepass", source_password, "-srcalias", alias, "-srckeypass", entry_password,
                    "-destkeystore", path, "-deststoretype", to, "-deststorepass", to_password,
                    "-destkeypass", to_password)
    path.chmod(0o600)


class Setting:
    """One signetd that is started again and again, each time over another keystore."""

    def __init__(self, options, folder):
        self.folder = folder
        self.secrets = {name: harness.new_secret() for name in [*FORMATS, "gateway"]}
        clients = [harness.client(name, self.secrets[name], access_token=how) for name, how in FORMATS.items()]
        clients.append(harness.client("gateway", self.secrets["gateway"], may_introspect="realm"))
        self.server = harness.Server(options.signetd, harness.config(clients), keep=options.keep)

    def passwords(self, values):
        folder = self.folder / "passwords"
        folder.mkdir(mode=0o700, exist_ok=True)
        for name, password in values.items():
            (folder / name).write_text(password)
            (folder / name).chmod(0o600)
        return {"name": "passwords", "type": "filesystem",
                "settings": {"directory": str(folder), "format": "PLAIN"}}

    def over(self, path, store_password, entry_password, **settings):
        has_secrets = "jks" != settings.get("storetype", "").lower()
        mappings = {i: a for i, a in MAPPINGS.items() if has_secrets or a[0] in PAIRS}
        self.server.document["secret_stores"] = [
            self.passwords({"storepass": store_password, "entrypass": entry_password}),
            {"name": "keystore", "type": "keystore", "mappings": mappings,
             "settings": {"file": str(path), "storePassword": "storepass", "keyEntryPassword": "entrypass",
                          **settings}}]
        self.server.start()
        return self

    def over_as_it_is(self, path, store_password, **more):
        """Of the keystore only the file and its password are told; `more` are members of the store."""
        self.server.document["secret_stores"] = [
            self.passwords({"storepass": store_password}),
            {"name": "keystore", "type": "keystore", "settings": {"file": str(path), "storePassword": "storepass"},
             **more}]
        self.server.start()
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()

    def tokens(self, formats=FORMATS):
        return {name: self.server.token(name, self.secrets[name]).json()["access_token"] for name in formats}

    def dead(self, tokens):
        return [name for name, token in tokens.items()
                if not self.server.introspect("gateway", self.secrets["gateway"], token).json().get("active")]

    def published(self):
        keys = KeySet.import_key_set(self.server.jwks()).keys
        return {key.as_pem(private=False).strip() for key in keys}


def certified(path, kind):
    """The public keys of the pairs, out of the certificates that keytool exports."""
    keys = set()
    for alias in PAIRS:
        pem = keytool("-exportcert", "-rfc", "-alias", alias, "-keystore", path, "-storetype", kind)
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        keys.add(key.public_bytes(serialization.Encoding.PEM,
                                  serialization.PublicFormat.SubjectPublicKeyInfo).strip())
    return keys


def keytools_pairs_are_ours(setting, path, kind, entry_password):
    formats = FORMATS if kind != "JKS" else ["ES256", "ES384", "ES512", "RS256"]
    with setting.over(path, STORE, entry_password, storetype=kind) as running:
        dead = running.dead(running.tokens(formats))
        if dead:
            return f"tokens that are not valid: {dead}"
        missing = certified(path, kind) - running.published()
        return f"{len(missing)} of its keys are not published" if missing else ""


def tokens_outlive(setting, before, after):
    with setting.over(*before) as running:
        tokens = running.tokens()
    with setting.over(*after) as running:
        dead = running.dead(tokens)
    return f"tokens that are not valid any more: {dead}" if dead else ""


def init(options, folder):
    path = folder / "init.p12"
    run_program(options.signet, "keystore", "init", "--file", path, "--password-from", "-", data=STORE)
    return path


def keytool_lists(path):
    listed = keytool("-list", "-keystore", path, "-storetype", "PKCS12")
    pairs, secrets = listed.count("PrivateKeyEntry"), listed.count("SecretKeyEntry")
    return "" if (pairs, secrets) == (7, 4) else f"{pairs} pairs and {secrets} secret keys"


def openssl_opens(path):
    text = run_program("openssl", "pkcs12", "-in", path, "-passin", "pass:" + STORE, "-noenc")
    keys, certificates = text.count("BEGIN PRIVATE KEY"), text.count("BEGIN CERTIFICATE")
    return "" if (keys, certificates) == (7, 7) else f"{keys} keys and {certificates} certificates"


def serves_without_mappings(setting, path):
    """Every format of tokens; those that a JWKS is for are verified by joserfc."""
    with setting.over_as_it_is(path, STORE) as running:
        tokens = running.tokens()
        dead = running.dead(tokens)
        if dead:
            return f"tokens that are not valid: {dead}"
        keys = KeySet.import_key_set(running.server.jwks())
        for name in ("ES256", "ES384", "ES512", "RS256"):
            claims = jwt.decode(tokens[name], keys, algorithms=[name]).claims
            if claims.get("client_id") != name:
                return f"{name}: a token for {claims.get('client_id')}"
    return ""


def signs_nothing_where_nothing_is_mapped(setting, path):
    with setting.over_as_it_is(path, STORE, mappings={}) as running:
        status = running.server.token("ES256", running.secrets["ES256"]).status
    return "" if status == 500 else f"the answer is {status}"


def run(results, options):
    if shutil.which("keytool") is None:
        print("skipped: keystores (keytool is not installed)")
        return
    with tempfile.TemporaryDirectory(prefix="signet-keystores-") as name:
        folder = pathlib.Path(name)
        setting = Setting(options, folder)
        try:
            for kind, entry in (("JKS", ENTRY), ("JCEKS", ENTRY), ("PKCS12", STORE)):
                path = folder / ("made." + kind.lower())
                make(path, kind, entry)
                results.check(f"keytool's {kind}: its keys sign and are published", keytools_pairs_are_ours, setting,
                              path, kind, entry)
            jceks, as_p12 = folder / "made.jceks", folder / "of-jceks.p12"
            convert(jceks, "JCEKS", ENTRY, as_p12, "PKCS12", STORE)
            results.check("JCEKS and what keytool made PKCS12 of it hold the same keys", tokens_outlive, setting,
                          (jceks, STORE, ENTRY), (as_p12, STORE, STORE))
            ours, as_jceks = init(options, folder), folder / "of-init.jceks"
            results.check("keytool lists what keystore init made", keytool_lists, ours)
            results.check("openssl opens what keystore init made", openssl_opens, ours)
            results.check("what keystore init made serves with its file and password only", serves_without_mappings,
                          setting, ours)
            results.check("the same with mappings: {} signs nothing", signs_nothing_where_nothing_is_mapped, setting,
                          ours)
            convert(ours, "PKCS12", STORE, as_jceks, "JCEKS", STORE)
            results.check("what keystore init made and what keytool made JCEKS of it hold the same keys",
                          tokens_outlive, setting, (ours, STORE, STORE), (as_jceks, STORE, STORE))
        finally:
            setting.server.__exit__()
