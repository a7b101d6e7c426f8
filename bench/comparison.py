"""Side by side with npm oidc-provider: the same grant, the same algorithm, one core each."""

import shutil
import statistics
import subprocess
import time

from rig import REPO, SERVER_CORE, Failed, harness, pinned
from signet_bench import bench_server, token_requests

FOLDER = REPO / "build" / "bench_oidc_provider"
SOURCE = REPO / "bench" / "oidc_provider"
GOALS = {"ES256": 12, "opaque": 12, "RS256": None}


class OidcProvider:
    def __init__(self):
        install()
        self.secret = harness.new_secret()
        begin = time.monotonic()
        self.process = subprocess.Popen(
            [*pinned(SERVER_CORE), "node", "server.mjs", "client", self.secret], cwd=FOLDER,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        while line and not line.startswith("ready "):
            line = self.process.stdout.readline()
        if not line:
            raise Failed("oidc-provider did not start")
        self.port, self.pid = int(line.split()[1]), self.process.pid
        answer = harness.request(self.port, "POST", "/token", self.headers(), self.body("ES256"))
        self.start_ms = (time.monotonic() - begin) * 1000
        if answer.status != 200:
            raise Failed(f"oidc-provider answered {answer}")

    def headers(self):
        return {"Authorization": harness.basic("client", self.secret), "Content-Type": harness.FORM}

    def body(self, kind):
        return harness.form({"grant_type": "client_credentials", "scope": "read",
                             "resource": "https://api.example.com/" + kind})

    def request(self, kind):
        return harness.raw_request("POST", "/token", self.headers(), self.body(kind))

    def rss_mb(self):
        for line in open(f"/proc/{self.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def install():
    if shutil.which("node") is None:
        raise Failed("node is not installed")
    FOLDER.mkdir(parents=True, exist_ok=True)
    shutil.copy(SOURCE / "server.mjs", FOLDER)
    wanted = (SOURCE / "package.json").read_text()
    mine = FOLDER / "package.json"
    if (FOLDER / "node_modules").exists() and mine.exists() and mine.read_text() == wanted:
        return
    mine.write_text(wanted)
    subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"],
                   cwd=FOLDER, check=True)


def oidc_provider(rig):
    workdir = rig.work / "beside"
    with OidcProvider() as other, bench_server(rig, workdir=workdir) as ours:
        for kind, goal in GOALS.items():
            requests = {"ours": rig.requests_file(token_requests(ours, kind)),
                        "other": rig.requests_file([other.request(kind)])}
            rig.load(other.port, other.pid, requests["other"], 1)  # lets its compiler warm up
            pairs = []
            for _ in range(rig.rounds):
                a = rig.checked(rig.load(other.port, other.pid, requests["other"]))
                b = rig.checked(rig.load(ours.port, ours.pid, requests["ours"]))
                pairs.append((b["requests"] / b["cpu_seconds"], a["requests"] / a["cpu_seconds"]))
            ratio = statistics.median(b / a for b, a in pairs)
            rig.row(f"{kind} tokens per CPU second / oidc-provider", statistics.median(b for b, _ in pairs),
                    statistics.median(a for _, a in pairs), ratio,
                    f">= {goal} x" if goal else "at the RSA limit: token RS256",
                    ratio >= goal if goal else None, "/s")
        mine, theirs = ours.rss_kib() / 1024, other.rss_mb()
        rig.row("memory after load / oidc-provider", mine, theirs, mine / theirs, "<= 0.2 x",
                mine <= theirs / 5, "MB")
        ours.stop()
        begin = time.monotonic()
        ours.start()
        ours.token("ES256", ours.secrets["ES256"])
        start_ms = (time.monotonic() - begin) * 1000
        rig.row("start to first token / oidc-provider", start_ms, other.start_ms,
                other.start_ms / start_ms, ">= 10 x sooner", other.start_ms >= 10 * start_ms, "ms")
