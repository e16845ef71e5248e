"""Redis, as Debian brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import running


@contextmanager
def redis(folder: Path, *options: str) -> Iterator[int]:
    """An empty Redis that keeps nothing on disk; yields its port."""

    def command(port: int) -> list[str]:
        given = ["--port", str(port)] if "--tls-port" not in options else ["--port", "0"]
        words = [str(port) if word == "PORT" else word for word in options]
        return ["redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *given, *words]

    with running(command, folder) as port:
        yield port


@contextmanager
def redis_with_tls(folder: Path, cert: Path, key: Path) -> Iterator[int]:
    """A Redis that speaks TLS only; yields its port."""
    files = ["--tls-cert-file", str(cert), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    with redis(folder, "--tls-port", "PORT", *files) as port:
        yield port
