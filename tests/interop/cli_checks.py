"""`signet` against a running signetd: a key's whole life, realms, clients, mappings as files, the journal and doctor, as
tables and as JSON, with tokens from before and after each step verified by joserfc. The transcripts of tests/cli speak to a
stand-in; here both programs are real."""

import json
import pathlib
import subprocess
import time

import harness
from joserfc import jws
from joserfc.jwk import KeySet
from journal import header_of

ID = "am.services.oauth2.stateless.signing.ES256"
OTHER_ID = "am.services.oauth2.oidc.signing.ES256"  # its keys fit ID too: one to publish is made for it
TIMES = {"publish_ahead": "PT2S", "clock_skew": "PT1S", "refresh": "PT1S"}
NOT_YET = ("activation_too_early", "activation_unready", "retirement_too_early")
PATIENCE = harness.GENEROUS  # seconds, of a step that waits for its time


class Ran:
    def __init__(self, done):
        self.code, self.out, self.error = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}: {self.out[-300:]}{self.error[-300:]}"


class Setting:
    def __init__(self, options, server):
        self.signet, self.server, self.secrets, self.tokens = str(options.signet), server, {}, {}

    def ask(self, *words, token_file=None, given=""):
        where = ["--url", f"http://127.0.0.1:{self.server.management_port}", "--token-file",
                 str(token_file or self.server.data_dir / "admin.token")]
        return Ran(subprocess.run([self.signet, *words, *where], input=given, capture_output=True, text=True, timeout=harness.GENEROUS))

    def done(self, *words, **options):
        ran = self.ask(*words, **options)
        if ran.code != 0 or ran.error.startswith("signet: "):  # notes may stand there, a failure may not
            raise AssertionError(f"{' '.join(words)}: {ran}")
        return ran

    def in_time(self, *words):
        """Does a step as soon as the server allows it."""
        end = time.monotonic() + PATIENCE
        while True:
            ran = self.ask(*words)
            if ran.code == 0 or time.monotonic() > end or not any(why in ran.error for why in NOT_YET):
                break
            time.sleep(0.1)
        if ran.code != 0:
            raise AssertionError(f"{' '.join(words)}: {ran}")
        return ran

    def ring(self):
        rings = self.done("secrets", "list", "--output", "json").json()["rings"]
        return {key["alias"]: key for key in next(ring for ring in rings if ring["id"] == ID)["keys"]}

    def active(self):
        return next(key for key in self.ring().values() if key["state"] == "active")

    def kids(self):
        return {key["kid"] for key in self.server.jwks()["keys"]}

    def mapping(self):
        mappings = self.done("secrets", "mappings", "--store", "local", "--output", "json").json()["mappings"]
        return next(mapping["aliases"] for mapping in mappings if mapping["secretId"] == ID)

    def issue(self, client="by_json"):
        answer = self.server.token(client, self.secrets[client])
        if answer.status != 200:
            raise AssertionError(f"no token: {answer}")
        return answer.json()["access_token"]

    def verify(self, token):
        keys = KeySet.import_key_set(self.server.jwks())
        return json.loads(jws.deserialize_compact(token.encode(), keys, algorithms=["ES256"]).payload)


def realms(setting):
    table = setting.done("realm", "create", "by-table").out
    if table.split() != ["SETTING", "VALUE", "name", "by-table"]:
        return f"the table is {table!r}"
    made = setting.done("realm", "create", "by-json", "--lifetime", "5m", "--output", "json").json()
    if made["revision"] != 1 or made["realm"]["name"] != "by-json":
        return f"it says {made}"
    again = setting.ask("realm", "create", "by-json", "--output", "json")
    if again.code != 1 or again.out or not again.error.startswith("signet: ") or again.error.count("\n") != 1:
        return f"once more: {again}"
    listed = json.dumps(setting.done("realm", "list", "--output", "json").json())
    return "" if '"by-table"' in listed and '"by-json"' in listed else f"the list is {listed}"


def clients(setting):
    wish = ("--generate-secret", "--scope", "read", "--default-scope", "read", "--format", "jwt", "--alg", "ES256")
    table = setting.done("client", "create", "by_table", *wish).out.splitlines()
    setting.secrets["by_table"] = table[-1]
    made = setting.done("client", "create", "by_json", *wish, "--output", "json").json()
    setting.secrets["by_json"] = made["secret"]
    for client in ("by_table", "by_json"):
        if setting.verify(setting.issue(client))["client_id"] != client:
            return f"the token of {client} is another's"
    shown = setting.done("client", "show", "by_json", "--output", "json").out
    return "the secret is shown again" if made["secret"] in shown else ""


def lists_keys(setting):
    active = setting.active()
    setting.tokens["first"] = setting.issue()
    if header_of(setting.tokens["first"])["kid"] != active["kid"] or active["kid"] not in setting.kids():
        return f"{active} is not what signs"
    table = setting.done("secrets", "list").out
    row = next(line.split() for line in table.splitlines() if line.startswith(ID + " "))
    return "" if row[1:5] == ["active", active["kid"], active["alias"], "local"] else f"the row is {row}"


def publishes(setting):
    plan = setting.done("secrets", "rotate", OTHER_ID, "--store", "local", "--alias", "spare", "--output", "json").json()
    if [step["step"] for step in plan["plan"]] != ["publish", "activate", "retire"] or not plan["plan"][0]["done"]:
        return f"the plan is {plan}"
    early = setting.ask("keys", "plan", ID, "publish", "spare", "--store", "local", "--output", "json")
    if early.code != 0 or not early.json()["safe"]:
        return f"the plan of publish: {early}"
    ring = setting.done("secrets", "publish", ID, "spare", "--store", "local", "--output", "json").json()["ring"]
    mine = next(key for key in ring["keys"] if key["alias"] == "spare")
    if mine["state"] != "prepared" or mine["kid"] not in setting.kids():
        return f"it is {mine}"
    if header_of(setting.issue())["kid"] == mine["kid"]:
        return "it signs at once"
    setting.verify(setting.tokens["first"])


def plans_what_is_too_early(setting):
    """A key that was published just now: the plan says so in both forms, and the step is refused."""
    setting.done("secrets", "rotate", ID, "--store", "local", "--alias", "web-2")
    told = setting.ask("keys", "plan", ID, "activate", "web-2", "--output", "json")
    table = setting.ask("keys", "plan", ID, "activate", "web-2")
    plan = told.json()
    if told.code != (0 if plan["safe"] else 1) or not plan["safe"] and plan["reason"] not in NOT_YET:
        return f"{told}"
    if table.code == 1 and "refused: " not in table.out + table.error:  # 0: it took this machine so long
        return f"{table}"
    return "" if {key["alias"] for key in plan["keys"]} >= {"spare", "web-2"} else f"{plan}"


def activates(setting):
    before = setting.issue()
    setting.in_time("secrets", "activate", ID, "spare", "--store", "local", "--output", "json")
    ring = setting.ring()
    if ring["spare"]["state"] != "active":
        return f"the ring is {ring}"
    after = setting.issue()
    if header_of(after)["kid"] != ring["spare"]["kid"] or header_of(before)["kid"] == ring["spare"]["kid"]:
        return "another key signs"
    for token in (before, after):
        setting.verify(token)


def applies(setting):
    before = setting.issue()
    answer = setting.in_time("keys", "apply", ID, "activate", "web-2", "--output", "json").json()
    if setting.active()["alias"] != "web-2":
        return f"it says {answer}"
    after = setting.issue()
    for token in (before, after):
        setting.verify(token)
    kids = [header_of(token)["kid"] for token in (before, after)]
    return "" if kids == [setting.ring()["spare"]["kid"], setting.active()["kid"]] else f"signed by {kids}"


def tells_usage(setting):
    def told():
        return {key["kid"]: key for key in setting.done("keys", "usage", ID, "--output", "json").json()["keys"]}

    def states(usage):
        return {(kid, key["state"]) for kid, key in usage.items()}

    usage = told()
    active = usage[setting.active()["kid"]]
    if active["verdict"] != "in use" or active["uses"]["sign"]["count"] < 1:
        return f"the active key: {active}"
    for _ in range(5):  # a key may come to another state between two questions
        before = states(told())
        rows = [line.split() for line in setting.done("keys", "usage", ID).out.splitlines()[1:]]
        if states(told()) == before:
            break
    return "" if {(row[0], row[1]) for row in rows} == before else f"{rows}"


def retires(setting):
    """The first key, by `secrets retire`; it is told to have gone, and what it made verifies no more."""
    first = next(alias for alias, key in setting.ring().items() if alias not in ("spare", "web-2"))
    kid = setting.ring()[first]["kid"]
    refused = setting.ask("secrets", "retire", ID, setting.active()["alias"], "--store", "local")
    if refused.code != 1 or not refused.error.startswith("signet: "):
        return f"the active key: {refused}"
    setting.in_time("secrets", "retire", ID, first, "--store", "local", "--output", "json")
    if first in setting.mapping():
        return f"{first} is still mapped"
    if setting.ring().get(first, {"state": "gone"})["state"] in ("active", "passive", "prepared"):
        return f"it is {setting.ring()[first]}"
    setting.verify(setting.issue())
    seen = setting.server.introspect("by_json", setting.secrets["by_json"], setting.tokens["first"]).json()
    # The same key serves another ID, so that its public half may stay.
    return "" if seen == {"active": False} else f"a token of {kid}: {seen}"


def maps(setting):
    if setting.mapping() != ["web-2", "spare"]:
        return f"the mapping is {setting.mapping()}"
    setting.in_time("secrets", "map", ID, "web-2", "--store", "local", "--output", "json")
    if setting.mapping() != ["web-2"]:
        return f"after map: {setting.mapping()}"
    row = next(line.split() for line in setting.done("secrets", "mappings", "--store", "local").out.splitlines()
               if line.startswith(ID + " "))
    if row[1:] != ["web-2"]:
        return f"the row is {row}"
    dry = setting.ask("secrets", "map", ID, "web-2", "nowhere", "--store", "local", "--dry-run", "--output", "json")
    if dry.code != 1 or setting.mapping() != ["web-2"]:
        return f"an alias that is nowhere: {dry}"
    setting.verify(setting.issue())


def files(setting):
    """export, apply --check, --dry-run and apply, of what runs and of what is to be."""
    path = pathlib.Path(setting.server.workdir) / "wanted.json"
    exported = setting.done("export").out
    path.write_text(exported)
    for words in (("--check",), ("--dry-run",), ()):
        for form in ("table", "json"):
            setting.done("apply", str(path), *words, "--output", form)
    document = json.loads(exported)
    root = next(realm for realm in document["realms"] if realm["name"] == "root")
    next(client for client in root["clients"] if client["client_id"] == "by_json")["name"] = "Renamed"
    document["realms"].append({"name": "from-file"})
    path.write_text(json.dumps(document))
    drift, dry = setting.ask("apply", str(path), "--check"), setting.ask("apply", str(path), "--dry-run", "--output", "json")
    kinds = sorted(one["difference"] for one in dry.json()["differences"])
    if drift.code != 3 or dry.code != 2 or kinds != ["change", "create"]:
        return f"differences: {drift}, {dry}"
    if setting.done("export").out != exported:
        return "--dry-run or --check changed something"
    setting.done("apply", str(path), "--output", "json")
    if json.loads(setting.done("export", "--output", "json").out) == json.loads(exported):
        return "apply changed nothing"
    setting.done("apply", str(path), "--check")
    setting.verify(setting.issue())


def audit(setting):
    told = setting.done("audit", "verify", "--output", "json").json()
    last = f"{told['events']}:{told['chain']}"
    table = setting.done("audit", "verify", "--expect", last).out
    if last not in table or "whole" not in table:
        return f"the table says {table!r}"
    wrong = setting.ask("audit", "verify", "--expect", f"{told['events'] + 7}:{told['chain']}")
    if wrong.code != 1:
        return f"an end that never was: {wrong}"
    listed = setting.done("audit", "list", "--limit", "1000", "--output", "json").out
    missing = [name for name in ("key.published", "key.activated", "key.retired") if name not in listed]
    return f"the journal lacks {missing}" if missing else ""


def doctor(setting):
    told = setting.done("doctor", "--config", str(setting.server.config_file), "--invariants", "--output", "json").json()
    bad = [one for one in told["findings"] if one["result"] not in ("ok", "warning")]
    if bad or "ready" not in {one["check"] for one in told["findings"]}:
        return f"it finds {bad or told}"
    table = setting.done("doctor", "--config", str(setting.server.config_file), "--invariants").out
    return "" if len(table.splitlines()) == len(told["findings"]) + 1 else f"the table is {table}"


def reads(setting):
    for words in (("realm", "show", "root"), ("client", "list"), ("resource-server", "list"), ("inject-policy", "list"),
                  ("keys", "instances"), ("stores", "list"), ("seal", "status")):
        setting.done(*words, "--output", "json").json()
        if not setting.done(*words).out.strip():
            return f"{' '.join(words)} prints nothing"


def strangers_are_refused(setting):
    path = pathlib.Path(setting.server.workdir) / "stranger.token"
    path.write_text(harness.new_secret() + "\n")
    path.chmod(0o600)
    for words in (("secrets", "list"), ("realm", "create", "mine"), ("export", "--output", "json")):
        ran = setting.ask(*words, token_file=path)
        if ran.code != 1 or ran.out or not ran.error.startswith("signet: ") or ran.error.count("\n") != 1:
            return f"{' '.join(words)}: {ran}"


CHECKS = (
    ("realms are made, once", realms), ("clients are made, and their secrets give tokens", clients),
    ("secrets list names the key that signs", lists_keys), ("publish: it verifies, and signs nothing yet", publishes),
    ("keys plan says what is too early", plans_what_is_too_early),
    ("activate: it signs, and tokens from before verify", activates),
    ("keys apply: as activate does", applies), ("keys usage", tells_usage),
    ("retire: refused for what signs, done for what is over", retires), ("map and mappings", maps),
    ("export, apply --check, --dry-run and apply", files), ("audit verify and list", audit),
    ("doctor --invariants", doctor), ("what only reads, as table and JSON", reads),
    ("a wrong administrator's token is refused in one line", strangers_are_refused))


def run(results, options):
    document = harness.config([], keys=TIMES, realm={"access_token": {"lifetime": "PT3S"}})
    with harness.Server(options.signetd, document, keep=options.keep) as server:
        setting = Setting(options, server)
        for name, check in CHECKS:
            results.check(f"signet: {name}", check, setting)
        results.check("signet: what must hold of keys holds", lambda: "; ".join(harness.check_invariants(server)))
