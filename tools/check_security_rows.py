#!/usr/bin/env python3
"""Holds tests/security_rows.csv against the tests: a row that is proven has a test whose name carries
sec_NNN, and a test that carries sec_NNN belongs to a row that is proven or partial.

  tools/check_security_rows.py [--list STATE]

Prints what is wrong, the number of rows in each state, and at last `N passed, N failed`.
"""
import ast
import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROWS = 218
STATES = ("proven", "partial", "later-issue")
# Where names of tests are: test sources, the headers they share, and the scripts.
SOURCES = ("src/**/*_test.cc", "src/**/*_contract.cc", "tests/**/*.cc", "tests/**/*.py", "tests/**/*.mjs")


ROW = re.compile(r"sec_(\d{3})(?!\d)")
# A literal first, so that // inside one is no comment.
CODE = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)
TEST_NAME = re.compile(r"\bTEST(?:_F|_P)?\(\s*\w+\s*,\s*(\w+)\s*\)")


def without_comments(text):
    return CODE.sub(lambda found: found[0] if found[0].startswith('"') else " ", text)


def names_in_python(text):
    """Names of functions, and texts that are not there to be read (those of a module, class or function)."""
    tree = ast.parse(text)
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def names_of_tests(suffix, text):
    """What a file calls its tests: neither its comments nor its other words prove anything."""
    if suffix == ".py":
        return list(names_in_python(text))
    code = without_comments(text)
    if suffix == ".mjs":
        return [text for _, text in re.findall(r"""(["'`])(.*?)\1""", code)]
    return TEST_NAME.findall(code)


def named_in_tests(root):
    """Row number -> the files whose tests name it."""
    found = {}
    for pattern in SOURCES:
        for file in sorted(root.glob(pattern)):
            for name in names_of_tests(file.suffix, file.read_text(errors="replace")):
                for number in ROW.findall(name):
                    found.setdefault(int(number), set()).add(file.relative_to(root).as_posix())
    return found


def read_rows(path):
    """Row number -> (state, words), and what is wrong with the file itself."""
    rows, faults = {}, []
    with open(path, newline="") as file:
        for line, fields in enumerate(csv.reader(file), 1):
            if line == 1:
                if fields != ["row", "state", "where or why"]:
                    faults.append(f"{path.name}:1: another head than expected")
                continue
            if len(fields) != 3 or not fields[0].isdigit() or not all(field.strip() for field in fields):
                faults.append(f"{path.name}:{line}: a field is empty, or there are more or fewer than three")
                continue
            number = int(fields[0])
            if number in rows:
                faults.append(f"{path.name}:{line}: row {number} occurs twice")
            if fields[1] not in STATES:
                faults.append(f"{path.name}:{line}: {fields[1]!r} is no state")
            rows[number] = (fields[1], fields[2])
    return rows, faults


def check(rows, named):
    """What each row lacks; a row without a fault has passed."""
    faults = {}
    for number in range(1, ROWS + 1):
        state = rows.get(number, (None,))[0]
        if state is None:
            faults[number] = "has no line"
        elif state == "proven" and number not in named:
            faults[number] = f"is called proven, but no test is named sec_{number:03}"
        elif state == "later-issue" and number in named:
            faults[number] = f"waits for a later issue, but is named in {', '.join(sorted(named[number]))}"
    for number in sorted((set(rows) | set(named)) - set(range(1, ROWS + 1))):
        faults[number] = "is no row of the requirements"
    return faults


def proves_itself():
    """The check finds each kind of fault, so that its silence means something."""
    good = {number: ("later-issue", "x") for number in range(1, ROWS + 1)}
    source = ('// sec_001\nTEST_F(A,\n sec_002_and_sec_003_hold) { EXPECT_TRUE(x) << "// sec_004"; }  /* sec_005\n'
              'TEST(A, sec_006_is_off) {} */\nTEST_P(A, sec_007) {}')
    script = '"""sec_001"""\n# sec_002\ndef sec_003():\n    """sec_004"""\n    check("holds (sec_005)", f"{x} sec_006")'
    named = [ROW.findall(" ".join(names_of_tests(*file))) for file in ((".cc", source), (".py", script),
                                                                       (".mjs", 'ok("sec_001"); // "sec_002"'))]
    return (named == [["002", "003", "007"], ["003", "005", "006"], ["001"]]
            and not check(good, {}) and check({**good, 7: ("proven", "x")}, {}) and check(good, {7: {"a"}})
            and not check({**good, 7: ("proven", "x")}, {7: {"a"}}) and not check({**good, 7: ("partial", "x")}, {})
            and check({k: v for k, v in good.items() if k != 9}, {}) and check(good, {999: {"a"}}))


def main():
    rows, faults = read_rows(ROOT / "tests/security_rows.csv")
    if len(sys.argv) == 3 and sys.argv[1] == "--list":
        for number, (state, words) in sorted(rows.items()):
            if state == sys.argv[2]:
                print(f"{number:3} {words}")
        return 0
    of_rows = check(rows, named_in_tests(ROOT))
    faults += [f"row {number} {fault}" for number, fault in sorted(of_rows.items())]
    if not proves_itself():
        faults.append("the check does not find what it is made to find")
    for fault in faults:
        print(fault)
    for state in STATES:
        print(f"{sum(row[0] == state for row in rows.values())} {state}")
    print(f"{ROWS - min(ROWS, len(faults))} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
