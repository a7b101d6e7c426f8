#!/usr/bin/env python3
"""Proves that name_failures.py names what failed, in few lines. Ends with `N passed, N failed`."""
import sys

from name_failures import LINES, failures_in, named

GOOGLETEST = """[==========] Running 3 tests from 1 test suite.
[ RUN      ] Keeper.signs
[       OK ] Keeper.signs (3 ms)
[ RUN      ] Keeper.rotates
../src/secrets/keeper/keeper_test.cc:41: Failure
Expected equality of these values:
  kid
    Which is: "b"
  "a"

[  FAILED  ] Keeper.rotates (12 ms)
[ RUN      ] Engines/StorageContract.keeps/sqlite
a line of the log that is none of its own
../src/storage/storage_contract.cc:9: Failure
Value of: kept

[  FAILED  ] Engines/StorageContract.keeps/sqlite, where GetParam() = sqlite (1 ms)
[  PASSED  ] 1 test.
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] Keeper.rotates
[  FAILED  ] Engines/StorageContract.keeps/sqlite, where GetParam() = sqlite

 2 FAILED TESTS
"""
CRASHED = """[ RUN      ] Jose.opens
a line before
==71==ERROR: AddressSanitizer: heap-use-after-free on address 0x602
    #0 0x55 in main
SUMMARY: AddressSanitizer: heap-use-after-free
"""
INTEROP = """ok   one
FAIL two: the answer is 503
  and another line
ok   three
FAIL four: late
FAIL two: the answer is 503 and another line
FAIL four: late
2 passed, 2 failed
"""
LONG = "why " * 100
FAMILY = f"""FAIL limit: a body of 1 MiB: the answer is 200
FAIL limit: a header of 64 KiB: the answer is 500
FAIL limit: a name: {LONG}
FAIL limit: a body of 1 MiB: the answer is 200
FAIL limit: a header of 64 KiB: the answer is 500
FAIL limit: a name: {LONG[:200]}...
0 passed, 3 failed
"""
CHAOS = """== graceful
seed 7
stops 20 stops >=20 PASS
== graceful: passed in 9 s
== kill9
seed 8
# kill 3: a token does not verify
kills 40 kills >=40 PASS
lost_or_undone 1 faults <=0 FAIL
== kill9: FAILED (1) in 61 s
== limits
Traceback (most recent call last):
  File "limits.py", line 9, in main
TimeoutError: timed out
== limits: FAILED (1) in 9 s
kill9: lost_or_undone 1 faults <=0 FAIL
1 passed, 2 failed: kill9, limits
"""
OTHER = """one.txt: $ signet jose
  exit 1, expected 0
7 passed, 1 failed
"""
BUILD = """[1/9] Building a
FAILED: a.o
../src/a.cc:3:1: error: 'x' was not declared
ninja: build stopped: subcommand failed.
"""
CASES = (
    ("GoogleTest", GOOGLETEST, [
        "Keeper.rotates", "  ../src/secrets/keeper/keeper_test.cc:41: Failure", "  Expected equality of these values:", "  kid",
        "Engines/StorageContract.keeps/sqlite", "  a line of the log that is none of its own",
        "  ../src/storage/storage_contract.cc:9: Failure", "  Value of: kept"]),
    ("a crash", CRASHED, ["Jose.opens (it never ended)",
                          "  ==71==ERROR: AddressSanitizer: heap-use-after-free on address 0x602"]),
    ("peers", INTEROP, ["FAIL two: the answer is 503", "FAIL four: late"]),
    ("checks of one family", FAMILY, ["FAIL limit: a body of 1 MiB: the answer is 200",
                                      "FAIL limit: a header of 64 KiB: the answer is 500",
                                      f"FAIL limit: a name: {LONG}"[:237] + "..."]),
    ("faults", CHAOS, ["kill9: lost_or_undone 1 faults <=0 FAIL", "kill9: # kill 3: a token does not verify",
                       "kill9: FAILED (1) in 61 s", "limits: TimeoutError: timed out", "limits: FAILED (1) in 9 s"]),
    ("others", OTHER, ["one.txt: $ signet jose", "  exit 1, expected 0", "7 passed, 1 failed"]),
    ("a build", BUILD, ["FAILED: a.o", "../src/a.cc:3:1: error: 'x' was not declared",
                        "ninja: build stopped: subcommand failed."]),
    ("nothing", "", []),
)

failed = 0
for name, text, expected in CASES:
    found = failures_in(text)
    if found != expected:
        failed += 1
        print(f"FAIL {name}: {found}, not {expected}")
many = "".join(f"FAIL check {number}: {'why ' * 200}\n" for number in range(99))
lines = named([("one", many), ("two", INTEROP), ("three", many)])
if len(lines) > LINES or "  FAIL four: late" not in lines or lines[-1] != "  and 77 lines more" or max(map(len, lines)) > 250:
    failed += 1
    print(f"FAIL the share of each step: {lines}")
print(f"{len(CASES) + 1 - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
