"""`make run` as it is tried by someone who has read nothing: `signetd --demo` with PORT and DATA_DIR, the command that it
prints, done by a shell as it stands, and its end."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import harness
import python_checks
from joserfc import jws


class Demo:
    """One start of it. What it says is read until the line about management, its last one."""

    def __init__(self, signetd, folder):
        self.port, self.data = harness.free_ports(), folder / "the data"
        environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("SIGNET__")}
        environment.update({"PORT": str(self.port), "MANAGEMENT_PORT": "0", "DATA_DIR": str(self.data)})
        self.errors = folder / "stderr.log"
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen([signetd, "--demo"], cwd=folder, env=environment, text=True,
                                            stdout=subprocess.PIPE, stderr=errors)
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith("Management: "):
                management = int(line.rsplit(":", 1)[1])
                harness.until(lambda: harness.request(management, "GET", "/health/ready").status == 200)
                return
        raise RuntimeError(f"it ended: {self.errors.read_text(errors='replace')[-600:]}")

    def said(self, begin):
        return [line.removeprefix(begin) for line in self.lines if line.startswith(begin)]

    def jwks(self):
        return harness.request(self.port, "GET", harness.ROOT + "/connect/jwk_uri").json()

    def try_it(self):
        """What the printed command answers. No variable of this process helps it."""
        commands = self.said("Try: ")
        if len(commands) != 1 or not commands[0].startswith("curl "):
            raise AssertionError(f"what to try: {commands}")
        done = subprocess.run(["sh", "-c", commands[0]], capture_output=True, text=True, timeout=harness.GENEROUS, cwd="/",
                              env={"PATH": os.environ["PATH"]})
        if done.returncode != 0:
            raise AssertionError(f"exit {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        rest = self.process.stdout.read()
        return self.process.wait(), rest


def is_what_make_run_starts():
    told = subprocess.run(["make", "--no-print-directory", "-n", "run"], cwd=harness.REPO, capture_output=True, text=True)
    last = (told.stdout.splitlines() or [told.stderr])[-1]
    return "" if last == "exec build/release/bin/signetd --demo" else f"make run does {last!r}"


def is_ready_where_it_was_told(demo):
    ready = demo.said("Signet is ready: ") or demo.said("Signet is not ready yet: ")  # on a machine that stood still
    if ready != [f"http://127.0.0.1:{demo.port}"]:
        return f"it says {demo.lines}"
    if not (demo.data / "admin.token").exists():
        return f"{demo.data} holds no admin.token"
    beside = sorted(path.name for path in demo.data.parent.iterdir())
    return "" if beside == ["stderr.log", demo.data.name] else f"beside DATA_DIR it made {beside}"


def command_gives_a_token(demo):
    answer = demo.try_it()
    if answer["token_type"].lower() != "bearer":
        return f"token_type is {answer['token_type']}"
    claims = python_checks.verify_joserfc(answer["access_token"], demo.jwks())
    return "" if claims["client_id"] == "demo" else f"claims are {claims}"


def ends_with_success(demo):
    code, rest = demo.stop()
    return "" if code == 0 and not rest else f"exit {code}, and it says {rest!r}"


def goes_on(signetd, folder, first):
    """The same client and keys, whatever the port: what was tried before is still good."""
    command = first.said("Try: ")[0].replace(str(first.port), "PORT")
    token = first.try_it()["access_token"]
    ended = ends_with_success(first)
    if ended:
        return ended
    again = Demo(signetd, folder)
    try:
        if again.said("Try: ")[0].replace(str(again.port), "PORT") != command:
            return "the command changed"
        jws.deserialize_compact(token.encode(), python_checks.KeySet.import_key_set(again.jwks()),
                                algorithms=python_checks.setting.JWT_ALGORITHMS)
        again.try_it()
        return ends_with_success(again)
    finally:
        end(again)


def end(demo):
    if demo.process.poll() is None:
        demo.process.kill()
        demo.process.wait()


def run(results, options):
    results.check("demo: make run starts it", is_what_make_run_starts)
    if shutil.which("curl") is None:
        print("skipped demo: curl is not installed", flush=True)
        return
    signetd = os.path.abspath(options.signetd)
    with tempfile.TemporaryDirectory(prefix="signet-demo-") as name:
        folder = pathlib.Path(name)
        demo = Demo(signetd, folder)
        try:
            results.check("demo: ready at PORT, with all it keeps in DATA_DIR", is_ready_where_it_was_told, demo)
            results.check("demo: the one command it prints gives a token", command_gives_a_token, demo)
            results.check("demo: SIGTERM ends it with success, and it goes on where it was", goes_on, signetd,
                          folder, demo)
        finally:
            end(demo)
