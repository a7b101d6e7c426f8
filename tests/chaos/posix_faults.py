#!/usr/bin/env python3
"""POSIX calls that fail (F8): under commands of signet and under a signetd from its start to its first token, the Nth
call of a kind on a file fails, once: open, read, write, sync, rename, stat, list. Nothing crashes or hangs, nothing
is called done that is not, the operator is told why, no half of a file stays, and the next undisturbed run works.

Calls are made to fail by tests/anomaly/posix_faults.c, which is preloaded. Interrupted and halved calls must not
show at all. The short form takes some N of each kind by chance, --long all of them."""

import collections
import dataclasses
import errno
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import typing

import harness

SOURCE = harness.REPO / "tests" / "anomaly" / "posix_faults.c"
HALF = 0
HOW = {"open": [errno.EMFILE], "read": [errno.EIO, errno.EINTR, HALF], "write": [errno.ENOSPC, errno.EINTR, HALF],
       "sync": [errno.EIO], "rename": [errno.EIO], "stat": [errno.EIO], "list": [errno.EIO], "mkdir": [errno.ENOSPC],
       "truncate": [errno.EIO]}
UNSEEN = (errno.EINTR, HALF)  # what a program goes on after as if nothing had been
HMAC_ID = "am.services.oauth2.stateless.signing.HMAC"
# Each half of it is a description too, of less.
DESCRIBED = ["realms:", "  - name: root", "    access_token: {lifetime: 15m}", "  - name: staging", "  - name: testing"]
CLI_LIMIT = 120


def name_of(fault):
    group, nth, number = fault
    return f"{group} {nth} {'halved' if number == HALF else errno.errorcode[number]}"


class Injector:
    """Builds what is preloaded, and knows the environment of a run."""

    def __init__(self, folder):
        self.library, self.log = folder / "posix_faults.so", folder / "calls.log"
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-shared", "-fPIC", "-o", self.library, SOURCE, "-ldl"],
                       check=True)

    def environment(self, under, fault=None):
        self.log.unlink(missing_ok=True)
        more = {"LD_PRELOAD": str(self.library), "SIGNET_FAULT_UNDER": str(under), "SIGNET_FAULT_LOG": str(self.log)}
        if fault:
            more["SIGNET_FAULT"] = ":".join(map(str, fault))
        return {**os.environ, **more}

    def calls(self):
        """Those of the last run: how many of each kind, and whether one was made to fail."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return (collections.Counter(line.lstrip("!").split(" ", 1)[0] for line in lines),
                any(line.startswith("!") for line in lines))


def faults_of(counts, most, rng):
    """At most `most` N of each kind of call and failure; None: all."""
    out = []
    for group, numbers in HOW.items():
        for number in numbers:
            every = range(1, counts[group] + 1)
            some = every if most is None or len(every) <= most else sorted(rng.sample(every, most))
            out += [(group, nth, number) for nth in some]
    return out


@dataclasses.dataclass
class Command:
    """A run of signet: what it starts from, and what is wrong with what it left (nothing: "")."""
    name: str
    arguments: list
    prepare: typing.Callable = lambda folder: None
    wrong: typing.Callable = lambda folder, run, undisturbed: ""
    stdin: bytes = b""
    codes: tuple = (0,)  # of a run that did what it should
    most: typing.Optional[int] = None


def run_command(options, command, folder, environment):
    return subprocess.run([options.signet, *command.arguments], cwd=folder, env=environment, input=command.stdin,
                          capture_output=True, timeout=CLI_LIMIT)


def judge_command(command, folder, run, undisturbed, fault):
    """What is wrong with a disturbed run; nothing if all is well."""
    if run.returncode < 0:
        return f"ended by signal {-run.returncode}"
    if run.returncode in command.codes:
        return command.wrong(folder, run, undisturbed)
    if run.returncode == 0:
        return f"calls it done: {run.stdout[-300:]!r}"
    if fault[2] in UNSEEN:
        return f"exit {run.returncode} although it could go on: {run.stderr[-300:]!r}"
    if len(run.stderr.strip()) < 20:
        return f"exit {run.returncode} without a word of why: {run.stderr!r}"
    return ""


def loop_command(options, injector, command, work, rng):
    """Every fault of one command; returns the number of runs and what was wrong."""
    folder, wrong, runs = work / "files", [], 0

    def renew():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        command.prepare(folder)

    renew()
    undisturbed = run_command(options, command, folder, injector.environment(folder))
    if undisturbed.returncode not in command.codes:
        return 0, [f"{command.name} fails undisturbed: {undisturbed.stderr[-500:]!r}"]
    counts, _ = injector.calls()
    for fault in faults_of(counts, None if options.long else command.most, rng):
        renew()
        label = f"{command.name}, {name_of(fault)}"
        try:
            run = run_command(options, command, folder, injector.environment(folder, fault))
        except subprocess.TimeoutExpired:
            wrong.append(f"{label}: no end within {CLI_LIMIT} s")
            continue
        runs += 1
        if not injector.calls()[1]:
            wrong.append(f"{label}: nothing was made to fail")
        found = judge_command(command, folder, run, undisturbed, fault)
        if not found and run.returncode not in command.codes:
            again = run_command(options, command, folder, dict(os.environ))
            if again.returncode not in command.codes:
                found = f"the next run fails too: {again.stderr[-300:]!r}"
        if found:
            wrong.append(f"{label}: {found}")
    return runs, wrong


def same_output(_, run, undisturbed):
    return "" if run.stdout == undisturbed.stdout else f"says {run.stdout[-300:]!r}"


def same_output_or_none(_, run, undisturbed):
    """For apply, whose differences and refusals have one exit code."""
    is_refusal = not run.stdout and len(run.stderr.strip()) >= 20
    return "" if is_refusal else same_output(_, run, undisturbed)


def commands(base, server):
    """`base`: the configuration of a server that has run; `server` runs."""
    def password(folder):
        (folder / "password").write_text("correct horse")

    def keystore_opens(folder, *_):
        if shutil.which("openssl") is None:
            return ""
        done = subprocess.run(["openssl", "pkcs12", "-in", folder / "made.p12", "-passin", "pass:correct horse",
                               "-nokeys", "-noout"], capture_output=True)
        return "" if done.returncode == 0 else f"a keystore that does not open: {done.stderr[-200:]!r}"

    def configuration(more):
        def write(folder):
            (folder / "signet.yaml").write_text(json.dumps({"data_dir": str(folder / "data"), **base, **more}, indent=1))
        return write

    def copied_data(folder):
        shutil.copytree(base["data_dir"], folder / "data")
        configuration({"data_dir": str(folder / "data")})(folder)

    def described(folder):
        (folder / "admin.token").write_text(server.admin_token())
        (folder / "admin.token").chmod(0o600)
        (folder / "state.yaml").write_text("".join(f"{line}\n" for line in DESCRIBED))

    apply = ["--url", f"http://127.0.0.1:{server.management_port}", "--token-file", "admin.token", "apply",
             "state.yaml", "--dry-run"]
    check = ["--config", "signet.yaml", "config", "check"]
    return [
        Command("keystore init", ["keystore", "init", "--file", "made.p12", "--password-from", "password"], password,
                keystore_opens, most=1),
        Command("apply --dry-run", apply, described, same_output_or_none, codes=(2,), most=6),
        Command("config check", check, configuration({}), same_output, most=6),
        # The fault is in the last line: what reads only the first half finds none.
        Command("config check of a broken one", check, configuration({"zzz": 1}), codes=(1, 2, 3), most=6),
        Command("encode", ["--config", "signet.yaml", "encode"], copied_data,
                lambda _, run, undisturbed: "" if len(run.stdout) == len(undisturbed.stdout) else "another length",
                stdin=b"a secret", most=6)]


def is_refusal(answer):
    """A key that could not be read is the operator's business, a storage that could not be asked passes."""
    return answer.status in (500, 503) and answer.json().get("error") in ("server_error", "temporarily_unavailable")


class Starts:
    """A signetd that is started with a fault and without."""

    def __init__(self, options, injector, work, rng):
        self.options, self.injector, self.rng = options, injector, rng
        self.work, self.kept = work / "server", work / "kept"
        self.secret = harness.new_secret(rng)
        volume = harness.volume_store(work / "volume", {HMAC_ID: harness.symmetric_jwk(512, rng)})
        shutil.copytree(work / "volume", work / "volume.kept")
        self.volume = work / "volume"
        self.document = harness.config(
            [harness.client("jwt", self.secret, access_token={"signing_algorithm": "ES256"}),
             harness.client("opaque", self.secret, access_token={"format": "opaque"}),
             harness.client("mac", self.secret, access_token={"signing_algorithm": "HS512"})],
            secret_stores=[harness.local_store(self.work / "data"), volume])
        self.document["data_dir"] = str(self.work / "data")

    def renew(self, is_first):
        shutil.rmtree(self.work, ignore_errors=True)
        if is_first:
            self.work.mkdir(mode=0o700)
        else:
            shutil.copytree(self.kept, self.work)

    def server(self, environment=None):
        document = json.loads(json.dumps(self.document))
        return harness.Server(self.options.signetd, document, workdir=self.work, env=environment, until_ready=False)

    def serve(self, server, must):
        """Asks a running server for a token of each kind; what is wrong."""
        wrong = []
        for client in ("jwt", "opaque", "mac"):
            answer = server.token(client, self.secret, scope="read")
            if answer.status == 200:
                seen = server.introspect(client, self.secret, answer.json()["access_token"])
                if seen.status == 200 and not seen.json()["active"]:
                    wrong.append(f"a token of {client} that is not active")
            elif must or not is_refusal(answer):
                wrong.append(f"{client}: {answer}")
        return wrong

    def undisturbed(self):
        """What is wrong with a start in which nothing fails, and the keys that it publishes."""
        server = self.server()
        try:
            server.start()
            server.wait_until_ready()
            wrong = self.serve(server, True)
            kids = sorted(key["kid"] for key in server.jwks()["keys"])
            server.stop()
            return wrong, kids
        except (harness.StartFailed, subprocess.TimeoutExpired) as failed:
            return [f"the next start: {str(failed)[-600:]}"], []
        finally:
            if server.process and server.process.poll() is None:
                server.kill()

    def disturbed(self, environment, fault=None):
        server = self.server(environment)
        try:
            server.start()
            if fault is None:
                server.wait_until_ready()
            wrong = self.serve(server, fault is None)
            server.stop()
            if server.process.returncode != 0:
                wrong.append(f"stopped with {server.process.returncode}")
            return wrong
        except subprocess.TimeoutExpired:
            return ["does not stop"]
        except harness.StartFailed as failed:
            code = server.process.poll()
            if code is None:
                return [f"hangs: {str(failed)[-600:]}"]
            if code <= 0:
                return [f"start ended with {code}: {str(failed)[-600:]}"]
            if "signetd: " not in str(failed):
                return [f"exit {code} without a word of why: {failed}"]
            return [f"did not go on: {str(failed)[-400:]}"] if fault and fault[2] in UNSEEN else []
        finally:
            if server.process and server.process.poll() is None:
                server.kill()

    def loop(self, name, is_first, most):
        self.renew(is_first)
        shutil.rmtree(self.volume, ignore_errors=True)
        shutil.copytree(self.volume.with_name("volume.kept"), self.volume)
        wrong = [f"{name}, undisturbed: {one}"
                 for one in self.disturbed(self.injector.environment(self.work.parent))]
        counts, _ = self.injector.calls()
        runs = 0
        for fault in faults_of(counts, None if self.options.long else most, self.rng):
            self.renew(is_first)
            found = self.disturbed(self.injector.environment(self.work.parent, fault), fault)
            runs += 1
            after, kids = self.undisturbed()
            found += after
            if not is_first and not after and kids != self.kids:
                found.append(f"other keys than before: {kids}")
            left = [str(path) for path in (self.work / "data").rglob("*") if ".new." in path.name]
            found += [f"half of a file stays: {path}" for path in left]
            wrong += [f"{name}, {name_of(fault)}: {one}" for one in found]
        return runs, wrong

    def keep(self):
        """A server that has run once, to start the others from."""
        self.renew(True)
        wrong, self.kids = self.undisturbed()
        shutil.copytree(self.work, self.kept)
        return wrong


def main():
    options = harness.arguments(__doc__)
    rng = random.Random(options.seed)
    if shutil.which(os.environ.get("CC", "cc")) is None:
        print("posix_faults skipped: there is no C compiler")
        return
    report = harness.Report(options.seed)
    work = pathlib.Path(tempfile.mkdtemp(prefix="signet-faults-")).resolve()
    try:
        (work / "injector").mkdir()
        injector = Injector(work / "injector")
        (work / "base").mkdir()
        starts = Starts(options, injector, work / "base", rng)
        wrong = [f"the first start: {one}" for one in starts.keep()]
        commands_run = 0
        starts.renew(False)
        with starts.server() as server:
            server.wait_until_ready()
            for command in commands(starts.document, server):
                runs, found = loop_command(options, injector, command, work, rng)
                commands_run += runs
                wrong += found
        first, found = starts.loop("first start", True, 1)
        again, more = starts.loop("start", False, 1)
        wrong += found + more
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)
    for text in wrong[:20]:
        print("#", text)
    report.at_least("disturbed_commands", commands_run, "runs", 30)
    report.at_least("disturbed_starts", first + again, "starts", 15)
    report.at_most("wrong_ends", len(wrong), "runs", 0)
    report.finish()


if __name__ == "__main__":
    main()
