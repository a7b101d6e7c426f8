#!/usr/bin/env python3
"""What failed, by name, in few lines: for the end of tools/run_tests.sh, since of a log often only the end is left.

  tools/name_failures.py STEP=LOG...

Reads what GoogleTest prints, `FAIL name: why` and `name value unit goal FAIL` of scripts, and where a program ended before
it could say so the last that it said.
"""
import pathlib
import re
import sys

LINES = 40  # of all steps together
LONGEST = 240  # characters of a line
WORDS = 3  # lines of what a GoogleTest says of its failure, and of what else is told of a script's
OF_GOOGLETEST = re.compile(r"\[  FAILED  \] (\S+?)(?:,.*)?(?: \(\d+ ms\))?")
BEGUN = re.compile(r"\[ RUN      \] (\S+)")
ENDED = re.compile(r"\[       OK \]|\[  SKIPPED \]")
SECTION = re.compile(r"== (\w+)(: (?:FAILED|passed|skipped) .*)?")
# How a program ends that had no time to name anything, and how a compiler says why there is none.
CRASH = re.compile(r"ERROR: \w+Sanitizer|runtime error: |Assertion .* failed|terminate called|Segmentation fault|"
                   r"\bfatal error: |: error: |^FAILED: |^\w*(?:Error|Exception|Expired)\b")


def shortened(line):
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else line[:LONGEST - 3] + "..."


def of_googletest(lines):
    """The names of the tests that failed, each with the first that it said, and the one that never ended."""
    found, name, said = {}, None, []
    for line in lines:
        begun, failed = BEGUN.fullmatch(line), OF_GOOGLETEST.fullmatch(line)
        if begun:
            name, said = begun[1], []
        elif failed:
            if failed[1] == name:
                found[name] = said
            elif "." in failed[1]:
                found.setdefault(failed[1], [])
            name = None
        elif ENDED.match(line):
            name = None
        elif name and line.strip():
            said.append(line)
    if name:
        worst = [line for line in said if CRASH.search(line)]
        found[name + " (it never ended)"] = worst or said[-WORDS:]
    return [line for test, words in found.items() for line in (test, *("  " + word for word in words[:WORDS]))]


def is_same(one, other):
    """Whether two lines tell of one failure: scripts say it once more at their end, with the lines below it, cut off."""
    short, long = sorted((" ".join(line.split()).removesuffix("...") for line in (one, other)), key=len)
    return long.startswith(short)


def of_script(lines):
    """What scripts call FAIL, each once; of faults (`== name`) with the script's name and its first remarks."""
    found, section, remarks = [], "", []
    for line in lines:
        heading = SECTION.fullmatch(line)
        if heading and heading[2] and heading[2].startswith(": FAILED"):
            found += [f"{section}: {remark}" for remark in remarks[:WORDS]] + [heading[1] + heading[2]]
        if heading:
            section, remarks = "" if heading[2] else heading[1], []
        elif line.startswith("FAIL "):
            if not any(is_same(line, before) for before in found):
                found.append(line)
        elif section and line.endswith(" FAIL"):
            found.append(f"{section}: {line}")
        elif section and (line.startswith("# ") or CRASH.search(line)):
            remarks.append(line)
    return found


def failures_in(text):
    lines = text.splitlines()
    found = of_googletest(lines) or of_script(lines)
    if not found:
        found = [line for line in lines if CRASH.search(line)][:WORDS] + [line for line in lines if line.strip()][-WORDS:]
        found = list(dict.fromkeys(found))
    return [shortened(line) if not line.startswith("  ") else "  " + shortened(line) for line in found]


def named(logs):
    """(step, text) in, lines out: every step has its share, and what one leaves others may have."""
    found = [(step, failures_in(text)) for step, text in logs]
    rest, out = LINES, []
    for number, (step, lines) in enumerate(found):
        share = max(2, rest // (len(found) - number)) - 1
        shown = lines if len(lines) <= share else [*lines[:share - 1], f"and {len(lines) - share + 1} lines more"]
        out += [f"{step}:", *("  " + line for line in shown)]
        rest -= 1 + len(shown)
    return out[:LINES]


def main():
    logs = [argument.split("=", 1) for argument in sys.argv[1:]]
    for line in named([(step, pathlib.Path(log).read_text(errors="replace")) for step, log in logs]):
        print(line)


if __name__ == "__main__":
    main()
