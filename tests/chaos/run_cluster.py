#!/usr/bin/env python3
"""`make run-cluster` as it is tried: tokens and one key set through the one port, an end by SIGTERM with exit code 0, and
exit code 1 with the name of the instance where one of them died."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import harness

harness.in_venv()

from cluster_setup import skip_without_postgres  # noqa: E402
from journal import Keys  # noqa: E402

INSTANCES = 3
ASKED = 12  # each on a connection of its own, which any instance may take


class Started:
    """tools/run_cluster.py until it says where everything is."""

    def __init__(self, options, folder):
        self.port = harness.free_ports(1 + INSTANCES)  # those after it are their management's
        self.errors = open(folder / "stderr.log", "w+")
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(harness.REPO / "tools/run_cluster.py")], stdout=subprocess.PIPE, stderr=self.errors,
            text=True, env={**os.environ, "SIGNETD": str(options.signetd), "PORT": str(self.port),
                            "DATA_DIR": str(folder / "data")})
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith("Database: "):
                return
        raise RuntimeError(f"it ended: {''.join(self.said)}{self.complaints()}")

    def complaints(self):
        self.errors.seek(0)
        return self.errors.read()

    def instances(self):
        """Process ids by the number of the instance."""
        found = {}
        for pid in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            number = re.search(r"/instance-(\d)/signet\.json", pathlib.Path(f"/proc/{pid}/cmdline").read_text())
            if number:
                found[int(number[1])] = int(pid)
        return found

    def end(self):
        """The exit code once everything has ended, which it does by itself or because it was told."""
        self.process.stdout.read()
        return self.process.wait(harness.GENEROUS)


def tokens_verify(started):
    """Faults of tokens that were asked for with the command that was printed, each verified with a JWKS asked for anew."""
    tries = [line.removeprefix("Try: ") for line in started.said if line.startswith("Try: ")]
    if len(tries) != 1:
        return [f"{len(tries)} lines say what to try"]
    faults = []
    for _ in range(ASKED):
        done = subprocess.run(["sh", "-c", tries[0]], capture_output=True, text=True, timeout=harness.GENEROUS)
        if done.returncode != 0 or "access_token" not in done.stdout:
            faults.append(f"exit {done.returncode}: {done.stdout[:200]}")
            continue
        answer = harness.request(started.port, "GET", harness.ROOT + "/connect/jwk_uri")
        why = Keys(answer.json()).verifies(harness.json.loads(done.stdout)["access_token"])
        faults += [why] if why else []
    return faults


def main():
    options = harness.arguments(__doc__)
    skip_without_postgres("run_cluster")
    if shutil.which("curl") is None:
        print("run_cluster skipped: curl is not installed")
        return
    options.signetd = os.path.abspath(options.signetd)
    report = harness.Report()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="signet-run-cluster-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user
    started = None
    try:
        started = Started(options, folder)
        faults = tokens_verify(started)
        report.at_least("instances", len(started.instances()), "processes", INSTANCES)
        started.process.send_signal(signal.SIGTERM)
        report.line("exit_code_when_told_to_stop", started.end(), "-", "0", started.process.returncode == 0)

        started = Started(options, folder)  # the data stays
        faults += tokens_verify(started)
        os.kill(started.instances()[2], signal.SIGKILL)
        report.line("exit_code_when_an_instance_died", started.end(), "-", "1", started.process.returncode == 1)
        told = started.complaints()
        named = re.findall(r"instance (\d) ended by signal 9", told)
        report.line("instance_that_it_names", ",".join(named) or "none", "-", "2", named == ["2"])
        for text in faults[:10] + [told.strip()] * report.failed:
            print("#", text)
        report.at_most("faults", len(faults), "faults", 0)
    finally:
        if started is not None and started.process.poll() is None:
            started.process.send_signal(signal.SIGTERM)  # it ends what it started
            started.end()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    report.finish()


if __name__ == "__main__":
    main()
