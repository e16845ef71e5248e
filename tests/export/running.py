"""Runs one exported component alone, here or in `wasmtime serve`, and gives its answers."""

from __future__ import annotations

import http.client
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import spinlab
from spinlab import Request, Response
from spinlab.export.mounts import mounted_files
from spinlab.manifest import Component, load
from tests.peer.wasmtime_serve import closed, serve

Answer = tuple[int, tuple[tuple[str, str], ...], bytes]
Ask = Callable[[Request], Answer]

_PEERS_OWN = b"<h1>500 Internal Server Error</h1>\n        <hr>\n        wasmtime\n"
"""In the page that `wasmtime serve` has for a guest that is stopped by a trap, where Spin and we send nothing."""

TRANSPORT = {"date", "server", "connection", "transfer-encoding", "content-length"}


def answer(status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    """What a guest said, without what the listener adds to it."""
    if status == 500 and _PEERS_OWN in body:
        return status, (), b""
    fields = sorted((name.lower(), value) for name, value in headers if name.lower() not in TRANSPORT)
    return status, tuple(fields), body


def of(response: Response) -> Answer:
    """The answer in a response."""
    return answer(response.status, response.headers.items(), response.body)


@contextmanager
def here(folder: Path) -> Iterator[Ask]:
    """The project in spinlab, from its folder alone."""
    with spinlab.load(folder, as_is=True) as project:
        yield lambda request: of(project.handle(request))


@contextmanager
def there(folder: Path, name: str) -> Iterator[Ask]:
    """One component of the project in `wasmtime serve`."""
    component = load(folder / "spin.toml").components[name]
    with tempfile.TemporaryDirectory() as temporary:
        mounts = folders(folder, component, Path(temporary))
        with serve(closed(folder / str(component.source)), dirs=mounts, environment=component.environment) as url:
            yield lambda request: over_http(url, request)


def folders(folder: Path, component: Component, temporary: Path) -> dict[str | Path, str]:
    """The component's files in one folder, as Spin copies them before it starts."""
    files = mounted_files(folder, component)
    for path, data in files.items():
        place = temporary / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    if any(path.count("/") == 1 for path in files):
        return {temporary: "/"}
    return {temporary / top: f"/{top}" for top in sorted({path.split("/")[1] for path in files})}


def over_http(url: str, request: Request) -> Answer:
    """The answer of a server."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        assert isinstance(request.body, bytes)
        if "content-length" not in request.headers and request.method == "POST":
            connection.putheader("content-length", "0")
        connection.endheaders(request.body or None)
        found = connection.getresponse()
        return answer(found.status, found.getheaders(), found.read())
    finally:
        connection.close()


def without_head(found: dict[str, Answer]) -> dict[str, Answer]:
    """A server never sends a body with the answer to a HEAD."""
    return {name: answer if name != "head" else (*answer[:2], b"") for name, answer in found.items()}
