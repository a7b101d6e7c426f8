#!/usr/bin/env python3
"""Runs the transcripts of tests/cli/*.txt against a `signet` binary, and the `signetd` beside it.

    run_transcripts.py PATH_TO_SIGNET [TRANSCRIPT...]

A transcript is what a session at a terminal looks like:

    # a comment
    @needs bash             without that program the whole transcript is skipped, which is said
    @file key.json          the lines up to @end become a file in the session's folder
    {...}
    @end
    $ signet jose thumbprint --key key.json < in      run by sh in that folder
    NzbLsX...               standard output and standard error, as they come
    [exit 1]                where the exit code is not 0

In what is expected, `[..]` stands for anything within a line and a line `...` for any lines. $ADMIN is
the URL of a small stand-in for the admin API that forgets everything between transcripts; its token is in
the file admin.token.
"""

import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse


ES256 = "am.services.oauth2.stateless.signing.ES256"
PLAN = {
    "id": ES256, "realm": "", "step": "activate", "store": "local", "alias": "web-2", "safe": False,
    "reason": "activation_unready",
    "detail": "key 'k2' is not published by every live instance: instance b does not have it",
    "keys": [
        {"alias": "web-1", "kid": "k1", "state": "active", "published": "2026-01-01T00:00:00.000Z",
         "tokens_until": "2026-01-02T01:00:00.000Z"},
        {"alias": "web-2", "kid": "k2", "state": "prepared", "published": "2026-01-02T00:00:00.000Z",
         "tokens_until": None}],
    "not_before": "2026-01-02T00:10:00.000Z", "missing": ["instance b does not have it"],
    "steps": [
        {"step": "publish", "alias": "web-2", "kid": "k2", "not_before": "2026-01-02T00:00:00.000Z", "done": True},
        {"step": "activate", "alias": "web-2", "kid": "k2", "not_before": "2026-01-02T00:10:00.000Z", "done": False},
        {"step": "retire", "alias": "web-1", "kid": "k1", "not_before": "2026-01-02T01:11:00.000Z", "done": False}],
    "tokens_until": None, "realms": ["root", "staging"], "realm_count": 2,
    "clients": [{"realm": "root", "client_id": "reporting"}], "client_count": 1,
    "resource_servers": [{"realm": "root", "name": "Identity Provider"}, {"realm": "root", "name": "RS1"}],
    "resource_server_count": 2}
# The same of a key that does less than the one before it.
HMAC = "am.services.oauth2.stateless.signing.HMAC"
TAKEN = {
    "algorithms_taken": ["HS384", "HS512"],
    "algorithm_askers": {
        "realms": [], "realm_count": 0, "clients": [{"realm": "root", "client_id": "reporting"}], "client_count": 1,
        "resource_servers": [], "resource_server_count": 0, "all_read": False}}
IN_USE = ("key 'k2' (local/web-2) does not do HS384, HS512, and tokens by that are asked for by clients "
          "'root/reporting'; perhaps others: only the first 10000 clients and resource servers were read")
TAKING = {**PLAN, **TAKEN, "id": HMAC, "missing": [], "reason": "algorithm_in_use", "detail": IN_USE, "all_read": False}
# What the stand-in says of keys: it has none, so these never change.
KEYS = {
    ("GET", "secrets/plan"): {
        **PLAN, "rotation_fault":
            "store_makes_no_keys: store 'local' makes keys only if its setting create_keys is true"},
    ("POST", "secrets/plan"): {**PLAN, "safe": True, "missing": []},
    ("GET", "secrets/usage"): {"id": ES256, "realm": "", "keys": [
        {"kid": "k1", "state": "passive", "tokens_until": "2026-01-02T01:00:00.000Z",
         "verdict": "not yet", "why": "tokens made with it may be alive",
         "not_before": "2026-01-02T01:01:00.000Z",
         "uses": {"sign": {"count": 7, "last": "2026-01-02T00:00:00.000Z"},
                  "verify": {"count": 3, "last": "2026-01-02T00:30:00.000Z"},
                  "encrypt": {"count": 0, "last": None}, "decrypt": {"count": 0, "last": None}},
         "cryptoperiod": None, "cryptoperiod_end": None},
        {"kid": "k2", "state": "active", "tokens_until": None, "verdict": "in use",
         "why": "it signs; activate another one first", "not_before": None,
         "uses": {"sign": {"count": 9, "last": "2026-01-02T00:40:00.000Z"},
                  "verify": {"count": 0, "last": None}, "encrypt": {"count": 0, "last": None},
                  "decrypt": {"count": 0, "last": None}},
         "cryptoperiod": "ending", "cryptoperiod_end": "2026-02-01T00:00:00.000Z"}]},
    ("GET", "realms/root/secrets"): {"realm": "root", "missing": [], "rings": [
        {"id": ES256, "purpose": "signing", "degraded": False, "waiting": "k3",
         "waiting_until": "2026-01-02T00:10:00.000Z", "waiting_for": [], "skipped": [], "keys": [
             {"kid": "k2", "alias": "web-2", "store": "local", "state": "active", "kind": "key pair",
              "algorithms": ["ES256"], "retire_not_before": None,
              "cryptoperiod": "over", "cryptoperiod_end": "2026-01-01T00:00:00.000Z"},
             {"kid": "k3", "alias": "web-3", "store": "local", "state": "prepared", "kind": "key pair",
              "algorithms": ["ES256"], "retire_not_before": None,
              "cryptoperiod": None, "cryptoperiod_end": None},
             {"kid": "k1", "alias": "web-1", "store": "local", "state": "passive", "kind": "key pair",
              "algorithms": ["ES256"], "retire_not_before": "2026-01-02T01:01:00.000Z",
              "cryptoperiod": None, "cryptoperiod_end": None}]}]},
    ("POST", "secrets/compromise"): {
        "realm": "", "id": ES256, "kid": "k1", "alias": "web-1", "store": "local", "was": "active",
        "tokens_until": "2026-01-02T01:00:00.000Z", "rings": [], "successor": "k2",
        "successor_is_early": True, "realms": ["root"], "realm_count": 1, "clients": [],
        "client_count": 0, "resource_servers": [], "resource_server_count": 0, "warnings": []},
    ("POST", "secrets/mappings/undo"): {
        "secretId": ES256, "aliases": ["web-2", "web-1"], "whole": False, "reason": "activation_too_early",
        "detail": "600 seconds are left"},
    ("GET", "instances"): {"instances": [
        {"id": "a", "version": "1.0", "address": "host:8080", "started": "2026-01-01T00:00:00.000Z",
         "self": True, "live": True, "clock_ahead_seconds": 0,
         "prepared": [{"realm": "", "secret_id": ES256, "kid": "k2"}]},
        {"id": "b", "version": "1.0", "address": "other:8080", "started": "2026-01-01T00:00:00.000Z",
         "self": False, "live": False, "clock_ahead_seconds": -601, "prepared": []}]},
}


# One key is past three quarters of its period, and nothing else is wrong.
HEALTH = {
    "status": "degraded", "key_sets": [], "cryptoperiods": [],
    "stores": [{"name": "ks", "realm": "", "ok": True, "detail": ""}],
    "checks": [{"name": "storage", "ok": True, "detail": ""},
               {"name": "cryptoperiods", "ok": False, "detail": "of 3 active keys 0 are past their cryptoperiod",
                "warning": True}]}


def sealing(values, dry_run=None):
    """What is under k1, which seals no more; `dry_run` None: what GET shows."""
    left = values if dry_run is not False else 0
    old = {"name": "k1", "id": "b1d1b1d1b1d1b1d1", "known": True, "seals": False, "values": left,
           "may_be_removed": left == 0, "stores": ["volume"] if left else [],
           "why": f"{left} values are sealed under it: signet seal renew" if left else
                  "nothing that is stored is sealed under it",
           "of": [{"realm": "root", "kind": "client", "id": f"c{i}"} for i in range(left)]}
    keys = [{"name": "k2", "id": "a2c2a2c2a2c2a2c2", "known": True, "seals": True, "values": 20 - left,
             "may_be_removed": False, "why": "it seals", "stores": []}, old]
    out = {"key": "k2", "values": 20, "stale": left, "keys": keys, "waits_for": []}
    return out if dry_run is None else {**out, "renewed": values - left, "dry_run": dry_run}


PREVIEW = {
    "change": {"default": "orders"}, "changes_default": True,
    "default": {"before": {"name": "Identity Provider", "encryption": "as_realm"},
                "after": {"name": "orders", "encryption": "resource_server_key"}},
    "clients": {"count": 2, "what": "all clients of the realm"},
    "inject_policies_by_default": {"names": [], "count": 0},
    "inject_policies_by_name": {"names": [], "count": 0},
    "live_tokens": {"strict": False, "what": "tokens that live stay readable and active"},
    "refused": None}
# Signed by the key of RFC 7515 A.3 until the year 2100, and encrypted with the key of the transcript.
TEST_TOKEN = {
    "resource_server": "orders", "encryption": "resource_server_key",
    "token":
        "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwidHlwIjoiYXQrand0IiwiY3R5IjoiSldU"
        "Iiwia2lkIjoic2hhcmVkIn0.OvPboc-CG9YM5M19Fij1fAQ_BpBti4xyT_nM8qsRKF0xVNwFui8igA.PtALW"
        "YIqRUtbLWZk_f5vKw.8v2SSFgP_OQ5WPi6xJWq08fkYLk1EbsEkvz4G0M9Slve2_6IMokW0rbbfgn6sCb0uF"
        "UhJKA19iQUOtcctHk4FMPyJixhUDc3WiT3ElSZljwVPLCT5iraxJqy14pVWKJQ3crrwbnG6-_vORGUfzg0gi"
        "fUAhrSncmJGVN9zDZbGZ5evx8ui_WGrLBrjDiJaAFlKGdPhn3V2B-n66lsER1drvqfFKfpH9sDTDOIhrPKJg"
        "IsvwDQvBOoatO5KSkCY8wFrKv_JTU6XgVxSR6EzqA9nguuDaFkKc0vjIdsRKw7HLwv-mUhzOkykEC-Uekgxm"
        "zLcU8o57GJFX8owpxuXLXJV_HyTHyDu2wDAbZkK8la8FdKAgYEVV8C47VXCVU8gykRPdtPBOnJl1GmfeC39x"
        "4UNH74SA7JpNJuSoMoBXLtbT6GFiceHLhcZHCaFyqveDBZDeVj6RQe_E3SUfoI5FZ1jd18DS8Ja1JyG0sa4O"
        "9M3D0MXraHvmdptrJIlcjgf_5b.QuEt-ynEJQJcowamUMtdqg"}
# What lies below a realm: where, and what it is called in answers.
KINDS = {"clients": ("clients", "client"), "resource-servers": ("resource_servers", "resource_server"),
         "inject-policies": ("inject_policies", "inject_policy")}
IDENTITY_PROVIDER = "Identity Provider"
USES = {"instance": "a", "issued": 12, "last_issued": "2026-01-02T03:04:05Z"}
def chained(events):
    """What GET /admin/audit shows of (sequence, milliseconds, realm, event, actor, detail)."""
    previous, shown = b"", []
    for sequence, at, realm, event, actor, detail in events:
        def text(value):
            value = value if isinstance(value, bytes) else value.encode()
            return struct.pack(">Q", len(value)) + value
        previous = hashlib.sha256(
            text("signet-audit-1") + text(previous) + struct.pack(">QQ", sequence, at) + text(realm) +
            text(event) + text(actor) + text(detail)).digest()
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at // 1000)) + f".{at % 1000:03}Z"
        shown.append({"sequence": sequence, "at": when, "realm": realm, "event": event, "actor": actor,
                      "detail": json.loads(detail), "chain": previous.hex()})
        if json.dumps(shown[-1]["detail"], separators=(",", ":")) != detail:
            shown[-1]["detail_text"] = detail
    return shown


AUDIT = chained([
    (1, 1767225600123, "", "key.published", "signet", '{"kid":"k1","forced":false}'),
    (2, 1767225601000, "root", "client.created", "admin", '{ "client": "caf\u00e9" }'),
    (3, 1767225602050, "", "key.activated", "signet", '{"kid":"k1","publish_ahead":600}')])


class Admin(http.server.BaseHTTPRequestHandler):
    """Realms and clients, with revisions and conditions, kept in server.realms."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status, code, detail):
        self.answer(status, {"title": code, "status": status, "code": code, "detail": detail})

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        path = urllib.parse.urlsplit(self.path).path
        if path.startswith("/health/"):
            return self.answer(200, {"status": "ok"})
        if self.headers.get("Authorization") != "Bearer stand-in":
            return self.problem(401, "admin_token_invalid", "the token is wrong")
        parts = [urllib.parse.unquote(p) for p in path.strip("/").split("/")]
        realms = self.server.realms
        if parts == ["admin", "health"]:
            return self.answer(200, HEALTH)
        if parts == ["admin", "audit"]:
            after = int(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["after"][0])
            return self.answer(200, {"events": [e for e in self.server.audit if e["sequence"] > after]})
        if self.command == "POST" and parts == ["stand-in", "audit"]:  # somebody tampers with the journal
            self.server.audit = [{**e, **body.get(str(e["sequence"]), {})} for e in AUDIT
                                 if e["sequence"] not in body.get("without", [])]
            return self.answer(200, {})
        if parts == ["admin", "stores"]:
            return self.answer(200, {"stores": [{"name": "ks", "realm": "", "ordering": "by_mapping"}]})
        if parts == ["admin", "secrets", "mappings"]:
            return self.mappings(body)
        if self.command == "POST" and parts == ["admin", "secrets", "retire"]:
            self.server.mappings[body["id"]].remove(body["alias"])
            self.server.mappings = {id: list for id, list in self.server.mappings.items() if list}
            return self.answer(200, {})
        if parts == ["stand-in", "ripe"]:  # time has passed: these may sign now
            self.server.ripe |= set(body["aliases"])
            return self.answer(200, {})
        if parts == ["admin", "sealing"]:
            dry_run = None if self.command == "GET" else body["dry_run"]
            answer = sealing(self.server.stale, dry_run)
            self.server.stale = answer["stale"]
            return self.answer(200, answer)
        if parts == ["admin", "secrets", "plan"] and HMAC in (body or {}).get("id", self.path):
            return self.plan_that_takes(body)
        if parts == ["admin", "secrets", "plan"] and self.command == "GET" and "step=" not in self.path:
            tried = ("safe", "reason", "detail")
            return self.answer(200, {**{k: v for k, v in PLAN.items() if k not in tried}, "step": None})
        canned = KEYS.get((self.command, "/".join(parts[1:])))
        if canned is not None:
            return self.answer(200, canned)
        if parts == ["admin", "realms"]:
            rows = [{"name": n, "revision": r["revision"]} for n, r in sorted(realms.items())]
            return self.answer(200, {"realms": rows})
        if parts[:2] == ["admin", "realms"] and len(parts) == 3:
            return self.one(realms, parts[2], "realm", body)
        if parts[:2] == ["admin", "realms"] and len(parts) > 3 and parts[3] in KINDS:
            if parts[2] not in realms:
                return self.problem(404, "realm_unknown", "no such realm")
            return self.below(realms[parts[2]], parts[3], parts[4:], body)
        return self.problem(404, "not_found", "no such thing")

    def below(self, realm, place, rest, body):
        kinds, kind = KINDS[place]
        table = realm.setdefault(place, {})
        if place == "resource-servers":
            table.setdefault(IDENTITY_PROVIDER, {"revision": 0, "document": {
                "name": IDENTITY_PROVIDER, "default": True, "built_in": True}})
        if not rest:
            rows = [self.read(entry, kind) for _, entry in sorted(table.items())]
            return self.answer(200, {kinds: rows, "next": None})
        if rest == ["preview"]:
            return self.answer(200, PREVIEW)
        if rest[1:] == ["test"]:
            return self.answer(200, TEST_TOKEN)
        if self.command == "PUT" and kind == "resource_server":
            if body.get("default"):
                for entry in table.values():
                    entry["document"]["default"] = False
            body.setdefault("default", rest[0] in table and table[rest[0]]["document"]["default"])
            body["built_in"] = rest[0] == IDENTITY_PROVIDER
        return self.one(table, rest[0], kind, body)
    def plan_that_takes(self, body):
        if body is None:
            return self.answer(200, TAKING)
        if not body["force"]:
            return self.problem(409, "algorithm_in_use", IN_USE)
        return self.answer(200, {**TAKING, "safe": True})

    def mappings(self, body):
        """Of the one store there is; what was not published for long enough is not activated."""
        known = self.server.mappings
        if self.command == "GET":
            return self.answer(200, {"mappings": [{"secretId": id, "aliases": list}
                                                  for id, list in sorted(known.items())],
                                     "ignores_case": True})
        if body["store"] != "ks":
            return self.problem(404, "store_unknown", f"there is no store {body['store']}")
        if body.get("dry_run"):
            leaving = [{"alias": "web-1", "kid": "k1", "state": "active",
                        "tokens_unverifiable_until": "2026-01-02T01:00:00.000Z"}]
            return self.answer(200, {"secretId": body["secretId"], "aliases": body["aliases"], "dry_run": True,
                                     "safe": False, "reason": "activation_too_early",
                                     "detail": "600 seconds are left", "leaving": leaving,
                                     **(TAKEN if body["secretId"] == HMAC else {})})
        before, wanted = known.get(body["secretId"], []), body["aliases"]
        if before and before[0] != wanted[0] and wanted[0] not in self.server.ripe:
            return self.problem(409, "activation_too_early", "600 seconds are left")
        known[body["secretId"]] = wanted
        return self.answer(200, {"secretId": body["secretId"], "aliases": wanted})

    @staticmethod
    def shown(entry, kind):
        document = json.loads(json.dumps(entry["document"]))
        for key in document.get("access_token", {}).get("jwks", {}).get("keys", []):
            if key["kty"] == "oct":
                key.pop("k", None)
        if kind == "client":
            document["has_secret"] = document.pop("secret", None) is not None
        return {"revision": entry["revision"], kind: document}

    def read(self, entry, kind):
        """What GET shows: with what was counted, as signetd does."""
        out = self.shown(entry, kind)
        if kind == "resource_server":
            is_counted = entry["document"]["name"] != IDENTITY_PROVIDER
            out["uses"] = USES if is_counted else None
        return out

    def one(self, table, name, kind, body):
        entry = table.get(name)
        if self.command == "GET":
            if entry is None:
                return self.problem(404, f"{kind}_unknown", f"no such {kind}")
            return self.answer(200, self.read(entry, kind))
        if self.command == "DELETE":
            if table.pop(name, None) is None:
                return self.problem(404, f"{kind}_unknown", f"no such {kind}")
            return self.answer(204)
        match = self.headers.get("If-Match")
        if self.headers.get("If-None-Match") == "*" and entry is not None:
            return self.problem(412, "precondition_failed", f"the {kind} exists")
        if match is not None and (entry is None or match != f'"{entry["revision"]}"'):
            return self.problem(412, "precondition_failed", "somebody else was first")
        made = body.pop("generate_secret", False)
        if made:
            body["secret"] = "made-by-the-stand-in"
        if entry is not None and "secret" in entry["document"]:
            body.setdefault("secret", entry["document"]["secret"])
        revision = entry["revision"] + 1 if entry else 1
        table[name] = {**(entry or {}), "revision": revision, "document": body}
        shown = self.shown(table[name], kind)
        if made:
            shown["secret"] = body["secret"]
        return self.answer(200 if entry else 201, shown)

    do_GET = do_PUT = do_POST = do_DELETE = handle_any


def parse(text):
    """Yields ("file", name, content) and ("run", command, expected lines, exit code)."""
    lines = iter(text.splitlines())
    command, expected, code = None, [], 0
    for line in lines:
        starts = line.startswith(("$ ", "@file ", "# "))
        if starts and command is not None:
            yield "run", command, expected, code
            command, expected, code = None, [], 0
        if line.startswith("@file "):
            content = []
            for inner in lines:
                if inner == "@end":
                    break
                content.append(inner)
            yield "file", line[6:].strip(), "\n".join(content) + "\n"
        elif line.startswith("$ "):
            command = line[2:]
        elif command is not None:
            found = re.fullmatch(r"\[exit (\d+)\]", line)
            if found:
                code = int(found.group(1))
            else:
                expected.append(line)
    if command is not None:
        yield "run", command, expected, code


def matches(expected, actual):
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    if not actual:
        return False
    pattern = ".*".join(re.escape(piece) for piece in expected[0].split("[..]"))
    return re.fullmatch(pattern, actual[0]) is not None and matches(expected[1:], actual[1:])


def run(path, binary):
    """The count of commands, and what was wrong."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Admin)
    server.audit, server.ripe, server.stale = AUDIT, set(), 9
    server.mappings = {ES256: ["web-1"]}
    server.realms = {"root": {"revision": 1, "document": {"name": "root"}}}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    count, faults = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for name, program in (("signet", binary), ("signetd", os.path.join(os.path.dirname(binary), "signetd"))):
            os.symlink(program, os.path.join(folder, name))
        pathlib.Path(folder, "admin.token").write_text("stand-in\n")
        os.chmod(os.path.join(folder, "admin.token"), 0o600)
        environment = {"PATH": folder + ":" + os.environ.get("PATH", "/usr/bin:/bin"),
                       "ADMIN": f"http://127.0.0.1:{server.server_address[1]}"}
        for step in parse(path.read_text()):
            if step[0] == "file":
                pathlib.Path(folder, step[1]).write_text(step[2])
                continue
            _, command, expected, code = step
            count += 1
            done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, timeout=600,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            actual = done.stdout.decode(errors="replace").splitlines()
            while expected and not expected[-1]:
                expected.pop()
            while actual and not actual[-1]:
                actual.pop()
            if done.returncode != code or not matches(expected, actual):
                faults.append("\n".join([f"{path.name}: $ {command}",
                                         f"  exit {done.returncode}, expected {code}",
                                         *[f"  expected | {line}" for line in expected],
                                         *[f"  actual   | {line}" for line in actual]]))
    server.shutdown()
    return count, faults


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    binary = os.path.abspath(sys.argv[1])
    named = [pathlib.Path(p) for p in sys.argv[2:]]
    transcripts = named or sorted(pathlib.Path(__file__).parent.glob("*.txt"))
    total, faults = 0, []
    for path in transcripts:
        lacking = [name for name in re.findall(r"^@needs (\S+)$", path.read_text(), re.MULTILINE)
                   if shutil.which(name) is None]
        if lacking:
            print(f"skipped {path.name}: there is no {lacking[0]}")
            continue
        count, wrong = run(path, binary)
        total += count
        faults += wrong
    print("\n".join(faults + [f"{total} commands in {len(transcripts)} transcripts",
                              f"{total - len(faults)} passed, {len(faults)} failed"]))
    sys.exit(1 if faults or not total else 0)


if __name__ == "__main__":
    main()
