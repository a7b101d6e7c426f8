#!/usr/bin/env python3
"""The way to PostgreSQL: a password from a secret store, changed while the server runs; TLS with the
server's name and authority verified; and fail-over to a standby, named as the second host of the URL,
while tokens are issued, and at the start, when the first host is gone."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import harness
from cluster_setup import Member, skip_without_postgres
from harness import until

sys.path.insert(0, str(harness.REPO / "tools"))
import local_postgres  # noqa: E402

PASSWORD_ID = "signet.storage.password"
HBA = """local all signet trust
local replication signet trust
hostssl all all 127.0.0.1/32 scram-sha-256
"""


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_authority(folder, name):
    """An authority; returns the file that clients trust."""
    folder.mkdir(exist_ok=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem", cwd=folder)
    return folder / f"{name}.pem"


def make_certificate(folder, authority, host):
    (folder / "san.cnf").write_text(f"subjectAltName=DNS:{host}\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
            "-keyout", "server.key", "-out", "server.csr", cwd=folder)
    openssl("x509", "-req", "-in", "server.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-extfile", "san.cnf", "-out", "server.pem", cwd=folder)


class TlsPostgres(local_postgres.LocalPostgres):
    """Also on a loopback port, by TLS and password only. A standby copies the data of another one."""

    def __init__(self, folder, certificates, primary=None):
        folder = pathlib.Path(folder).resolve()
        self.port = harness.free_ports()
        if primary is not None:
            folder.mkdir()
            folder.chmod(0o700)
            self.copy(folder, primary)
        super().__init__(folder)
        if primary is None:
            self.put(certificates / "server.key", "server.key")
            self.put(certificates / "server.pem", "server.pem")
            (self.data / "pg_hba.conf").write_text(HBA)

    def put(self, source, name):
        target = self.data / name
        shutil.copy(source, target)
        target.chmod(0o600)
        if self.as_user:
            os.chown(target, self.as_user["user"], self.as_user["group"])

    @staticmethod
    def copy(folder, primary):
        if primary.as_user:
            os.chown(folder, primary.as_user["user"], primary.as_user["group"])
        subprocess.run([primary.binaries / "pg_basebackup", "-h", primary.folder, "-p", str(primary.port), "-U",
                        "signet", "-D", folder / "data", "-R", "-X", "stream", "-c", "fast"], check=True, cwd="/",
                       stdout=subprocess.DEVNULL, **primary.as_user)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, "-k", self.folder, "-c", "listen_addresses=127.0.0.1",
                 "-p", str(self.port), "-c", "ssl=on", "-c", "ssl_cert_file=server.pem", "-c",
                 "ssl_key_file=server.key", "-c", "synchronous_standby_names="],
                stdout=log, stderr=log, cwd="/", start_new_session=True, **self.as_user)
        while subprocess.run([self.binaries / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port), "-d",
                              "postgres"], cwd="/").returncode != 0:
            if self.process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.01)

    def psql(self, sql, database="postgres"):
        done = subprocess.run([self.binaries / "psql", "-X", "-A", "-t", "-q", "-h", self.folder, "-p",
                               str(self.port), "-U", "signet", "-d", database, "-c", sql],
                              capture_output=True, text=True, check=True, cwd="/")
        return done.stdout.strip()


class World:
    """An authority, another one that nobody trusts, a primary, and what a signetd needs to reach it."""

    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signet-pg-"))
        self.folder.chmod(0o711)  # PostgreSQL runs as another user
        certificates = self.folder / "tls"
        self.authority = make_authority(certificates, "authority")
        self.stranger = make_authority(certificates, "stranger")
        make_certificate(certificates, "authority", "localhost")
        self.primary = TlsPostgres(self.folder / "one", certificates)
        self.primary.start()
        self.primary.psql("CREATE ROLE runner LOGIN PASSWORD 'first-password'")
        self.primary.psql("CREATE DATABASE runner OWNER runner")
        self.standby = None
        self.passwords = self.folder / "passwords"
        self.passwords.mkdir(mode=0o700)
        self.set_password("first-password")
        self.key = self.folder / "sealing.key"
        self.key.write_text("A" * 43 + "=\n")
        self.key.chmod(0o600)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for postgres in (self.primary, self.standby):
            if postgres is not None:
                postgres.stop()
        if not self.options.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def set_password(self, text):
        new = self.passwords / "new"
        new.write_text(text)
        new.chmod(0o600)
        new.rename(self.passwords / PASSWORD_ID)

    def url(self, ports=None, name="localhost", mode="verify-full", authority=None):
        """The address is told beside the name, which a machine may resolve to one where nobody listens."""
        ports = ports or [self.primary.port]
        hosts = ",".join(f"{name}:{port}" for port in ports)
        return (f"postgresql://runner@{hosts}/runner?hostaddr={','.join(['127.0.0.1'] * len(ports))}"
                f"&sslmode={mode}&sslrootcert={authority or self.authority}")

    def server(self, name, url):
        stores = [{"name": "passwords", "type": "filesystem",
                   "settings": {"directory": str(self.passwords), "format": "PLAIN"}},
                  {"name": "local", "type": "local_certificate",
                   "settings": {"directory": str(self.folder / "keys")}}]
        document = harness.config([], secret_stores=stores)
        document["storage"] = {"url": url, "postgres": {"password_secret_id": PASSWORD_ID, "timeout": "PT3S"}}
        document["encryption_keys"] = [{"name": "k1", "file": str(self.key)}]
        document["server"]["public_url"] = "http://127.0.0.1:1"
        return Member(self.options.signetd, document, workdir=self.folder / name)

    def refusal(self, name, url):
        """Why a server does not start; empty if it does."""
        server = self.server(name, url)
        try:
            server.start()
        except harness.StartFailed as failed:
            return str(failed)
        server.kill()
        return ""


def check_password(world, report):
    world.set_password("wrong-password")
    refused = world.refusal("wrong", world.url())
    report.line("wrong_password_is_refused_at_start", refused.count("storage_unavailable"), "-", ">=1",
                "storage_unavailable" in refused)
    report.line("and_not_repeated", refused.count("wrong-password"), "times", "0",
                "wrong-password" not in refused)
    world.set_password("first-password")
    with world.server("password", world.url()) as server:
        secret = harness.create_client(server, "opaque", access_token={"format": "opaque"})
        issues = lambda: server.token("opaque", secret).status == 200  # noqa: E731
        report.line("password_of_a_store_opens_the_database", int(issues()), "-", "1", issues())
        world.primary.psql("ALTER ROLE runner PASSWORD 'second-password'")
        cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'runner'"
        world.primary.psql(cut)
        until(lambda: not issues())  # the backends end a moment after they are told to
        statuses = {server.token("opaque", secret).status for _ in range(5)}
        report.line("without_the_new_one_it_is_503", ",".join(map(str, sorted(statuses))), "-", "503",
                    statuses == {503})
        world.set_password("second-password")
        report.at_most("with_it_all_is_well_without_a_restart", until(issues), "s", 10.0)
        logs = "".join(path.read_text(errors="replace") for path in server.logs())
        leaks = sum(logs.count(word) for word in ("first-password", "second-password"))
        report.at_most("passwords_in_the_log", leaks, "times", 0)


def check_tls(world, report):
    with world.server("tls", world.url()) as server:
        harness.create_client(server, "c")
        sessions = world.primary.psql("SELECT count(*), count(*) FILTER (WHERE ssl) FROM pg_stat_ssl s JOIN"
                                      " pg_stat_activity a USING (pid) WHERE a.usename = 'runner'")
        every, ciphered = map(int, sessions.split("|"))
        report.line("sessions_by_tls", f"{ciphered}/{every}", "sessions", "all", every > 0 and every == ciphered)
    for name, url, words in (
            ("an_authority_that_is_not_trusted", world.url(authority=world.stranger), "certificate verify failed"),
            ("another_name_than_the_certificates", world.url(name="database.example"),
             "does not match host name"),
            ("no_tls_at_all", world.url(mode="disable"), "no encryption")):
        refused = world.refusal(name, url)
        is_right = "storage_unavailable" in refused and words in refused
        report.line(f"{name}_is_refused", int(is_right), "-", "1", is_right)
        if not is_right:
            print("#", refused[-500:])


def check_fail_over(world, report):
    world.standby = TlsPostgres(world.folder / "two", None, world.primary)
    world.standby.start()
    both = world.url(ports=[world.primary.port, world.standby.port])
    with world.server("both", both) as server:
        secrets = {"opaque": harness.create_client(server, "opaque", access_token={"format": "opaque"}),
                   "gateway": harness.create_client(server, "gateway", may_introspect="realm")}
        issued, wrong, stopping = [], [], threading.Event()

        def work():
            while not stopping.is_set():
                try:
                    answer = server.token("opaque", secrets["opaque"])
                except OSError as error:
                    wrong.append(repr(error))
                    return
                if answer.status == 200:
                    issued.append((time.monotonic(), answer.json()["access_token"]))
                elif answer.status != 503:
                    wrong.append(repr(answer))
                    return
                else:
                    time.sleep(0.02)

        worker = threading.Thread(target=work)
        worker.start()
        time.sleep(1)
        stopping.set()
        worker.join()
        before = [token for _, token in issued]
        # Replication is asynchronous here: the standby has all that was answered before it takes over.
        position = world.primary.psql("SELECT pg_current_wal_lsn()")
        until(lambda: world.standby.psql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t")
        stopping.clear()
        world.primary.process.kill()
        world.primary.process.wait()
        gone = time.monotonic()
        worker = threading.Thread(target=work)
        worker.start()
        time.sleep(1)
        promoted = time.monotonic()  # before: the standby takes writes before the answer of this is here
        world.standby.psql("SELECT pg_promote()")
        until(lambda: any(at > promoted for at, _ in issued))
        time.sleep(1)
        stopping.set()
        worker.join()
        first = min((at for at, _ in issued if at > promoted), default=promoted + harness.GENEROUS)
        report.at_most("issues_again_after_the_promotion", first - promoted, "s", 10.0)
        report.at_most("issued_while_nobody_could_write",
                       sum(gone < at < promoted for at, _ in issued), "tokens", 0)
        active = 0
        everything = before + [token for at, token in issued if at > promoted]
        for token in everything:
            answer = server.introspect("gateway", secrets["gateway"], token)
            active += answer.status == 200 and answer.json()["active"]
        report.line("tokens_of_before_and_after_are_active", f"{active}/{len(everything)}", "tokens", "all",
                    0 < len(before) and active == len(everything))
        for text in wrong:
            print("#", text)
        report.at_most("other_answers_than_200_and_503", len(wrong), "answers", 0)
    with world.server("later", both) as server:
        answer = server.token("opaque", secrets["opaque"])
        report.line("starts_when_the_first_host_is_gone", answer.status, "-", "200", answer.status == 200)


def main():
    options = harness.arguments(__doc__)
    skip_without_postgres("pg_access")
    report = harness.Report()
    with World(options) as world:
        check_password(world, report)
        check_tls(world, report)
        check_fail_over(world, report)
    report.finish()


if __name__ == "__main__":
    main()
