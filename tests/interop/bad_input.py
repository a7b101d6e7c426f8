"""Malformed and forbidden requests to every public endpoint, as data: each gets the status and the
error of its RFC, and never a 5xx."""

import base64
import hmac
import json
import time

import harness
import setting
from harness import FORM, ROOT
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

TOKEN, INTROSPECT, REVOKE = ROOT + "/access_token", ROOT + "/introspect", ROOT + "/token/revoke"
JWKS, METADATA = ROOT + "/connect/jwk_uri", ROOT + "/.well-known/openid-configuration"
WRONG = "w" * 43  # as long as the secrets that the server makes
GRANT = b"grant_type=client_credentials"


class Row:
    """One request and what must come back. `status` may be several; `error` None: not looked at."""

    def __init__(self, name, status, error, body=GRANT, method="POST", path=TOKEN, auth="basic", headers=None):
        self.name, self.error, self.body = name, error, body
        self.statuses = status if isinstance(status, tuple) else (status,)
        self.method, self.path, self.auth, self.headers = method, path, auth, headers or {}


def simple_rows(world):
    """Requests that need nothing prepared. auth "basic" is a good client_secret_basic."""
    secret = world.secrets["basic"]
    wrong = "Basic " + base64.b64encode(b"basic:wrong").decode()
    nobody = "Basic " + base64.b64encode(b"nobody:wrong").decode()
    raw = base64.b64encode(b"basic").decode()
    invalid = "invalid_request"
    return [
        # grant and parameters
        Row("no body", 400, invalid, b""),
        Row("no grant_type", 400, invalid, b"scope=read"),
        Row("empty grant_type", 400, invalid, b"grant_type="),
        Row("unknown grant_type", 400, "unsupported_grant_type", b"grant_type=banana"),
        Row("password grant is off (sec_012)", 400, "unsupported_grant_type",
            b"grant_type=password&username=a&password=b"),
        Row("implicit is no grant here", 400, "unsupported_grant_type", b"grant_type=implicit"),
        Row("grant_type in another case", 400, "unsupported_grant_type", b"grant_type=Client_Credentials"),
        Row("grant_type twice (sec_009)", 400, invalid, GRANT + b"&" + GRANT),
        Row("scope twice (sec_009)", 400, invalid, GRANT + b"&scope=read&scope=read"),
        Row("escaped duplicate of grant_type (sec_009)", 400, invalid, GRANT + b"&gr%61nt_type=client_credentials"),
        Row("grant_type in the query only", (400, 404), None, b"", path=TOKEN + "?" + GRANT.decode()),
        Row("unknown scope", 400, "invalid_scope", GRANT + b"&scope=admin"),
        Row("known and unknown scope", 400, "invalid_scope", GRANT + b"&scope=read+admin"),
        Row("scope with a quote", 400, "invalid_scope", GRANT + b"&scope=%22"),
        Row("scope with a control character", 400, "invalid_scope", GRANT + b"&scope=a%01b"),
        Row("scope with double spaces", (200, 400), None, GRANT + b"&scope=read++write"),
        Row("unknown parameters are ignored (sec_010)", 200, None, GRANT + b"&x=1&y=2"),
        Row("client without the grant", 400, "unauthorized_client", auth="no_grant"),
        # encoding
        Row("bad percent at the end", 400, invalid, GRANT + b"&scope=%"),
        Row("bad percent digits", 400, invalid, GRANT + b"&scope=%zz"),
        Row("percent-encoded NUL", 400, None, GRANT + b"&scope=%00"),
        Row("bad UTF-8 by percent", 400, None, GRANT + b"&scope=%ff"),
        Row("raw bad UTF-8", 400, None, GRANT + b"&scope=\xff\xfe"),
        Row("overlong UTF-8", 400, None, GRANT + b"&scope=%c0%af"),
        Row("UTF-8 surrogate", 400, None, GRANT + b"&scope=%ed%a0%80"),
        Row("only separators", 400, invalid, b"&&&&===="),
        Row("thousand parameters", (400, 413), None, b"&".join([GRANT] + [b"p%d=1" % i for i in range(1000)])),
        Row("very long scope", 400, None, GRANT + b"&scope=" + b"a" * 20_000),
        Row("body too large", 413, None, GRANT + b"&x=" + b"a" * (1 << 20)),
        # media type and method
        Row("JSON body", (400, 415), invalid, b'{"grant_type":"client_credentials"}',
            headers={"Content-Type": "application/json"}),
        Row("no content type", (400, 415), invalid, headers={"Content-Type": ""}),
        Row("multipart", (400, 415), invalid, headers={"Content-Type": "multipart/form-data; boundary=x"}),
        Row("charset parameter is fine", 200, None, headers={"Content-Type": FORM + "; charset=UTF-8"}),
        Row("GET on the token endpoint", 405, None, None, "GET"),
        Row("PUT on the token endpoint", 405, None, method="PUT"),
        Row("DELETE on the token endpoint", 405, None, None, "DELETE"),
        Row("GET on introspection", 405, None, None, "GET", INTROSPECT),
        Row("GET on revocation", 405, None, None, "GET", REVOKE),
        Row("POST on the JWKS", 405, None, b"", path=JWKS),
        Row("POST on the metadata", 405, None, b"", path=METADATA),
        # places
        Row("unknown realm, token", 404, None, path=ROOT + "/realms/root/realms/nowhere/access_token"),
        Row("unknown realm, JWKS", 404, None, None, "GET",
            ROOT + "/realms/root/realms/nowhere/connect/jwk_uri", None),
        Row("unknown realm, introspection", 404, None, b"token=x",
            path=ROOT + "/realms/root/realms/nowhere/introspect"),
        Row("realm path traversal", (400, 404), None, None, "GET",
            ROOT + "/realms/root/realms/../connect/jwk_uri", None),
        Row("realm name with a slash escaped", (400, 404), None, None, "GET",
            ROOT + "/realms/root%2frealms/connect/jwk_uri", None),
        Row("unknown path", 404, None, None, "GET", ROOT + "/nothing", None),
        Row("the admin API is not public", 404, None, None, "GET", "/admin/realms", None),
        Row("metrics are not public", 404, None, None, "GET", "/metrics", None),
        # client authentication
        Row("no client at all", 401, "invalid_client", auth=None),
        Row("wrong secret", 401, "invalid_client", headers={"Authorization": wrong}),
        Row("unknown client", 401, "invalid_client", headers={"Authorization": nobody}),
        Row("disabled client (sec_051)", 401, "invalid_client", auth="disabled"),
        Row("empty secret", 401, "invalid_client", headers={"Authorization": harness.basic("basic", "")}),
        Row("Basic without a colon", (400, 401), None, headers={"Authorization": "Basic " + raw}),
        Row("Basic that is not base64", (400, 401), None, headers={"Authorization": "Basic %%%"}),
        Row("Basic with bad percent", (400, 401), None,
            headers={"Authorization": "Basic " + base64.b64encode(b"ba%zzsic:x").decode()}),
        Row("Bearer instead of Basic", (400, 401), None, headers={"Authorization": "Bearer abc"}),
        Row("two methods at once (sec_035)", 400, invalid,
            GRANT + b"&client_id=basic&client_secret=" + secret.encode()),
        Row("Basic and an assertion (sec_035)", 400, invalid,
            GRANT + b"&client_assertion=a.b.c&client_assertion_type=" + setting.BEARER.encode()),
        Row("Basic and another client_id", (400, 401), None, GRANT + b"&client_id=post"),
        Row("unregistered method: secret_post for basic (sec_036)", 401, "invalid_client",
            GRANT + b"&client_id=basic&client_secret=" + secret.encode(), auth=None),
        Row("unregistered method: basic for post (sec_036)", 401, "invalid_client", auth="post"),
        Row("unregistered method: basic for secret_jwt (sec_036)", 401, "invalid_client", auth="secret_jwt"),
        Row("secret in the query", 401, None,
            path=TOKEN + "?client_id=post&client_secret=" + world.secrets["post"], auth=None),
        Row("public client (sec_046)", (400, 401), None, GRANT + b"&client_id=public", auth=None),
        Row("client_id alone", 401, "invalid_client", GRANT + b"&client_id=post", auth=None),
        Row("client_id twice (sec_009)", 400, invalid,
            GRANT + b"&client_id=post&client_id=post&client_secret=x", auth=None),
        Row("assertion without its type", (400, 401), None, GRANT + b"&client_assertion=a.b.c", auth=None),
        Row("assertion of an unknown type", (400, 401), None,
            GRANT + b"&client_assertion=a.b.c&client_assertion_type=banana", auth=None),
        Row("assertion type without assertion", (400, 401), None,
            GRANT + b"&client_assertion_type=" + setting.BEARER.encode(), auth=None),
        Row("assertion of 100,000 dots (sec_088)", (400, 401, 413), None, GRANT + b"&client_assertion_type="
            + setting.BEARER.encode() + b"&client_assertion=" + b"." * 100_000, auth=None),
        # introspection and revocation
        Row("introspection without authentication", 401, "invalid_client", b"token=x", path=INTROSPECT, auth=None),
        Row("introspection with a wrong secret", 401, "invalid_client", b"token=x", path=INTROSPECT,
            headers={"Authorization": wrong}),
        Row("introspection without a token", 400, invalid, b"token_type_hint=access_token", path=INTROSPECT),
        Row("introspection, token twice", 400, invalid, b"token=x&token=x", path=INTROSPECT),
        Row("introspection of rubbish", 200, None, b"token=x", path=INTROSPECT),
        Row("introspection of a huge token", (200, 400, 413), None, b"token=" + b"a.b" * 30_000, path=INTROSPECT),
        Row("introspection, unknown hint", 200, None, b"token=x&token_type_hint=banana", path=INTROSPECT),
        Row("token in introspection's query", 400, None, b"", path=INTROSPECT + "?token=x"),
        Row("revocation without authentication", 401, "invalid_client", b"token=x", path=REVOKE, auth=None),
        Row("revocation without a token", 400, invalid, b"x=y", path=REVOKE),
        Row("revocation of an unknown token (sec_059)", 200, None, b"token=unknown", path=REVOKE),
        Row("revocation of an empty token", (200, 400), None, b"token=", path=REVOKE),
        Row("revocation, unknown hint", 200, None, b"token=x&token_type_hint=banana", path=REVOKE),
        Row("revocation, token twice", 400, invalid, b"token=x&token=y", path=REVOKE),
    ]


def assertion_rows(world):
    """Mutations of a private_key_jwt assertion (sec_038 to sec_041): all are invalid_client."""
    key, now, me = world.keys["ES256"], int(time.time()), "pk_ES256"
    public_pem = key.as_pem(private=False)
    make = world.assertion

    def row(name, assertion, client_id=None):
        fields = {"grant_type": "client_credentials", "client_assertion_type": setting.BEARER,
                  "client_assertion": assertion}
        if client_id:
            fields["client_id"] = client_id
        return Row("assertion: " + name, (400, 401) if client_id else 401,
                   None if client_id else "invalid_client", harness.form(fields), auth=None)

    good = make(me, key, "ES256")
    head, body, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    confused = by_hand({"alg": "HS256", "kid": "k-ES256"}, body,
                       lambda text: hmac.digest(public_pem, text, "sha256"))
    return [
        row("no iss (sec_038)", make(me, key, "ES256", iss=None)),
        row("other iss (sec_038)", make(me, key, "ES256", iss="basic")),
        row("no sub (sec_038)", make(me, key, "ES256", sub=None)),
        row("other sub (sec_038)", make(me, key, "ES256", sub="basic")),
        row("no aud (sec_038)", make(me, key, "ES256", aud=None)),
        row("no exp (sec_038)", make(me, key, "ES256", exp=None)),
        row("expired (sec_038)", make(me, key, "ES256", exp=now - 3600)),
        row("exp too far ahead (sec_038)", make(me, key, "ES256", exp=now + 10**7)),
        row("exp as text (sec_038)", make(me, key, "ES256", exp=str(now + 60))),
        row("no jti (sec_038)", make(me, key, "ES256", jti=None)),
        row("nbf in the future (sec_038)", make(me, key, "ES256", nbf=now + 3600)),
        row("iat in the future (sec_038)", make(me, key, "ES256", iat=now + 3600)),
        row("unknown client (sec_038)", make("nobody", key, "ES256")),
        row("client without keys (sec_036)", make("basic", key, "ES256")),
        row("another client_id in the form (sec_038)", good, "pk_RS256"),
        row("foreign audience (sec_039)", make(me, key, "ES256", aud="https://as.example.net")),
        row("ours and a foreign audience (sec_039)",
            make(me, key, "ES256", aud=[world.issuer, "https://as.example.net"])),
        row("the issuer with a slash (sec_039)", make(me, key, "ES256", aud=world.issuer + "/")),
        row("another realm's issuer (sec_039)", make(me, key, "ES256", aud=world.issuer + "/realms/root/realms/other")),
        row("alg none (sec_041)", f"{none}.{body}."),
        row("alg none with signature (sec_041)", f"{none}.{body}.{signature}"),
        row("HS256 with the public key (sec_041)", confused),
        row("signed by a stranger (sec_041)", make(me, ECKey.generate_key("P-256"), "ES256")),
        row("another algorithm than registered (sec_041)", make("pk_PS256", world.keys["PS256"], "RS256")),
        row("signature cut", good[:-4]),
        row("no signature", f"{head}.{body}."),
        row("padding added (sec_086)", good + "="),
        row("an extra part", good + ".x"),
        row("crit unknown (sec_084)", by_hand(
            {"alg": "ES256", "crit": ["x"], "x": 1}, body,
            lambda text: JWSRegistry.algorithms["ES256"].sign(text, key))),
    ]


def by_hand(header, payload, sign):
    """A compact JWS of things that JOSE libraries refuse to make; `payload` is encoded already."""
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    signature = sign(f"{head}.{payload}".encode())
    return f"{head}.{payload}." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()


def send(world, row):
    headers = {"Content-Type": FORM} if row.body is not None else {}
    if row.auth:
        headers["Authorization"] = harness.basic(row.auth, world.secrets[row.auth])
    headers.update(row.headers)
    if headers.get("Content-Type") == "":
        del headers["Content-Type"]
    return harness.request(world.server.port, row.method, row.path, headers, row.body)


def check_row(world, row):
    answer = send(world, row)
    if answer.status not in row.statuses:
        return f"expected {row.statuses}, got {answer}"
    if row.error:
        if answer.json().get("error") != row.error:
            return f"expected {row.error}, got {answer}"
        if "no-store" not in answer.headers.get("cache-control", ""):
            return "the error may be cached"
    if answer.status == 401 and "Authorization" in row.headers and row.headers["Authorization"].startswith("Basic") \
            and "basic" not in answer.headers.get("www-authenticate", "").lower():
        return "401 to Basic lacks WWW-Authenticate: Basic (RFC 6749 §5.2)"
    if answer.status == 405 and "allow" not in answer.headers:
        return "405 lacks Allow"


def check_replay(world):
    assertion = world.assertion("pk_ES256", world.keys["ES256"], "ES256")
    fields = {"grant_type": "client_credentials", "client_assertion_type": setting.BEARER,
              "client_assertion": assertion}
    first, second = (world.server.post(TOKEN, fields) for _ in range(2))
    if first.status != 200 or second.status != 401 or second.json()["error"] != "invalid_client":
        return f"first {first}, second {second}"


def check_look_alike(world):
    """sec_044: the same body and headers, and about the same time, of 1,000 tries. What else is at work here delays some
    of them and not others; the work of the server delays all: so the quicker ones are looked at, and the medians."""
    def ask(client_id):
        begin = time.perf_counter()
        answer = harness.request(world.server.port, "POST", TOKEN,
                                 {"Content-Type": FORM, "Authorization": harness.basic(client_id, WRONG)}, GRANT)
        return time.perf_counter() - begin, answer

    def shape(answer):
        varying = ("date", "x-request-id")
        return answer.status, answer.body, {k: v for k, v in answer.headers.items() if k not in varying}

    if shape(ask("basic")[1]) != shape(ask("nobody")[1]):
        return f"{ask('basic')[1]} is not {ask('nobody')[1]}"
    times = {"basic": [], "nobody": []}
    for _ in range(1000):
        for name in times:  # by turns, so that what else is at work here slows both
            times[name].append(ask(name)[0])
    apart = min(abs(harness.percentile(times["basic"], share) - harness.percentile(times["nobody"], share))
                for share in (0.1, 0.25, 0.5))
    return f"the times differ by {apart * 1000:.1f} ms" if apart > 0.002 else ""


def check_foreign_introspection(world):
    """sec_060: a client sees its own tokens, not others'."""
    token = world.token("ES256", scope="read")
    answer = world.server.introspect("basic", world.secrets["basic"], token)
    blind = world.server.introspect("blind", world.secrets["blind"], token)
    if answer.json() != {"active": False}:
        return f"a stranger's token: {answer}"
    if blind.status == 200 and blind.json() != {"active": False}:
        return f"a client that may not introspect: {blind}"


def check_foreign_revocation(world):
    """sec_059: another client's token is not revoked."""
    token = world.token("ES256", scope="read")
    world.server.revoke("basic", world.secrets["basic"], token)
    answer = world.server.introspect("ES256", world.secrets["ES256"], token)
    return "" if answer.json()["active"] else "another client revoked it"


def check_errors_tell_nothing(world):
    """No answer to a bad request repeats what it was sent."""
    marker = "m4rker"
    for row in (Row("", 0, None, GRANT + b"&scope=" + marker.encode()),
                Row("", 0, None, b"grant_type=" + marker.encode()),
                Row("", 0, None, path=ROOT + "/" + marker),
                Row("", 0, None, headers={"Authorization": harness.basic(marker, marker)})):
        answer = send(world, row)
        if marker.encode() in answer.body:
            return f"the answer repeats the request: {answer}"


def check_logged(world):
    """A refusal is found in the log by the request's id, with who asked and why as members of their own."""
    answer = world.server.post(TOKEN, {"grant_type": "client_credentials"},
                               {"Authorization": harness.basic("basic", WRONG), "X-Request-Id": "looked-for"})
    wanted = {"event": "request_refused", "request_id": "looked-for", "realm": "root", "client_id": "basic",
              "error": "invalid_client", "reason": "client_secret_wrong"}
    until = time.monotonic() + harness.GENEROUS  # lines are written by a thread of their own
    while time.monotonic() < until:
        lines = [line for log in world.server.logs() for line in log.read_text(errors="replace").splitlines()]
        found = [json.loads(line) for line in lines if "looked-for" in line and line.endswith("}")]
        if found:
            lacking = wanted.items() - found[0].items()
            return f"{found[0]} lacks {sorted(lacking)}" if lacking else ""
        time.sleep(0.05)
    return f"{answer}: no line of the log names the request"


def check_alive(world):
    world.token("basic")
    return "" if world.server.jwks()["keys"] else "the JWKS is empty"


def run(results, world):
    for row in simple_rows(world) + assertion_rows(world):
        results.check("bad input: " + row.name, check_row, world, row)
    results.check("assertion: jti works once (sec_040)", check_replay, world)
    results.check("unknown client and wrong secret look alike (sec_044)", check_look_alike, world)
    results.check("introspection shows only one's own (sec_060)", check_foreign_introspection, world)
    results.check("revocation of another's token does nothing (sec_059)", check_foreign_revocation, world)
    results.check("errors do not repeat what was sent", check_errors_tell_nothing, world)
    results.check("a refusal is in the log as members", check_logged, world)
    results.check("the server still serves after all this", check_alive, world)
