"""The measuring rig: raw crypto, the bare exchange, the load generator, and the table.

The server under test is pinned to core 0, the load generator to core 1. What is compared is CPU time
per request, read from the process itself, so a noisy neighbour costs precision, not truth.
"""

import json
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile

REPO = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "tests" / "chaos"))
import harness  # noqa: E402

TOOLS = REPO / "build" / "bench" / "bin"
SERVER_CORE, LOAD_CORE = "0", "1"


def pinned(core):
    return ["taskset", "-c", core]


class Failed(Exception):
    """A scenario could not be measured."""


class Rig:
    def __init__(self, options):
        self.options = options
        self.short = options.short
        self.rounds = 2 if self.short else 3
        self.seconds = 0.4 if self.short else 1.2
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=REPO / "build"))
        self.rows = []
        self.fastest = {}  # op -> library
        self.files = 0

    # ------------------------------------------------------------------------------ measurements

    def crypto(self, op):
        """CPU microseconds of a raw operation by the best library at hand."""
        if op is None:
            return 0.0
        command = [*pinned(SERVER_CORE), str(TOOLS / "bench_limits"), "--op", op, "--seconds", "0.1"]
        if op in self.fastest:
            command += ["--library", self.fastest[op]]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        best = min((json.loads(line) for line in out.splitlines()), key=lambda row: row["cpu_us"])
        self.fastest[op] = best["library"]
        return best["cpu_us"]

    def requests_file(self, requests):
        """Writes raw requests as the load generator reads them."""
        self.files += 1
        path = self.work / f"requests.{self.files}"
        with open(path, "wb") as out:
            for raw in requests:
                out.write(struct.pack("<I", len(raw)) + raw)
        return path

    def load(self, port, pid, requests, seconds=None, core=LOAD_CORE, **options):
        """Runs the load generator; its JSON. `requests` is a list of raw requests or a file. It polls and
        never sleeps: waking it costs whoever sends to it, which is a slow server at every answer and a fast one
        never."""
        options.setdefault("spin", 1)
        path = requests if isinstance(requests, pathlib.Path) else self.requests_file(requests)
        command = [*pinned(core), str(TOOLS / "loadgen"), "--port", str(port), "--pid", str(pid),
                   "--requests", str(path), "--seconds", str(seconds or self.seconds),
                   "--warmup", "0.2"]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(done.stderr.strip())
        return json.loads(done.stdout)

    def checked(self, result, status=200):
        """The result, if every answer had that status."""
        others = {k: v for k, v in result["statuses"].items() if k != str(status)}
        if others or result["errors"] or not result["requests"]:
            raise Failed(f"expected only {status}: {result['statuses']}, {result['errors']} errors")
        return result

    def crypto_per_request(self, op):
        """CPU microseconds that a raw operation adds to a bare exchange: done once per request, and not
        in a loop that has the caches to itself."""
        if op is None:
            return 0.0
        request = [harness.token_request("client", "secret", scope="read")]
        cost = []
        for each in (None, op):
            with Bare(700, each) as bare:
                cost.append(self.load(bare.port, bare.pid, request)["cpu_us_per_request"])
        return cost[1] - cost[0]

    def against_limit(self, server, requests, op, body_size, status=200, connections=32):
        """Rounds of (raw operation, bare exchange, ours, bare exchange): medians of ours, of the
        limit, and of their ratio within a round."""
        path = self.requests_file(requests)
        ours, limits = [], []
        with Bare(body_size) as bare:
            before = self.load(bare.port, bare.pid, path, 0.25, connections=connections)
            for _ in range(self.rounds):
                raw = self.crypto(op)
                mine = self.checked(self.load(server.port, server.pid, path, connections=connections),
                                    status)
                after = self.load(bare.port, bare.pid, path, 0.25, connections=connections)
                exchange = (before["cpu_us_per_request"] + after["cpu_us_per_request"]) / 2
                before = after
                ours.append(mine["cpu_us_per_request"])
                limits.append(raw + exchange)
        ratio = statistics.median(l / o for l, o in zip(limits, ours))
        return statistics.median(ours), statistics.median(limits), ratio

    # --------------------------------------------------------------------------------- the table

    def row(self, name, ours, limit, ratio, goal, passed, unit="us"):
        """`goal` in words; `passed` None: reported only."""
        verdict = "" if passed is None else "PASS" if passed else "FAIL"
        self.rows.append({"name": name, "ours": ours, "limit": limit, "ratio": ratio, "unit": unit,
                          "goal": goal, "verdict": verdict})
        print("  " + format_row(self.rows[-1]), flush=True)

    def failed(self, name, why):
        self.rows.append({"name": name, "ours": None, "limit": None, "ratio": None, "unit": "",
                          "goal": why, "verdict": "FAIL"})
        print(f"  {name}: could not be measured: {why}", flush=True)


class Bare:
    """A bare_server on the server's core. With `op` it does that raw operation for each request."""

    def __init__(self, body_size, op=None):
        command = [*pinned(SERVER_CORE), str(TOOLS / "bare_server"), "--body", str(int(body_size))]
        if op:
            command += ["--op", op]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def number(value):
    if value is None:
        return "-"
    if isinstance(value, int) or value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def format_row(row):
    return (f"{row['name']:<44} {number(row['ours']):>10} {row['unit']:<5} {number(row['limit']):>10} "
            f"{number(row['ratio']):>7}  {row['goal']:<28} {row['verdict']}")


def table(rows):
    head = f"{'name':<44} {'ours':>10} {'unit':<5} {'limit':>10} {'ratio':>7}  {'goal':<28}"
    return "\n".join([head, "-" * len(head), *map(format_row, rows)])
