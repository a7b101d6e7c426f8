"""Planned rotation (`keys.rotation`) of keys that never leave their box: one signetd whose keys lie in a SoftHSM2
token and in AWS KMS (moto, with IAM switched on). The plan makes each successor in its box, publishes it and lets it
sign, while every token is verified by PyJWT with what the JWKS said at most its max-age ago."""

import json
import re
import threading
import time

import harness
import hsm_checks
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from rotation_checks import KeptSet
from store_world import until

STATELESS = "am.services.oauth2.stateless.signing."
AUDIENCE = "https://api.example.com"
EVERY = 60  # seconds: the shortest that a rule takes
STAMP = r"-\d{14}$"
RIGHTS = ["kms:GetPublicKey", "kms:DescribeKey", "kms:Sign", "kms:GenerateMac", "kms:VerifyMac", "kms:CreateKey",
          "kms:CreateAlias"]


class Rule:
    """An ID, the store that rotates it, the algorithm of its tokens, and what its successors are named after."""

    def __init__(self, name, alg, store, alias, family=None):
        self.id, self.alg, self.store, self.alias = STATELESS + name, alg, store, alias
        self.family = family or alias

    def document(self):
        return {"id": self.id, "store": self.store, "every": f"PT{EVERY}S", "publish_ahead": "PT2S", "keep": "PT1H"}


class Token:
    """A SoftHSM2 token with two pairs that softhsm2-util imported."""

    def __init__(self, server):
        self.hsm = hsm_checks.Hsm(server.workdir)
        self.hsm.put("rsa-1", 1, hsm_checks.rsa_key())
        self.hsm.put("ec-1", 2, ec.generate_private_key(ec.SECP256R1()))
        passwords = server.workdir / "passwords"
        passwords.mkdir(mode=0o700)
        (passwords / "hsm.pin").write_text(hsm_checks.PIN)
        (passwords / "hsm.pin").chmod(0o600)
        self.rules = [Rule("RSA", "PS256", "hsm", "rsa-1"), Rule("ES256", "ES256", "hsm", "ec-1")]
        self.stores = [{"name": "passwords", "type": "filesystem",
                        "settings": {"directory": str(passwords), "format": "PLAIN"}},
                       {"name": "hsm", "type": "pkcs11",
                        "settings": {"library": hsm_checks.library(), "tokenLabel": "signet",
                                     "storePassword": "hsm.pin"}}]
        self.environment = self.hsm.env
        self.before = self.objects()

    def objects(self):
        return len(list((self.hsm.workdir / "tokens").rglob("*.object"))) - 1  # one is the token itself

    def check(self, world):
        for _ in range(3):  # the plan may have its next turn just now
            wanted, made = sum(len(world.made(rule)) for rule in self.rules), self.objects() - self.before
            if made == 2 * wanted:
                return world.rotated_too_often(self.rules)
            time.sleep(5)
        return f"the token has {made} more objects, not a pair for each of {wanted} rotations"


class Kms:
    """A pair by its alias, one by its bare id, and a MAC key."""

    def __init__(self, aws):
        self.client = aws.client("kms")
        self.made("ECC_NIST_P384", "SIGN_VERIFY", "alias/planned-es384")
        bare = self.made("ECC_NIST_P521", "SIGN_VERIFY")
        self.made("HMAC_256", "GENERATE_VERIFY_MAC", "alias/planned-hs256")
        keys = aws.user("planned", {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": RIGHTS, "Resource": "*"}]})
        self.environment = aws.environment(keys)
        self.rules = [Rule("ES384", "ES384", "kms", "alias/planned-es384"),
                      Rule("ES512", "ES512", "kms", bare, "alias/signet-" + bare),
                      Rule("HMAC", "HS256", "kms", "alias/planned-hs256")]
        self.stores = [{"name": "kms", "type": "aws_kms", "settings": {"create_keys": True, "reread_seconds": 1}}]
        self.before = self.ids()

    def made(self, spec, usage, alias=None):
        made = self.client.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
        if alias:
            self.client.create_alias(AliasName=alias, TargetKeyId=made)
        return made

    def ids(self):
        return {key["KeyId"] for key in self.client.list_keys(Limit=1000)["Keys"]}

    def check(self, world):
        """boto3 finds one new key for each rule, of its predecessor's kind, and the JWKS has its public half."""
        for _ in range(3):  # the plan may have its next turn just now
            wanted, fresh = sum(len(world.made(rule)) for rule in self.rules), self.ids() - self.before
            if len(fresh) == wanted:
                break
            time.sleep(5)
        if len(fresh) != wanted:
            return f"{len(fresh)} keys were made for {wanted} rotations"
        why = world.rotated_too_often(self.rules)
        if why:
            return why
        for rule in self.rules:
            alias = world.successor(rule)["alias"]
            old, new = (self.client.describe_key(KeyId=name)["KeyMetadata"] for name in (rule.alias, alias))
            if new["KeyId"] not in fresh:
                return f"{alias} is no new key"
            if (old["KeySpec"], old["KeyUsage"]) != (new["KeySpec"], new["KeyUsage"]):
                return f"{alias} is {new['KeySpec']} for {new['KeyUsage']}"
            if new["KeyUsage"] == "SIGN_VERIFY":
                key = load_der_public_key(self.client.get_public_key(KeyId=alias)["PublicKey"])
                jwk = next(jwk for jwk in world.server.jwks()["keys"] if jwk["kid"] == world.signers[rule.alg][1])
                if jwt.PyJWK(jwk).key.public_numbers() != key.public_numbers():
                    return f"the JWKS has another public half for {alias}"
        return None


class World:
    """The server, and traffic of every algorithm that goes on until it is stopped."""

    def __init__(self, server, secret, rules, begin):
        self.server, self.secret, self.rules = server, secret, rules
        self.begin = begin  # before the server was started
        self.kept = KeptSet(server)
        self.signers = {rule.alg: [] for rule in rules}  # kids in the order in which they signed
        self.first = {}
        self.failures, self.taken, self.excused, self.stalls = [], 0, 0, harness.Stalls()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(0.05):
            for alg in self.signers:
                begin = time.monotonic()
                try:
                    self.one(alg)
                except Exception as why:
                    if self.stalls.since(begin - self.stalls.AFTERWARDS):
                        self.excused += 1
                        print(f"# {alg}: while this machine stood still: {why}", flush=True)
                    else:
                        self.failures.append(f"{alg}: {type(why).__name__}: {why}")

    def one(self, alg):
        token = hsm_checks.issue(self.server, self.secret, alg)
        kid = jwt.get_unverified_header(token)["kid"]
        self.first.setdefault(alg, token)
        if kid not in self.signers[alg]:
            self.signers[alg].append(kid)
        self.verify(token, alg, self.kept.get())
        self.taken += 1

    def verify(self, token, alg, jwks):
        if alg.startswith("HS"):
            if not self.server.introspect(alg, self.secret, token).json()["active"]:
                raise AssertionError("introspection calls it inactive")
            return
        kid = jwt.get_unverified_header(token)["kid"]
        key = next((key for key in json.loads(jwks)["keys"] if key["kid"] == kid), None)
        if key is None:
            raise AssertionError(f"the JWKS did not hold {kid} in time")
        jwt.decode(token, jwt.PyJWK(key, algorithm=alg).key, algorithms=[alg], audience=AUDIENCE)

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def keys(self, rule):
        rings = self.server.admin("GET", "/admin/realms/root/secrets").json()["rings"]
        return next(ring for ring in rings if ring["id"] == rule.id)["keys"]

    def successor(self, rule):
        """The key that came after the first one."""
        kid = self.signers[rule.alg][1]
        return next(key for key in self.keys(rule) if key["kid"] == kid)

    def made(self, rule):
        """The keys that the plan made so far: one, or more where another rule's first try failed and rested for a minute."""
        return [key for key in self.keys(rule) if re.search(STAMP, key["alias"])]

    def rotated_too_often(self, rules):
        """A key is made EVERY after the one before at the earliest, and the first one EVERY after the server saw what it
        has: a slow machine makes fewer. The second more is for a clock that is being set."""
        for rule in rules:
            made = len(self.made(rule))
            took = time.monotonic() - self.begin
            if made > int((took + 1) / EVERY):
                return f"{rule.alg}: {made} keys were made in {took:.0f} s"
        return None

    def log(self):
        return "".join(path.read_text(errors="replace") for path in self.server.logs())

    # what is checked
    def all_rotate(self):
        why = until(lambda: all(len(kids) > 1 for kids in self.signers.values()), EVERY + 240)
        if why:
            failed = re.findall(r'.*rotation_failed.*', self.log())
            return f"{self.signers}: {why} {failed[-1:]}"
        return None

    def successors_are_in_their_box(self):
        for rule in self.rules:
            key = self.successor(rule)
            wanted = ["active"] if len(self.made(rule)) == 1 else ["active", "passive"]
            if key["store"] != rule.store or key["kind"] != "remote key" or key["state"] not in wanted:
                return f"{rule.alg}: {key}"
            if not key["alias"].startswith(rule.family) or not re.search(STAMP, key["alias"]):
                return f"{rule.alg}: it is called {key['alias']}"
        return None

    def old_ones_stay(self):
        jwks = json.dumps(self.server.jwks())
        for alg, token in self.first.items():
            self.verify(token, alg, jwks)
            if not self.server.introspect(alg, self.secret, token).json()["active"]:
                return f"{alg}: introspection calls a token of the key before inactive"
        return None

    def nothing_failed(self):
        print(f"# {self.taken} tokens over {sum(len(kids) - 1 for kids in self.signers.values())} planned rotations, "
              f"{self.excused} excused")
        for text in self.failures[:10]:
            print("#", text)
        if self.failures:
            return f"{len(self.failures)} failures"
        if self.excused > self.stalls.most(self.taken):
            return f"{self.excused} failures beside {self.taken} tokens were excused"
        return None if self.taken > 100 else f"only {self.taken} tokens"


def run(results, options, aws):
    """`aws`: a moto to make keys in, or None to leave KMS out."""
    server = harness.Server(options.signetd, {}, keep=options.keep)
    boxes = {}
    if hsm_checks.library() is None:
        print("skipped planned rotation in an HSM: SoftHSM2 is not installed", flush=True)
    else:
        boxes["a SoftHSM2 token"] = Token(server)
    if aws is not None:
        boxes["AWS KMS"] = Kms(aws)
    if not boxes:
        return
    rules = [rule for box in boxes.values() for rule in box.rules]
    stores = [store for box in boxes.values() for store in box.stores]
    for store in stores:
        mapped = {rule.id: [rule.alias] for rule in rules if rule.store == store["name"]}
        if mapped:
            store["mappings"] = mapped
    server.env = {name: value for box in boxes.values() for name, value in box.environment.items()}
    secret = harness.new_secret()
    clients = [harness.client(rule.alg, secret, may_introspect="realm",
                              access_token={"format": "jwt", "signing_algorithm": rule.alg}) for rule in rules]
    server.document.update(harness.config(clients, secret_stores=stores, keys={
        "publish_ahead": "PT2S", "clock_skew": "PT0S", "refresh": "PT1S", "store_timeout": harness.STORE_TIMEOUT,
        "rotation": [rule.document() for rule in rules]}))
    begin = time.monotonic()
    with server:
        world = World(server, secret, rules, begin)
        try:
            results.check("planned rotation makes a successor in every box, and it signs", world.all_rotate)
            results.check("the successors lie in their boxes, under names of their family",
                          world.successors_are_in_their_box)
            results.check("tokens of the keys before them still verify", world.old_ones_stay)
            for name, box in boxes.items():
                results.check(f"planned rotation made what it needed in {name} and nothing more", box.check, world)
        finally:
            world.stop()
        results.check("no token failed while keys in boxes were rotated by plan", world.nothing_failed)
