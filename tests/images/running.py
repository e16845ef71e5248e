"""Cells on their images, as the engine runs them, in both ways of giving them their source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from spinlab.engine import Sandbox, default_engine
from spinlab.function import Function
from spinlab.http import Headers, Request, Response
from spinlab.languages import Build, BuildContext
from spinlab.languages.python import LANGUAGE

FORMS = ("environment", "files")
VERSIONS = ("0.2", "0.3")


def build(source: str, wasi: str, modules: Mapping[str, str] | None = None, requires: tuple[str, ...] = ()) -> Build:
    """What the language makes of a cell."""
    cells = {name: Function(name, text, wasi=wasi, module=True) for name, text in (modules or {}).items()}
    return LANGUAGE.build(Function("hello", source, wasi=wasi, requires=requires), BuildContext(modules=cells))


@contextmanager
def sandbox(built: Build, form: str = "environment") -> Iterator[Sandbox]:
    """A sandbox around a build, its source given by the environment or by files."""
    engine = default_engine()
    prepared = engine.prepare(built.component, name="hello")
    injected = built.environment if form == "environment" else {}
    files = {} if form == "environment" else built.files
    made = Sandbox(engine, prepared, name="hello", injected=injected, files=files, environment={"GREETING": "hi"})
    try:
        yield made
    finally:
        made.close()


def ask(
    source: str,
    target: str = "/",
    *,
    wasi: str = "0.2",
    form: str = "environment",
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    modules: Mapping[str, str] | None = None,
) -> Response:
    """One request to a cell."""
    with sandbox(build(source, wasi, modules), form) as running:
        return running.handle(Request(method, target, Headers([("host", "localhost"), *headers]), body))


def log(response: Response, stream: str = "stderr") -> list[str]:
    """What the cell wrote."""
    return [line.text for line in response.logs if line.stream == stream]
