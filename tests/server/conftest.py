from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from spinlab.server import Jupyter, Server
from tests.server.guests import App, Guest, Serve
from tests.server.lab import Lab, running


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server for one guest on a free port; stopped at the end."""
    servers: list[Server] = []

    def start(guest: Guest, **options: Any) -> tuple[Server, App]:
        app = App(guest)
        options.setdefault("jupyter", Jupyter())
        options.setdefault("port", 0)
        server = Server(lambda label: app if not label else None, **options)
        servers.append(server)
        server.start()
        return server, app

    yield start
    for server in servers:
        server.stop(0.2)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A real Jupyter server in folders of its own."""
    with running(tmp_path_factory.mktemp("lab")) as server:
        yield server
