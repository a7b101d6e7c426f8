#!/usr/bin/env python3
"""kill -9 while the server's own key is exchanged (sec_123): the secrets of some thousand clients are sealed
anew under another key, and so are the files of the keys that the server made itself (sec_122); at every moment
each opens with the old or with the new one. When all are under the new key the old one is taken away; before
that, a server without it does not start."""

import base64
import concurrent.futures
import hashlib
import hmac
import json
import os
import random
import threading
import time

import harness

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NEEDED = "encryption_key_needed"


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def assertion(client, secret, issuer):
    now = int(time.time())
    claims = {"iss": client, "sub": client, "aud": issuer, "iat": now, "exp": now + 60, "jti": b64(os.urandom(16))}
    text = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return text + "." + b64(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())


class Exchange:
    def __init__(self, server, options, rng):
        self.server, self.rng, self.count = server, rng, options.clients
        self.secrets, self.faults, self.keys, self.made = {}, [], [], 0
        self.total, self.kids = self.count, []  # with the files of the server's own keys, and those keys
        self.window = 0.3  # seconds within which the kill comes; it finds the middle by itself
        self.kills = self.in_the_middle = self.exchanged = self.refused_starts = 0

    def create_clients(self):
        names = [f"c{i}" for i in range(self.count)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            made = pool.map(lambda name: harness.create_client(
                self.server, name, token_endpoint_auth_method="client_secret_jwt"), names)
            self.secrets = dict(zip(names, made))
        self.total = self.count + len(list((self.server.data_dir / "keys").glob("*.sealed")))
        self.kids = self.published()

    def published(self):
        return sorted(key["kid"] for key in self.server.jwks()["keys"])

    def add_key(self):
        """A new key before the others; the server is started with it."""
        self.made += 1
        file = self.server.workdir / f"sealing{self.made}.key"
        file.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
        file.chmod(0o600)
        if not self.keys:
            self.keys = [{"name": "master", "file": str(self.server.data_dir / "master.key")}]
        self.keys.insert(0, {"name": f"k{self.made}", "file": str(file)})
        self.restart_with(self.keys)

    def restart_with(self, keys):
        self.server.stop()
        self.server.document["encryption_keys"] = keys
        self.server.start()

    def status(self):
        answer = self.server.admin("GET", "/admin/sealing")
        if answer.status != 200:
            self.faults.append(f"status: {answer}")
            return {"values": self.total, "stale": 0, "keys": [], "waits_for": []}
        return answer.json()

    def wait_until_known(self):
        """Those that were killed pass for alive for three intervals after each start, and those of before do not
        know the new key."""
        end = time.monotonic() + harness.GENEROUS
        while self.status()["waits_for"]:
            if time.monotonic() > end:
                return self.faults.append("dead instances are waited for without an end")
            time.sleep(0.2)

    def renew_and_kill(self):
        self.wait_until_known()
        def renew():
            try:
                self.server.admin("POST", "/admin/sealing", {})
            except (OSError, harness.http.client.HTTPException, ValueError):
                pass  # killed before it answered
        thread = threading.Thread(target=renew)
        thread.start()
        time.sleep(self.rng.uniform(0.0, self.window))
        self.server.kill()
        thread.join()
        self.kills += 1
        self.server.start()

    def check(self, logins):
        status = self.status()
        known = sum(key["values"] for key in status["keys"] if key["known"])
        if status["values"] != self.total or known != self.total:
            self.faults.append(f"kill {self.kills}: of {self.total} values {status['values']} are there "
                               f"and {known} are under keys that are")
        if self.published() != self.kids:
            self.faults.append(f"kill {self.kills}: the server has other keys than before")
        issuer = self.server.metadata()["issuer"]
        for client in self.rng.sample(sorted(self.secrets), logins):
            answer = self.server.post(harness.ROOT + "/access_token", {
                "grant_type": "client_credentials", "client_assertion_type": JWT_BEARER,
                "client_assertion": assertion(client, self.secrets[client], issuer)})
            if answer.status != 200:
                self.faults.append(f"kill {self.kills}: {client}: {answer}")
        return status

    def start_too_early(self):
        """The old key is taken away although values are under it."""
        self.server.stop()
        self.server.document["encryption_keys"] = self.keys[:1]
        try:
            self.server.start()
            self.faults.append("a server without a key that is needed started")
            self.server.stop()
        except harness.StartFailed as failed:
            if NEEDED not in str(failed):
                self.faults.append(f"it did not start for another reason: {failed}")
            self.refused_starts += 1
        self.server.document["encryption_keys"] = self.keys
        self.server.start()

    def take_old_key_away(self):
        self.keys = self.keys[:1]
        self.restart_with(self.keys)
        self.check(50)
        self.exchanged += 1


def main():
    options = harness.arguments(__doc__, clients=2000, kills=12)
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    server = harness.Server(options.signetd, {}, keep=options.keep)
    server.document.update(harness.config([], keys={"refresh": 1}))
    with server:
        exchange = Exchange(server, options, rng)
        exchange.create_clients()
        exchange.add_key()
        begin = time.monotonic()
        # Until one kill came in the middle too: where that is on this machine has to be found.
        while (exchange.kills < options.kills or not exchange.in_the_middle) and \
                time.monotonic() - begin < 150 * harness.PATIENCE ** 0.5:
            exchange.renew_and_kill()
            status = exchange.check(20)
            exchange.window *= 1.3 if status["stale"] == exchange.total else 0.8
            if 0 < status["stale"] < exchange.total:
                exchange.in_the_middle += 1
                if exchange.refused_starts == 0:
                    exchange.start_too_early()
            elif status["stale"] == 0:
                exchange.take_old_key_away()
                exchange.add_key()
        exchange.wait_until_known()
        done = server.admin("POST", "/admin/sealing", {})
        if done.status != 200 or done.json()["stale"] != 0:
            exchange.faults.append(f"the last renewal: {done}")
        else:
            exchange.take_old_key_away()
        exchange.faults += harness.check_invariants(server)
        server.stop()
    for text in exchange.faults[:10]:
        print("#", text)
    report.at_least("sec_122_files_of_own_keys", exchange.total - exchange.count, "files", 5)
    report.at_least("kills", exchange.kills, "kills", options.kills)
    report.at_least("kills_in_the_middle", exchange.in_the_middle, "kills", 1)
    report.at_least("keys_exchanged", exchange.exchanged, "keys", 1)
    report.at_least("starts_without_a_needed_key_refused", exchange.refused_starts, "starts", 1)
    report.at_most("lost_or_unreadable", len(exchange.faults), "faults", 0)
    report.finish()


if __name__ == "__main__":
    main()
