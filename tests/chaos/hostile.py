#!/usr/bin/env python3
"""2,000 malformed requests over sockets (sec_209, sec_210, sec_014): no answer tells how the server is
made, none is a 5xx, no line of the log can be forged, and no log holds a query or a credential."""

import base64
import json
import random
import re
import socket

import harness

REQUESTS = 2000
MARK = "f0rged"  # what an attacker tries to write into the log as a line of its own
SECRETS = ("c0de-in-query", "st4te-in-query", "t0ken-in-query", "s3cret-in-header")
TELLS = re.compile(rb"SELECT |INSERT |sqlite|\.cc:|\.h:|/src/|/home/|/tmp/|/data/|std::|boost|openssl|"
                   rb"0x[0-9a-f]{8}|exception|what\(\)|backtrace|signet/?\d", re.I)
FORGERY = ["\r\n" + json.dumps({"event": MARK}) + "\r\n", "\n" + MARK, "\x1b[2J\x1b[31m" + MARK, "\r" + MARK,
           "\u2028" + MARK, "\x00" + MARK, "\x85" + MARK]
PATHS = ["/oauth2/access_token", "/oauth2/introspect", "/oauth2/token/revoke", "/oauth2/connect/jwk_uri",
         "/oauth2/.well-known/openid-configuration", "/oauth2/realms/root/realms/x/access_token", "/", "/admin/realms",
         "/oauth2/authorize?code=c0de-in-query&state=st4te-in-query", "/oauth2/introspect?token=t0ken-in-query"]
BODIES = ["grant_type=client_credentials", "token=a.b.c", "token=a.b.c.d.e", "grant_type=%zz", "&&=&", "",
          "client_assertion_type=x&client_assertion=e30.e30.e30", "token=" + "A" * 3000, "{\"a\":1}"]


def escape(text):
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def make(rng):
    """A request that is wrong in some way, as bytes."""
    kind = rng.randrange(8)
    # Requests that are broken blindly (6, 7) hold no secret: where the "?" is gone it is in the path.
    path, body = rng.choice(PATHS[:8] if kind >= 6 else PATHS), rng.choice(BODIES)
    forgery = rng.choice(FORGERY)
    headers = {"Host": "a", "Content-Type": rng.choice([harness.FORM, "application/json", "", "a/b;x=" + "y" * 50]),
               "User-Agent": "x", "X-Request-Id": rng.choice(["ok", forgery, "a" * 300])}
    if kind == 0:
        path += ("&" if "?" in path else "?") + "x=" + escape(forgery)
    elif kind == 1:
        path = "/oauth2/" + escape(forgery)
    elif kind == 2:
        pair = "who" + forgery + ":s3cret-in-header" + forgery
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode("utf-8", "surrogatepass")).decode()
    elif kind == 3:
        body += "&client_id=" + escape(forgery) + "&client_secret=" + escape(forgery)
    elif kind == 4:
        body += "&scope=" + escape(forgery)
    elif kind == 5:
        headers["Authorization"] = rng.choice(["Bearer ", "Basic ", "Digest ", ""]) + "s3cret-in-header" * rng.randrange(9)
    method = rng.choice(["GET", "POST", "POST", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BANANA"])
    raw = bytearray(f"{method} {path} HTTP/1.1\r\n".encode("utf-8", "surrogatepass"))
    for name, value in headers.items():
        raw += f"{name}: {value}\r\n".encode("utf-8", "surrogatepass")
    encoded = body.encode()
    raw += f"Content-Length: {len(encoded)}\r\nConnection: close\r\n\r\n".encode() + encoded
    if kind == 6:
        for _ in range(rng.randrange(1, 5)):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
    if kind == 7:
        at = rng.randrange(len(raw))
        del raw[at:at + rng.randrange(1, 20)]
    return bytes(raw)


def send(port, raw):
    with socket.create_connection(("127.0.0.1", port), timeout=harness.GENEROUS) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


def faults_of_line(line):
    """What is wrong with one line of the log."""
    try:
        entry = json.loads(line)
    except ValueError:
        return "is no JSON"
    if any(byte < 0x20 for byte in line):
        return "holds a control character"
    if entry.get("event") == MARK or "event" not in entry:
        return "is forged"
    return next((f"holds {secret}" for secret in SECRETS if secret.encode() in line), None)


def main():
    options = harness.arguments(__doc__)
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    document = harness.config([])
    document["log"] = {"level": "debug", "format": "json"}
    told, failed, closed, answered = [], [], 0, 0
    with harness.Server(options.signetd, document, keep=options.keep) as server:
        secret = harness.create_client(server, "c")
        for _ in range(REQUESTS):
            raw = make(rng)
            answer = send(server.port, raw)
            answered += bool(answer)
            closed += not answer
            if answer[9:10] == b"5" and answer[9:12] != b"501" and answer[9:12] != b"505":
                failed.append((raw, answer))
            head, _, body = answer.partition(b"\r\n\r\n")
            # Good answers name what they must: the JWKS and metadata.
            if not answer.startswith(b"HTTP/1.1 200") and TELLS.search(head + body):
                told.append((raw, answer))
        still = server.token("c", secret).status
        server.stop()
        lines = [line for log in server.logs() if log.name.startswith("stderr")
                 for line in log.read_bytes().split(b"\n") if line]
    bad = [(fault, line) for line in lines if (fault := faults_of_line(line))]
    for what in (told + failed)[:3] + bad[:3]:
        print(what)
    report.at_least("answered", answered, "requests", REQUESTS * 9 // 10)
    report.line("sec_209_answers_that_tell_of_the_inside", len(told), "answers", "0", not told)
    report.line("sec_209_server_errors", len(failed), "answers", "0", not failed)
    report.at_least("log_lines", len(lines), "lines", 500)
    report.line("sec_210_sec_014_faulty_log_lines", len(bad), "lines", "0", not bad)
    report.line("serves_afterwards", still, "status", "200", still == 200)
    report.finish()


if __name__ == "__main__":
    main()
