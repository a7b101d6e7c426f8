"""What the chaos, interop and bench scripts share: start and stop a signetd with a generated
configuration, speak HTTP to it, and report results.

Python's standard library only, except where a script asks for the JOSE libraries of the venv under
build/interop (in_venv). Traffic goes to 127.0.0.1 alone.
"""

import argparse
import asyncio
import base64
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = REPO / "build"
VENV = BUILD / "interop" / "venv"
PYTHON_PACKAGES = ["joserfc==1.8.0", "jwcrypto==1.6.1", "authlib==1.9.9", "pyjwt==2.15.1",
                   "moto[server]==5.2.5", "boto3==1.44.5"]
ROOT = "/oauth2"
FORM = "application/x-www-form-urlencoded"


def in_venv():
    """Runs this script again under the venv with the JOSE libraries, which is made if absent."""
    python = VENV / "bin" / "python"
    if pathlib.Path(sys.prefix) == VENV:
        return
    done = VENV / "installed"
    if not done.exists() or done.read_text() != "\n".join(PYTHON_PACKAGES):
        VENV.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check",
                        *PYTHON_PACKAGES], check=True)
        done.write_text("\n".join(PYTHON_PACKAGES))
    os.execv(str(python), [str(python), *sys.argv])


def arguments(description, **extra):
    """The options every script has; `extra` is name=default of more of them."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--signetd", default=os.environ.get("SIGNETD", BUILD / "release/bin/signetd"))
    parser.add_argument("--signet", default=os.environ.get("SIGNET", BUILD / "release/bin/signet"))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--long", action="store_true", help="the long form")
    parser.add_argument("--keep", action="store_true", help="keep the working directory")
    for name, default in extra.items():
        parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default)
    options = parser.parse_args()
    if not os.access(options.signetd, os.X_OK):
        sys.exit(f"{options.signetd} is not there: build it first (make build), or set SIGNETD")
    return options


# Units whose goals are times or speeds. They are of a machine that does nothing else: where the unit tests
# run beside (SIGNET_SHARED_CORES), what is ten times as slow still only waited for its turn.
TIMES = ("s", "ms", "us", "times", "of before")
PATIENCE = 10 if os.environ.get("SIGNET_SHARED_CORES") else 1
# Seconds until something is given up that must come to pass and whose time is not what is asked about: long enough for
# a machine that stands still for a while. Where a time is asked about it is measured and reported.
GENEROUS = 120
# `keys.store_timeout` where stand-ins for stores run on the same machine: a question that is repeated fits into it.
STORE_TIMEOUT = "PT60S"


class Report:
    """Prints `name value unit goal PASS|FAIL` lines; finish() ends the process."""

    def __init__(self, seed=None):
        self.failed = 0
        if seed is not None:
            print(f"seed {seed}")

    def line(self, name, value, unit, goal, passed):
        value = f"{value:.3f}" if isinstance(value, float) else value
        print(name, value, unit, goal, "PASS" if passed else "FAIL", flush=True)
        self.failed += not passed

    def at_most(self, name, value, unit, goal):
        if unit in TIMES:
            goal *= PATIENCE
        self.line(name, value, unit, f"<={goal}", value <= goal)

    def at_least(self, name, value, unit, goal):
        if unit in TIMES:
            goal /= PATIENCE
        self.line(name, value, unit, f">={goal}", value >= goal)

    def finish(self):
        sys.exit(1 if self.failed else 0)


def check_invariants(server):
    """What the server itself finds broken of what must hold (GET /admin/invariants)."""
    found = server.admin("GET", "/admin/invariants").json()["invariants"]
    return [f"{one['name']}: {how}" for one in found if not one["holds"] for how in one["violations"] or ["broken"]]


# ------------------------------------------------------------------------------- HTTP, one request


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def request(port, method, path, headers=None, body=None, timeout=GENEROUS):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


def basic(client, secret):
    """RFC 6749 §2.3.1: both halves are form-encoded first."""
    pair = urllib.parse.quote_plus(client) + ":" + urllib.parse.quote_plus(secret)
    return "Basic " + base64.b64encode(pair.encode()).decode()


def form(fields):
    return urllib.parse.urlencode(fields).encode()


def raw_request(method, path, headers=None, body=b""):
    """The bytes of a keep-alive request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{k}: {v}" for k, v in (headers or {}).items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def token_request(client, secret, path=ROOT + "/access_token", **fields):
    body = form({"grant_type": "client_credentials", **fields})
    return raw_request("POST", path, {"Authorization": basic(client, secret), "Content-Type": FORM}, body)


class Closed(Exception):
    """The connection ended before a whole answer; `partial` tells whether any byte had come."""

    def __init__(self, partial):
        super().__init__("connection closed")
        self.partial = partial


class AsyncConnection:
    """A keep-alive connection for load: raw requests in, (status, body) out."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, raw):
        if self.writer is None:
            await self.open()
        partial = False
        try:
            self.writer.write(raw)
            head = await self.reader.readuntil(b"\r\n\r\n")
            partial = True
            status = int(head[9:12])
            lower = head.lower()
            at = lower.find(b"content-length:")
            size = int(lower[at + 15:lower.find(b"\r\n", at)]) if at >= 0 else 0
            body = await self.reader.readexactly(size)
            if b"\r\nconnection: close" in lower:
                self.close()
            return status, body
        except asyncio.IncompleteReadError as gone:
            self.close()
            raise Closed(partial or bool(gone.partial)) from gone
        except (ConnectionError, OSError) as gone:
            self.close()
            raise Closed(partial) from gone

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


# ------------------------------------------------------------------------------------- the server


def client(client_id, secret=None, **members):
    document = {"client_id": client_id, "scopes": ["read", "write"], "default_scopes": ["read"],
                "audience": ["https://api.example.com"], **members}
    if secret is not None:
        document["secret"] = secret
    return document


def new_secret(rng=None):
    raw = rng.randbytes(32) if rng else os.urandom(32)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def config(clients, keys=None, secret_stores=None, loops=1, realm=None, realms=(), **top):
    """A signet.yaml as a dictionary; data_dir is filled in by Server."""
    root = {"name": "root", "default_audience": ["https://api.example.com"],
            "scopes": ["read", "write"], **(realm or {}), "clients": clients}
    document = {"server": {"port": 0, "loops": loops}, "management": {"port": 0},
                "log": {"level": "info", "format": "json"}, "realms": [root, *realms], **top}
    if keys:
        document["keys"] = keys
    if secret_stores:
        document["secret_stores"] = secret_stores
    return document


def local_store(data_dir):
    """The store that a configuration without secret_stores has."""
    return {"name": "local", "type": "local_certificate",
            "settings": {"directory": str(pathlib.Path(data_dir) / "keys")}}


def local_key(data_dir, alias):
    """The PEM text of a key that the local store made and sealed under master.key: "SGN1." and base64url of
    version (1), key id (8), nonce (12), AES-256-GCM with the rest of the header as additional data. Opened
    without the server's code; takes in_venv()."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    data_dir = pathlib.Path(data_dir)
    text = (data_dir / "keys" / f"{alias}.sealed").read_text().strip()
    if not text.startswith("SGN1."):
        raise ValueError(f"the key {alias} is not sealed")
    sealed = base64.urlsafe_b64decode(text[5:] + "=" * (-len(text[5:]) % 4))
    master = base64.b64decode((data_dir / "master.key").read_text())
    key = HKDF(hashes.SHA256(), 32, None, b"SGN1 AES-256-GCM").derive(master)
    return AESGCM(key).decrypt(sealed[9:21], sealed[21:], sealed[:21])


def volume_store(directory, keys, name="volume"):
    """A filesystem secret volume of JWKs: `keys` is secret ID -> JWK."""
    directory = pathlib.Path(directory)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for secret_id, jwk in keys.items():
        path = directory / secret_id
        path.write_text(json.dumps(jwk))
        path.chmod(0o600)
    return {"name": name, "type": "filesystem",
            "settings": {"directory": str(directory), "format": "JWK"}}


def symmetric_jwk(bits, rng=None, **members):
    raw = rng.randbytes(bits // 8) if rng else os.urandom(bits // 8)
    return {"kty": "oct", "k": base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), **members}


class StartFailed(Exception):
    pass


class Server:
    """One signetd with its own working directory. Use as a context manager. The first start takes any
    free port; later ones the same, so that the issuer stays what it was. A server whose keys are not there yet,
    because a store was slow, is waited for too: until_ready=False where a script wants it so."""

    def __init__(self, binary, document, workdir=None, data_dir=None, keep=False, wrap=(), env=None, until_ready=True):
        self.until_ready = until_ready
        self.binary, self.keep, self.wrap, self.env = str(binary), keep, list(wrap), env
        self.owns_workdir = workdir is None
        self.workdir = pathlib.Path(workdir or tempfile.mkdtemp(prefix="signet-"))
        self.workdir.mkdir(parents=True, exist_ok=True)
        self.data_dir = pathlib.Path(data_dir or self.workdir / "data")
        self.document = {"data_dir": str(self.data_dir), **document}
        self.config_file = self.workdir / "signet.yaml"
        self.process, self.port, self.management_port, self.starts = None, None, None, 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.owns_workdir and not self.keep:
            shutil.rmtree(self.workdir, ignore_errors=True)

    @property
    def pid(self):
        return self.process.pid

    def logs(self):
        return sorted(self.workdir.glob("std*.log"))

    def start(self, timeout=GENEROUS):
        """Starts and waits for the ready line; returns the seconds it took. A port of before may have become another's
        while nobody listened there; it is waited for."""
        end = time.monotonic() + timeout
        while True:
            try:
                return self.start_once(timeout)
            except StartFailed as failed:
                if self.starts == 1 or "listen_failed" not in str(failed) or time.monotonic() > end:
                    raise
            time.sleep(0.5)

    def start_once(self, timeout):
        self.config_file.write_text(json.dumps(self.document, indent=1))  # JSON is YAML
        self.config_file.chmod(0o600)
        self.starts += 1
        out_path = self.workdir / f"stdout.{self.starts}.log"
        err_path = self.workdir / f"stderr.{self.starts}.log"
        begin = time.monotonic()
        with open(out_path, "wb") as out, open(err_path, "wb") as err:
            self.process = subprocess.Popen([*self.wrap, self.binary, "--config", str(self.config_file)],
                                            stdout=out, stderr=err, env=self.env)
        self.port = self.management_port = None
        lacks_keys = False
        while time.monotonic() - begin < timeout:
            text = out_path.read_text(errors="replace")
            for line in text.splitlines(keepends=True):
                if line.startswith(("Signet is ready: ", "Signet is not ready yet: ")) and line.endswith("\n"):
                    self.port = int(line.rsplit(":", 1)[1])
                    lacks_keys = "not ready" in line
                if line.startswith("Management: ") and line.endswith("\n"):
                    self.management_port = int(line.rsplit(":", 1)[1])
            if self.port and self.management_port:
                self.document["server"]["port"] = self.port
                took = time.monotonic() - begin
                if lacks_keys and self.until_ready:
                    self.wait_until_ready()
                return took
            if self.process.poll() is not None:
                break
            time.sleep(0.001)
        raise StartFailed(f"exit {self.process.poll()}\n{out_path.read_text(errors='replace')[-2000:]}"
                          f"\n{err_path.read_text(errors='replace')[-4000:]}")

    def wait_until_ready(self, limit=GENEROUS):
        end = time.monotonic() + limit
        while self.management("/health/ready").status != 200:
            if time.monotonic() > end:
                raise StartFailed(f"not ready after {limit} s: {self.management('/health/ready')}")
            time.sleep(0.05)

    def stop(self, timeout=GENEROUS):
        """SIGTERM; returns the seconds until the process ended."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout)
        return time.monotonic() - begin

    def kill(self):
        self.process.kill()
        self.process.wait()

    # public side
    def get(self, path, **options):
        return request(self.port, "GET", path, **options)

    def post(self, path, fields, headers=None, **options):
        return request(self.port, "POST", path, {"Content-Type": FORM, **(headers or {})},
                       form(fields), **options)

    def token(self, client_id, secret, realm_path=ROOT, **fields):
        return self.post(realm_path + "/access_token", {"grant_type": "client_credentials", **fields},
                         {"Authorization": basic(client_id, secret)})

    def introspect(self, client_id, secret, token, realm_path=ROOT):
        return self.post(realm_path + "/introspect", {"token": token},
                         {"Authorization": basic(client_id, secret)})

    def revoke(self, client_id, secret, token, realm_path=ROOT):
        return self.post(realm_path + "/token/revoke", {"token": token},
                         {"Authorization": basic(client_id, secret)})

    def jwks(self, realm_path=ROOT):
        return self.get(realm_path + "/connect/jwk_uri").json()

    def metadata(self):
        return self.get(ROOT + "/.well-known/openid-configuration").json()

    # management side
    def admin_token(self):
        return (self.data_dir / "admin.token").read_text().strip()

    def admin(self, method, path, body=None, headers=None, timeout=GENEROUS):
        all_headers = {"Authorization": "Bearer " + self.admin_token(), **(headers or {})}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            all_headers["Content-Type"] = "application/json"
        return request(self.management_port, method, path, all_headers, data, timeout)

    def management(self, path):
        return request(self.management_port, "GET", path)

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0


def until(holds, limit=GENEROUS, pause=0.05):
    """The seconds until holds() is true, or the limit."""
    begin = time.monotonic()
    while time.monotonic() - begin < limit:
        if holds():
            return min(time.monotonic() - begin, limit - pause)
        time.sleep(pause)
    return limit


class Stalls:
    """When this machine stood still, which a thread notices that wants to run twenty times a second. Who talks to the
    server and stands in for its stores in one process cannot tell whether the server is to blame for what it missed. And
    where keys are published ahead by seconds, not by minutes, a pause between writing a key down and showing it is longer
    than what is left to relying parties: AFTERWARDS is how long that may be seen."""

    AFTERWARDS = 3  # seconds

    def __init__(self):
        self.seen = []  # (begin, end), monotonic
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        last = time.monotonic()
        while True:
            time.sleep(0.05)
            now = time.monotonic()
            if now - last > 0.5:
                self.seen.append((last, now))
            last = now

    def between(self, begin, end):
        """Whether it stood still at any time between; asked a moment later."""
        return any(since < end and until > begin for since, until in self.seen)

    def since(self, begin):
        time.sleep(0.1)  # the thread may be as late as the one that asks
        return self.between(begin, time.monotonic())

    @staticmethod
    def most(tried):
        """Of so many tries, how many may be excused: on a machine that stands still every few seconds any failure could
        be, and one that the server is to blame for comes back with every rotation."""
        return max(3, tried // 100)


def free_ports(count=1):
    """The first of `count` free ports in a row, from below those that the system gives to whoever asks for any: between
    this choice and its use no connection of others takes one."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        first = random.SystemRandom().randrange(10_000, lowest - count)
        try:
            with contextlib.ExitStack() as taken:
                for port in range(first, first + count):
                    taken.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except OSError:
            continue
        return first


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def create_client(server, client_id, realm="root", **members):
    """Registers a client whose secret the server makes (the fast form); returns the secret."""
    answer = server.admin("PUT", f"/admin/realms/{realm}/clients/{client_id}",
                          {**client(client_id, **members), "generate_secret": True})
    if answer.status not in (200, 201):
        raise RuntimeError(f"client {client_id} was not created: {answer}")
    return answer.json()["secret"]
