#!/usr/bin/env python3
"""Names the reasons of errors and the events of the log that no page of docs/ tells of.

A reason is what follows a code (`Code::kConfig, "store_type_unknown"`), an event the first argument of a
log function. Prints a line for each and fails where there is one.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMED = re.compile(r'(?:Code::k\w+,|\blog::(?:debug|info|warn|error|failure)\()\s*"([a-z0-9_]+)"')
TESTS = re.compile(r"(_test\.cc|test_support\.cc|_contract\.(h|cc)|(test|fake)_\w+\.h)$")


def main():
    told = set()
    for page in (ROOT / "docs").rglob("*.md"):
        told.update(re.findall(r"`([a-z0-9_]+)`", page.read_text()))
    faults = {}
    for file in sorted((ROOT / "src").rglob("*")):
        if file.suffix not in (".h", ".cc") or TESTS.search(file.name):
            continue
        for name in NAMED.findall(file.read_text()):
            if name not in told:
                faults.setdefault(name, file.relative_to(ROOT).as_posix())
    for name, place in faults.items():
        print(f"{place}: no page tells of {name} (docs/reasons.md)")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
