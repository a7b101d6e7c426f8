#!/usr/bin/env python3
"""Power-loss durability (F10): every opaque token is answered only after a sync of the database that
began after its request had been read. The order is taken from strace."""

import os
import pathlib
import re
import shutil
import signal

import harness

TOKENS = 50
CALLS = "read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync"
REQUEST = re.compile(r'(?:read|readv|recvfrom|recvmsg)\(.*"POST /oauth2/access_token')
RESUMED_REQUEST = re.compile(r'(?:read|readv|recvfrom|recvmsg) resumed.*"POST /oauth2/access_token')
ANSWER = re.compile(r'(?:write|writev|sendto|sendmsg)\(.*"HTTP/1\.1 200')
SYNC = re.compile(r"f(?:data)?sync\(\d+<[^>]*signet\.db(?:-wal)?>")
SYNC_ENDS = re.compile(r"f(?:data)?sync resumed")


def check(lines):
    """The number of answers that were covered, and words about each that was not."""
    covered, faults, uncovered_since, open_syncs, is_covered = 0, [], None, {}, False
    for number, line in enumerate(lines, 1):
        thread = line.split(None, 1)[0]
        if REQUEST.search(line) or RESUMED_REQUEST.search(line):
            uncovered_since, is_covered = number, False
        elif SYNC.search(line):
            if line.rstrip().endswith("<unfinished ...>"):
                open_syncs[thread] = number
            elif line.rstrip().endswith("= 0") and uncovered_since:
                is_covered = True
        elif SYNC_ENDS.search(line):
            began = open_syncs.pop(thread, 0)
            if line.rstrip().endswith("= 0") and uncovered_since and began > uncovered_since:
                is_covered = True
        elif ANSWER.search(line) and uncovered_since:
            if is_covered:
                covered += 1
            else:
                faults.append(f"line {number}: answered without a sync since line {uncovered_since}")
            uncovered_since = None
    return covered, faults


def proves_itself():
    """The checker finds an answer that came too early, so that its silence means something."""
    asked, answer = '1 recvmsg(9, "POST /oauth2/access_token", 64) = 64', '1 sendmsg(9, "HTTP/1.1 200 OK") = 9'
    begun, ended = "2 fdatasync(5</d/signet.db-wal> <unfinished ...>", "2 <... fdatasync resumed>) = 0"
    whole = "2 fdatasync(5</d/signet.db-wal>) = 0"
    good = [[asked, whole, answer], [asked, begun, ended, answer]]
    bad = [[asked, answer], [whole, asked, answer], [asked, answer, whole], [begun, asked, ended, answer],
           [asked, begun, answer, ended], [asked, whole.replace("= 0", "= -1 EIO"), answer]]
    return all(check(lines) == (1, []) for lines in good) and all(check(lines)[1] for lines in bad)


def traced(strace):
    """The process that strace started: strace itself takes no SIGTERM while it traces."""
    return int(pathlib.Path(f"/proc/{strace}/task/{strace}/children").read_text().split()[0])


def main():
    options = harness.arguments(__doc__)
    if shutil.which("strace") is None:
        print("skipped: strace is not installed (see packages.txt)")
        return
    if os.geteuid() != 0:
        print("skipped: the server lets nobody look into it but root")
        return
    report = harness.Report()
    report.line("the_checker_finds_early_answers", 1, "-", "1", proves_itself())
    server = harness.Server(options.signetd, {}, keep=options.keep)
    trace = server.workdir / "trace.txt"
    server.wrap = ["strace", "-f", "-y", "-s", "48", "-o", str(trace), "-e", "trace=" + CALLS]
    server.document.update(harness.config([]))
    with server:
        secret = harness.create_client(server, "opaque", access_token={"format": "opaque"})
        pid = traced(server.pid)
        try:
            tokens = [server.token("opaque", secret).json()["access_token"] for _ in range(TOKENS)]
        finally:  # also after a failure: a SIGKILL to strace would leave the server behind
            os.kill(pid, signal.SIGTERM)
        server.process.wait(harness.GENEROUS)
        covered, faults = check(trace.read_text(errors="replace").splitlines())
    for fault in faults[:5]:
        print(fault)
    report.line("tokens_issued", len(set(tokens)), "tokens", str(TOKENS), len(set(tokens)) == TOKENS)
    report.at_most("answered_before_their_sync", len(faults), "tokens", 0)
    report.at_least("answered_after_their_sync", covered, "tokens", TOKENS)
    report.finish()


if __name__ == "__main__":
    main()
