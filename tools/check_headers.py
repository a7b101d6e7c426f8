#!/usr/bin/env python3
"""Fails when a header does not compile alone: a source of one line includes it, twice, and nothing else.

Usage: check_headers.py [--build DIR] [--jobs N] [--all] [HEADER...]

The flags are those of a source beside it, out of DIR/compile_commands.json (build/dev, which `cmake --preset dev` writes), without
precompiled headers: they would hide what is missing. What compiled stays known in build/headers.json until the header, what it
includes of ours, or the flags change; --all tries it again.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
KNOWN = ROOT / "build/headers.json"
# As in check_layers.py: tests, their contracts and their helpers see tests/support.
TESTS = re.compile(r"(_test\.cc|test_support\.(cc|h)|_contract\.(cc|h)|(test|fake)_\w+\.h)$|^tests/")
OWN = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def commands(build):
    """Source (relative to the project) -> its flags, without what belongs to one output."""
    home = re.search(r"^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)[1]
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = os.path.relpath(entry["file"], home)
        if file.startswith(".."):
            continue
        words, flags = shlex.split(entry["command"]), []
        at = next(i for i, word in enumerate(words) if re.search(r"(c\+\+|g\+\+|clang\+\+)[-\d]*$", word))
        skip = False
        for word, after in zip(words[at:], words[at + 1:] + [""]):
            if skip:
                skip = False
            elif word in ("-o", "-c") or (word == "-include" and "cmake_pch" in after):
                skip = True
            elif word != "-Winvalid-pch":
                flags.append(word if word.startswith(str(build)) else word.replace(home + "/", f"{ROOT}/"))
        found[file] = flags
    return found


def is_of_tests(header):
    """By its name, or by what it includes."""
    names = OWN.findall((ROOT / header).read_text())
    return any(name.startswith("support/") or TESTS.search(name) for name in [header, *names])


def flags_for(header, known):
    """Those of the nearest source that sees as much: a header of tests beside a test, any other beside no test."""
    wanted = is_of_tests(header)

    def closeness(source):
        common = len(os.path.commonpath([header, source]))
        return (bool(TESTS.search(source)) == wanted, common, -len(source), source)

    return known[max(known, key=closeness)]


def ours_within(header, flags):
    """The header and what it includes of ours, at whatever depth."""
    places = [pathlib.Path(flag[2:]) for flag in flags if flag.startswith("-I" + str(ROOT))]
    seen, todo = set(), [ROOT / header]
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in OWN.findall(file.read_text()):
            todo += [place / name for place in [file.parent, *places] if (place / name).is_file()][:1]
    return sorted(seen)


def fingerprint(header, flags):
    digest = hashlib.sha256(" ".join(flags).replace(str(ROOT), "").encode())
    for file in ours_within(header, flags):
        digest.update(b"\0" + file.read_bytes())
    return digest.hexdigest()


def complaint(header, flags):
    """What the compiler says; empty where the header stands alone."""
    name = next((os.path.relpath(ROOT / header, flag[2:]) for flag in flags
                 if flag.startswith("-I") and (ROOT / header).is_relative_to(flag[2:])), str(ROOT / header))
    ran = subprocess.run([*flags, "-fsyntax-only", "-x", "c++", "-"], input=f'#include "{name}"\n' * 2, text=True,
                         capture_output=True, cwd=ROOT)
    return "" if ran.returncode == 0 else ran.stderr.strip() or f"the compiler ended with {ran.returncode}"


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--build", type=pathlib.Path, default=ROOT / "build/dev")
    options.add_argument("--jobs", type=int, default=os.cpu_count())
    options.add_argument("--all", action="store_true")
    options.add_argument("headers", nargs="*")
    chosen = options.parse_args()
    known_flags = commands(chosen.build.resolve())
    headers = [os.path.relpath(header, ROOT) for header in map(os.path.abspath, chosen.headers)] or subprocess.run(
        ["git", "ls-files", "src/*.h", "tests/*.h", "bench/*.h"], cwd=ROOT, text=True, capture_output=True,
        check=True).stdout.split()
    flags = {header: flags_for(header, known_flags) for header in headers}
    prints = {header: fingerprint(header, flags[header]) for header in headers}
    good = set() if chosen.all or not KNOWN.exists() else set(json.loads(KNOWN.read_text()))
    todo = [header for header in headers if prints[header] not in good]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        for header, said in zip(todo, pool.map(lambda header: complaint(header, flags[header]), todo)):
            if said:
                failed += 1
                print(f"{header} does not compile alone:\n{said}")
            else:
                good.add(prints[header])
    # What no header has any more is forgotten, unless only some were asked for.
    KNOWN.parent.mkdir(exist_ok=True)
    KNOWN.write_text(json.dumps(sorted(good if chosen.headers else good & set(prints.values()))))
    print(f"{len(headers) - failed} passed, {failed} failed ({len(todo)} compiled)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
