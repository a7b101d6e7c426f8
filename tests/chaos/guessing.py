#!/usr/bin/env python3
"""F26, as far as tokens and client secrets exist: guessed ones are never good, and a guess costs the server
little. Opaque tokens at random and off by one character, signed and encrypted tokens with other claims,
signatures and tags, and client secrets, while real ones live. 60,000 guesses; --long: 10^7."""

import base64
import os
import random
import socket
import time

import harness

BATCH = 64       # requests on the way at once
REAL = 500       # opaque tokens that a guess could meet
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LIMIT_US = 50    # of the server's time, for what is random
TICK = os.sysconf("SC_CLK_TCK")


class Asker:
    """Many requests on one connection, answers counted by what stands in them."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=harness.GENEROUS)
        self.rest = b""

    def ask(self, requests):
        """The bodies of the answers, with their status."""
        self.socket.sendall(b"".join(requests))
        return [self.read_one() for _ in requests]

    def read_one(self):
        while (end := self.rest.find(b"\r\n\r\n")) < 0:
            self.more()
        head = self.rest[:end].lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15:].split(b"\r\n", 1)[0])
        while len(self.rest) < end + 4 + size:
            self.more()
        body, self.rest = self.rest[end + 4:end + 4 + size], self.rest[end + 4 + size:]
        return int(head[9:12]), body

    def more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.rest += data


class Guesser:
    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.gateway = harness.create_client(server, "gateway", may_introspect="realm")
        formats = {"opaque": {"format": "opaque"}, "signed": {"signing_algorithm": "ES256"},
                   "sealed": {"format": "encrypted_jwt"}}
        self.secrets = {name: harness.create_client(server, name, access_token=how)
                        for name, how in formats.items()}
        server.admin("PUT", "/admin/realms/root/resource-servers/api", {"name": "api"})
        self.real = [self.issue("opaque") for _ in range(REAL)]
        self.signed, self.sealed = self.issue("signed"), self.issue("sealed")
        self.nested = self.issue("signed", resourceServer="api")
        self.headers = {"Authorization": harness.basic("gateway", self.gateway), "Content-Type": harness.FORM}

    def issue(self, client, **fields):
        answer = self.server.token(client, self.secrets[client], **fields)
        if answer.status != 200:
            raise RuntimeError(f"no token: {answer}")
        return answer.json()["access_token"]

    def characters(self, count):
        return "".join(self.rng.choices(ALPHABET, k=count))

    def other_part(self, token, number):
        """The same token with one part of it at random."""
        parts = token.split(".")
        parts[number] = self.characters(len(parts[number]))
        return ".".join(parts)

    def random_opaque(self):
        return self.characters(len(self.real[0]))

    def nearly_opaque(self):
        token = self.rng.choice(self.real)
        at = self.rng.randrange(len(token))
        return token[:at] + self.rng.choice(ALPHABET.replace(token[at], "")) + token[at + 1:]

    def other_claims(self):
        head, body, signature = self.signed.split(".")
        claims = harness.json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        claims["jti"] = self.characters(22)
        body = base64.urlsafe_b64encode(harness.json.dumps(claims).encode()).rstrip(b"=").decode()
        return ".".join([head, body, signature])

    def introspection(self, token):
        return harness.raw_request("POST", harness.ROOT + "/introspect", self.headers,
                                   harness.form({"token": token}))

    def request(self, kind):
        if kind == "client_secret":
            return harness.token_request("opaque", self.characters(43))
        return self.introspection({
            "random_opaque": self.random_opaque, "nearly_opaque": self.nearly_opaque,
            "other_claims": self.other_claims,
            "other_signature": lambda: self.other_part(self.signed, 2),
            "other_ciphertext": lambda: self.other_part(self.sealed, 3),
            "other_tag": lambda: self.other_part(self.nested, 4)}[kind]())


def is_hit(status, body):
    return b'"active":true' in body or b"access_token" in body


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def main():
    options = harness.arguments(__doc__, guesses=60_000)
    total = 10_000_000 if options.long else options.guesses
    rng, report = random.Random(options.seed), harness.Report(options.seed)
    # Most guesses are of what an attacker would guess; the others cost a signature each.
    shares = {"random_opaque": 0.6, "nearly_opaque": 0.2, "client_secret": 0.1, "other_claims": 0.025,
              "other_signature": 0.025, "other_ciphertext": 0.025, "other_tag": 0.025}
    with harness.Server(options.signetd, harness.config([]), keep=options.keep) as server:
        guesser, asker = Guesser(server, rng), Asker(server)
        real = [guesser.introspection(token) for token in (*guesser.real[:BATCH], guesser.signed,
                                                           guesser.sealed, guesser.nested)]
        report.at_least("real_tokens_seen_as_hits", sum(is_hit(*answer) for answer in asker.ask(real)),
                        "hits", len(real))
        for kind, share in shares.items():
            count = max(int(total * share) // BATCH, 1) * BATCH
            hits, wrong, begin, cpu = 0, 0, time.monotonic(), cpu_seconds(server.pid)
            for _ in range(count // BATCH):
                answers = asker.ask([guesser.request(kind) for _ in range(BATCH)])
                hits += sum(is_hit(*answer) for answer in answers)
                expected = 401 if kind == "client_secret" else 200
                wrong += sum(status != expected for status, _ in answers)
            each = (cpu_seconds(server.pid) - cpu) / count * 1e6
            print(f"{kind}: {count} guesses, {count / (time.monotonic() - begin):.0f}/s, {each:.1f} us of the server")
            report.at_most(f"hits_{kind}", hits, "hits", 0)
            report.at_most(f"odd_answers_{kind}", wrong, "answers", 0)
            if kind in ("random_opaque", "nearly_opaque", "client_secret"):
                report.at_most(f"cost_{kind}", each, "us", LIMIT_US)
        still = asker.ask(real)
        report.at_least("real_tokens_still_good", sum(is_hit(*answer) for answer in still), "hits", len(real))
    report.finish()


if __name__ == "__main__":
    main()
