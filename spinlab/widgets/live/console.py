"""The console: a live HTTP client on the functions of an app."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import traitlets

from spinlab.client import request as as_request
from spinlab.commands import Asked, Reply, Room
from spinlab.commands import requests as commands
from spinlab.commands.sending import send
from spinlab.errors import OptionError
from spinlab.http import Headers, Request, Response
from spinlab.secrets import masked
from spinlab.widgets import tables
from spinlab.widgets.display import Display
from spinlab.widgets.live.base import LiveWidget
from spinlab.widgets.markup import join
from spinlab.widgets.response import response as as_display
from spinlab.widgets.style import box, code, muted

if TYPE_CHECKING:
    from spinlab.app import App

HISTORY: Final = 50
"""Requests that the history holds."""
BODY_KEPT: Final = 4096
"""Characters of a body that stay in the history; of a longer one nothing does."""

KINDS: Final = {
    "none": "",
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
    "file": "application/octet-stream",
}
"""What a body is -> the content type that goes with it when the headers name none."""


class Console(LiveWidget):
    """Sends requests to an app and shows all that is known of the answers.

    What a click does, `send` does as well, and each trait can be set and observed.

    Parameters:
        app: The app; the notebook's current one when left out.
        **traits: Values of its traits, such as ``path="/add/20/22"``.

    Attributes:
        method: HTTP method.
        path: Path and query.
        headers: Name and value of each field.
        body: The body as text.
        body_kind: What it is, a key of `KINDS`; without a ``content-type`` header it decides that.
        function: The function that answers whatever its routes are; by the routes when empty.
        history: The last requests, the latest first, without secrets.
        response: The last answer; None before there was one.
    """

    script = "console.js"
    styles = ("console.css",)

    method = traitlets.Unicode("GET").tag(sync=True)
    path = traitlets.Unicode("/").tag(sync=True)
    headers = traitlets.List(traitlets.List(traitlets.Unicode(), minlen=2, maxlen=2)).tag(sync=True)
    body = traitlets.Unicode("").tag(sync=True)
    body_kind = traitlets.Enum(list(KINDS), "none").tag(sync=True)
    function = traitlets.Unicode("").tag(sync=True)
    history = traitlets.List(traitlets.Dict()).tag(sync=True)
    response = traitlets.Instance(Response, allow_none=True)

    def __init__(self, app: App | None = None, **traits: Any) -> None:
        if "headers" in traits:
            traits["headers"] = [list(pair) for pair in Headers(traits["headers"])]
        super().__init__(app, **traits)
        self._last: tuple[Request, Response] | None = None
        self._channel.room.commands = {"request": self._request, "last": self._show_last}

    def send(self, body: bytes | str | None = None) -> Response:
        """Send what the console holds, and show the answer in it.

        Parameters:
            body: A body instead of the one that it holds, such as the bytes of a file.

        Raises:
            OptionError: HTTP can't carry it.
        """
        if body is None and self.body_kind == "file":
            raise OptionError("the file is in the browser", hint="give its bytes: send(body=...)")
        wanted = as_request(
            self.method,
            self.path,
            host=f"{self.app.name}.localhost",
            headers=self._fields(body),
            body=body if body is not None else self.body if self.body_kind != "none" else None,
        )
        answer = send(self.app, wanted, lambda: "", self.function)
        self._note(wanted, answer, self.headers)
        return answer

    def twin(self) -> Display:
        """The last request and its answer; before there is one, what can be asked."""
        if self._last is None:
            shown = tables.routes(self.app.routes(), self._channel.room.url)
            return Display(
                f"{self.method} {self.path}  (not sent yet)\n\n{shown.text}",
                join(_line(self.method, self.path, "not sent yet"), shown.html),
            )
        wanted, answer = self._last
        shown = as_display(answer, commands.known(self.app))
        line = f"{wanted.method} {wanted.target}"
        return Display(f"{line}\n{shown.text}", join(_line(wanted.method, wanted.target), shown.html))

    def _fields(self, body: bytes | str | None) -> Headers:
        fields = Headers((name, value) for name, value in self.headers if name)
        kind = KINDS[self.body_kind]
        if kind and "content-type" not in fields and (body or self.body):
            fields.add("content-type", kind)
        return fields

    def _request(self, room: Room, asked: Asked) -> Reply:
        """The command `request`, and what it leaves in this widget."""
        wanted = commands.asked_for(room, asked)
        answer = commands.sent(room, asked, wanted)
        typed = [list(pair) for pair in asked.pairs("typed")]
        self._note(wanted, answer, typed, asked.text("kind", "none"), asked.text("tag", ""))
        return commands.reply(room, wanted, answer)

    def _show_last(self, room: Room, asked: Asked) -> Reply:
        """The last answer, for a view that did not ask for it itself."""
        return Reply(None) if self._last is None else commands.reply(room, *self._last)

    def _note(
        self, wanted: Request, answer: Response, typed: Sequence[Sequence[str]], kind: str = "", by: str = ""
    ) -> None:
        """Keep a request and its answer, and tell the views, but the one that sent it."""
        self._last = (wanted, answer)
        entry = masked(
            {
                "method": wanted.method,
                "path": wanted.target,
                "headers": [list(pair) for pair in typed],
                "kind": kind or self.body_kind,
                "body": _text(wanted),
                "status": answer.status,
                "function": answer.function,
                "elapsed": answer.elapsed,
                "time": time.time(),
            }
        )
        self.history = [entry, *self.history[: HISTORY - 1]]
        self.response = answer
        self._channel.event("answered", {"by": by})


def _text(wanted: Request) -> str | None:
    """A body that the history can hold; None when it is too long, or no text."""
    if not isinstance(wanted.body, bytes) or len(wanted.body) > BODY_KEPT:
        return None
    try:
        return wanted.body.decode()
    except UnicodeDecodeError:
        return None


def _line(method: str, target: str, note: str = "") -> Any:
    return box(code(f"{method} {target}"), " ", muted(note) if note else None)
