"""A key that does less than the one before it, against a running server: who asks for what it does not do is named,
nobody's tokens end by accident, and metadata promises nothing that depends on the key that signs."""

import subprocess
import time

import harness

HMAC = "am.services.oauth2.stateless.signing.HMAC"
ASKED = {"store": "local", "id": HMAC, "alias": "short"}
EARLY = ("activation_too_early", "activation_unready")
TAKEN = ["HS384", "HS512"]


def status_of(server, secret, alg):
    return server.token(alg, secret).status


def tokens(server, secret):
    return {alg: status_of(server, secret, alg) for alg in ("HS256", "HS512")}


def is_refused(server, secret):
    answer = server.admin("POST", "/admin/secrets/publish", ASKED)
    if answer.status != 200:
        return f"publish: {answer}"
    end = time.monotonic() + harness.GENEROUS
    while True:
        answer = server.admin("POST", "/admin/secrets/activate", ASKED)
        if answer.status != 409 or answer.json()["code"] not in EARLY or time.monotonic() > end:
            break
        time.sleep(0.2)
    if answer.status != 409 or answer.json()["code"] != "algorithm_in_use":
        return f"activate: {answer}"
    if "'root/HS512'" not in answer.json()["detail"]:
        return f"the client is not named: {answer}"
    answer = server.admin("PUT", "/admin/secrets/mappings",
                          {"store": "local", "secretId": HMAC, "aliases": ["short", "long"]})
    if answer.status != 409 or answer.json()["code"] != "algorithm_in_use":
        return f"map: {answer}"
    found = tokens(server, secret)
    return "" if found == {"HS256": 200, "HS512": 200} else f"{found}"


def is_planned(server, signet):
    plan = server.admin("GET", f"/admin/secrets/plan?id={HMAC}&step=activate").json()
    if (plan["safe"], plan["reason"], plan["algorithms_taken"]) != (False, "algorithm_in_use", TAKEN):
        return f"{plan}"
    if plan["algorithm_askers"]["clients"] != [{"realm": "root", "client_id": "HS512"}]:
        return f"{plan['algorithm_askers']}"
    done = subprocess.run([str(signet), "keys", "plan", HMAC, "activate", "--config", str(server.config_file),
                           "--url", f"http://127.0.0.1:{server.management_port}"],
                          capture_output=True, text=True, timeout=harness.GENEROUS)
    said = done.stdout + done.stderr
    lines = ["takes away: HS384, HS512;", "asked for by clients: root/HS512", "refused: algorithm_in_use:"]
    missing = [line for line in lines if line not in said]
    return f"{done.returncode}, without {missing}: {said}" if missing or done.returncode != 1 else ""


def is_forced_and_audited(server, secret):
    before = server.metadata()
    answer = server.admin("POST", "/admin/secrets/plan", {**ASKED, "step": "activate", "force": True})
    if answer.status != 200 or answer.json()["algorithms_taken"] != TAKEN:
        return f"{answer}"
    found = tokens(server, secret)
    if found != {"HS256": 200, "HS512": 500}:
        return f"{found}"
    events = server.admin("GET", "/admin/audit?limit=1000").json()["events"]
    forced = [event["detail"]["forced"] for event in events if event["event"] == "key.activated"]
    if not forced[-1]:
        return "the activation is not audited as forced"
    after = server.metadata()
    if after != before:
        return f"metadata was {before} and is {after}"
    promised = [name for name in after if "signing_alg" in name and "_endpoint_auth_" not in name]
    return f"metadata promises {promised}" if promised else ""


def is_taken_back(server, secret):
    answer = server.admin("POST", "/admin/secrets/mappings/undo", {"store": "local", "secretId": HMAC})
    if answer.status != 200:
        return f"undo: {answer}"
    found = tokens(server, secret)
    return "" if found == {"HS256": 200, "HS512": 200} else f"{found}"


def run(results, options):
    secret = harness.new_secret()
    clients = [harness.client(alg, secret, access_token={"format": "jwt", "signing_algorithm": alg})
               for alg in ("HS256", "HS512")]
    document = harness.config(clients, keys={"publish_ahead": "PT2S", "clock_skew": "PT0S", "refresh": "PT1S"})
    server = harness.Server(options.signetd, document, keep=options.keep)
    store = harness.local_store(server.data_dir)
    store["settings"]["aliases"] = {"long": "HMAC-512", "short": "HMAC-256"}
    server.document["secret_stores"] = [{**store, "mappings": {HMAC: ["long"]}}]
    with server:
        results.check("a key that takes an algorithm away is refused while a client asks for it", is_refused, server,
                      secret)
        results.check("signet keys plan says who asks for it", is_planned, server, options.signet)
        results.check("by force it is taken, and audited, and metadata stays true", is_forced_and_audited, server, secret)
        results.check("undo brings it back", is_taken_back, server, secret)
