"""An HTTP server on a loopback port, with faults on demand: what the stubs of cloud services stand on."""

import http.server
import json
import socket
import threading
import urllib.parse


class Reply(Exception):
    """Raised or returned by a handler: the answer."""

    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Request:
    def __init__(self, handler, body):
        parts = urllib.parse.urlsplit(handler.path)
        self.method, self.path, self.body = handler.command, urllib.parse.unquote(parts.path), body
        self.query = {k: v[0] for k, v in urllib.parse.parse_qs(parts.query, keep_blank_values=True).items()}
        self.headers = {k.lower(): v for k, v in handler.headers.items()}

    def json(self):
        try:
            parsed = json.loads(self.body)
        except ValueError:
            raise Reply(400, {"error": "the body is no JSON"})
        if not isinstance(parsed, dict):
            raise Reply(400, {"error": "the body is no JSON object"})
        return parsed

    def form(self):
        if self.headers.get("content-type") != "application/x-www-form-urlencoded":
            raise Reply(400, {"error": "invalid_request", "error_description": "no form"})
        return {k: v[0] for k, v in urllib.parse.parse_qs(self.body.decode(), strict_parsing=True).items()}


class LoopbackServer:
    """Serves with a class of handlers, each request in a thread, while it is a context."""

    def __init__(self, handler):
        self.lock = threading.RLock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class StubServer(LoopbackServer):
    """Subclasses answer in `answer(request) -> Reply`. Use as a context manager."""

    def __init__(self):
        self.requests = []  # (method, path) of all that came
        self.faults = []  # each: [part of the path, Reply or "hang up", how often]
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                size = int(self.headers.get("Content-Length", 0))
                request = Request(self, self.rfile.read(size))
                reply = stub.serve(request)
                if reply == "hang up":
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                body = b"" if reply.body is None else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = serve

            def log_message(self, *_):
                pass

        super().__init__(Handler)

    def fail(self, part, reply, times=1 << 30):
        with self.lock:
            self.faults.append([part, reply, times])

    def heal(self):
        with self.lock:
            self.faults.clear()

    def count(self, part):
        with self.lock:
            return sum(part in f"{method} {path}" for method, path in self.requests)

    def serve(self, request):
        with self.lock:
            self.requests.append((request.method, request.path))
            for fault in self.faults:
                if fault[0] in f"{request.method} {request.path}" and fault[2] > 0:
                    fault[2] -= 1
                    return fault[1]
        try:
            return self.answer(request)
        except Reply as reply:
            return reply
