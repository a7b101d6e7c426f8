"""Whether the time of a refusal tells why, and what refusing the largest inputs costs."""

import http.client
import json
import math
import random
import statistics
import subprocess
import time

from rig import SERVER_CORE, TOOLS, Failed, harness, pinned
from signet_bench import bench_server, form_request


def timing(rig):
    """Welch's t of two classes of wrong input: beyond 4.5 they can be told apart by time."""
    samples = ["--samples", "20000", "--rsa-samples", "3000"] if rig.short else []
    done = subprocess.run([*pinned(SERVER_CORE), str(TOOLS / "bench_timing"), *samples],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(done.stderr[-400:])
    for row in map(json.loads, done.stdout.splitlines()):
        if "ms" in row:
            rig.row(row["name"], row["ms"], 20, row["ms"] / 20, "<= 20 ms", row["ms"] <= 20, "ms")
            continue
        print(f"  {row['name']}: {row['a_ns']:.0f} ns, {row['b_ns']:.0f} ns, {row['samples']:,} samples")
        rig.row("|t| " + row["name"].split(":")[0] + ": " + row["name"].split(": ")[1], abs(row["t"]), 4.5,
                None, "< 4.5", abs(row["t"]) < 4.5, "")
    with bench_server(rig) as server:
        unknown_client(rig, server)
        large_inputs(rig, server)


def unknown_client(rig, server):
    """Over one connection, in random order: what a stranger measures."""
    tries = 500 if rig.short else 2000
    rng = random.Random(1)
    wrong = harness.new_secret(rng)
    body = harness.form({"grant_type": "client_credentials"})
    seen = {"ES256": [], "ES257": []}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(tries):
        for client in rng.sample(list(seen), 2):
            begin = time.perf_counter()
            connection.request("POST", harness.ROOT + "/access_token", body, {
                "Authorization": harness.basic(client, wrong), "Content-Type": harness.FORM})
            answer = connection.getresponse()
            answer.read()
            seen[client].append((time.perf_counter() - begin) * 1000)
            if answer.status != 401:
                raise Failed(f"a wrong secret was answered {answer.status}")
    connection.close()
    known, unknown = (statistics.median(times) for times in seen.values())
    apart = abs(known - unknown)
    rig.row(f"wrong secret, unknown client: medians of {tries:,}", known, unknown, apart / 2,
            "< 2 ms apart", apart < 2, "ms")
    print(f"  the same: t = {welch(*seen.values()):.1f} (a client that is not known is looked for in storage)")


def welch(a, b):
    """Of the nine tenths of each that nothing interrupted."""
    cut = sorted(a + b)[int(0.9 * (len(a) + len(b) - 1))]
    a, b = ([value for value in values if value <= cut] for values in (a, b))
    error = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return (statistics.mean(a) - statistics.mean(b)) / math.sqrt(error)


def large_inputs(rig, server):
    """What is larger than allowed is refused within 5 ms (sec_088). The median: whoever else is at work on
    the core takes whole milliseconds now and then, from small requests too."""
    rows = [("a token of 65 KB", form_request(server, "gateway", "/introspect", token="a" * (64 * 1024 + 1)), 400),
            ("65 KB of dots", form_request(server, "gateway", "/introspect", token="." * (64 * 1024 + 1)), 400),
            ("a token header of 17 KB", form_request(server, "gateway", "/introspect",
                                                     token="e" * 24000 + ".e30.AAAA"), 200)]
    for name, request, status in rows:
        result = rig.checked(rig.load(server.port, server.pid, [request], connections=1), status)
        median = result["latency_us"]["p50"] / 1000
        rig.row("refusing " + name, median, 5, median / 5, "<= 5 ms", median <= 5, "ms")
