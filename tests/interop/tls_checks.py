"""The TLS listener as testssl.sh judges it (sec_206): nothing of severity HIGH or more. Needs the program (Debian:
testssl.sh); its name may be in TESTSSL. --long lets it do all that it can, which takes two minutes, and wants an A
of the versions that give grades."""

import datetime
import ipaddress
import json
import os
import shutil
import subprocess

import harness
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

GRAVE = {"HIGH", "CRITICAL", "FATAL"}
# What the test's own certificate lacks, or a port on loopback cannot have.
OF_THE_SETTING = {"cert_revocation", "cert_crlDistributionPoints", "DNS_CAArecord"}
# What must have been looked at, so that silence means something: protocols, suites and known attacks.
LOOKED_AT = {"SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3", "cipherlist_NULL", "cipherlist_aNULL",
             "FS", "secure_renego", "secure_client_renego", "CRIME_TLS", "heartbleed", "ROBOT", "SWEET32",
             "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4"}
OTHER_NAMES = {"FS": "PFS"}  # in version 3.0
# Protocols, kinds of suites, forward secrecy, the server's order and defaults, known attacks.
SHORT = ["-p", "-s", "-f", "-P", "-S", "-U"]


def program():
    return os.environ.get("TESTSSL") or shutil.which("testssl") or shutil.which("testssl.sh")


def write_certificate(folder):
    """A chain of two for 127.0.0.1; returns the files of the chain, its key and the authority."""
    now = datetime.datetime.now(datetime.timezone.utc)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(subject, public_key, constraints, **extensions):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
        builder = (x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=89))
                   .add_extension(constraints, critical=True))
        for extension in extensions.values():
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority = certificate("An authority of the tests", authority_key.public_key(),
                            x509.BasicConstraints(ca=True, path_length=0))
    leaf = certificate("localhost", key.public_key(), x509.BasicConstraints(ca=False, path_length=None),
                       names=x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(
                           ipaddress.ip_address("127.0.0.1"))]),
                       use=x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]))
    files = [folder / name for name in ("chain.pem", "key.pem", "authority.pem")]
    files[0].write_bytes(leaf)
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    files[1].chmod(0o600)
    files[2].write_bytes(authority)
    return files


def findings(server, authority, parts):
    out = server.workdir / "testssl.json"
    done = subprocess.run([program(), "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", *parts,
                           "--add-ca", str(authority), "--jsonfile", str(out),
                           f"https://127.0.0.1:{server.port}"],
                          capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL)
    if not out.exists():
        raise RuntimeError(f"testssl made no report: {(done.stdout + done.stderr)[-400:]}")
    return json.loads(out.read_text())


def check_findings(found):
    grave = [f"{one['id']}: {one['severity']}: {one['finding']}" for one in found
             if one["severity"] in GRAVE and one["id"] not in OF_THE_SETTING]
    return "; ".join(grave)


def check_looked_at(found):
    seen = {one["id"] for one in found}
    missing = [name for name in LOOKED_AT if name not in seen and OTHER_NAMES.get(name) not in seen]
    return f"testssl did not look at {sorted(missing)}" if missing else ""


def check_grade(found):
    grades = [one["finding"] for one in found if one["id"] == "overall_grade"]
    return "" if all(grade.startswith("A") for grade in grades) else f"grade {grades}"


def run(results, options):
    if program() is None:
        print("skipped: testssl.sh is not installed", flush=True)
        return
    server = harness.Server(options.signetd, {}, keep=options.keep)
    chain, key, authority = write_certificate(server.workdir)
    server.document.update(harness.config([]))
    server.document["server"]["tls"] = {"certificate": str(chain), "private_key": str(key)}
    with server:
        found = findings(server, authority, [] if options.long else SHORT)
    results.check("TLS: testssl.sh finds nothing grave (sec_206)", check_findings, found)
    results.check("TLS: testssl.sh looked at protocols, suites and known attacks (sec_206)", check_looked_at, found)
    if options.long:
        results.check("TLS: its grade is an A where it gives one (sec_206)", check_grade, found)
