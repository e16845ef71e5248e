"""A server that gives tokens for a registry, as the distribution project specifies it (``docs/spec/auth``)."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from tests.servers import certificate
from tests.servers.registry import PASSWORD, USER

ISSUER, SERVICE = "tokens of the tests", "registry of the tests"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Tokens:
    """Knows one user, and one refresh token.

    Attributes:
        asked: Scope of each token that was given.
        refresh: What it takes in place of a password.
    """

    refresh = "a token that an identity provider gave"

    def __init__(self, folder: Path) -> None:
        self.cert, key = certificate(folder)
        self._key = serialization.load_pem_private_key(key.read_bytes(), None)
        self._x5c = "".join(self.cert.read_text().splitlines()[1:-1])
        self.asked: list[str] = []

    def table(self, port: int) -> dict[str, Any]:
        """What the registry's configuration says of it."""
        return {
            "token": {
                "realm": f"http://127.0.0.1:{port}/token",
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self.cert),
            }
        }

    def give(self, scope: str) -> str:
        """A token for a scope such as ``repository:team/app:pull,push``."""
        self.asked.append(scope)
        kind, name, actions = scope.split(":")
        now = int(time.time())
        head = {"typ": "JWT", "alg": "ES256", "x5c": [self._x5c]}
        body = {
            "iss": ISSUER,
            "sub": USER,
            "aud": SERVICE,
            "exp": now + 300,
            "nbf": now - 60,
            "iat": now,
            "jti": str(len(self.asked)),
            "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
        }
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (head, body))
        assert isinstance(self._key, ec.EllipticCurvePrivateKey)
        r, s = utils.decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@contextmanager
def tokens(folder: Path) -> Iterator[tuple[Tokens, int]]:
    """The server, and its port."""
    made = Tokens(folder)
    basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            self._answer(query, known=self.headers.get("authorization") == basic)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
            self._answer(form, known=form.get("refresh_token") == [made.refresh])

        def _answer(self, asked: dict[str, list[str]], *, known: bool) -> None:
            self.send_response(200 if known else 401)
            body = json.dumps({"token": made.give(asked["scope"][0])} if known else {}).encode()
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made, server.server_port
    finally:
        server.shutdown()
        server.server_close()
