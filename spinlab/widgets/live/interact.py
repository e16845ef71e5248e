"""Sliders and fields for the parameters of a route, built of ipywidgets' own controls; each change sends a request."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import ipywidgets
import traitlets

from spinlab.client import request as as_request
from spinlab.commands.requests import known
from spinlab.commands.sending import send
from spinlab.errors import OptionError, SpinError
from spinlab.http import Headers, Response
from spinlab.routing import parse
from spinlab.widgets.display import Display
from spinlab.widgets.live.base import LiveWidget
from spinlab.widgets.markup import join
from spinlab.widgets.response import response as as_display
from spinlab.widgets.style import box, code

if TYPE_CHECKING:
    from spinlab.app import App

EVERY: Final = 0.1
"""Seconds from one request to the next, at least."""
BODY: Final = "body"
"""The name of the field for the body."""
REST: Final = "path"
"""The name of the field for what a wildcard takes."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_AS_NUMBER = (
    r"\b(int|float|Number|parseInt|parseFloat|atoi|atof|Atoi|ParseInt|ParseFloat|parse)\b[^\n]{0,40}?[\"'.:]%s\b"
)
_FIELD = re.compile(r":([^/.]+)|/(?:\.\.\.|\*)$")


def interact(pattern: str, *, app: App | None = None, **options: Any) -> Interaction:
    """Controls for the parameters of a route: a request is sent when one changes, and its answer shown.

    Parameters:
        pattern: A route as it is written, such as ``/add/:a/:b``, and a query with first values, such as ``?scale=2``.
        app: The app; the current one when left out.
        **options: Further arguments of `Interaction`: `method`, `headers`, `body`, and for each parameter what its
            control is made of, as ``ipywidgets.interact`` takes it: ``a=(0, 10)`` a slider, ``a=["x", "y"]`` a list,
            ``a=True`` a box, ``a="text"`` a field, or a widget.

    Raises:
        OptionError: The route has no such parameter, or nothing can be made of what was given.
    """
    if app is None:
        from spinlab.session import current_app

        app = current_app()
    return Interaction(app, pattern, **options)


class Interaction(ipywidgets.VBox):  # type: ignore[misc]
    """The controls of a route and the answer to what they say; an ordinary widget.

    Parameters:
        app: The app.
        pattern: A route, and a query with first values.
        method: HTTP method.
        headers: Fields to send along.
        body: A text, or a value to send as JSON: it gets a field of its own.
        **values: For each parameter what its control is made of.

    Attributes:
        controls: Name of a parameter -> its control; ``body`` and ``path`` (what a wildcard takes) among them.
        response: The last answer; None before there was one. It can be observed.
    """

    response = traitlets.Instance(Response, allow_none=True)

    _repr_mimebundle_ = LiveWidget._repr_mimebundle_

    def __init__(
        self,
        app: App,
        pattern: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        **values: Any,
    ) -> None:
        self.app = app
        self.method = method.upper()
        self._route, _, query = pattern.partition("?")
        self._headers = Headers(headers or {})
        if body is not None and not isinstance(body, (str, ipywidgets.Widget)):
            self._headers.add("content-type", "application/json")
        first = _first_values(app, self._route, query)
        self._query = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
        self.controls = {name: _control(name, value) for name, value in _merged(first, values, self._route).items()}
        if body is not None:
            self.controls[BODY] = _body_control(body)
        self._shown = ipywidgets.Output()
        self._line = ipywidgets.HTML()
        super().__init__([*self.controls.values(), self._line, self._shown])
        self._sending = Sending(self._send_one)
        for control in self.controls.values():
            control.observe(lambda _change: self._sending.begin(), "value")
        if self.method in _SAFE:
            self.send()

    @property
    def path(self) -> str:
        """Path and query as the controls say it."""
        text = {name: _text(control.value) for name, control in self.controls.items()}
        path = _FIELD.sub(lambda found: _placed(found, text), self._route) or "/"
        query = urlencode([(name, text[name]) for name in self._query])
        return f"{path}?{query}" if query else path

    def send(self) -> Response:
        """Send what the controls say, and show the answer.

        Raises:
            OptionError: HTTP can't carry it.
        """
        answer = self._answer(lambda: "")
        self._show(answer)
        return answer

    def twin(self) -> Display:
        """The last request and its answer."""
        line = f"{self.method} {self.path}"
        if self.response is None:
            return Display(f"{line}  (not sent yet)", box(code(line)))
        shown = as_display(self.response, known(self.app))
        return Display(f"{line}\n{shown.text}", join(box(code(line)), shown.html))

    def close(self) -> None:
        """Take it out of the page; nothing is sent any more."""
        if "_sending" in self.__dict__:  # one that could not be made is closed as well
            self._sending.close()
        super().close()

    def _answer(self, stopped: Callable[[], str]) -> Response:
        body = self.controls[BODY].value if BODY in self.controls else None
        wanted = as_request(
            self.method, self.path, host=f"{self.app.name}.localhost", headers=self._headers.copy(), body=body
        )
        return send(self.app, wanted, stopped)

    def _send_one(self, stopped: Callable[[], str]) -> None:
        try:
            answer = self._answer(stopped)
        except SpinError as error:
            self._put(Display(str(error), box(str(error))))
            return
        if not stopped():
            self._show(answer)

    def _show(self, answer: Response) -> None:
        self._line.value = str(code(f"{self.method} {self.path}"))
        self._put(as_display(answer, known(self.app)))
        self.response = answer

    def _put(self, shown: Display) -> None:
        # Not by `with`: that takes all that a thread prints, and this one is not the cell's.
        data = shown._repr_mimebundle_()
        self._shown.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)


class Sending:
    """Does a piece of work for the latest change: what is under way for an older one is told to stop.

    Parameters:
        work: Called on a thread of its own; it gets what says why it should stop.
        every: Seconds from one call to the next, at least.
    """

    def __init__(self, work: Callable[[Callable[[], str]], None], every: float = EVERY) -> None:
        self._work = work
        self._every = every
        self._lock = threading.Lock()
        self._wanted = 0
        self._running = False
        self._closed = False

    def begin(self) -> None:
        """Something changed. From any thread; returns at once."""
        with self._lock:
            self._wanted += 1
            if self._running or self._closed:
                return
            self._running = True
        threading.Thread(target=self._run, name="spinlab-interact", daemon=True).start()

    def close(self) -> None:
        """Do nothing any more."""
        self._closed = True

    def _why_stop(self, mine: int) -> str:
        return "" if mine == self._wanted and not self._closed else "a newer one follows"

    def _run(self) -> None:
        done = 0
        while True:
            with self._lock:
                if self._closed or done == self._wanted:
                    self._running = False
                    return
                done = self._wanted
            began = time.monotonic()
            try:
                self._work(partial(self._why_stop, done))
            except Exception:
                with self._lock:
                    self._running = False
                raise
            time.sleep(max(0.0, self._every - (time.monotonic() - began)))


def _first_values(app: App, route: str, query: str) -> dict[str, Any]:
    """What each parameter is when nothing is given: a number where its function takes it for one, else its name."""
    pattern = parse(route)
    live = app.answering(_FIELD.sub(lambda found: found[1] or "", route) or "/")
    source = live.function.source if live is not None and isinstance(live.function.source, str) else ""
    found: dict[str, Any] = {
        name: (0, 100) if re.search(_AS_NUMBER % re.escape(name), source) else name for name in pattern.params
    }
    if pattern.wildcard:
        found[REST] = ""
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in found:
            raise OptionError(f"{name!r} is a parameter of the route and of the query", hint="give one another name")
        found[name] = parsed(value)
    return found


def _merged(first: dict[str, Any], given: Mapping[str, Any], route: str) -> dict[str, Any]:
    for name in given:
        if name not in first:
            near = get_close_matches(name, first, n=1)
            there = f"it has {', '.join(first)}" if first else "it has none"
            raise OptionError(f"{route} has no {name!r}", hint=f"did you mean {near[0]}?" if near else there)
    return {**first, **given}


def parsed(text: str) -> Any:
    """What a control is made of, from text: ``0:10``, ``0:1:0.1``, ``x,y,z``, ``true``, ``2``, or a text as it is."""
    if text in ("true", "false"):
        return text == "true"
    if "," in text:
        return [x for x in text.split(",") if x]
    numbers = [_number(x) for x in text.split(":")]
    if all(x is not None for x in numbers) and len(numbers) <= 3:
        return numbers[0] if len(numbers) == 1 else tuple(numbers)
    return text


def _number(text: str) -> float | None:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return None


def _control(name: str, value: Any) -> Any:
    if isinstance(value, ipywidgets.Widget) and hasattr(value, "value"):
        return value
    try:
        made = ipywidgets.interactive.widget_from_abbrev(value)
    except ValueError as error:
        raise OptionError(f"{name}={value!r} makes no control: {error}", hint=f"such as {name}=(0, 10)") from None
    if made is None or not hasattr(made, "value"):
        raise OptionError(f"{name}={value!r} makes no control", hint=f'such as {name}=(0, 10) or {name}=["x", "y"]')
    made.description = name
    return made


def _body_control(body: Any) -> Any:
    if isinstance(body, ipywidgets.Widget):
        return body
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    return ipywidgets.Textarea(text, description=BODY, rows=min(8, text.count("\n") + 2))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _placed(found: re.Match[str], text: Mapping[str, str]) -> str:
    if found[1]:
        return quote(text[found[1]], safe="")
    return f"/{quote(text[REST], safe='/')}" if text[REST] else "/"
