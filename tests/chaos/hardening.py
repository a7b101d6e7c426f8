#!/usr/bin/env python3
"""How the programs are built and how the server runs: sec_216 (PIE, full RELRO, no executable stack,
stack protector, FORTIFY, CET, and the list of what they consist of), sec_125 (no core dumps), sec_113 (files
for the owner alone),
sec_207 (administration on loopback only) and sec_218 (unsafe switches are told)."""

import json
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile

import harness


def readelf(binary, *options):
    return subprocess.run(["readelf", "-W", *options, str(binary)], capture_output=True, text=True, check=True).stdout


def check_build(report, name, binary):
    header, segments = readelf(binary, "-h"), readelf(binary, "-l")
    dynamic, symbols = readelf(binary, "-d"), readelf(binary, "--dyn-syms")
    # The mark on the whole file needs a C library that has it too; the landing pads are our part.
    landing_pads = pathlib.Path(binary).read_bytes().count(bytes.fromhex("f30f1efa"))
    stack = re.search(r"GNU_STACK.*", segments)
    checks = {
        "pie": "DYN" in header and "PIE" in dynamic,
        "relro": "GNU_RELRO" in segments,
        "bind_now": "BIND_NOW" in dynamic or re.search(r"FLAGS_1.*NOW", dynamic),
        "no_executable_stack": stack and "RWE" not in stack.group(),
        "no_writable_code": not re.search(r"LOAD.*RWE", segments),
        "stack_protector": "__stack_chk_fail" in symbols,
        "fortify": re.search(r"__\w+_chk\b", symbols.replace("__stack_chk_fail", "")),
        "cet_landing_pads": landing_pads > 1000,
        "no_text_relocations": "TEXTREL" not in dynamic,
        "no_rpath": "RPATH" not in dynamic and "RUNPATH" not in dynamic,
    }
    for what, holds in checks.items():
        report.line(f"sec_216_{name}_{what}", 1 if holds else 0, "-", "1", bool(holds))


def check_bill(report, options):
    """tools/sbom.py names a package and its version for every library that the programs want."""
    if shutil.which("dpkg-query") is None:
        print("# skipped: no dpkg-query, so no bill of materials")
        return
    programs = [pathlib.Path(options.signetd).resolve(), pathlib.Path(options.signet).resolve()]
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "sbom.cdx.json"
        done = subprocess.run([sys.executable, str(harness.REPO / "tools/sbom.py"), "--bin", str(programs[0].parent),
                               "--out", str(out)], capture_output=True, text=True)
        bill = json.loads(out.read_text()) if done.returncode == 0 else {"components": []}
    if done.returncode != 0:
        print("#", done.stderr)
    components = bill["components"]
    told = [item["value"] for one in components for item in one.get("properties", ()) if item["name"] == "signet:file"]
    files = {pathlib.Path(file).name.split(".so")[0] for file in told}
    needed = {name for program in programs for name in re.findall(r"NEEDED.*\[(.*?)\]", readelf(program, "-d"))}
    missing = sorted(name for name in needed if name.split(".so")[0] not in files)
    incomplete = [one["name"] for one in components if not one["version"] or not one["bom-ref"]]
    known = {one["bom-ref"] for one in components} | {bill.get("metadata", {}).get("component", {}).get("bom-ref")}
    loose = [name for one in bill.get("dependencies", ()) for name in [one["ref"], *one["dependsOn"]]
             if name not in known]
    for name in missing + incomplete + loose:
        print("# not told, or only half:", name)
    report.at_least("sec_216_libraries_wanted", len(needed), "libraries", 10)
    report.at_most("sec_216_libraries_that_the_bill_lacks", len(missing), "libraries", 0)
    report.at_most("sec_216_components_without_version_or_target", len(incomplete) + len(loose), "components", 0)
    report.line("sec_216_bill_of_materials", bill.get("bomFormat"), bill.get("specVersion"), "CycloneDX",
                bill.get("bomFormat") == "CycloneDX" and {"libssl3", "libcli11-dev"} <= {c["name"] for c in components})


def check_running(report, options):
    with harness.Server(options.signetd, harness.config([]), keep=options.keep) as server:
        harness.create_client(server, "c", access_token={"format": "opaque"})
        limits = pathlib.Path(f"/proc/{server.pid}/limits").read_text()
        core = re.search(r"Max core file size\s+(\S+)\s+(\S+)", limits).groups()
        report.line("sec_125_core_dump_limit", core[0], "bytes", "0", core == ("0", "0"))
        loose = [p for p in server.data_dir.rglob("*") if stat.S_IMODE(p.stat().st_mode) & 0o077]
        loose += [p for p in [server.data_dir] if stat.S_IMODE(p.stat().st_mode) & 0o007]
        report.line("sec_113_files_that_others_may_open", len(loose), "files", "0", not loose)
        listening = set()
        inodes = set()
        try:
            descriptors = list(pathlib.Path(f"/proc/{server.pid}/fd").iterdir())
        except PermissionError:  # the server lets nobody look into it but root
            print("# skipped: what it listens on; run as root")
            descriptors = None
        for fd in descriptors or ():
            try:
                inodes.add(str(fd.readlink()))
            except OSError:
                pass
        for line in pathlib.Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                listening.add(fields[1].split(":")[0])
        if descriptors is not None:
            report.line("sec_207_listens_on_loopback_unless_told_otherwise", len(listening), "addresses", "1",
                        listening == {"0100007F"})
        elsewhere = [path for path in ("/admin/realms", "/admin/health", "/metrics", "/health/live")
                     if server.get(path).status != 404]
        report.line("sec_207_administration_on_the_public_listener", len(elsewhere), "paths", "0", not elsewhere)


def check_admin_token(report, options):
    """A token that is no secret opens nothing: the server says so instead of starting."""
    with harness.Server(options.signetd, harness.config([])) as server:
        server.stop()
        token, told = server.data_dir / "admin.token", 0
        bad = ["", "\n", " \n", "short", "two words of some length"]
        for text in bad:
            token.write_text(text)
            try:
                server.start()
                server.kill()
            except harness.StartFailed as failed:
                told += "secret_text_unusable" in str(failed)
        report.at_least("sec_207_useless_admin_tokens_refused", told, "tokens", len(bad))


def check_unsafe_switches(report, options):
    line = 'signet_unsafe_switch{realm="",store="loose",switch="unsafe_permissions"} 1'
    for setting, wanted in (({"unsafe_permissions": True}, 1), ({"unsafe_permissions": False}, 0), ({}, 0)):
        with tempfile.TemporaryDirectory() as scratch:
            store = {"name": "loose", "type": "filesystem", "settings": {"directory": scratch, **setting}}
            stores = [harness.local_store(pathlib.Path(scratch) / "data"), store]
            document = harness.config([], secret_stores=stores)
            with harness.Server(options.signetd, document, keep=options.keep, until_ready=False) as server:
                shown = server.management("/metrics").body.decode().count(line)
                server.stop()
                logged = sum(log.read_text().count("unsafe_switch_on") for log in server.logs())
        report.line(f"sec_218_{setting.get('unsafe_permissions', 'unset')}", f"{shown} {logged}", "metric, log",
                    f"{wanted} {wanted}", shown == logged == wanted)


def main():
    options = harness.arguments(__doc__)
    report = harness.Report()
    check_build(report, "signetd", options.signetd)
    check_build(report, "signet", options.signet)
    check_bill(report, options)
    check_running(report, options)
    check_admin_token(report, options)
    check_unsafe_switches(report, options)
    report.finish()


if __name__ == "__main__":
    main()
