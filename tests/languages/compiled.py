"""Cells of compiled languages in an app, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spinlab import App, Function, Request, Response
from spinlab.errors import SpinError

BEGIN = {
    "c": '#include "spin.h"\nvoid handle(spin_request *req, spin_response *res) {\n',
    "cpp": '#include "spin.hpp"\nvoid handle(spin::Request &req, spin::Response &res) {\n',
    "zig": 'const spin = @import("spin.zig");\npub fn handle(req: *spin.Request, res: *spin.Response) !void {\n',
}
"""Two lines that begin a handler; what a test adds begins on line 3."""


def body(language: str, text: str) -> str:
    """A cell with a handler of that body."""
    return f"{BEGIN[language]}{text}\n}}\n"


@contextmanager
def serving(language: str, source: str | bytes, route: str = "/f", **options: object) -> Iterator[App]:
    """An app with one function."""
    with App("test") as app:
        app.add(Function("f", source, language=language, routes=(route,), **options))  # type: ignore[arg-type]
        yield app


def answer(language: str, source: str | bytes, request: Request | None = None, **options: object) -> Response:
    """What a cell answers to one request."""
    with serving(language, source, **options) as app:  # type: ignore[arg-type]
        return app.handle(request or Request("GET", "/f"))


def error(language: str, source: str | bytes, **options: object) -> SpinError:
    """The error of a cell that can't be built."""
    with App("test") as app:
        try:
            app.add(Function("f", source, language=language, routes=("/f",), **options))  # type: ignore[arg-type]
        except SpinError as found:
            return found
    raise AssertionError("the cell was accepted")
