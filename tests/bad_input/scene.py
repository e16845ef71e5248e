"""A function that is to go wrong beside one that must not notice, called through an app as anybody would."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spinlab import App, Function
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.http import Response
from tests.conftest import wat

TRIES = """\
import asyncio, json
from spin_sdk import http, key_value, mqtt, postgres, redis, sqlite, variables
{imports}

def told(error):
    found = getattr(error, "value", error)
    return f"{{type(found).__name__}} {{getattr(found, 'value', '')}}".strip()

{define} handle(request):
    if request.path == "/bad/well":
        return "well"
    if request.path == "/bad/raises":
        return {wait}attempt(request)
    try:
        return {wait}attempt(request)
    except Exception as error:
        return 418, told(error)

{define} attempt(request):
{body}
"""
"""A cell that tells of the error that its body meets, or raises it when asked to."""


def tries(body: str, wasi: str = "0.2", imports: str = "") -> str:
    """The source of a cell that does `body`."""
    words = {"0.2": ("def", ""), "0.3": ("async def", "await ")}[wasi]
    indented = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return TRIES.format(define=words[0], wait=words[1], body=indented, imports=imports)


class Scene:
    """An app with both functions.

    Parameters:
        app: Where they live.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        app.add(wat("neighbour", "/neighbour"))

    def add(self, body: str, wasi: str = "0.2", imports: str = "", **options: Any) -> None:
        """Register the one that is to go wrong."""
        self.app.add(Function("bad", tries(body, wasi, imports), routes=("/bad/...",), wasi=wasi, **options))

    def fails(self, error: str, target: str = "/bad") -> Response:
        """Call it: the guest meets `error` (the beginning of what it is called), and everything lives on."""
        answer = self.app.get(target)
        assert (answer.status, answer.text[: len(error)]) == (418, error), (answer, *answer.logs)
        self.lives_on()
        return answer

    def raises(self, name: str) -> Response:
        """Call it so that nobody catches the error: the user reads its name in the log."""
        answer = self.app.get("/bad/raises")
        assert (answer.status, answer.body) == (500, b"")
        assert any(name in line.text for line in answer.logs), answer.logs
        self.lives_on()
        return answer

    def lives_on(self) -> None:
        """Its next request works, and so does its neighbour."""
        assert self.app.get("/bad/well").text == "well"
        assert self.app.get("/neighbour").status == 200


@contextmanager
def scene(state: Path | None = None, **runtime: Any) -> Iterator[Scene]:
    """A scene with its stores in a folder, under what the operator says."""
    with App("scene", state_dir=state, runtime=RuntimeConfig(**runtime)) as app:
        yield Scene(app)


def said(answer: Response, text: str) -> bool:
    """Whether the user reads `text` beside the answer."""
    return any(text in line.text for line in answer.logs)
