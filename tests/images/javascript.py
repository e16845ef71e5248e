"""JavaScript cells on their image, as the engine runs them, in both ways of giving them their source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from spinlab.engine import Sandbox, default_engine
from spinlab.function import Function
from spinlab.http import Headers, Request, Response
from spinlab.languages import Build, BuildContext, language

FORMS = ("environment", "files")


def build(source: str, name: str = "javascript", modules: Mapping[str, str] | None = None) -> Build:
    """What the language makes of a cell."""
    cells = {n: Function(n, text, language="javascript", module=True) for n, text in (modules or {}).items()}
    return language(name).build(Function("hello", source, language=name), BuildContext(modules=cells))


@contextmanager
def sandbox(built: Build, form: str = "environment") -> Iterator[Sandbox]:
    """A sandbox around a build, its source given by the environment or by files."""
    engine = default_engine()
    made = Sandbox(
        engine,
        engine.prepare(built.component, name="hello"),
        name="hello",
        injected=built.environment if form == "environment" else {},
        files={"/data/greeting.txt": b"hi", **({} if form == "environment" else built.files)},
        environment={"GREETING": "hi"},
    )
    try:
        yield made
    finally:
        made.close()


def ask(
    source: str,
    target: str = "/",
    *,
    form: str = "environment",
    method: str = "GET",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    name: str = "javascript",
    modules: Mapping[str, str] | None = None,
) -> Response:
    """One request to a cell."""
    with sandbox(build(source, name, modules), form) as running:
        return running.handle(Request(method, target, Headers([("host", "localhost"), *headers]), body))


def log(response: Response, stream: str = "stderr") -> list[str]:
    """What the cell wrote."""
    return [line.text for line in response.logs if line.stream == stream]
