"""`signetd --demo`: what it prints to try works, also where the file of the secret was lost and the database was not."""

import contextlib
import os
import pathlib
import re
import subprocess
import tempfile

import harness


@contextlib.contextmanager
def demo(signetd, folder):
    """Port of a running demo, its management port, and the secret that it prints; None where it prints none."""
    environment = {**os.environ, "DATA_DIR": str(folder), "PORT": "0", "MANAGEMENT_PORT": "0"}
    with open(folder.parent / "stderr.log", "ab") as log:
        process = subprocess.Popen([str(signetd), "--demo"], env=environment, stdout=subprocess.PIPE, stderr=log,
                                   text=True)
    try:
        lines = []
        while not lines or not lines[-1].startswith("Management: "):
            lines.append(process.stdout.readline())
            if not lines[-1]:
                raise harness.StartFailed((folder.parent / "stderr.log").read_text()[-2000:])
        text = "".join(lines)
        secret = re.search(r"^Try: .*'demo:([^']+)'", text, re.MULTILINE)
        port = re.search(r"^Signet is (?:not )?ready.*:(\d+)$", text, re.MULTILINE)
        management = int(lines[-1].rsplit(":", 1)[1])
        harness.until(lambda: harness.request(management, "GET", "/health/ready").status == 200)
        yield int(port[1]), management, secret and secret[1]
    finally:
        process.terminate()
        process.communicate(timeout=harness.GENEROUS)


def status(port, secret):
    headers = {"Authorization": harness.basic("demo", secret), "Content-Type": harness.FORM}
    body = harness.form({"grant_type": "client_credentials"})
    return harness.request(port, "POST", harness.ROOT + "/access_token", headers, body).status


def check_lost_secret(options):
    with tempfile.TemporaryDirectory(prefix="signet-demo-") as parent:
        folder = pathlib.Path(parent) / "data"
        with demo(options.signetd, folder) as (port, _, first):
            if status(port, first) != 200:
                return "the secret of a first start is refused"
        with demo(options.signetd, folder) as (port, _, same):
            if same != first or status(port, same) != 200:
                return "a second start has another secret, or refuses it"
        (folder / "demo-client.secret").unlink()
        with demo(options.signetd, folder) as (port, management, new):
            if new == first or status(port, new) != 200:
                return "the new secret is the old one, or is refused"
            if status(port, first) != 401:
                return "the lost secret is taken"
            token = (folder / "admin.token").read_text().strip()
            answer = harness.request(management, "DELETE", "/admin/realms/root/clients/demo",
                                     {"Authorization": "Bearer " + token})
            if answer.status != 204:
                return f"the client is not deleted: {answer}"
        with demo(options.signetd, folder) as (_, _, none):
            return f"{none!r} is printed for a client that was deleted" if none else None


def run(results, options):
    results.check("signetd --demo heals a secret that was lost", check_lost_secret, options)
