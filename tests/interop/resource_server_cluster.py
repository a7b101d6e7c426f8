"""What the checks of resource servers on several instances share: a publisher of keys, and the instances with
what was told them."""

import http.server
import json
import pathlib
import ssl
import tempfile
import threading
import urllib.parse

import cross
import cross_libraries
import harness
import python_checks
import tls_checks
from cross import Case

SOON = 1.0  # seconds, from a change at one instance until the other one goes by it
GIVEN_UP = 60.0  # seconds
CONTENT = "A128CBC-HS256"


def key(kid, bits=128, **members):
    return {**cross.oct_key(bits), "kid": kid, **members}


def quoted(name):
    return urllib.parse.quote(name)


class Publisher:
    """A resource server's JWKS at a URL of its own; `secret` ones by https, with a file of its authority."""

    def __init__(self, secret=False):
        self.sets, self.max_age, self.asked = {}, 1, 0
        publisher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.asked += 1
                body = json.dumps({"keys": publisher.sets[self.path]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", f"max-age={publisher.max_age}")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.scheme, self.folder = "http", None
        if secret:
            self.scheme, self.folder = "https", tempfile.TemporaryDirectory(prefix="signet-publisher-")
            chain, private, self.authority = tls_checks.write_certificate(pathlib.Path(self.folder.name))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain, private)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"{self.scheme}://127.0.0.1:{self.server.server_port}{path}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        if self.folder is not None:
            self.folder.cleanup()


class World:
    def __init__(self, cluster, publisher):
        self.cluster, self.publisher = cluster, publisher
        self.a, self.b = cluster.servers
        self.material = []  # of every symmetric key that was told
        self.secret = harness.new_secret()
        for client, more in (("app", {}), ("gateway", {"may_introspect": "realm"})):
            self.admin(self.a, "PUT", f"clients/{client}", {"client_id": client, "secret": self.secret, **more})

    def admin(self, server, method, path, body=None, status=(200, 201, 204), headers=None):
        answer = server.admin(method, "/admin/realms/root/" + path, body, headers)
        if answer.status not in status:
            raise AssertionError(f"{method} {path} answered {answer}")
        return answer

    def realm(self, **members):
        answer = self.a.admin("PUT", "/admin/realms/root", {"name": "root", **members})
        if answer.status != 200:
            raise AssertionError(f"PUT of the realm answered {answer}")

    def put(self, name, access_token=None, at=None, now_called=None, status=(200, 201), **members):
        for one in (access_token or {}).get("jwks", {}).get("keys", []):
            if "k" in one:
                self.material.append(one["k"])
        body = {"name": name, **members}
        if access_token:
            body["access_token"] = access_token
        return self.admin(at or self.a, "PUT", "resource-servers/" + quoted(now_called or name), body, status)

    def erase(self, name, at=None):
        return self.admin(at or self.a, "DELETE", "resource-servers/" + quoted(name))

    def ask(self, server, **fields):
        return server.token("app", self.secret, **fields)

    def issue(self, server, **fields):
        answer = self.ask(server, **fields)
        if answer.status != 200:
            raise AssertionError(f"the token request answered {answer}")
        return answer.json()["access_token"]

    def introspect(self, server, token, **fields):
        return server.post(harness.ROOT + "/introspect", {"token": token, **fields},
                           {"Authorization": harness.basic("gateway", self.secret)}).json()

    def inner(self, token, one, alg="A128KW", enc=CONTENT):
        """The signed token inside, or None where the key does not open it."""
        try:
            return cross_libraries.Joserfc.open(Case(alg, one, enc), token)
        except Exception:
            return None

    def claims(self, server, token, one, **how):
        inside = self.inner(token, one, **how)
        return inside and python_checks.verify_joserfc(inside, server.jwks())

    def opens(self, server, one, **fields):
        answer = self.ask(server, **fields)
        return answer.status == 200 and self.inner(answer.json()["access_token"], one) is not None

    def error(self, server, **fields):
        answer = self.ask(server, **fields)
        return answer.json().get("error", "")


def own(*keys, alg="A128KW", **more):
    return {"encryption": "resource_server_key", "key_encryption_algorithm": alg,
            "jwks": {"keys": list(keys)}, **more}


waited = []  # seconds, each time that something that was told did come to pass


def soon(holds, is_told=True):
    """True once it holds. In a cluster that reads everything anew only every hour nothing comes to pass that is not
    told; how long it took is judged by all of them together, since any one of them may have waited for this machine."""
    took = harness.until(holds, GIVEN_UP, 0.01)
    if took < GIVEN_UP and is_told:
        waited.append(took)
    return took < GIVEN_UP
