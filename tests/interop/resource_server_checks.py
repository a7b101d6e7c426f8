"""Access tokens for resource servers, one for each pair of key and content algorithm, from a running
signetd: each is decrypted and verified by at least two libraries that we did not write, and the server
knows it again. And the document's own example."""

import json

import cross
import cross_libraries
import harness
import python_checks
from cross import Case

SAMPLE = {"keys": [{"kty": "oct", "use": "enc", "kid": "i8X0RShbVxrBEG1-ests_Zx_PE7XYvc3iBTIaTAS_5A",
                    "k": "Vlbwxl5hbCOLMwupPc2hDw", "alg": "A128KW"}]}
LEGACY = ("RSA1_5", "PBES2")
CLIENT = "ES256"
ROOT_REALM = "/admin/realms/root"


def put(server, name, access_token, status=(200, 201), **members):
    answer = server.admin("PUT", f"/admin/realms/root/resource-servers/{name}",
                          {"name": name, "access_token": access_token, **members})
    if answer.status not in status:
        raise AssertionError(f"PUT {name} answered {answer}")
    return answer


def by_its_key(case):
    key = {**case.public, "kid": "rs"}
    return {"encryption": "resource_server_key", "jwks": {"keys": [key]},
            "key_encryption_algorithm": case.alg, "token_encryption_algorithm": case.enc,
            "allow_legacy_algorithms": case.alg.startswith(LEGACY)}


def issue(world, name, **fields):
    answer = world.server.token(CLIENT, world.secrets[CLIENT], resourceServer=name, **fields)
    if answer.status != 200:
        raise AssertionError(f"the token request answered {answer}")
    return answer.json()["access_token"]


def active(world, token):
    return world.server.introspect("gateway", world.secrets["gateway"], token).json()["active"]


def check_case(world, case):
    name = "rs-" + case.name.replace(" ", "-").replace("+", "-")
    put(world.server, name, by_its_key(case))
    token = issue(world, name)
    opened = []
    for library in (cross_libraries.Joserfc, cross_libraries.Jwcrypto, cross_libraries.Authlib):
        if library.lacks(case):
            continue
        inner = library.open(case, token)
        claims = python_checks.verify_joserfc(inner, world.server.jwks())
        if claims["aud"] != name or claims["client_id"] != CLIENT:
            return f"{library.name} read {claims}"
        if python_checks.verify_jwcrypto(inner, world.server.jwks()) != claims:
            return "the libraries read different claims"
        opened.append(library.name)
    if len(opened) < 2:
        return f"opened by {opened or 'nobody'} alone"
    if not active(world, token) or not active(world, inner):
        return "the server does not know its own token"


def check_sample(world):
    put(world.server, "sample", {"encryption": "resource_server_key", "jwks": SAMPLE,
                                 "key_encryption_algorithm": "A128KW"})
    case = Case("A128KW", SAMPLE["keys"][0], "A128CBC-HS256")
    for library in (cross_libraries.Joserfc, cross_libraries.Jwcrypto):
        python_checks.verify_joserfc(library.open(case, issue(world, "sample")), world.server.jwks())
    shown = world.server.admin("GET", "/admin/realms/root/resource-servers/sample")
    if "Vlbwxl5hbCOLMwupPc2hDw" in shown.body.decode():
        return "the symmetric key is shown"


def check_reserved_kids(world):
    for kid in ("0", "7", "10", "07", "+7", "7.0", " 7", "0b111", "0o7", "1_0", "0" * 50 + "7"):
        keys = {"keys": [{**SAMPLE["keys"][0], "kid": kid}]}
        answer = put(world.server, "reserved", {"encryption": "resource_server_key", "jwks": keys,
                                                "key_encryption_algorithm": "A128KW"}, status=(400,))
        if kid.strip() not in json.dumps(answer.json()):
            return f"kid {kid!r} is refused without being named: {answer}"


def check_mismatch(world):
    put(world.server, "mismatch", {"encryption": "resource_server_key", "jwks": SAMPLE,
                                   "key_encryption_algorithm": "A256KW"}, status=(400,))


def check_tables(world):
    """The document's three tables, row by row."""
    keys = {name: {**cross.oct_key(128), "kid": name, "alg": "A128KW"} for name in ("RS1", "RS2")}

    def define(name, own_key, default, scope):
        access = {"encryption": "resource_server_key", "jwks": {"keys": [keys[name]]},
                  "key_encryption_algorithm": "A128KW"} if own_key else {"encryption": "server_key"}
        put(world.server, name, access, default=default, scopes=[{"name": scope}])

    def opens(token, name):
        try:
            case = Case("A128KW", keys[name], "A128CBC-HS256")
            return python_checks.verify_joserfc(cross_libraries.Joserfc.open(case, token), world.server.jwks())
        except Exception:
            return None

    client, secret = "open-client", harness.new_secret()
    answer = world.server.admin("PUT", f"/admin/realms/root/clients/{client}",
                                {"client_id": client, "secret": secret})
    if answer.status not in (200, 201):
        return str(answer)

    def ask(**fields):
        return world.server.token(client, secret, scope="Scope1", **fields).json()["access_token"]

    define("RS1", False, False, "Scope1")
    define("RS2", True, False, "Scope2")
    first = opens(ask(resourceServer="RS2"), "RS2")
    define("RS1", True, True, "Scope1")
    default = ask()
    second = opens(default, "RS1")
    if opens(default, "RS2"):
        return "RS2 reads tokens of RS1"
    define("RS2", True, True, "Scope2")
    third = opens(ask(resourceServer="RS1"), "RS1")
    if not active(world, default):
        return "a token became unusable when the default changed"
    for label, claims in (("first", first), ("second", second), ("third", third)):
        if not claims or claims.get("scope") != "Scope1":
            return f"{label} table: {claims}"
    unknown = world.server.token(client, secret, resourceServer="RS9")
    if (unknown.status, unknown.json()["error"]) != (400, "invalid_target"):
        return f"an unknown name answered {unknown}"
    built_in = world.server.admin("PUT", "/admin/realms/root/resource-servers/Identity%20Provider",
                                  {"name": "Identity Provider", "default": True})
    return "" if built_in.status in (200, 201) else str(built_in)


def declared():
    """What a configuration says of two realms."""
    servers = [{"name": "orders", "uri": "https://orders.example", "default": True, "scopes": [{"name": "order"}]},
               {"name": "stock", "scopes": [{"name": "count"}]}, {"name": "mail"}]
    clients = [harness.client(name, harness.new_secret()) for name in ("stays", "goes")]
    policies = [{"name": "gateway", "client_id": "stays", "scopes": ["count"]}]
    return harness.config(clients, realm={"resource_servers": servers, "inject_policies": policies},
                          realms=[{"name": "branch"}])


def change_what_was_declared(server):
    for method, path, body in (
            ("PUT", ROOT_REALM + "/resource-servers/orders",
             {"name": "sales", "uri": "https://orders.example", "scopes": [{"name": "order"}]}),
            ("DELETE", ROOT_REALM + "/inject-policies/gateway", None),
            ("DELETE", ROOT_REALM + "/resource-servers/stock", None),
            ("PUT", ROOT_REALM + "/resource-servers/mail", {"scopes": [{"name": "count"}], "default": True}),
            ("DELETE", ROOT_REALM + "/clients/goes", None),
            ("DELETE", "/admin/realms/branch", None)):
        answer = server.admin(method, path, body)
        if answer.status not in (200, 204):
            raise AssertionError(f"{method} {path} answered {answer}")


def found_in(server):
    """The names of what there is, and the default one."""
    def items(path, member):
        return server.admin("GET", "/admin/realms" + path).json()[member]

    servers = [item["resource_server"] for item in items("/root/resource-servers", "resource_servers")]
    return {"servers": sorted(one["name"] for one in servers),
            "default": [one["name"] for one in servers if one["default"]],
            "clients": [item["client"]["client_id"] for item in items("/root/clients", "clients")],
            "policies": items("/root/inject-policies", "inject_policies"),
            "realms": [item["name"] for item in items("", "realms")]}


def check_restarts(world):
    """What operators made of what the configuration declares outlives restarts, and hinders none."""
    with harness.Server(world.server.binary, declared()) as server:
        change_what_was_declared(server)
        wanted = found_in(server)
        server.stop()
        server.start()
        if found_in(server) != wanted:
            return f"{wanted} became {found_in(server)}"
        server.stop()
        # Of what is new, one stands in nobody's way and one has the URI of another one.
        servers = server.document["realms"][0]["resource_servers"]
        servers[0]["default"] = False
        servers += [{"name": "new", "default": True}, {"name": "late", "uri": "https://orders.example"}]
        server.start()
        wanted["servers"] = sorted([*wanted["servers"], "new"])
        if found_in(server) != wanted:
            return f"{wanted} is {found_in(server)} after there was more to declare"
        server.stop()
        lines = (server.workdir / f"stderr.{server.starts}.log").read_text().splitlines()
        for event, setting in (("configured_default_kept", "realms[0].resource_servers[3]"),
                               ("configured_item_refused", "realms[0].resource_servers[4]")):
            if not any(event in line and setting in line and "remedy" in line for line in lines):
                return f"{event} is not told of {setting}"
        servers.append({"name": "wrong", "uri": "nowhere"})
        try:
            server.start()
        except harness.StartFailed:
            return None
        return "a URI that is none was taken"


def run(results, world):
    results.check("the document's sample key set", check_sample, world)
    results.check("the document's tables of resource servers and scopes", check_tables, world)
    results.check("what the configuration declares is stored once", check_restarts, world)
    results.check("sec_144 reserved kids are refused", check_reserved_kids, world)
    results.check("sec_140 an algorithm that fits no key is refused", check_mismatch, world)
    for case in cross.make_cases():
        if case.enc:
            results.check(f"token for a resource server by {case.name}", check_case, world, case)
