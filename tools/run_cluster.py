#!/usr/bin/env python3
"""`make run-cluster`: PostgreSQL in a folder under DATA_DIR and three instances behind one PORT, for
trying it. Ctrl-C ends all of it; the data stays, and the next start goes on with it. If an instance ends by itself, all
of it ends too, with exit code 1."""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import local_postgres

REPO = pathlib.Path(__file__).resolve().parents[1]
INSTANCES = 3


def secret_file(path, size=32):
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.urlsafe_b64encode(os.urandom(size)).decode().rstrip("=") + "\n"
                        if path.suffix == ".secret" else base64.b64encode(os.urandom(size)).decode() + "\n")
    return path.read_text().strip()


def config(data, postgres, port, number, secret):
    return {
        "data_dir": str(data / f"instance-{number}"),
        "server": {"port": port, "share_port": True, "loops": 1, "public_url": f"http://127.0.0.1:{port}"},
        "management": {"port": port + number},
        "storage": {"url": postgres.url()},
        "encryption_keys": [{"name": "cluster", "file": str(data / "sealing.key")}],
        "secret_stores": [{"name": "local", "type": "local_certificate",
                           "settings": {"directory": str(data / "keys")}}],
        "log": {"format": "text", "level": "warn"},
        "realms": [{"name": "root", "scopes": ["read", "write"], "clients": [
            {"client_id": "demo", "name": "Demo client", "secret": secret, "scopes": ["read", "write"],
             "default_scopes": ["read"]}]}],
    }


def how_it_ended(number, process):
    code = process.returncode
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return f"instance {number} ended {how}; stopping the others"


def wait_until_ready(number, process, port):
    while True:
        if process.poll() is not None:
            sys.exit(how_it_ended(number, process))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)


def main():
    signetd = os.environ.get("SIGNETD", REPO / "build/release/bin/signetd")
    data = pathlib.Path(os.environ.get("DATA_DIR", "./data-cluster")).resolve()
    port = int(os.environ.get("PORT", "8080"))
    if local_postgres.find_binaries() is None:
        sys.exit("make run-cluster needs PostgreSQL: make setup installs it")
    data.mkdir(parents=True, exist_ok=True)
    data.chmod(0o711)  # PostgreSQL may run as another user, in a folder of its own
    secret = secret_file(data / "demo-client.secret")
    secret_file(data / "sealing.key")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))

    postgres = local_postgres.LocalPostgres(data / "postgres")
    instances = []
    try:
        postgres.start()
        for number in range(1, INSTANCES + 1):
            folder = data / f"instance-{number}"
            folder.mkdir(mode=0o700, exist_ok=True)
            file = folder / "signet.json"
            file.touch(mode=0o600)
            file.write_text(json.dumps(config(data, postgres, port, number, secret), indent=1))
            # In a group of their own: Ctrl-C is for this script, which ends them in order.
            instances.append(subprocess.Popen([signetd, "--config", str(file)], start_new_session=True,
                                              stdout=subprocess.DEVNULL))
        for number, process in enumerate(instances, 1):
            wait_until_ready(number, process, port + number)
        print(f"Signet is ready: http://127.0.0.1:{port} ({INSTANCES} instances)")
        print(f"Try: curl -s -u 'demo:{secret}' -d grant_type=client_credentials "
              f"http://127.0.0.1:{port}/oauth2/access_token")
        for number in range(1, INSTANCES + 1):
            print(f"Management of instance {number}: http://127.0.0.1:{port + number} "
                  f"(token: {data}/instance-{number}/admin.token)")
        print(f"Database: {postgres.url()}", flush=True)
        while all(process.poll() is None for process in instances):
            time.sleep(0.2)
        sys.exit("\n".join(how_it_ended(number, process) for number, process in enumerate(instances, 1)
                           if process.poll() is not None))
    finally:
        for process in instances:
            if process.poll() is None:
                process.terminate()
        for process in instances:
            process.wait()
        postgres.stop()
        print("stopped", flush=True)


if __name__ == "__main__":
    main()
