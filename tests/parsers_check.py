#!/usr/bin/env python3
"""sec_213: foreign bytes go only through parsers of known limits, and each of those is fuzzed.

Prints what is wrong, and at last `N passed, N failed`.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Libraries that make objects of any type out of bytes.
OBJECT_FORMATS = re.compile(r"boost/(serialization|archive|interprocess)|cereal|bitsery|msgpack|protobuf|capnp|"
                            r"flatbuffers|thrift|avro|bson|nlohmann|rapidjson|libxml|tinyxml|pugixml")
# A format's library -> the only folder that may see it.
AT_HOME = {r"yaml-cpp/": "src/config", r"boost/json": "src/base", r"openssl/(asn1|pem|pkcs|x509)": "src/crypto"}
# What reads bytes from outside: each of these is met by a fuzz target.
PARSERS = """base/base64.h base/json.h config/server_config.h http/chunked.h http/form.h http/form_view.h
    http/grammar.h jose/jwe.h jose/jwk.h jose/jws.h jose/jwt.h keystores/java_object.h keystores/jks.h
    keystores/pem.h keystores/pkcs12.h net/head_parser.h oauth/client_authentication.h
    secrets/stores/aws/kms_wire.h secrets/stores/aws/profiles.h secrets/stores/aws/wire.h
    secrets/stores/azure/key_vault_wire.h secrets/stores/azure/value.h secrets/stores/encoded_value.h
    secrets/stores/google/credentials.h secrets/stores/google/google_answer.h
    secrets/stores/vault/vault_wire.h""".split()


def includes(folder, patterns):
    """(file, what it includes), relative to the root."""
    for pattern in patterns:
        for file in sorted((ROOT / folder).rglob(pattern)):
            for name in re.findall(r'^#include [<"]([^>"]+)[>"]', file.read_text(), re.M):
                yield file.relative_to(ROOT).as_posix(), name


def sec_213_no_object_format():
    for file, name in includes("src", ("*.h", "*.cc")):
        if OBJECT_FORMATS.search(name):
            yield f"{file} includes {name}"
        for library, home in AT_HOME.items():
            if re.match(library, name) and not file.startswith(home) and not file.endswith("_test.cc"):
                yield f"{file} includes {name}, which belongs to {home}"


def sec_213_every_parser_is_fuzzed():
    met = {name for _, name in includes("fuzz", ("*.cc",))}
    for header in PARSERS:
        if not (ROOT / "src" / header).exists():
            yield f"{header} is gone: name what reads instead of it"
        elif header not in met:
            yield f"no fuzz target includes {header}"
    for wire in sorted((ROOT / "src").rglob("*wire.h")):
        if wire.relative_to(ROOT / "src").as_posix() not in PARSERS:
            yield f"{wire.relative_to(ROOT)} is not in the list of parsers"


def sec_213_every_target_is_whole():
    targets = re.findall(r"^signet_fuzz\((\w+) ", (ROOT / "fuzz/CMakeLists.txt").read_text(), re.M)
    told = (ROOT / "fuzz/README.md").read_text()
    for source in sorted((ROOT / "fuzz").glob("*_fuzz.cc")):
        name = source.stem.removesuffix("_fuzz")
        if name not in targets:
            yield f"{name}_fuzz is not built"
        if f"`{name}_fuzz`" not in told:
            yield f"fuzz/README.md does not say what {name}_fuzz holds"
        if not any((ROOT / "fuzz/corpus" / name).glob("*")):
            yield f"{name}_fuzz has no seeds"


def main():
    failed = 0
    checks = (sec_213_no_object_format, sec_213_every_parser_is_fuzzed, sec_213_every_target_is_whole)
    for check in checks:
        faults = list(check())
        failed += bool(faults)
        for fault in faults:
            print(f"{check.__name__}: {fault}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
