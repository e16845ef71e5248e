"""Runs one exported component alone, here or in `wasmtime serve`, and gives its answers."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import spinlab
from spinlab import Request, Response
from spinlab.export.mounts import mounted_files
from spinlab.images.recipe import RECIPES
from spinlab.manifest import Component, load
from spinlab.toolchains import environments
from tests.peer.wasmtime_serve import CACHE, closed, serve

Answer = tuple[int, tuple[tuple[str, str], ...], bytes]
Ask = Callable[[Request], Answer]

TRANSPORT = {"date", "server", "connection", "transfer-encoding", "content-length"}


def answer(status: int, headers: list[tuple[str, str]], body: bytes) -> Answer:
    """What a guest said, without what the listener adds to it."""
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
        mounts = _folders(folder, component, Path(temporary))
        with serve(closed(folder / str(component.source)), dirs=mounts, environment=component.environment) as url:
            yield lambda request: over_http(url, request)


def _folders(folder: Path, component: Component, temporary: Path) -> dict[str | Path, str]:
    """The component's files in one folder, as Spin copies them before it starts."""
    files = mounted_files(folder, component)
    for path, data in files.items():
        place = temporary / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
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


def build_official(folder: Path, wasi: str) -> None:
    """Do what `spin build` does: run each component's command in its folder, with the pins installed.

    What a command made of the same files is kept, because it takes the better part of a minute.
    """
    recipe = RECIPES[wasi]
    pins = [line for line in (folder / "requirements.txt").read_text().splitlines() if line]
    assert set(recipe.pins) <= set(pins)
    home = recipe.toolchain()
    environment = {
        **os.environ,
        "VIRTUAL_ENV": str(home),
        "PATH": f"{environments.program(home, 'x').parent}{os.pathsep}{os.environ['PATH']}",
    }
    for component in load(folder / "spin.toml").components.values():
        if component.build is not None:
            assert isinstance(component.build.command, str)
            place = folder / (component.build.workdir or "")
            _build(component.build.command, place, folder / str(component.source), pins, environment)


def _build(command: str, place: Path, output: Path, pins: list[str], environment: dict[str, str]) -> None:
    identity = hashlib.sha256(repr((command, pins)).encode())
    for path in sorted(place.glob("*.py")):
        identity.update(path.name.encode() + b"\0" + path.read_bytes())
    CACHE.mkdir(mode=0o700, exist_ok=True)
    kept = CACHE / f"official-{identity.hexdigest()}.wasm"
    if not kept.exists():
        subprocess.run(command, shell=True, cwd=place, env=environment, check=True, capture_output=True)
        partial = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(output, partial)
        os.replace(partial, kept)
    shutil.copyfile(kept, output)
