#!/usr/bin/env python3
"""The secret store goes away (F11) in every way: it hangs up, answers 500 or 429, or hangs. Tokens are issued
on without a failure while its lease lasts, and health, metric and log say so. A store that fails half of the time and is slow (F12) costs no request anything. An
instance that starts without its store is not ready and serves no JWKS that lacks keys. --long: also the end of
the lease, after which the failure names store and ID."""

import asyncio
import collections
import itertools
import pathlib
import signal
import sys
import tempfile
import time

import harness
from harness import until

harness.in_venv()

import load  # noqa: E402

sys.path.insert(0, str(harness.REPO / "tests/interop"))
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402
from stubs.stub_server import Reply  # noqa: E402
from stubs.vault_stub import VaultStub  # noqa: E402

RING = "am.services.oauth2.stateless.signing.ES256"
LEASE, TIMEOUT = 60, 2  # seconds; no lease may be shorter


class MoodyVault(VaultStub):
    """Answers as its mood is."""

    def __init__(self):
        super().__init__()
        self.mood, self.turns, self.asked = "well", itertools.count(), 0

    def serve(self, request):
        with self.lock:
            self.asked += 1
        mood = self.mood
        if mood == "flapping":
            time.sleep(0.7 * TIMEOUT)
            mood = "500" if next(self.turns) % 2 else "well"
        if mood == "hang":
            time.sleep(3 * TIMEOUT)
            mood = "hang up"
        if mood == "hang up":
            return "hang up"
        if mood in ("500", "429"):
            return Reply(int(mood), {"errors": ["in a mood"]}, {"Retry-After": "1"})
        return super().serve(request)


def make_vault():
    vault = MoodyVault()
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption()).decode()
    now = "2026-01-01T00:00:00.000000Z"
    vault.mounts["kv"] = {"type": "kv", "data": {"es": [
        {"data": {"value": pem}, "created_time": now, "deletion_time": "", "destroyed": False}]}}
    return vault


class World:
    def __init__(self, options, vault):
        self.vault = vault
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signet-away-"))
        token = self.folder / "vault.token"
        token.write_text(vault.root)
        token.chmod(0o600)
        self.secret = harness.new_secret()
        store = {"name": "vault", "type": "vault_kv", "mappings": {RING: ["es"]},
                 "settings": {"address": vault.address, "auth": "token_file", "token_file": str(token),
                              "mount": "kv", "value_format": "PEM"}}
        clients = [harness.client("es", self.secret, access_token={"signing_algorithm": "ES256"}),
                   harness.client("gateway", self.secret, may_introspect="realm")]
        self.document = harness.config(clients, secret_stores=[store], keys={
            "refresh": "PT1S", "lease": f"PT{LEASE}S", "store_timeout": f"PT{TIMEOUT}S"})
        self.options = options

    def server(self, name, until_ready=True):
        return harness.Server(self.options.signetd, self.document, workdir=self.folder / name, until_ready=until_ready)


def store_health(server):
    return server.admin("GET", "/admin/health").json()["stores"][0]


def failing(server):
    for line in server.management("/metrics").body.decode().splitlines():
        if line.startswith("signet_secret_stores_failing "):
            return float(line.split()[1])
    return -1.0


def log_of(server):
    return "".join(path.read_text(errors="replace") for path in server.logs())


class Load:
    """Two connections that issue without a pause."""

    def __init__(self, server, secret):
        self.statuses, self.times = collections.Counter(), []
        raw = harness.token_request("es", secret, scope="read")

        async def main(stopping):
            began = {}

            def worker(number):
                def ask():
                    began[number] = time.monotonic()
                    return number, raw

                def answered(what, status, _):
                    self.statuses[status] += 1
                    self.times.append((began[what], time.monotonic() - began[what]))

                def failed(_, why):
                    self.statuses[why] += 1

                return load.ask_forever(server.port, stopping, ask, answered, failed)

            await asyncio.gather(worker(0), worker(1))

        self.background = load.Background(main)

    def p99(self, begin, end):
        return harness.percentile([took for at, took in self.times if begin <= at < end], 0.99)

    def stop(self):
        self.background.stop()


def check_unready(world, vault, report):
    vault.mood = "500"
    with world.server("fresh", until_ready=False) as server:
        ready = server.management("/health/ready")
        names = RING in ready.body.decode() and "vault" in ready.body.decode()
        report.line("not_ready_without_the_store", ready.status, "-", "503", ready.status == 503 and names)
        report.line("no_jwks_that_lacks_keys", server.get(harness.ROOT + "/connect/jwk_uri").status, "-", "503",
                    server.get(harness.ROOT + "/connect/jwk_uri").status == 503)
        answer = server.token("es", world.secret)
        report.line("nothing_is_signed", answer.status, "-", "503", answer.status == 503)
        vault.mood = "well"
        report.at_most("ready_when_it_was_read", until(
            lambda: server.management("/health/ready").status == 200), "s", 5.0)
        token = server.token("es", world.secret).json()["access_token"]
        kids = {key["kid"] for key in server.jwks()["keys"]}
        server.stop()
        vault.mood = "500"
        server.start()
        report.line("nor_is_it_after_a_restart", server.management("/health/ready").status, "-", "503",
                    server.management("/health/ready").status == 503)
        report.line("what_is_remembered_is_published", len(kids), "keys", "same",
                    {key["kid"] for key in server.jwks()["keys"]} == kids)
        answer = server.introspect("gateway", world.secret, token)
        report.line("and_verifies", answer.status, "-", "active", answer.status == 200 and answer.json()["active"])
        answer = server.token("es", world.secret)
        report.line("and_nothing_is_signed", answer.status, "-", "503", answer.status == 503)
        vault.mood = "well"
        report.at_most("ready_again", until(lambda: server.management("/health/ready").status == 200), "s", 5.0)


def check_away(options, world, vault, report):
    with world.server("away") as server:
        running = Load(server, world.secret)
        time.sleep(3)
        quiet = running.p99(time.monotonic() - 2.5, time.monotonic())
        for mood in ("hang up", "500", "429", "hang"):
            vault.mood = mood
            name = mood.replace(" ", "_")
            report.at_most(f"{name}_shows_in_health", until(lambda: not store_health(server)["ok"]), "s", 10.0)
            until(lambda: failing(server) == 1.0)
            report.line(f"{name}_shows_in_the_metric", failing(server), "stores", "1", failing(server) == 1.0)
            report.line(f"{name}_leaves_it_ready", server.management("/health/ready").status, "-", "200",
                        server.management("/health/ready").status == 200)
            vault.mood = "well"
            server.process.send_signal(signal.SIGHUP)  # every store is asked at once
            report.at_most(f"{name}_is_over", until(lambda: store_health(server)["ok"]), "s", 10.0)
        asked, issued, begin = vault.asked, sum(running.statuses.values()), time.monotonic()
        vault.mood = "flapping"
        time.sleep(6)
        took = time.monotonic() - begin
        flapping = running.p99(begin, time.monotonic())
        asked, issued = vault.asked - asked, sum(running.statuses.values()) - issued
        print(f"p99 {quiet * 1000:.2f} ms quiet, {flapping * 1000:.2f} ms while the store flaps; "
              f"{asked} questions to it for {issued} tokens")
        # The figure is a tenth; the machine is shared, so what is measured may be half as much again.
        report.at_most("flapping_p99_of_quiet", flapping, "s", 1.5 * quiet + 0.01)
        report.at_most("questions_while_it_flaps", asked, "questions", 4 * (int(took) + 2))
        report.line("no_request_failed", dict(running.statuses), "answers", "200 only",
                    set(running.statuses) == {200})
        lines = log_of(server)
        report.line("the_log_names_the_store", lines.count("store_outage"), "times", ">=4",
                    lines.count("store_outage") >= 4 and '"store":"vault"' in lines)
        if options.long:
            check_end_of_lease(server, world, vault, running, report)
        running.stop()
        report.at_most("broken_invariants", len(harness.check_invariants(server)), "faults", 0)


def check_end_of_lease(server, world, vault, running, report):
    vault.mood = "500"
    over = until(lambda: 503 in running.statuses, LEASE + 20)
    report.line("refused_when_the_lease_is_over", round(over, 1), "s", f"about {LEASE}",
                LEASE - 5 < over < LEASE + 19)
    report.line("and_nothing_else", dict(running.statuses), "answers", "200 and 503",
                set(running.statuses) == {200, 503})
    lines = log_of(server)
    report.line("the_log_names_store_and_id", lines.count("store_lease_ended"), "times", "both",
                "store_lease_ended" in lines and RING in lines)
    vault.mood = "well"
    report.at_most("well_again", until(lambda: server.token("es", world.secret).status == 200), "s", 5.0)


def main():
    options = harness.arguments(__doc__)
    report = harness.Report()
    with make_vault() as vault:
        check_unready(World(options, vault), vault, report)
        vault.mood = "well"
        check_away(options, World(options, vault), vault, report)
    report.finish()


if __name__ == "__main__":
    main()
