#!/usr/bin/env python3
"""Fails when an include breaks the map in src/CMakeLists.txt, climbs one of the walls, or lets something below the waterline wait or
look outside; when a header may be read twice or spills a namespace, and when a file is longer than 600 lines.

Usage: check_layers.py [ROOT]   (ROOT is the project's folder; default: this file's parent)
"""
import pathlib
import re
import sys

# A wall: which foreign headers may appear only in which parts.
WALLS = [
    (re.compile(r"<(openssl|nettle)/|<sodium"), {"crypto"}, "cryptographic libraries"),
    (re.compile(r"<sqlite3\.h>|<libpq-fe\.h>"), {"storage"}, "databases"),
    (re.compile(r"<boost/(asio|beast)"), {"async", "net"}, "Asio and Beast"),
    (re.compile(r"<yaml-cpp"), {"config"}, "the YAML library"),
    (re.compile(r"<boost/json"), {"base"}, "the JSON library"),
    (re.compile(r"<spdlog"), {"base"}, "the logging library"),
    (re.compile(r"<curl/"), {"net"}, "the HTTP client library"),
    (re.compile(r"<p11-kit/"), {"secrets/stores"}, "PKCS#11"),
]
# Asio's TLS streams, and what tells of their failures and certificates, need these of OpenSSL; net uses nothing else of it.
ALLOWED = {("net", "<openssl/ssl.h>"), ("net", "<openssl/err.h>"), ("net", "<openssl/x509.h>")}

# Below the waterline nothing locks, starts threads, opens files or sockets, or asks what time it is. base holds the clocks, the log
# and the locked memory that the others are given.
OUTSIDE = re.compile(
    r"#\s*include\s+<(mutex|shared_mutex|thread|condition_variable|future|semaphore|latch|barrier|stop_token|fstream|filesystem"
    r"|pthread\.h|unistd\.h|fcntl\.h|poll\.h|netdb\.h|sys/\w+\.h|c?signal(\.h)?)>"
    r"|\b(system_clock|steady_clock)::now\(|\bgetenv\(")
WATERLINE = "async"  # the lowest wet room
TESTS = re.compile(r"(_test\.cc|test_support\.(cc|h)|_contract\.(h|cc)|(test|fake)_\w+\.h)$")
MOST_LINES = 600


def read_map(text):
    text = re.sub(r"#[^\n]*", "", text)
    parts = {}
    for body in re.findall(r"signet_part\(([^)]*)\)", text):
        words = body.split()
        name, uses, mode = words[0], set(), None
        for word in words[1:]:
            if word in ("USES", "LINKS", "SUBFOLDERS"):
                mode = word
            elif mode == "USES":
                uses.add(word)
        parts[name] = uses
    return parts


def part_of(path, parts):
    """The longest part name that is a folder of this path."""
    best = None
    for name in parts:
        if path.startswith(name + "/") and (best is None or len(name) > len(best)):
            best = name
    return best


def habits(file, text, is_dry):
    """What is wrong with a file by itself, whatever it includes of ours: (line or None, words)."""
    if file.suffix == ".h" and "#pragma once" not in text:
        yield None, "a header without #pragma once"
    if text.count("\n") > MOST_LINES:
        yield None, f"longer than {MOST_LINES} lines"
    if TESTS.search(file.name):
        return
    for number, line in enumerate(text.splitlines(), 1):
        code = line.split("//")[0]
        if file.suffix == ".h" and re.match(r"\s*using\s+namespace\b", code):
            yield number, "a header spills a namespace"
        if is_dry and OUTSIDE.search(code):
            yield number, "below the waterline nothing waits, locks or looks outside"


def check(root):
    src = root / "src"
    parts = read_map((src / "CMakeLists.txt").read_text())
    names = list(parts)
    dry = set(names[:names.index(WATERLINE)] if WATERLINE in parts else names) - {"base"}
    faults = []
    for file in sorted(src.rglob("*.h")) + sorted(src.rglob("*.cc")):
        relative = file.relative_to(src).as_posix()
        part = part_of(relative, parts)
        if part is None:
            faults.append(f"src/{relative}: in no part of the map")
            continue
        text = file.read_text()
        faults += [f"src/{relative}:{number or 1}: {words}" for number, words in habits(file, text, part in dry)]
        for number, line in enumerate(text.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+("([^"]+)"|<[^>]+>)', line)
            if not match:
                continue
            place = f"src/{relative}:{number}"
            if match.group(2):
                target = part_of(match.group(2), parts)
                # Tests, their contracts and their own helpers may use tests/support.
                is_test_help = match.group(2).startswith("support/") and re.search(
                    r"(_test\.cc|test_support\.cc|_contract\.(h|cc)|test_\w+\.h)$", file.name)
                if target is None and not is_test_help:
                    faults.append(f"{place}: {match.group(1)} is in no part of the map")
                elif target and target != part and target not in parts[part]:
                    faults.append(f"{place}: {part} may not include {target}")
            else:
                for pattern, allowed, what in WALLS:
                    if (pattern.search(match.group(1)) and part not in allowed
                            and (part, match.group(1)) not in ALLOWED):
                        faults.append(f"{place}: {what} belong in {', '.join(sorted(allowed))} only")
    return faults


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]
    faults = check(root)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
