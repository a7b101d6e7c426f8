#!/usr/bin/env python3
"""Proves that check_layers.py finds an uphill include and a climbed wall, and passes a clean house."""
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


MAP = "signet_part(base)\nsignet_part(crypto USES base)\nsignet_part(jose USES base crypto)\n"

with tempfile.TemporaryDirectory() as folder:
    root = pathlib.Path(folder)
    clean = {"CMakeLists.txt": MAP, "base/a.h": "", "crypto/k.h": "#include <openssl/evp.h>\n",
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
print("ok")
