"""What an operator sees of stores that lie: passwords beside keys, warnings, files that go away under a
running server, and the lease that runs for what cannot be read any more. Files and keys by openssl."""

import os
import shutil
import subprocess

import harness
from store_world import STATELESS, StoreWorld, until

ES256, HMAC = STATELESS + "ES256", STATELESS + "HMAC"
PEM_PASSWORD = "am.global.services.secret.pem.decryption"
PASSWORD = "correct horse"


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


def private_key(password=None):
    sealed = ["-aes-256-cbc", "-pass", "pass:" + password] if password else []
    return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", *sealed)


def write(path, text):
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.parent / ".fresh"
    fresh.write_text(text)
    fresh.chmod(0o600)
    os.rename(fresh, path)


class Folders:
    """Stores over folders of the server's own."""

    def __init__(self, options, algorithms, make, keys=None, env=None):
        self.world = StoreWorld(options, [], algorithms, env or {}, keys)
        self.folder = self.world.server.workdir / "stores"
        self.world.server.document["secret_stores"] = make(self.folder)

    def __enter__(self):
        return self.world.__enter__(), self.folder

    def __exit__(self, *_):
        self.world.__exit__()


def volume(name, folder, **settings):
    return {"name": name, "type": "filesystem", "settings": {"directory": str(folder), **settings}}


def store(world, name):
    return next(one for one in world.server.admin("GET", "/admin/health").json()["stores"] if one["name"] == name)


def questions(world, name):
    lines = world.server.management("/metrics").body.decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines
               if line.startswith("signet_store_calls_total{") and f'store="{name}"' in line)


def check_password(world):
    world.kid("ES256")
    listed = world.server.admin("GET", "/admin/realms/root/secrets").json()
    shown = [one["id"] for one in listed["rings"] + listed["missing"]]
    if PEM_PASSWORD in shown:
        return "the password is listed among the keys"
    return None if store(world, "passwords")["ok"] else "its store is not well"


def check_newline(options):
    def make(folder):
        write(folder / "passwords" / "pin", PASSWORD + "\n")
        write(folder / "key.pem", private_key())
        openssl("req", "-new", "-x509", "-key", str(folder / "key.pem"), "-subj", "/CN=a", "-out", str(folder / "a.crt"))
        openssl("pkcs12", "-export", "-inkey", str(folder / "key.pem"), "-in", str(folder / "a.crt"), "-name", "a",
                "-passout", "pass:" + PASSWORD, "-out", str(folder / "a.p12"))
        (folder / "a.p12").chmod(0o600)
        return [volume("passwords", folder / "passwords"),
                {"name": "ks", "type": "keystore", "mappings": {ES256: ["a"]},
                 "settings": {"file": str(folder / "a.p12"), "storePassword": "pin"}}]

    with Folders(options, ["ES256"], make) as (world, folder):
        warned = until(lambda: any("newline" in one and "'pin'" in one for one in store(world, "passwords")["warnings"]))
        if warned:
            return "health does not warn of the newline: " + warned
        until(lambda: not store(world, "ks")["ok"])
        failing = store(world, "ks")
        if failing["ok"] or failing["last_good"] is not None or failing["lease_until"] is not None:
            return f"a keystore that was never open has a lease: {failing}"
        write(folder / "passwords" / "pin", PASSWORD)
        return until(lambda: world.kid("ES256") and not store(world, "passwords")["warnings"])


def check_lease(options):
    def make(folder):
        write(folder / "keys" / (ES256 + ".v1"), private_key())
        return [volume("keys", folder / "keys", format="PEM", versionSuffix=".v")]

    with Folders(options, ["ES256"], make) as (world, folder):
        world.kid("ES256")
        good = (folder / "keys" / (ES256 + ".v1")).read_text()
        write(folder / "keys" / (ES256 + ".v1"), "no key")
        why = until(lambda: not store(world, "keys")["ok"])
        first = store(world, "keys")["lease_until"]
        asked = questions(world, "keys")
        why = why or until(lambda: questions(world, "keys") >= asked + 4)  # two more readings fail at least
        if why or store(world, "keys")["lease_until"] != first:
            return why or "the end of the lease moves on with each failure"
        world.kid("ES256")
        # A second file that is bad is a warning while another one can be read.
        write(folder / "keys" / (ES256 + ".v1"), good)
        write(folder / "keys" / (ES256 + ".v2"), "no key")
        return until(lambda: store(world, "keys")["ok"] and any("v2" in one for one in store(world, "keys")["warnings"]))


def check_deleted(options):
    def make(folder):
        write(folder / "keys" / (ES256 + ".v1"), private_key())
        return [volume("keys", folder / "keys", format="PEM", versionSuffix=".v")]

    with Folders(options, ["ES256"], make) as (world, folder):
        token = world.token("ES256")
        (folder / "keys" / (ES256 + ".v1")).unlink()
        why = until(lambda: world.ask("ES256").status == 500)
        if why:
            return why
        world.verify(token, "ES256")

        def names_the_id():
            health = world.server.admin("GET", "/admin/health").json()
            needed = next(one for one in health["checks"] if one["name"] == "needed_secrets")
            return health["status"] == "degraded" and ES256 in needed["detail"]
        why = until(names_the_id)
        if why:
            return "health does not name the ID that nothing signs for: " + why
        if world.logs('"reason":"no_active_key"'):
            return "the log does not say no_active_key"
        rings = world.server.admin("GET", "/admin/realms/root/secrets").json()["rings"]
        lost = next(one for one in rings if one["id"] == ES256)["lost"]
        return None if len(lost) == 1 else f"the lost key is not named: {lost}"


def check_folder_gone(options):
    def make(folder):
        return [{"name": "local", "type": "local_certificate", "mappings": {ES256: ["a"]},
                 "settings": {"directory": str(folder / "keys"), "aliases": {"a": "P-256"}}}]

    def prepare(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        return make(folder)

    with Folders(options, ["ES256"], prepare) as (world, folder):
        kid = world.kid("ES256")
        shutil.move(folder / "keys", folder / "away")
        why = until(lambda: not store(world, "local")["ok"])
        if why:
            return "health does not show that the folder is gone: " + why
        if (folder / "keys").exists() or world.kid("ES256") != kid:
            return "new keys took the place of the old ones"
        shutil.move(folder / "away", folder / "keys")
        why = until(lambda: store(world, "local")["ok"])
        return why or (None if world.kid("ES256") == kid else "the key is another one")


def check_small_mac(options):
    def make(folder):
        write(folder / "keys" / HMAC, harness.symmetric_jwk(256)["k"].replace("-", "+").replace("_", "/") + "=")
        return [volume("keys", folder / "keys", format="BASE64_HMAC_KEY")]

    with Folders(options, ["HS256", "HS512"], make) as (world, _):
        world.token("HS256")
        if world.ask("HS512").status != 500:
            return "HS512 with a key of 32 bytes"
        return "the log says another reason" if world.logs('"reason":"secret_wrong_algorithm"') else None


def check_variable(options):
    variable, pem = ES256.upper().replace(".", "_"), private_key()

    def alone(folder):
        write(folder / "keys" / ES256, private_key())
        return [{"name": "env", "type": "environment"}, volume("keys", folder / "keys", format="PEM")]

    def among_others(folder):
        return alone(folder)[:1] + [{"name": "pems", "type": "environment", "settings": {"format": "PEM"}}]

    with Folders(options, ["ES256"], alone, env={variable: pem}) as (world, _):
        if world.ask("ES256").status == 200:
            return "a store behind the variable took its place"
        until(lambda: not store(world, "env")["ok"])
        failing = store(world, "env")
        named = all(word in failing["detail"] for word in ("secret_wrong_kind", variable, ES256, "BASE64"))
        if failing["ok"] or not named or "PRIVATE" in world.log():
            return f"health does not say what is wrong with the variable: {failing}"
    with Folders(options, ["ES256"], among_others, env={variable: pem}) as (world, _):
        world.kid("ES256")
        until(lambda: store(world, "env")["warnings"])
        left = store(world, "env")
        if not left["ok"] or not any("left to other stores" in one for one in left["warnings"]):
            return f"the store that leaves the variable to another one: {left}"
    return None


def run(results, options):
    def make(folder):
        write(folder / "passwords" / PEM_PASSWORD, PASSWORD)
        write(folder / "keys" / ES256, private_key(PASSWORD))
        return [volume("passwords", folder / "passwords"), volume("keys", folder / "keys", format="PEM")]

    def with_password():
        with Folders(options, ["ES256"], make) as (world, _):
            return check_password(world)

    results.check("stores: a volume that holds the password of PEM files starts, and the key serves", with_password)
    results.check("stores: health warns of a password that ends with a newline", check_newline, options)
    results.check("stores: the lease of what cannot be read runs from its last reading", check_lease, options)
    results.check("stores: a key file that is deleted under a server shows in health and log", check_deleted, options)
    results.check("stores: a folder that goes away under a server is no fresh one", check_folder_gone, options)
    results.check("stores: a key too small for an algorithm is told as that", check_small_mac, options)
    results.check("stores: a variable that no environment store can take gives way to no other store", check_variable, options)
