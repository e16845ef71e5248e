"""A registry for the tests of a module, and a way to it that breaks."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.registry import registry


@pytest.fixture(scope="session")
def registry_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A registry that knows everybody and speaks plain HTTP."""
    with registry(tmp_path_factory.mktemp("registry")) as port:
        yield port


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No credentials of whoever runs the tests, and nothing that was fetched before; answers the folder where
    credentials would be."""
    monkeypatch.setattr("spinlab.loading.registry.cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    monkeypatch.delenv("SPIN_OCI_ARCHIVE_LAYERS", raising=False)
    return tmp_path


class Cutting:
    """A way to a server on which connections break.

    Parameters:
        port: The server's.
        after: Bytes of each connection that pass, one number for each that breaks, in their order.
        upwards: Whether bytes to the server are counted, else those from it.
    """

    def __init__(self, port: int, after: list[int], *, upwards: bool) -> None:
        self._target, self._after, self._upwards = port, list(after), upwards
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.cut = 0
        self.passed = [0, 0]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            both = (client, server)
            threading.Thread(target=self._pass, args=(client, server, both, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, both, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, both: tuple[socket.socket, ...], up: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                passed += len(data)
                with self._lock:
                    self.passed[up] += len(data)
                    if up is self._upwards and self._after and passed > self._after[0]:
                        self._after.pop(0)
                        self.cut += 1
                        break
                target.sendall(data)
        for one in both:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def noise(size: int) -> bytes:
    """Bytes that nobody has seen before."""
    return os.urandom(size)
