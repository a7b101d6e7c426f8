#!/usr/bin/env python3
"""Proves that check_layers.py finds an uphill include, a climbed wall and what waits below the waterline, and passes a clean house."""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from check_layers import check  # noqa: E402


def house(root, files):
    for name, text in files.items():
        path = root / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return check(root)


MAP = ("signet_part(base)\nsignet_part(crypto USES base)\nsignet_part(jose USES base crypto)\n"
       "signet_part(async USES base)\n")

with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    clean = {"CMakeLists.txt": MAP, "base/a.h": "#pragma once\n#include <mutex>\n",
             "crypto/k.h": "#pragma once\n#include <openssl/evp.h>\n", "async/t.cc": "#include <thread>\n",
             "jose/j_test.cc": "#include <fstream>\nusing namespace test;\n",
             "jose/j.cc": '#include "base/a.h"\n#include "crypto/k.h"\n'}
    assert house(root, clean) == [], house(root, clean)
    uphill = house(root, {"crypto/k.cc": '#include "jose/j.h"\n'})
    assert uphill == ["src/crypto/k.cc:1: crypto may not include jose"], uphill
    (root / "src/crypto/k.cc").unlink()
    wall = house(root, {"jose/w.cc": "#include <openssl/evp.h>\n"})
    assert len(wall) == 1 and "belong in crypto only" in wall[0], wall
    (root / "src/jose/w.cc").unlink()
    stray = house(root, {"attic/x.cc": ""})
    assert stray == ["src/attic/x.cc: in no part of the map"], stray
    (root / "src/attic/x.cc").unlink()
    for text in ("#include <mutex>\n", "#include <sys/socket.h>\n", "auto now = std::chrono::system_clock::now();\n",
                 'auto home = std::getenv("HOME");\n', "\n" * 601):
        found = house(root, {"jose/w.cc": text})
        assert len(found) == 1 and found[0].startswith("src/jose/w.cc:1: "), (text, found)
    assert house(root, {"jose/w.cc": "// system_clock::now() is not asked here\n"}) == []
    for text in ("", "#pragma once\nusing namespace std;\n"):
        assert len(house(root, {"jose/h.h": text})) == 1, text
print("ok")
