#!/usr/bin/env python3
"""Proves that count_skips.py finds what was skipped, and takes nothing else for it. Ends with `N passed, N failed`."""
import sys

from count_skips import skips_in

GOOGLETEST = """[ RUN      ] Pkcs11.signs
/src/pkcs11_store_test.cc:24: Skipped
SoftHSM2 is not installed

[  SKIPPED ] Pkcs11.signs (0 ms)
[ RUN      ] Engines/StorageContract.survives/memory
/src/storage_contract.cc:190: Skipped
skipped: this engine forgets

[  SKIPPED ] Engines/StorageContract.survives/memory (1 ms)
[ RUN      ] Engines/StorageContract.keeps/postgres
/src/storage_contract.cc:21: Skipped
skipped: PostgreSQL is not installed

[  SKIPPED ] Engines/StorageContract.keeps/postgres (1 ms)
[ RUN      ] Skipped.is_a_name
[       OK ] Skipped.is_a_name (0 ms)
[  PASSED  ] 1 test.
[  SKIPPED ] 3 tests, listed below:
[  SKIPPED ] Pkcs11.signs
"""
CHAOS = """== disk_full
disk_full skipped: a small file system cannot be mounted here: mount: permission denied
== disk_full: skipped in 0 s
== sync_order
skipped: strace is not installed (see packages.txt)
== sync_order: skipped in 0 s
== dump
sec_124_steps_refused 0 steps <=0 PASS
# skipped: this system makes no dumps
== dump: passed in 3 s
# a request was skipped and 3: nothing else
"""
INTEROP = """ok   a token of one realm is unknown in another
skipped HSM: SoftHSM2 is not installed
skipped: keystores (keytool is not installed)
skipped: testssl.sh is not installed
resource server cluster checks skipped: PostgreSQL is not installed
skip: secrets_stores_test is not built
skip PyJWT: ES256K in 3 case(s), each in both directions: not in this library
sum  PyJWT: 4 cases, 3 skipped (it has no JWE)
"""
CASES = (
    ("GoogleTest", GOOGLETEST, ["Pkcs11.signs", "Engines/StorageContract.keeps/postgres"]),
    ("faults", CHAOS, ["disk_full", "sync_order", "dump"]),
    ("peers", INTEROP, ["HSM", "", "", "resource server cluster checks", ""]),
    ("nothing", "ok   all\n3 passed, 0 failed\n", []),
)

failed = 0
for name, text, expected in CASES:
    found = [one for one, _ in skips_in(text)]
    if found != expected:
        failed += 1
        print(f"{name}: {found}, not {expected}")
if skips_in(GOOGLETEST)[1][1] != "PostgreSQL is not installed":
    failed += 1
    print(f"the reason is {skips_in(GOOGLETEST)[1][1]!r}")
print(f"{len(CASES) + 1 - failed} passed, {failed} failed")
sys.exit(1 if failed else 0)
