"""Request limits as clients see them: many connections at once against a signetd with two event loops."""

import concurrent.futures
import re
import time

import harness

LIMIT, OWN_LIMIT, ASKED, THREADS = 20, 5, 120, 8
NETIQS_NAME = "com.novell.oauth.threshold.maxrequestsallowed"


def ask_many(server, client, secret):
    """(answers, the longest time they can have taken)"""
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(lambda _: server.token(client, secret), range(ASKED)))
    return answers, time.monotonic() - begin


def keeps(server, client, secret, limit):
    answers, seconds = ask_many(server, client, secret)
    taken = [a for a in answers if a.status == 200]
    refused = [a for a in answers if a.status == 429]
    if len(taken) + len(refused) != ASKED:
        return f"{[a for a in answers if a.status not in (200, 429)][:1]}"
    most = limit * (int(seconds) + 1)
    if not limit <= len(taken) <= most:
        return f"{len(taken)} of {ASKED} in {seconds:.2f} s, not {limit} to {most}"
    for answer in refused:
        if answer.headers.get("retry-after") != "1" or answer.json() != {
                "error": "temporarily_unavailable", "error_description": "too many requests"}:
            return f"{answer} {answer.headers}"
    return "" if refused or seconds >= ASKED / limit else "none was refused"


def documents_are_exempt(server):
    for path in ("/connect/jwk_uri", "/.well-known/openid-configuration"):
        bad = [a for a in (server.get(harness.ROOT + path) for _ in range(3 * LIMIT)) if a.status != 200]
        if bad:
            return f"{path}: {bad[0]}"
    return ""


def is_counted_and_logged(server, limit, event, begin):
    """`begin`: a moment before the first refusal. A line tells of all the refusals of a second."""
    text = server.management("/metrics").body.decode()
    line = re.search(r'signet_oauth_too_many_requests_total\{limit="' + limit + r'"\} (\S+)', text)
    count = float(line.group(1)) if line else 0
    server.stop()  # the log is written behind the requests
    lines = sum(log.read_text().count(f'"{event}"') for log in server.logs())
    most = min(count, int(time.monotonic() - begin) + 2)
    return "" if 0 < lines <= most else f"{lines} lines for {count} refusals, not 1 to {most}"


def run(results, options):
    secret = harness.new_secret()
    over_all = harness.config([harness.client("c", secret)], loops=2, **{NETIQS_NAME: LIMIT})
    with harness.Server(options.signetd, over_all, keep=options.keep) as server:
        begin = time.monotonic()
        results.check("limit: an instance takes so many in a second, by NetIQ's name of it",
                      keeps, server, "c", secret, LIMIT)
        results.check("limit: JWKS and metadata are exempt", documents_are_exempt, server)
        results.check("limit: refusals are counted, and logged once a second", is_counted_and_logged,
                      server, "instance", "too_many_requests", begin)
    own = harness.config([harness.client("c", secret, max_requests_per_second=OWN_LIMIT)], loops=2)
    with harness.Server(options.signetd, own, keep=options.keep) as server:
        begin = time.monotonic()
        results.check("limit: a client's own, over all event loops", keeps, server, "c", secret, OWN_LIMIT)
        results.check("limit: a client's refusals too", is_counted_and_logged,
                      server, "client", "client_limit_reached", begin)
