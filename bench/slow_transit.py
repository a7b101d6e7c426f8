#!/usr/bin/env python3
"""A remote signer for the benchmarks: as much of Vault's transit engine as a signing store asks for, each
signature answered after --delay seconds, however many are under way. Real signatures, one P-256 key.
Prints its port."""

import argparse
import asyncio
import base64
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

KEY = ec.generate_private_key(ec.SECP256R1())
PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))


def signature(body):
    digest = base64.b64decode(json.loads(body)["input"])
    r, s = utils.decode_dss_signature(KEY.sign(digest, PREHASHED))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return {"signature": "vault:v1:" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), "key_version": 1}


def description():
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM,
                                        serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    return {"type": "ecdsa-p256", "latest_version": 1, "min_decryption_version": 1, "derived": False,
            "keys": {"1": {"public_key": pem, "creation_time": "2026-01-01T00:00:00Z"}}}


class Connection(asyncio.Protocol):
    delay = 0.0

    def __init__(self):
        self.received = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        while True:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self.received[:end].decode("latin-1").split("\r\n")
            size = next((int(line[15:]) for line in head[1:] if line.lower().startswith("content-length:")), 0)
            if len(self.received) < end + 4 + size:
                return
            body = self.received[end + 4:end + 4 + size]
            self.received = self.received[end + 4 + size:]
            self.answer(head[0].split(" ")[1], body)

    def answer(self, path, body):
        wait = 0.0
        if path.startswith("/v1/transit/sign/"):
            data, wait = signature(body), self.delay
        elif path.startswith("/v1/transit/keys/"):
            data = description()
        elif path.startswith("/v1/auth/token/lookup-self"):
            data = {"ttl": 0, "renewable": False, "policies": ["signet"]}
        else:
            data = {"type": "transit", "options": None}
        text = json.dumps({"data": data}).encode()
        raw = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(text) + text
        asyncio.get_running_loop().call_later(wait, self.send, raw)

    def send(self, raw):
        if not self.transport.is_closing():
            self.transport.write(raw)


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.02)
    Connection.delay = parser.parse_args().delay
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
