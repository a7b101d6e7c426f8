#!/usr/bin/env python3
"""Runs the chaos scripts one after the other, in their short form; non-zero if any fails.

  tests/chaos/run.py [--signetd FILE] [--signet FILE] [NAME...]
"""

import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = ["graceful", "kill9", "rotate_under_load", "slowloris", "disk_full", "limits", "canary",
           "sync_order", "hostile", "hardening", "dump", "store_away", "pg_away", "pg_access", "cluster",
           "hundred_rotations", "guessing", "forged"]


def main():
    names = [a for a in sys.argv[1:] if a in SCRIPTS]
    options = [a for a in sys.argv[1:] if a not in SCRIPTS]
    failed = []
    for name in names or SCRIPTS:
        print(f"== {name}", flush=True)
        begin = time.monotonic()
        try:
            code = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *options], timeout=300).returncode
        except subprocess.TimeoutExpired:
            code = "no end within 300 s"
        print(f"== {name}: {'passed' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - begin:.0f} s",
              flush=True)
        if code != 0:
            failed.append(name)
    print(f"{len(names or SCRIPTS) - len(failed)} passed, {len(failed)} failed"
          + (": " + ", ".join(failed) if failed else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
