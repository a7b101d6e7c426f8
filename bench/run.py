#!/usr/bin/env python3
"""`make bench`: measures Signet against what cannot be avoided, prints a table and writes
build/bench.json. What the columns mean and how to repeat it: docs/performance.md.

  bench/run.py [--short] [--only NAME[,NAME]] [--signetd FILE]
"""

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys

import scenarios
from rig import REPO, TOOLS, Failed, Rig, table

sys.path.insert(0, str(REPO / "tests" / "chaos"))
import harness  # noqa: E402


def main():
    names = [name for name, _ in scenarios.ALL]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--short", action="store_true", help="about a minute, less precise")
    parser.add_argument("--only", default="", help="scenarios, with commas: " + ", ".join(names))
    parser.add_argument("--signetd", default=harness.BUILD / "release/bin/signetd")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    for name in wanted:
        if name not in names:
            sys.exit(f"no scenario is called {name}; there are: {', '.join(names)}")
    needed = [TOOLS / tool for tool in ("bench_limits", "bare_server", "loadgen")]
    if wanted != ["limits"]:
        needed.append(options.signetd)
    for tool in needed:
        if not os.access(tool, os.X_OK):
            sys.exit(f"{tool} is not there: build the presets bench and release first")

    rig = Rig(options)
    try:
        for name, scenario in scenarios.ALL:
            if wanted and name not in wanted:
                continue
            print(name, flush=True)
            try:
                scenario(rig)
            except (Failed, harness.StartFailed, RuntimeError, OSError,
                    subprocess.SubprocessError) as why:
                rig.failed(name, str(why)[:400])
    finally:
        shutil.rmtree(rig.work, ignore_errors=True)

    print("\n" + table(rig.rows))
    judged = [row for row in rig.rows if row["verdict"]]
    passed = sum(row["verdict"] == "PASS" for row in judged)
    print(f"\n{passed} of {len(judged)} goals reached")
    result = {"at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "short": options.short, "processor": processor(), "fastest_library": rig.fastest,
              "rows": rig.rows}
    (REPO / "build" / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    sys.exit(0 if passed == len(judged) else 1)


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


if __name__ == "__main__":
    main()
