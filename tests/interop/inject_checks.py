"""Token injection with a real nginx: the configuration of docs/token_injection.md, with other ports, between
callers and an API that says what reached it. Without nginx the checks say so and are not done."""

import base64
import http.server
import json
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
import pathlib

import harness
from joserfc import jwe as rfc_jwe
from joserfc.jwk import OctKey
from jwcrypto import jwe as crypto_jwe
from jwcrypto import jwk as crypto_jwk
from python_checks import verify_joserfc, verify_jwcrypto

URI = "https://orders.example"
GATEWAY, OTHER = "orders-gateway", "other-gateway"
KEY = harness.symmetric_jwk(128, kid="orders-2026", alg="A128KW", use="enc")
ALGORITHMS = ["A128KW", "A128CBC-HS256"]
LIFETIME, MARGIN = 4, 3  # of the policy "brief"


def resource_server(name, uri, **access_token):
    return {"name": name, "uri": uri,
            "access_token": {"encryption": "resource_server_key", "jwks": {"keys": [KEY]},
                             "key_encryption_algorithm": "A128KW", **access_token},
            "scopes": [{"name": name + ".read"}, {"name": name + ".write"}]}


class Api:
    """The API behind the gateway: answers with the request as it came, and counts what came."""

    def __init__(self):
        self.reached = []
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                seen = {"method": self.command, "path": self.path, "body": body,
                        "headers": [[name.lower(), value] for name, value in self.headers.items()]}
                api.reached.append(seen)
                answer = json.dumps(seen).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def documented_configuration():
    """The upstreams and the server of the page, as two texts."""
    page = (harness.REPO / "docs" / "token_injection.md").read_text()
    block = re.search(r"```nginx\n(.*?)```", page, re.S).group(1)
    at = block.index("server {\n    listen")
    return block[:at], block[at:]


class Nginx:
    """One nginx of our own user, with a server for each (policy, credentials)."""

    def __init__(self, folder, signet_port, api_port, servers):
        upstreams, server = documented_configuration()
        self.folder = folder
        first = harness.free_ports(len(servers))
        self.ports = {name: first + number for number, name in enumerate(servers)}
        parts = [upstreams.replace("127.0.0.1:8080", f"127.0.0.1:{signet_port}")
                 .replace("127.0.0.1:9000", f"127.0.0.1:{api_port}")]
        for patience in ("proxy_connect_timeout 2s", "proxy_read_timeout 5s"):  # of a machine that never stands still
            server = server.replace(patience, f"{patience.split()[0]} {harness.GENEROUS}s")
        for name, (policy, user, secret) in servers.items():
            gateway = folder / f"{name}.conf"
            pair = urllib.parse.quote(user, safe="") + ":" + urllib.parse.quote(secret, safe="")
            encoded = base64.b64encode(pair.encode()).decode()
            gateway.write_text(f'proxy_set_header Authorization "Basic {encoded}";\n')
            gateway.chmod(0o600)
            parts.append(server.replace("127.0.0.1:8000", f"127.0.0.1:{self.ports[name]}")
                         .replace("inject/orders", "inject/" + policy)
                         .replace("orders_gateway.conf", str(gateway)))
        temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\npid {folder / 'nginx.pid'};\nevents {{}}\n"
            f"http {{\naccess_log off;\n{temporary}{''.join(parts)}}}\n")
        self.log = folder / "error.log"
        self.process = subprocess.Popen(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"),
                                         "-e", str(self.log)], stderr=subprocess.PIPE, text=True)
        for port in self.ports.values():
            self.wait_for(port)

    def wait_for(self, port):
        deadline = time.monotonic() + harness.GENEROUS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError(f"nginx does not answer: {self.log.read_text()[-800:] if self.log.exists() else ''}")

    def ask(self, name, method="GET", path="/", headers=None, body=None):
        return harness.request(self.ports[name], method, path, headers, body)

    def stop(self):
        self.process.terminate()
        self.process.wait(harness.GENEROUS)


class Setting:
    def __init__(self, options, folder):
        self.secrets = {name: harness.new_secret() for name in (GATEWAY, OTHER)}
        clients = [harness.client(name, secret, scopes=["orders.read", "orders.write", "brief.read"],
                                  default_scopes=["orders.read"]) for name, secret in self.secrets.items()]
        volume = harness.volume_store(folder / "volume", {
            "am.services.oauth2.stateless.token.encryption": harness.symmetric_jwk(256)})
        self.server = harness.Server(options.signetd, {}, keep=options.keep)
        stores = [volume, harness.local_store(self.server.data_dir)]
        self.server.document.update(harness.config(clients, secret_stores=stores))
        self.server.start()
        self.put("resource-servers/orders", resource_server("orders", URI))
        self.put("resource-servers/brief", resource_server("brief", URI + "/brief", lifetime=LIFETIME))
        self.policy("orders", scopes=["orders.read"])
        self.policy("brief", resource_server="brief", scopes=["brief.read"], renew_before=MARGIN)
        self.api = Api()
        self.nginx = Nginx(folder, self.server.port, self.api.port, {
            "orders": ("orders", GATEWAY, self.secrets[GATEWAY]),
            "brief": ("brief", GATEWAY, self.secrets[GATEWAY]),
            "wrong_secret": ("orders", GATEWAY, harness.new_secret()),
            "other_client": ("orders", OTHER, self.secrets[OTHER]),
            "no_policy": ("nothing", GATEWAY, self.secrets[GATEWAY])})

    def put(self, path, document):
        answer = self.server.admin("PUT", "/admin/realms/root/" + path, document)
        if answer.status not in (200, 201):
            raise RuntimeError(f"{path}: {answer}")

    def policy(self, name, **members):
        self.put("inject-policies/" + name, {"name": name, "client_id": GATEWAY,
                                             "resource_server": "orders", "renew_before": 60, **members})

    def stop(self):
        self.nginx.stop()
        self.api.stop()
        self.server.__exit__()

    def seen(self, name="orders", **request):
        """The request as it reached the API."""
        answer = self.nginx.ask(name, **request)
        if answer.status != 200:
            raise AssertionError(f"{answer}, nginx: {self.nginx.log.read_text()[-400:]}")
        return answer.json()

    def token(self, name="orders", **request):
        values = [value for header, value in self.seen(name, **request)["headers"] if header == "authorization"]
        if len(values) != 1 or not values[0].startswith("Bearer "):
            raise AssertionError(f"Authorization upstream: {values}")
        return values[0].removeprefix("Bearer ")

    def claims(self, token, decrypt, verify):
        return verify(decrypt(token), self.server.jwks())


def decrypt_joserfc(token):
    registry = rfc_jwe.JWERegistry(algorithms=ALGORITHMS)
    return rfc_jwe.decrypt_compact(token.encode(), OctKey.import_key(KEY), registry=registry).plaintext.decode()


def decrypt_jwcrypto(token):
    parsed = crypto_jwe.JWE(algs=ALGORITHMS)
    parsed.deserialize(token, key=crypto_jwk.JWK(**KEY))
    return parsed.payload.decode()


def api_reads_it(setting, decrypt, verify):
    claims = setting.claims(setting.token(), decrypt, verify)
    wanted = {"client_id": GATEWAY, "scope": "orders.read", "aud": URI}
    got = {name: claims.get(name) for name in wanted}
    return "" if got == wanted or got == {**wanted, "aud": [URI]} else f"claims are {got}"


def is_used_again(setting):
    tokens = {setting.token() for _ in range(20)}
    return "" if len(tokens) == 1 else f"{len(tokens)} tokens for 20 requests"


def is_renewed(setting):
    for _ in range(10):  # where nobody asked in time, because this machine stood still, nothing was renewed ahead
        first, last, longest = setting.token("brief"), time.monotonic(), 0
        deadline = last + harness.GENEROUS
        while time.monotonic() < deadline:
            second = setting.token("brief")
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
            if second != first:
                break
            time.sleep(0.1)
        else:
            return "the token is still the first one"
        if longest < MARGIN / 3:
            break
    begin = setting.claims(first, decrypt_joserfc, verify_joserfc)
    end = setting.claims(second, decrypt_joserfc, verify_joserfc)
    if end["iat"] - begin["iat"] < LIFETIME - MARGIN:
        return f"renewed after {end['iat'] - begin['iat']} s"
    if end["exp"] - end["iat"] != LIFETIME or end["iat"] > begin["exp"]:
        return f"first {begin}, second {end}"
    return ""


def request_arrives_whole(setting):
    seen = setting.seen(method="POST", path="/orders/7?x=1%2F2", headers={"Cookie": "a=b"}, body=b"n=5")
    cookies = [value for name, value in seen["headers"] if name == "cookie"]
    if (seen["method"], seen["path"], seen["body"], cookies) != ("POST", "/orders/7?x=1%2F2", "n=5", ["a=b"]):
        return f"upstream saw {seen}"
    return ""


def callers_own_is_dropped(setting):
    for own in ("Bearer the-callers-own-one", harness.basic(GATEWAY, setting.secrets[GATEWAY]), "", "Bearer " + "x" * 3000):
        for name in ("Authorization", "authorization", "AUTHORIZATION"):
            if own and own.split(" ", 1)[1] in setting.token(headers={name: own}):
                return f"{name}: {own[:20]} came through"
    return ""


def is_refused(setting, name, status):
    before = len(setting.api.reached)
    for path in ("/", "/orders/7"):
        answer = setting.nginx.ask(name, path=path, headers={"Authorization": "Bearer mine"})
        if answer.status != status:
            return f"{answer}"
    reached = len(setting.api.reached) - before
    return f"{reached} requests reached the API" if reached else ""


def revoked_is_replaced(setting):
    first = setting.token()
    answer = setting.server.revoke(GATEWAY, setting.secrets[GATEWAY], first)
    if answer.status != 200:
        return f"not revoked: {answer}"
    return "given out again" if setting.token() == first else ""


def change_holds_at_once(setting):
    setting.policy("orders", scopes=["orders.write"])
    claims = setting.claims(setting.token(), decrypt_joserfc, verify_joserfc)
    setting.policy("orders", scopes=["orders.read"])
    return "" if claims["scope"] == "orders.write" else f"scope is {claims['scope']}"


def used_server_stays(setting):
    setting.policy("of-a-gateway")
    answer = setting.server.admin("DELETE", "/admin/realms/root/resource-servers/orders")
    setting.server.admin("DELETE", "/admin/realms/root/inject-policies/of-a-gateway")
    named = "of-a-gateway" in answer.json().get("detail", "") and "orders" in answer.json()["detail"]
    return "" if answer.status == 409 and named else f"{answer}"


def envoys_shape(setting):
    """Envoy itself is not here: what its documentation says that it sends, sent by hand."""
    authorization = harness.basic(GATEWAY, setting.secrets[GATEWAY])
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
        answer = harness.request(setting.server.port, method, "/oauth2/inject/orders/orders/7?x=1",
                                 {"Authorization": authorization, "Content-Length": "0",
                                  "X-Forwarded-For": "192.0.2.1", "X-Envoy-Internal": "true"})
        if answer.status != 200 or answer.body or not answer.headers.get("authorization", "").startswith("Bearer "):
            return f"{method}: {answer} {answer.headers}"
    return ""


def nothing_passes_without_signet(setting):
    setting.server.stop()
    return is_refused(setting, "orders", 500)


def run(results, options):
    if shutil.which("nginx") is None:
        print("skipped injection: nginx is not installed", flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="signet-nginx-") as name:
        setting = Setting(options, pathlib.Path(name))
        try:
            for library, decrypt, verify in (("joserfc", decrypt_joserfc, verify_joserfc),
                                             ("jwcrypto", decrypt_jwcrypto, verify_jwcrypto)):
                results.check(f"injection: the API behind nginx reads its token with {library}",
                              api_reads_it, setting, decrypt, verify)
            results.check("injection: the token is used again", is_used_again, setting)
            results.check("injection: the token is renewed ahead of its end", is_renewed, setting)
            results.check("injection: method, path, cookie and body arrive", request_arrives_whole, setting)
            results.check("injection: the caller's Authorization never arrives", callers_own_is_dropped, setting)
            for case, status in (("wrong_secret", 502), ("other_client", 502), ("no_policy", 500)):
                results.check(f"injection: {case}: {status}, and nothing reaches the API", is_refused,
                              setting, case, status)
            results.check("injection: a revoked token is replaced", revoked_is_replaced, setting)
            results.check("injection: a changed policy holds at once", change_holds_at_once, setting)
            results.check("injection: the resource server of a policy cannot be deleted", used_server_stays, setting)
            results.check("injection: a request in the shape of Envoy's", envoys_shape, setting)
            results.check("injection: without Signet nothing passes", nothing_passes_without_signet, setting)
        finally:
            setting.stop()
