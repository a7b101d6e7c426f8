"""A PostgreSQL server of our own in a folder, on a Unix socket: for `make run-cluster` and the chaos
scripts. Needs the Debian package postgresql; as root it runs as the user postgres or nobody, because
PostgreSQL refuses root."""

import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time


def find_binaries():
    """The folder with initdb and postgres, or None."""
    folders = [os.environ.get("SIGNET_POSTGRES_BIN", "")]
    folders += sorted((str(p) for p in pathlib.Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    on_path = shutil.which("postgres")
    folders += [os.path.dirname(os.path.realpath(on_path))] if on_path else []
    for folder in folders:
        if folder and os.access(f"{folder}/postgres", os.X_OK) and os.access(f"{folder}/initdb", os.X_OK):
            return pathlib.Path(folder)
    return None


def other_user():
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


class LocalPostgres:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.data = self.folder / "data"
        self.binaries = find_binaries()
        if self.binaries is None:
            raise RuntimeError("PostgreSQL is not installed")
        user = other_user()
        self.as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.folder.mkdir(parents=True, exist_ok=True)
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.folder.chmod(0o700)  # whoever reaches the socket is trusted
        self.process = None
        if not (self.data / "PG_VERSION").exists():
            subprocess.run([self.binaries / "initdb", "-D", self.data, "-U", "signet", "-A", "trust", "-E",
                            "UTF8", "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd="/",
                           **self.as_user)

    def url(self, database="postgres"):
        return f"postgresql://signet@/{database}?host={self.folder}"

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses=",
                 "-c", "max_connections=200"], stdout=log, stderr=log, cwd="/", start_new_session=True,
                **self.as_user)
        while subprocess.run([self.binaries / "pg_isready", "-q", "-h", self.folder, "-d", "postgres"],
                             cwd="/").returncode != 0:
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.01)

    def stop(self):
        """Ends connections and keeps the data, like pg_ctl -m fast."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()
        self.process = None

    def _signal_all(self, number):
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True)
        for pid in [self.process.pid, *map(int, children.stdout.split())]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass  # a session that ended meanwhile

    def freeze(self):
        self._signal_all(signal.SIGSTOP)

    def thaw(self):
        self._signal_all(signal.SIGCONT)

    def psql(self, sql, database="postgres"):
        done = subprocess.run([self.binaries / "psql", "-X", "-A", "-t", "-q", "-h", self.folder, "-U", "signet",
                               "-d", database, "-c", sql], capture_output=True, text=True, check=True, cwd="/")
        return done.stdout.strip()
