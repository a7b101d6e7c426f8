#!/usr/bin/env python3
"""Disk full (F14): the data directory is a small file system that is filled to the last block at
random moments. Reads, verification and the JWKS go on, writes are refused with 503, nothing that was
acknowledged is lost, and all is well again once there is room, without a restart."""

import os
import pathlib
import random
import subprocess
import tempfile
import time

import harness


def fill(directory):
    """Fills the file system to the last byte; the file that did it."""
    path = pathlib.Path(directory) / "ballast"
    with open(path, "ab", buffering=0) as out:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    out.write(b"\0" * size)
            except OSError:
                pass
    return path


def main():
    options = harness.arguments(__doc__, fillings=10)
    rng = random.Random(options.seed)
    report = harness.Report(options.seed)
    mount = tempfile.mkdtemp(prefix="signet-small-")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", mount],
                          capture_output=True, text=True)
    if done.returncode != 0:
        os.rmdir(mount)
        print("disk_full skipped: a small file system cannot be mounted here:", done.stderr.strip())
        return
    try:
        run(options, rng, report, pathlib.Path(mount))
    finally:
        subprocess.run(["umount", "-l", mount])
        os.rmdir(mount)
    report.finish()


def run(options, rng, report, mount):
    server = harness.Server(options.signetd, {}, data_dir=mount / "data", keep=options.keep)
    server.document.update(harness.config([]))
    wrong, acknowledged, refused, recoveries, degraded = [], [], 0, [], 0
    with server:
        secrets = {"jwt": harness.create_client(server, "jwt", access_token={"signing_algorithm": "ES256"}),
                   "opaque": harness.create_client(server, "opaque", access_token={"format": "opaque"}),
                   "gateway": harness.create_client(server, "gateway", may_introspect="realm")}

        def issue(kind):
            return server.token(kind, secrets[kind], scope="read")

        for round_number in range(options.fillings):
            for _ in range(rng.randrange(1, 60)):
                acknowledged.append(issue("opaque").json()["access_token"])
            ballast = fill(mount)
            for _ in range(400):  # room inside the database's own files is used up first
                answer = issue("opaque")
                if answer.status == 200:
                    acknowledged.append(answer.json()["access_token"])
                    continue
                refused += 1
                if answer.status != 503:
                    wrong.append(f"a write on a full disk: {answer}")
                break
            jwt = issue("jwt")
            if jwt.status not in (200, 503):
                wrong.append(f"a JWT on a full disk: {jwt}")
            if not server.jwks()["keys"]:
                wrong.append("the JWKS is empty")
            seen = server.introspect("gateway", secrets["gateway"], rng.choice(acknowledged))
            if seen.status != 200 or not seen.json()["active"]:
                wrong.append(f"introspection on a full disk: {seen}")
            degraded += server.admin("GET", "/admin/health").json()["status"] == "degraded"
            ballast.unlink()
            begin = time.monotonic()
            while issue("opaque").status != 200 and time.monotonic() - begin < harness.GENEROUS:
                time.sleep(0.02)
            recoveries.append(time.monotonic() - begin)
        server.stop()
        server.start()
        lost = sum(not server.introspect("gateway", secrets["gateway"], t).json()["active"]
                   for t in rng.sample(acknowledged, min(300, len(acknowledged))))
    for text in wrong[:10]:
        print("#", text)
    report.at_least("fillings", len(recoveries), "times", options.fillings)
    report.at_least("refused_writes", refused, "requests", 1)
    report.at_most("wrong_answers", len(wrong), "answers", 0)
    report.at_most("slowest_recovery", max(recoveries), "s", 2.0)
    report.at_most("lost_tokens", lost, "tokens", 0)
    report.line("degraded_shown", degraded, "times", f">={min(refused, 1)}", degraded >= min(refused, 1))


if __name__ == "__main__":
    main()
