"""Metrics as Prometheus reads them, and what a server that runs does by itself: what expired is purged."""

import re
import time

import harness

TOKENS, PATIENCE = 50, harness.GENEROUS  # seconds


def metrics(server):
    return server.management("/metrics").body.decode()


def value_of(text, name):
    line = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(line.group(1)) if line else None


def totals_are_counters(server):
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", metrics(server), re.MULTILINE))
    totals = {name: kind for name, kind in kinds.items() if name.endswith("_total")}
    if "signet_requests_total" not in totals:
        return f"signet_requests_total is not there: {sorted(totals)}"
    wrong = {name: kind for name, kind in totals.items() if kind != "counter"}
    return f"{wrong}" if wrong else ""


def expired_tokens_go(server, secret):
    for _ in range(TOKENS):
        answer = server.token("c", secret)
        if answer.status != 200:
            return f"{answer}"
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        text = metrics(server)
        found = [value_of(text, name) for name in ("signet_purged_rows_total", "signet_purge_behind")]
        if (found[0] or 0) >= TOKENS and found[1] == 0:
            return ""
        time.sleep(0.2)
    return f"signet_purged_rows_total {found[0]}, signet_purge_behind {found[1]}"


def run(results, options):
    secret = harness.new_secret()
    client = harness.client("c", secret, access_token={"format": "opaque", "lifetime": "PT1S"})
    with harness.Server(options.signetd, harness.config([client], keys={"refresh": "PT1S"}), keep=options.keep) as server:
        results.check("metrics: opaque tokens that expired are purged and counted", expired_tokens_go, server, secret)
        results.check("metrics: every family named _total is a counter", totals_are_counters, server)
