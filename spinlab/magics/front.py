"""The kernel's end of the JupyterLab extension: a comm for each page, with the commands and events of a live app.

Loading registers the comm's target and looks at cells when they are through; everything else waits for a page.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from spinlab.errors import SpinError
from spinlab.magics.desk import Desk
from spinlab.magics.reporting import place_of
from spinlab.widgets.plain import visible

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.commands import Asked, Channel, Room

TARGET: Final = "spinlab"
"""What the extension opens its comm on."""

LINES: Final = 8
"""Pages at once. A page that is closed says nothing, so the one that has been silent for longest goes."""

ERRORS: Final = 100
"""Cells whose last error is kept for pages that come later."""


class Front:
    """The pages that look at one shell.

    Parameters:
        desk: What they look at.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._errors: dict[str, dict[str, Any]] = {}
        self._app: App | None = None
        self._forget: Callable[[], None] = lambda: None

    def register(self) -> None:
        """Let pages open a comm, where the kernel has such a thing, and see which cells fail."""
        comms = _comms()
        if comms is not None:
            comms.register_target(TARGET, self._opened)
            self._desk.shell.events.register("post_run_cell", self._ran)

    def unregister(self) -> None:
        """Close all comms, and take no new ones."""
        comms = _comms()
        if comms is None:
            return
        if comms.targets.get(TARGET) == self._opened:
            comms.unregister_target(TARGET, self._opened)
        with suppress(ValueError):
            self._desk.shell.events.unregister("post_run_cell", self._ran)
        self._forget()
        for line in list(self._lines):
            line.close()
        if "spinlab.widgets.live.place" in sys.modules:
            from spinlab.widgets.live.place import place as here

            here.connected = False

    # ---- commands of a page alone

    def commands(self) -> Mapping[str, Any]:
        """Those that need the shell or the kernel's comms."""
        return {"hello": self._hello, "errors": self._known_errors, "alive": _alive}

    def _hello(self, room: Room, asked: Asked) -> dict[str, Any]:
        """Who we are. Also learns where the browser reaches Jupyter, and that a renderer of ours is there."""
        import spinlab
        from spinlab.commands.greeting import PROTOCOL, same_protocol
        from spinlab.page import page_of
        from spinlab.widgets.live.place import place as here

        same_protocol(asked)
        here.connected = True
        page = page_of(asked.arguments.get("base_url"), asked.arguments.get("host"))
        if page is not None:
            self._desk.switch("page", page)
        self._follow()
        begun = "spinlab.session" in sys.modules  # else nothing was made yet, and asking would load the engine
        app = self._desk.app.name if begun else ""
        return {"version": spinlab.__version__, "protocol": PROTOCOL, "app": app, "begun": begun}

    def _known_errors(self, room: Room, asked: Asked) -> list[dict[str, Any]]:
        return list(self._errors.values())

    # ---- cells

    def _ran(self, result: Any) -> None:
        """A cell is through: tell where it failed, or that it does no more."""
        self._follow()
        cell = getattr(result.info, "cell_id", None) or self._desk.cell_id()
        found = error_of(cell, result.error_in_exec) if cell else None
        if found is not None:
            self._errors.pop(cell, None)
            self._errors[cell] = found
            while len(self._errors) > ERRORS:
                del self._errors[next(iter(self._errors))]
            self._tell("error", found)
        elif self._errors.pop(cell, None) is not None:
            self._tell("cleared", {"cell": cell})

    def _follow(self) -> None:
        """Listen to the app that is current by now; its pages are told when it is another one."""
        if not self._lines or "spinlab.session" not in sys.modules:
            return
        from spinlab.changes import FUNCTIONS

        app = self._desk.app
        with self._lock:
            if app is self._app:
                return
            self._forget()
            self._app, self._forget = app, app.changes.listen(self._note)
        self._note(FUNCTIONS)

    def _note(self, what: str) -> None:
        for line in self._lines:
            line.note(what)

    def _tell(self, event: str, value: Any) -> None:
        for line in self._lines:
            line.channel.event(event, value)

    # ---- comms

    def _opened(self, comm: Any, _message: Any) -> None:
        from spinlab.commands import Room

        room = Room(lambda: self._desk.app, self._desk.cells, self.commands())
        line = Line(comm, room, self._gone)
        with self._lock:
            silent = sorted(self._lines, key=lambda x: x.heard)[: max(0, len(self._lines) + 1 - LINES)]
            self._lines = [*self._lines, line]
        for one in silent:
            one.close()

    def _gone(self, line: Line) -> None:
        with self._lock:
            self._lines = [x for x in self._lines if x is not line]


class Line:
    """One page: its comm and what is said over it.

    It is told of changes only when it has asked for something since it was told the last time: a page that is hidden or
    gone costs one message.

    Parameters:
        comm: An open comm.
        room: Where its commands are asked.
        gone: Called once it is over.

    Attributes:
        channel: Answers its commands.
        heard: When it said something last, on the monotonic clock.
    """

    def __init__(self, comm: Any, room: Room, gone: Callable[[Line], None]) -> None:
        from spinlab.commands import Channel
        from spinlab.commands.subshells import stay_on_subshell
        from spinlab.commands.telling import Telling

        self.heard = time.monotonic()
        self._comm = comm
        self._gone = gone
        self._lock = threading.Lock()
        self._told = False
        self._owed: dict[str, None] = {}
        self.channel: Channel = Channel(lambda message, buffers: comm.send(message, buffers=list(buffers)), room)
        self._telling = Telling(self._tell)
        stay_on_subshell(comm)
        comm.on_msg(self._receive)
        comm.on_close(lambda _message: self._end())

    def note(self, what: str) -> None:
        """Something changed. From any thread; returns at once."""
        self._telling.note(what)

    def close(self) -> None:
        """Tell the page that this is over."""
        self._end()
        with suppress(Exception):  # the kernel may be on its way out
            self._comm.close()

    def _receive(self, message: Any) -> None:
        self.heard = time.monotonic()
        with self._lock:
            self._told, owed, self._owed = False, self._owed, {}
        for what in owed:
            self.note(what)
        self.channel.receive(message["content"]["data"], message.get("buffers") or ())

    def _tell(self, what: list[str]) -> None:
        with self._lock:
            if self._told:
                self._owed.update(dict.fromkeys(what))
                return
            self._told = True
        self.channel.event("changed", {"what": what})

    def _end(self) -> None:
        self._telling.close()
        self.channel.close()
        self._gone(self)


def error_of(cell: str, error: BaseException | None) -> dict[str, Any] | None:
    """Where a cell failed, in its own lines; None when it did not, or nobody knows where."""
    if not isinstance(error, SpinError) or error.source is None or error.location is None:
        return None
    line, column = place_of(error.source, error.location)
    return {
        "cell": cell,
        "line": line,
        "column": column,
        "end_column": error.location.end_column,
        "kind": type(error).__name__,
        "message": visible(error.message),
        "hint": visible(error.hint),
    }


def _alive(room: Room, asked: Asked) -> list[str]:
    """Which of ``ids`` are comms that the kernel has: models of widgets that can still be drawn."""
    comms = _comms()
    known = comms.comms if comms is not None else {}
    return [one for one in asked.texts("ids") if one in known]


def _comms() -> Any:
    """The kernel's comms; None where nothing brings them, as in a terminal."""
    try:
        from comm import get_comm_manager
    except ImportError:
        return None
    return get_comm_manager()
