#!/usr/bin/env python3
"""What a core dump could tell (F33): none is made when the server crashes, although whoever started it allows
them (sec_125); and where one were made, it would hold no key that is retired (sec_124). Every page that the
process may write is read and searched for the private numbers of its keys: as bytes in both orders, and as
pieces of their base64. A page that the system leaves out of dumps counts too once the key is retired."""

import base64
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import harness

harness.in_venv()

from cryptography.hazmat.primitives import serialization  # noqa: E402

SIGNING = {"ES256": "am.services.oauth2.stateless.signing.ES256",
           "RS256": "am.services.oauth2.stateless.signing.RSA",
           "EdDSA": "am.services.oauth2.oidc.signing.EDDSA"}
PIECE, STRIDE, SEARCHED = 18, 9, 48  # bytes: two pieces begin in each line of a PEM text

Pages = collections.namedtuple("Pages", "name is_dumped data")


# --------------------------------------------------------------------------------- what a dump would hold


def forms(number):
    """How the bytes may lie in memory."""
    found = {number, number[::-1]}
    for shift in range(3):
        for at in range(shift, min(len(number), SEARCHED) - PIECE, STRIDE):
            text = base64.b64encode(number[at:at + PIECE])
            found |= {text, text.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def writable_pages(pid):
    """None where the system lets nobody read them."""
    ranges = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+\s*(.*)", line)
        if head:
            begin, end, rights, name = head.groups()
        elif line.startswith("VmFlags:") and rights.startswith("rw"):
            ranges.append((int(begin, 16), int(end, 16), name, "dd" not in line.split()))
    pages = []
    with open(f"/proc/{pid}/mem", "rb") as memory:
        for begin, end, name, is_dumped in ranges:
            memory.seek(begin)
            used = memory.read(end - begin).replace(bytes(4096), b"")  # most of it was never touched
            pages.append(Pages(name or "anonymous memory", is_dumped, used))
    return pages


def found_in(pages, numbers):
    """[(whose number, where, whether a dump would hold it)]"""
    return [(name, page.name, page.is_dumped) for page in pages for name, number in numbers.items()
            if any(form in page.data for form in forms(number))]


# ------------------------------------------------------------------------------------------------ the keys


def private_numbers(pem):
    """Name -> bytes of what is secret in a key."""
    key = serialization.load_pem_private_key(pem, None)
    if not hasattr(key, "private_numbers"):
        return {"d": key.private_bytes_raw()}
    numbers = key.private_numbers()
    named = {"d": numbers.private_value} if hasattr(numbers, "private_value") else {
        "d": numbers.d, "p": numbers.p, "q": numbers.q}
    return {name: value.to_bytes((value.bit_length() + 7) // 8, "big") for name, value in named.items()}


def active_aliases(server):
    rings = {ring["id"]: ring for ring in server.admin("GET", "/admin/realms/root/secrets").json()["rings"]}
    return {kind: next(key["alias"] for key in rings[ring]["keys"] if key["state"] == "active")
            for kind, ring in SIGNING.items()}


def replace(server, alias):
    """Another key takes the place of this one under every secret ID, and it is retired. What went wrong."""
    faults, successor = [], None
    mappings = server.admin("GET", "/admin/secrets/mappings?realm=&store=local").json()["mappings"]
    for mapping in (m for m in mappings if alias in m["aliases"]):
        step = {"store": "local", "id": mapping["secretId"], "force": True}
        if successor is None:
            made = server.admin("POST", "/admin/secrets/rotate", {**step, "force": False})
            if made.status != 200:
                return [f"rotate {alias}: {made}"]
            successor = made.json()["plan"][0]["alias"]
        else:
            faults.append(server.admin("POST", "/admin/secrets/publish", {**step, "alias": successor}))
        faults.append(server.admin("POST", "/admin/secrets/activate", {**step, "alias": successor}))
        faults.append(server.admin("POST", "/admin/secrets/retire", {**step, "alias": alias}))
    return [str(answer) for answer in faults if answer.status != 200]


def use(server, secret):
    for kind in SIGNING:
        for _ in range(20):
            if server.token(kind, secret).status != 200:
                raise RuntimeError(f"no {kind} token")


def check_memory(report, options):
    secret = harness.new_secret()
    clients = [harness.client(kind, secret, access_token={"signing_algorithm": kind}) for kind in SIGNING]
    with harness.Server(options.signetd, harness.config(clients), keep=options.keep) as server:
        aliases = active_aliases(server)
        numbers = {f"{name} of {kind}": number for kind, alias in aliases.items()
                   for name, number in private_numbers(harness.local_key(server.data_dir, alias)).items()}
        use(server, secret)
        try:
            before = found_in(writable_pages(server.pid), numbers)
        except PermissionError:
            print("# skipped: the memory of another process may not be read here")
            return
        # The search finds what is there, so that its silence means something.
        report.at_least("sec_124_numbers_found_while_in_use", len({name for name, _, _ in before}), "numbers",
                        len(numbers))
        # OpenSSL keeps what speeds up signing with a key in use, its primes among them, on the ordinary heap.
        for name, where, is_dumped in before:
            if is_dumped:
                print(f"# in use, and in a dump if one were made: {name}, in {where}")
        faults = [fault for alias in aliases.values() for fault in replace(server, alias)]
        use(server, secret)
        after = []

        def is_gone():  # what a request or a refresh of before still held goes with it
            after[:] = found_in(writable_pages(server.pid), numbers)
            return not after
        harness.until(is_gone, 10 * harness.PATIENCE)
        for text in faults + [f"{name} in {where}" for name, where, _ in after]:
            print("#", text)
        report.at_most("sec_124_steps_refused", len(faults), "steps", 0)
        report.at_most("sec_124_numbers_of_retired_keys_in_memory", len(after), "places", 0)


# ----------------------------------------------------------------------------------------------- the crash


def crash(process, folder):
    """Whether the system made a dump of the process when it crashed, by the system's own word or by a file."""
    os.kill(process.pid, signal.SIGSEGV)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    return os.WCOREDUMP(status) or any(folder.glob("core*"))


def check_crash(report, options):
    allow = ["prlimit", "--core=unlimited:unlimited"]
    if shutil.which("prlimit") is None or subprocess.run([*allow, "true"], capture_output=True).returncode != 0:
        print("# skipped: dumps cannot be allowed here")
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="signet-core-"))
    home = os.getcwd()
    os.chdir(folder)  # where a dump would go, and where the processes below start
    try:
        other = subprocess.Popen([*allow, "sleep", "60"])
        while b"sleep" not in pathlib.Path(f"/proc/{other.pid}/cmdline").read_bytes().split(b"\0")[0]:
            pass  # prlimit has not yet become what it starts
        if not crash(other, folder):
            print("# skipped: this system makes no dumps")
            return
        for file in folder.glob("core*"):
            file.unlink()
        with harness.Server(options.signetd, harness.config([]), wrap=allow, keep=options.keep) as server:
            report.at_most("sec_125_dump_when_crashed", int(crash(server.process, folder)), "dumps", 0)
        with harness.Server(options.signetd, harness.config([]), keep=options.keep) as server:
            if subprocess.run([*allow, "--pid", str(server.pid)], capture_output=True).returncode != 0:
                print("# skipped: a limit that a process took cannot be lifted here")
                return
            dumps = int(crash(server.process, folder))
            report.at_most("sec_125_dump_when_allowed_later", dumps, "dumps", 0)
    finally:
        os.chdir(home)
        shutil.rmtree(folder, ignore_errors=True)


def main():
    options = harness.arguments(__doc__)
    report = harness.Report()
    options.signetd = os.path.abspath(options.signetd)
    check_memory(report, options)
    check_crash(report, options)
    report.finish()


if __name__ == "__main__":
    main()
