"""Several signetd over one PostgreSQL, for the chaos scripts."""

import base64
import concurrent.futures
import os
import pathlib
import shutil
import sys
import tempfile

import harness

sys.path.insert(0, str(harness.REPO / "tools"))
import local_postgres  # noqa: E402


class Member(harness.Server):
    """A server whose public_url is the cluster's, so that its port is chosen here."""

    def start(self, timeout=harness.GENEROUS):
        if self.starts == 0:
            self.own_port = harness.free_ports()
        self.document["server"]["port"] = self.own_port
        took = super().start(timeout)
        self.port = self.own_port
        return took


class Cluster:
    """PostgreSQL and `count` servers that share its database, the sealing key and a folder of keys. Use as
    a context manager; start() starts the servers at the same moment."""

    def __init__(self, options, count, storage_url=None, **config):
        self.workdir = pathlib.Path(tempfile.mkdtemp(prefix="signet-cluster-"))
        self.workdir.chmod(0o711)  # PostgreSQL runs as another user
        self.keep = options.keep
        self.postgres = None
        if storage_url is None:
            self.postgres = local_postgres.LocalPostgres(self.workdir / "postgres")
            self.postgres.start()
            storage_url = self.postgres.url()
        key = self.workdir / "sealing.key"
        key.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
        key.chmod(0o600)
        shared = {"name": "local", "type": "local_certificate",
                  "settings": {"directory": str(self.workdir / "keys")}}
        self.servers = []
        for i in range(count):
            document = harness.config([], secret_stores=[shared], **config)
            document["storage"] = {"url": storage_url.replace("WORKDIR", str(self.workdir))}
            document["encryption_keys"] = [{"name": "k1", "file": str(key)}]
            document["server"]["public_url"] = "http://127.0.0.1:1"  # the same issuer at every instance
            self.servers.append(Member(options.signetd, document, workdir=self.workdir / f"server{i}"))

    def __enter__(self):
        return self

    def start(self):
        """The seconds the slowest server took."""
        with concurrent.futures.ThreadPoolExecutor(len(self.servers)) as pool:
            return max(pool.map(lambda server: server.start(), self.servers))

    def __exit__(self, *_):
        for server in self.servers:
            server.__exit__()
        if self.postgres is not None:
            if self.postgres.process is not None:
                self.postgres.thaw()
            self.postgres.stop()
        if not self.keep:
            shutil.rmtree(self.workdir, ignore_errors=True)


def skip_without_postgres(name):
    if local_postgres.find_binaries() is None:
        print(f"{name} skipped: PostgreSQL is not installed")
        sys.exit(0)
