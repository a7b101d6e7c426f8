#!/usr/bin/env python3
"""Runs the chaos scripts one after the other, in their short form; non-zero if any fails. What was wrong in
those that failed is said once more at the end. One that says skipped and measures nothing has not passed.

  tests/chaos/run.py [--signetd FILE] [--signet FILE] [NAME...]
"""

import os
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
LIMIT = 300 * (3 if os.environ.get("SIGNET_SHARED_CORES") else 1)  # seconds of a script
SCRIPTS = ["graceful", "kill9", "rotate_under_load", "slowloris", "disk_full", "limits", "canary",
           "sync_order", "hostile", "hardening", "dump", "store_away", "pg_away", "pg_access", "cluster", "run_cluster",
           "hundred_rotations", "guessing", "forged", "reseal", "posix_faults"]


def run(name, options):
    """The exit code, and the lines that the script wrote, which are also printed as they come."""
    process = subprocess.Popen([sys.executable, str(HERE / f"{name}.py"), *options], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    late = threading.Timer(LIMIT, process.kill)
    late.start()
    said = []
    for line in process.stdout:
        print(line, end="", flush=True)
        said.append(line.rstrip("\n"))
    code = process.wait()
    is_late = not late.is_alive()
    late.cancel()
    return f"no end within {LIMIT} s" if is_late else code, said


def main():
    names = [a for a in sys.argv[1:] if a in SCRIPTS]
    options = [a for a in sys.argv[1:] if a not in SCRIPTS]
    failed, skipped, wrong = [], [], []
    for name in names or SCRIPTS:
        print(f"== {name}", flush=True)
        begin = time.monotonic()
        code, said = run(name, options)
        is_skipped = code == 0 and any("skipped" in line for line in said) and not any(
            line.endswith((" PASS", " FAIL")) for line in said)
        verdict = "skipped" if is_skipped else "passed" if code == 0 else f"FAILED ({code})"
        print(f"== {name}: {verdict} in {time.monotonic() - begin:.0f} s", flush=True)
        if is_skipped:
            skipped.append(name)
        if code != 0:
            failed.append(name)
            wrong += [f"{name}: {line}" for line in said if not line.endswith(" PASS")]
    print("".join(line + "\n" for line in wrong[-30:]), end="")
    print(f"{len(names or SCRIPTS) - len(failed) - len(skipped)} passed, {len(failed)} failed"
          + (": " + ", ".join(failed) if failed else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
