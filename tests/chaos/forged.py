#!/usr/bin/env python3
"""Forged tokens (F27): every token of the set jose-attacks, and good tokens of this server whose header
points elsewhere (sec_081), at introspection, at revocation and as client assertions. None is believed, none
is a 5xx, and the process opens no connection: strace sees every connect(), and a listener waits where the
headers point. Then without strace: what is large or asks for much work is refused soon, and memory stays flat
(sec_078, sec_088, sec_090)."""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import time
import zlib

import harness

CONNECT = re.compile(r"\bconnect\(")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def encode(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token_of(one):
    if "token" in one:
        return one["token"]
    packed = one["tokenRawDeflateBase64url"]
    return zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), -15).decode()


def pointing_elsewhere(token, url):
    """The good token with headers that name where its key could be had."""
    head, payload, signature = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    without_kid = {name: value for name, value in known.items() if name != "kid"}
    key = {"kty": "RSA", "n": "AQAB", "e": "AQAB"}
    for members in ({**known, "jku": url}, {**without_kid, "jku": url}, {**without_kid, "x5u": url},
                    {**without_kid, "jwk": key}, {**without_kid, "x5c": ["AAAA"]}, {**known, "kid": url},
                    {**known, "kid": "/etc/passwd"}, {**known, "jku": url, "crit": ["jku"]}):
        yield f"{encode(members)}.{payload}.{signature}"


def accepted_somewhere(server, secret, token):
    """Where the token was believed, and what was a 5xx."""
    told = []
    answers = {"introspect": server.introspect("c", secret, token),
               "revoke": server.revoke("c", secret, token),
               "assertion": server.post(harness.ROOT + "/access_token",
                                        {"grant_type": "client_credentials", "client_assertion_type": ASSERTION,
                                         "client_assertion": token})}
    for name, answer in answers.items():
        if answer.status >= 500:
            told.append(f"{name}: {answer}")
    if answers["introspect"].status == 200 and answers["introspect"].json() != {"active": False}:
        told.append(f"introspect: {answers['introspect']}")
    if answers["assertion"].status == 200:
        told.append(f"assertion: {answers['assertion']}")
    return told


def quickest_ms(server, secret, token, tries=5):
    """The shortest of some refusals: the others waited for their turn."""
    times = []
    for _ in range(tries):
        begin = time.monotonic()
        answer = server.introspect("c", secret, token)
        times.append((time.monotonic() - begin) * 1000)
        if answer.status not in (400, 413) and answer.json() != {"active": False}:
            raise RuntimeError(f"believed: {answer}")
    return min(times)


def measure(options, report, attacks):
    tokens = {one["id"]: token_of(one) for one in attacks["tokens"] if one["expect"] == "reject"}
    slow = [tokens[one["id"]] for one in attacks["tokens"] if "maxMs" in one]
    limit = min(one["maxMs"] for one in attacks["tokens"] if "maxMs" in one)
    large = {"token": "a." * 2 + "A" * (80 << 10), "header": encode({"alg": "RS256", "x": "y" * (40 << 10)}) + ".e30.AA",
             "parts": "." * (60 << 10)}
    with harness.Server(options.signetd, harness.config([]), keep=options.keep) as server:
        secret = harness.create_client(server, "c", may_introspect="realm")
        report.at_most("sec_090_much_work_refused", max(quickest_ms(server, secret, token) for token in slow),
                       "ms", limit)
        for name, token in large.items():
            report.at_most(f"sec_088_large_{name}_refused", quickest_ms(server, secret, token), "ms", 5)
        growth = []  # of what leaks, each time; what is kept anyway is there after the first one
        for _ in range(4):
            before = server.rss_kib()
            for token in tokens.values():
                server.introspect("c", secret, token)
            growth.append(server.rss_kib() - before)
        report.at_most("sec_078_memory_growth", min(growth[1:]), "KiB", 2048)


def traced(strace):
    return int(pathlib.Path(f"/proc/{strace}/task/{strace}/children").read_text().split()[0])


def main():
    options = harness.arguments(__doc__)
    tokens = pathlib.Path(os.environ.get("SIGNET_VECTORS", harness.REPO.parent / "shared/vectors"),
                          "jose-attacks/tokens.json")
    if shutil.which("strace") is None or not tokens.exists():
        print("skipped: strace is not installed (see packages.txt), or SIGNET_VECTORS has no jose-attacks")
        return
    attacks = json.loads(tokens.read_text())
    report = harness.Report()
    report.line("the_pattern_finds_a_connect", 1, "-", "1",
                bool(CONNECT.search('7 connect(9, {sa_family=AF_INET, sin_port=htons(80)}, 16) = 0')))
    # The client's own keys are those that the forged tokens name.
    keys = [key for key in attacks["verifyJwks"]["keys"] if key["kty"] != "oct"]
    server = harness.Server(options.signetd, {}, keep=options.keep)
    trace = server.workdir / "trace.txt"
    server.wrap = ["strace", "-f", "-o", str(trace), "-e", "trace=connect"]
    server.document.update(harness.config([harness.client(
        "alice", token_endpoint_auth_method="private_key_jwt", jwks={"keys": keys})]))
    bait = socket.create_server(("127.0.0.1", 0))
    bait.settimeout(0)
    told, asked = [], 0
    with server:
        secret = harness.create_client(server, "c", may_introspect="realm")
        pid = traced(server.pid)
        try:
            url = f"http://127.0.0.1:{bait.getsockname()[1]}/keys"
            good = server.token("c", secret).json()["access_token"]
            for token in [*map(token_of, attacks["tokens"]), *pointing_elsewhere(good, url)]:
                told += accepted_somewhere(server, secret, token)
                asked += 1
            still = server.introspect("c", secret, good).json()["active"]
        finally:  # also after a failure: a SIGKILL to strace would leave the server behind
            os.kill(pid, signal.SIGTERM)
        server.process.wait(harness.GENEROUS)
        lines = trace.read_text(errors="replace").splitlines()
    try:
        bait.accept()
        caught = 1
    except BlockingIOError:
        caught = 0
    connects = [line for line in lines if CONNECT.search(line)]
    for what in told[:5] + connects[:5]:
        print(what)
    report.line("f_27_sec_081_believed_or_5xx", len(told), "answers", "0", not told)
    report.at_least("f_27_tokens", asked, "tokens", len(attacks["tokens"]) + 8)
    report.line("f_27_connections_opened", len(connects), "connect()", "0", not connects)
    report.at_most("f_27_connections_at_the_bait", caught, "connections", 0)
    report.line("good_token_is_active", still, "-", "True", still)
    measure(options, report, attacks)
    report.finish()


if __name__ == "__main__":
    main()
