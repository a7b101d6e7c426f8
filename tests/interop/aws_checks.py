#!/usr/bin/env python3
"""The stores on AWS against moto with IAM switched on; boto3 and PyCA cryptography judge.

  tests/interop/aws_checks.py [--signetd FILE]
"""

import base64
import concurrent.futures
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "chaos"))
import harness  # noqa: E402

if __name__ == "__main__":
    harness.in_venv()

import aws_server  # noqa: E402
import jwt as pyjwt  # noqa: E402
from cryptography import x509  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from joserfc.jwk import RSAKey  # noqa: E402
from moto.kms import models as kms_models  # noqa: E402
from results import Results  # noqa: E402

INSTANCES = 10
SECRET = "indicium/openid-server-test"
SIGNING_ID = "am.services.oauth2.stateless.signing."
AUDIENCE = "https://api.example.com"


def server(options, environment, shared=None, stores=None, alg="RS256", **more):
    secret = harness.new_secret()
    client = harness.client("app", secret, may_introspect="realm",
                            access_token={"format": "jwt", "signing_algorithm": alg})
    more["keys"] = {"store_timeout": harness.STORE_TIMEOUT, **more.get("keys", {})}
    document = harness.config([client], secret_stores=stores, **more)
    if shared:
        document["OpenIDServerSigningSettings"] = shared
    made = harness.Server(options.signetd, document, keep=options.keep, env=environment)
    made.client_secret = secret
    return made


def kids(one):
    return sorted(key["kid"] for key in one.jwks()["keys"])


def token_of(one):
    answer = one.token("app", one.client_secret)
    if answer.status != 200:
        raise RuntimeError(f"no token: {answer}")
    return answer.json()["access_token"]


def verified(token, jwks):
    kid = pyjwt.get_unverified_header(token)["kid"]
    key = next(key for key in jwks["keys"] if key["kid"] == kid)
    pyjwt.decode(token, pyjwt.PyJWK(key), algorithms=[pyjwt.get_unverified_header(token)["alg"]],
                 audience=AUDIENCE)


def start_all(servers):
    """All at the same moment; each has its own data, as on its own machine."""
    with concurrent.futures.ThreadPoolExecutor(len(servers)) as pool:
        list(pool.map(lambda one: one.start(), servers))
    # One that was refused its turn by a busy AWS says that it is not ready yet, and asks again.
    wait_for(lambda: all(one.management("/health/ready").status == 200 for one in servers))


def wait_for(condition, seconds=harness.GENEROUS):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return False


def kid_of_pem(pem):
    key = serialization.load_pem_private_key(pem.encode(), None)
    certificate = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERT"):].encode())
    if certificate.public_key().public_numbers() != key.public_key().public_numbers():
        raise RuntimeError("the certificate is of another key")
    public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                           serialization.PublicFormat.SubjectPublicKeyInfo)
    return RSAKey.import_key(public).thumbprint()


def shared_certificate(results, options, aws):
    keys = aws.user("indicium", aws_server.documents_policy(SECRET))
    environment = aws.environment(keys)
    named = {**environment, "OpenIDServerSigningSettings__AwsSecretManager__SecretName": SECRET}
    setting = {"AwsSecretManager": {"SecretName": SECRET}}
    store = {"name": "shared", "type": "aws_shared_certificate",
             "settings": {"secret_name": SECRET, "endpoint_url": aws.url}}
    servers = [server(options, named) if i % 3 == 0 else
               server(options, environment, shared=setting) if i % 3 == 1 else
               server(options, environment, stores=[store]) for i in range(INSTANCES)]
    try:
        start_all(servers)
        results.check("ten instances that start at once publish one certificate",
                      lambda: ten_agree(servers))
        results.check("a token of each instance is verified with the JWKS of the next",
                      lambda: cross_verify(servers))
        results.check("boto3 finds one secret with one version, and its key signs",
                      lambda: judge(aws, servers))
        results.check("no instance has keys of its own", lambda: next(
            (f"{one.data_dir}/keys is there" for one in servers if (one.data_dir / "keys").exists()),
            None))
        one = servers[0]
        before = kids(one)
        one.stop()
        one.start()
        results.check("a restart reads the same certificate", lambda: None if wait_for(
            lambda: kids(one) == before) else f"{kids(one)} instead of {before}")
    finally:
        for one in servers:
            one.__exit__()


def ten_agree(servers):
    wait_for(lambda: all(kids(one) for one in servers))
    found = {tuple(kids(one)) for one in servers}
    return None if len(found) == 1 and len(next(iter(found))) == 1 else f"they publish {found}"


def cross_verify(servers):
    for one, other in zip(servers, servers[1:] + servers[:1]):
        verified(token_of(one), other.jwks())


def judge(aws, servers):
    secrets = aws.client("secretsmanager")
    names = [entry["Name"] for entry in secrets.list_secrets()["SecretList"]]
    if names != [SECRET]:
        return f"there are {names}"
    versions = secrets.list_secret_version_ids(SecretId=SECRET)["Versions"]
    if len(versions) != 1:
        return f"there are {len(versions)} versions"
    kid = kid_of_pem(secrets.get_secret_value(SecretId=SECRET)["SecretString"])
    return None if kids(servers[0]) == [kid] else f"{kid} is not in {kids(servers[0])}"


def other_policies(results, options, aws):
    wide = aws_server.documents_policy("wide")
    wide["Statement"][0]["Resource"] = wide["Statement"][0]["Resource"].replace("-*", "*")
    keys = aws.user("wide", wide)
    with server(options, aws.environment(keys), shared={"AwsSecretManager": {"SecretName": "wide"}}) as one:
        results.check("a policy for <name>*, which says what is missing, works too",
                      lambda: None if wait_for(lambda: kids(one)) and token_of(one) else "no key")

    for name, actions in (("only-get", ["secretsmanager:GetSecretValue"]),
                          ("only-create", ["secretsmanager:CreateSecret"])):
        policy = aws_server.documents_policy(name)
        policy["Statement"][0]["Action"] = actions
        keys = aws.user(name, policy)
        missing = {"only-get": "secretsmanager:CreateSecret",
                   "only-create": "secretsmanager:GetSecretValue"}[name]
        results.check(f"with {name} no key is used, and the missing right is named",
                      lambda: refuses(options, aws.environment(keys), name, missing))


def refuses(options, environment, name, missing):
    one = server(options, environment, shared={"AwsSecretManager": {"SecretName": name}})
    try:
        one.start()
        said = wait_for(lambda: missing in log_of(one))
        if one.jwks().get("keys"):
            return "it publishes a key"
        if one.token("app", one.client_secret).status == 200:
            return "it signs"
    except harness.StartFailed:
        said = missing in log_of(one)
    finally:
        text = log_of(one)
        one.__exit__()
    return None if said else f"the log does not name {missing}: {text[-600:]}"


def log_of(one):
    return "".join(log.read_text(errors="replace") for log in one.logs())


def pem_key():
    return RSAKey.generate_key(2048)


def mapped_secrets(results, options, aws):
    judge_client = aws.client("secretsmanager")
    old, new = pem_key(), pem_key()
    judge_client.create_secret(Name="app/key", SecretString=old.as_pem(private=True).decode())
    judge_client.create_secret(Name="app/hmac", SecretBinary=base64.b64encode(b"k" * 48))
    keys = aws.user("mapped", {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
        "Resource": f"arn:aws:secretsmanager:{aws_server.REGION}:{aws_server.ACCOUNT}:secret:app/*"}]})
    store = {"name": "aws", "type": "aws_secrets_manager", "settings": {"reread_seconds": 1},
             "mappings": {SIGNING_ID + "RSA": ["app/key"]}}
    stages = {"publish_ahead": "PT2S", "refresh": "PT1S"}
    with server(options, aws.environment(keys), stores=[store], keys=stages) as one:
        results.check("a secret that boto3 wrote signs",
                      lambda: None if kids(one) == [old.thumbprint()] and token_of(one) else
                      f"{kids(one)}")
        before = token_of(one)
        judge_client.put_secret_value(SecretId="app/key",
                                      SecretString=new.as_pem(private=True).decode())
        both = sorted([old.thumbprint(), new.thumbprint()])
        results.check("after a rotation there both versions are published", lambda: None if wait_for(
            lambda: kids(one) == both) else f"{kids(one)} instead of {both}")
        results.check("the new version signs once it was published long enough",
                      lambda: None if wait_for(lambda: pyjwt.get_unverified_header(
                          token_of(one))["kid"] == new.thumbprint()) else "the old one still signs")
        results.check("a token of the version before is still verified",
                      lambda: verified(before, one.jwks()))


def kms(results, options, aws):
    kms_client = aws.client("kms")
    made = {}
    for alg, spec in (("RS256", "RSA_2048"), ("ES256", "ECC_NIST_P256"),
                      ("ES384", "ECC_NIST_P384"), ("ES512", "ECC_NIST_P521")):
        made[alg] = kms_client.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        kms_client.create_alias(AliasName="alias/" + alg, TargetKeyId=made[alg])
    keys = aws.user("kms", {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:Sign", "kms:Decrypt"],
        "Resource": "*"}]})
    results.check("the stores' own test: keys in KMS sign what their public halves verify",
                  lambda: stores_test(aws.environment(keys)))
    signs_remotely = True
    for alg in made:
        name = SIGNING_ID + ("RSA" if alg[0] == "R" else alg)
        store = {"name": "kms", "type": "aws_kms", "mappings": {name: ["alias/" + alg]}}
        key = serialization.load_der_public_key(
            kms_client.get_public_key(KeyId="alias/" + alg)["PublicKey"])
        with server(options, aws.environment(keys), stores=[store], alg=alg) as one:
            results.check(f"the key in KMS for {alg} is published as boto3 gets it",
                          lambda: published(one, key))
            if one.token("app", one.client_secret).status != 200 and "key_is_remote" in log_of(one):
                signs_remotely = False
            if not signs_remotely:
                print(f"skip the key in KMS for {alg} signs a token: this server has no remote signing")
                continue
            results.check(f"the key in KMS for {alg} signs a token", lambda: pyjwt.decode(
                token_of(one), key, algorithms=[alg], audience=AUDIENCE) and None)


def kms_macs(results, options, aws):
    """Tokens by a MAC key in KMS, judged with the bytes that moto made for it."""
    kms_client = aws.client("kms")
    made = {}
    for alg in ("HS256", "HS384", "HS512"):
        made[alg] = kms_client.create_key(KeySpec="HMAC_" + alg[2:], KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
        kms_client.create_alias(AliasName="alias/" + alg, TargetKeyId=made[alg])
    keys = aws.user("kms-macs", {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"],
        "Resource": "*"}]})
    for alg, name in made.items():
        store = {"name": "kms", "type": "aws_kms", "mappings": {SIGNING_ID + "HMAC": ["alias/" + alg]}}
        material = kms_models.kms_backends[aws_server.ACCOUNT][aws_server.REGION].keys[name].key_material
        with server(options, aws.environment(keys), stores=[store], alg=alg) as one:
            results.check(f"the MAC key in KMS for {alg} signs and verifies a token",
                          lambda: signs_by_mac(one, alg, material))


def signs_by_mac(one, alg, material):
    token = token_of(one)
    pyjwt.decode(token, material, algorithms=[alg], audience=AUDIENCE)
    if one.jwks().get("keys"):
        return f"the JWKS shows {one.jwks()}"
    if not one.introspect("app", one.client_secret, token).json()["active"]:
        return "introspection calls it inactive"
    head, body, mac = token.split(".")
    forged = ".".join([head, body, ("B" if mac[0] != "B" else "C") + mac[1:]])
    if one.introspect("app", one.client_secret, forged).json()["active"]:
        return "introspection calls a forged one active"
    return None


def published(one, key):
    found = [pyjwt.PyJWK(jwk).key.public_numbers() for jwk in one.jwks()["keys"]]
    return None if found == [key.public_numbers()] else f"{one.jwks()}"


def stores_test(environment):
    built = list(harness.BUILD.glob("*/bin/secrets_stores_test"))
    if not built:
        print("skip: secrets_stores_test is not built")
        return None
    program = max(built, key=lambda file: file.stat().st_mtime)
    done = subprocess.run([program, "--gtest_filter=AwsPeer.*"], capture_output=True, text=True,
                          env={**environment, "SIGNET_AWS_PEER": "1"}, timeout=600)
    passed = done.returncode == 0 and "[  PASSED  ] 1 test" in done.stdout and "SKIPPED" not in done.stdout
    return None if passed else done.stdout[-1500:]


def run(results, options, aws):
    shared_certificate(results, options, aws)
    other_policies(results, options, aws)
    mapped_secrets(results, options, aws)
    kms(results, options, aws)
    kms_macs(results, options, aws)


def main():
    options = harness.arguments(__doc__.splitlines()[0])
    results = Results()
    with aws_server.Aws() as aws:
        run(results, options, aws)
    sys.exit(results.finish())


if __name__ == "__main__":
    main()
