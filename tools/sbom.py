#!/usr/bin/env python3
"""Writes what the built programs consist of, as a CycloneDX 1.5 document (a software bill of materials):

  tools/sbom.py [--bin FOLDER] [--out FILE]     (build/release/bin, build/release/sbom.cdx.json)

Found in the programs themselves: the shared libraries that the loader takes for signetd and signet, each as the
Debian package that it is from, in the version that is installed; further the libraries of packages.txt of which
headers are compiled in, and what builds them (scope "excluded"). SOURCE_DATE_EPOCH sets the time in it.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = ("signetd", "signet")


class Failed(Exception):
    pass


def output_of(*command):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
    return done.stdout


def libraries_of(program):
    """The files of all shared libraries that the loader takes, those of libraries too."""
    found = []
    for line in output_of("ldd", str(program)).splitlines():
        if "not found" in line:
            raise Failed(f"{program.name}: {line.strip()}")
        match = re.search(r"(/\S+) \(0x", line)  # the system call page has no file
        if match:
            found.append(pathlib.Path(match.group(1)).resolve())
    return sorted(set(found))


def packages_of(libraries):
    """File -> the name of the Debian package that holds it."""
    # /lib is /usr/lib, but packages may say either.
    spellings = {name: library for library in libraries
                 for name in (str(library), re.sub("^/usr/", "/", str(library)), "/usr" + str(library))}
    told = subprocess.run(["dpkg-query", "-S", *spellings], capture_output=True, text=True).stdout
    found = {}
    for line in told.splitlines():
        owners, _, path = line.rpartition(": ")
        if path in spellings:
            found[spellings[path]] = owners.split(",")[0].split(":")[0]
    if missing := [str(library) for library in libraries if library not in found]:
        raise Failed(f"of no package: {', '.join(missing)}")
    return found


def facts_of(package):
    """(version, architecture, source package), as installed."""
    text = output_of("dpkg-query", "-W", "-f", "${Version}\t${Architecture}\t${source:Package}\n", package)
    return text.splitlines()[0].split("\t")


def is_installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.startswith("installed")


def build_packages():
    """Those of packages.txt under "# build"."""
    section, found = "", []
    for line in (ROOT / "packages.txt").read_text().splitlines():
        if line.startswith("#"):
            section = line[1:].strip()
        elif line and section == "build":
            found.append(line)
    return found


def component(package, use, scope, files=()):
    version, architecture, source = facts_of(package)
    lines = pathlib.Path("/etc/os-release").read_text().splitlines()
    system = dict(line.split("=", 1) for line in lines if "=" in line)
    distribution = "-".join(system.get(name, "").strip('"') for name in ("ID", "VERSION_ID"))
    escaped = urllib.parse.quote(version, safe="~.-")
    purl = f"pkg:deb/debian/{package}@{escaped}?arch={architecture}&distro={distribution}"
    properties = [{"name": "signet:use", "value": use}, {"name": "signet:source_package", "value": source}]
    properties += [{"name": "signet:file", "value": str(file)} for file in files]
    out = {"type": "application" if use == "builds it" else "library", "bom-ref": purl, "name": package,
           "version": version, "scope": scope, "purl": purl, "properties": properties}
    if len(files) == 1:
        out["hashes"] = [{"alg": "SHA-256", "content": sha256(files[0])}]
    return out


def sha256(file):
    return hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()


def project_version():
    return re.search(r"project\([^)]*VERSION\s+(\S+?)[\s)]", (ROOT / "CMakeLists.txt").read_text()).group(1)


def document(folder):
    version = project_version()
    programs, linked = [], {}
    depends = {}
    for name in PROGRAMS:
        program = folder / name
        if not program.exists():
            raise Failed(f"{program} is not there: build it first (make build)")
        reference = f"signet:{name}@{version}"
        programs.append({"type": "application", "bom-ref": reference, "name": name, "version": version,
                         "hashes": [{"alg": "SHA-256", "content": sha256(program)}]})
        depends[reference] = set()
        for library, package in packages_of(libraries_of(program)).items():
            linked.setdefault(package, set()).add(library)
            depends[reference].add(package)
    components = {package: component(package, "linked", "required", sorted(files))
                  for package, files in linked.items()}
    sources = {facts_of(package)[2] for package in linked}
    for package in build_packages():
        if package in components or not is_installed(package):
            continue
        is_library = package.startswith("lib") or package.endswith("-dev")
        # Headers of what is linked are in its version; those of header-only libraries are the library.
        is_compiled_in = is_library and facts_of(package)[2] not in sources
        use = "headers compiled in" if is_compiled_in else "headers of what is linked" if is_library else "builds it"
        components[package] = component(package, use, "required" if is_compiled_in else "excluded")
        if is_compiled_in:
            for needed in depends.values():
                needed.add(package)
    root = {"type": "application", "bom-ref": f"signet@{version}", "name": "signet", "version": version}
    listed = programs + [components[package] for package in sorted(components)]
    dependencies = [{"ref": root["bom-ref"], "dependsOn": sorted(depends)}]
    dependencies += [{"ref": reference, "dependsOn": sorted(components[package]["bom-ref"] for package in packages)}
                     for reference, packages in sorted(depends.items())]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(listed, sort_keys=True))
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    at = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else datetime.datetime.now(
        datetime.timezone.utc)
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{serial}", "version": 1,
            "metadata": {"timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": root,
                         "tools": {"components": [{"type": "application", "name": "tools/sbom.py",
                                                   "version": version}]}},
            "components": listed, "dependencies": dependencies}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/release/bin")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/release/sbom.cdx.json")
    options = parser.parse_args()
    if shutil.which("dpkg-query") is None:
        sys.exit("sbom: this system has no dpkg-query: packages of Debian are all that is known here")
    try:
        found = document(options.bin)
    except Failed as why:
        sys.exit(f"sbom: {why}")
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    print(f"{options.out}: {len(found['components'])} components")


if __name__ == "__main__":
    main()
