"""Keys that are active for too long (sec_107): a signetd whose keys may be active for four seconds tells operators in every
place, and clients nothing."""

import json
import re
import subprocess

import harness
from store_world import until

PERIOD = 4  # seconds


def check_of(server):
    health = server.admin("GET", "/admin/health").json()
    return next(check for check in health["checks"] if check["name"] == "cryptoperiods"), health


def active_keys(server):
    rings = server.admin("GET", "/admin/realms/root/secrets").json()["rings"]
    return {(ring["id"], key["kid"]): key for ring in rings for key in ring["keys"]
            if key["state"] == "active" and key["cryptoperiod"] is not None}


def metric(server, name):
    """Its values, by secret ID; of one without labels by nothing."""
    text = server.management("/metrics").body.decode()
    lines = re.findall(rf"^{name}(?:\{{([^}}]*)\}})? (\S+)$", text, re.MULTILINE)
    return {re.sub(r'.*secret_id="([^"]*)".*', r"\1", labels): float(value) for labels, value in lines}


def is_warned_and_then_alarmed(server):
    why = until(lambda: not check_of(server)[0]["ok"])
    why = why or until(lambda: not check_of(server)[0]["ok"] and "warning" not in check_of(server)[0])
    if why:
        return why
    health = check_of(server)[1]
    if health["status"] != "degraded":
        return f"health is {health['status']}"

    def shown():
        return {(key["secret_id"], key["kid"]) for key in check_of(server)[1]["cryptoperiods"]}
    # The keys were made one after the other, and come of age as far apart.
    why = until(lambda: shown() == set(active_keys(server)))
    return f"{shown()} is shown: {why}" if why else ""


def serves_on(server, secret):
    ready, token = server.management("/health/ready"), server.token("c", secret)
    return "" if (ready.status, token.status) == (200, 200) else f"{ready} {token}"


def is_listed(server):
    def young():
        return [kid for kid, key in active_keys(server).items() if key["cryptoperiod"] != "over"]
    return f"{young()} are not over" if until(lambda: not young()) else ""


def is_measured(server):
    ids = {name for name, _ in active_keys(server)}
    why = until(lambda: metric(server, "signet_keys_over") == {"": len(ids)})
    if why:
        return f"{metric(server, 'signet_keys_over')} of {len(ids)} are over: {why}"
    ages, periods = metric(server, "signet_key_age_seconds"), metric(server, "signet_key_cryptoperiod_seconds")
    if set(ages) != ids or min(ages.values()) < PERIOD or set(periods.values()) != {PERIOD}:
        return f"{ages} {periods}"
    why = until(lambda: metric(server, "signet_keys_ending") == {"": 0})
    return f"{metric(server, 'signet_keys_ending')} are ending" if why else ""


def doctor_calls_it_bad(server, signet):
    url = f"http://127.0.0.1:{server.management_port}"
    done = subprocess.run([str(signet), "doctor", "--config", str(server.config_file), "--url", url],
                          capture_output=True, text=True, timeout=harness.GENEROUS)
    is_told = re.search(r"^cryptoperiods +BAD ", done.stdout, re.MULTILINE)
    return "" if done.returncode == 1 and is_told else f"{done.returncode} {done.stdout} {done.stderr}"


def is_logged_once(server):
    """After some more refreshes."""
    why = until(lambda: min(metric(server, "signet_key_age_seconds").values()) > PERIOD + 4)
    if why:
        return why
    wanted = set(active_keys(server))
    server.stop()
    lines = [json.loads(line) for log in server.logs() for line in log.read_text().splitlines()
             if '"cryptoperiod_' in line]
    for event in ("cryptoperiod_ending", "cryptoperiod_over"):
        told = [(line["id"], line["kid"]) for line in lines if line["event"] == event]
        if len(told) != len(set(told)) or not set(told) <= wanted:
            return f"{event}: {told}"
    over = {(line["id"], line["kid"]) for line in lines if line["event"] == "cryptoperiod_over"}
    return "" if over == wanted else f"{over} was told, not {wanted}"


def run(results, options):
    secret = harness.new_secret()
    document = harness.config([harness.client("c", secret)], keys={
        "publish_ahead": "PT2S", "refresh": "PT1S", "cryptoperiod": f"PT{PERIOD}S"})
    with harness.Server(options.signetd, document, keep=options.keep) as server:
        results.check("a key past its cryptoperiod degrades health", is_warned_and_then_alarmed, server)
        results.check("a key past its cryptoperiod serves on", serves_on, server, secret)
        results.check("a key past its cryptoperiod is called so in the list of keys", is_listed, server)
        results.check("the ages and periods of keys are in the metrics", is_measured, server)
        results.check("doctor calls a key past its cryptoperiod bad", doctor_calls_it_bad, server, options.signet)
        results.check("a key that comes of age is logged once for each mark", is_logged_once, server)
