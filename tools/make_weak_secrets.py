#!/usr/bin/env python3
"""Makes src/secrets/weak_secrets.def from a list of secrets found in the wild (jwt-weak-secrets of the
vectors): what is long enough for HMAC (RFC 7518 §3.2) is kept as the first 64 bits of its SHA-256.

  tools/make_weak_secrets.py LIST > src/secrets/weak_secrets.def
"""
import hashlib
import pathlib
import sys

SHORTEST = 32  # bytes of HS256; what is shorter is refused for that
PER_LINE = 4


def main():
    lines = pathlib.Path(sys.argv[1]).read_bytes().replace(b"\r", b"").split(b"\n")
    prefixes = sorted({hashlib.sha256(line).hexdigest()[:16] for line in lines if len(line) >= SHORTEST})
    print("// The first 64 bits of the SHA-256 of each HMAC secret of 32 bytes and more that was found in the")
    print("// wild (wallarm/jwt-secrets 99e2360, MIT), in order. Made by tools/make_weak_secrets.py.")
    for at in range(0, len(prefixes), PER_LINE):
        print(" ".join(f"0x{prefix}," for prefix in prefixes[at:at + PER_LINE]))


if __name__ == "__main__":
    main()
