"""Progress in one place: shown only when something takes longer than half a second, and one line when it is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from spinlab.widgets.display import Display
from spinlab.widgets.markup import join, tag
from spinlab.widgets.plain import seconds, visible
from spinlab.widgets.style import muted

PATIENCE = 0.5
_EVERY = 0.2


class Progress:
    """A context manager that is called with what is being done and how far it is.

    A timer thread shows it while the main thread waits in a compilation. It only ever publishes under its lock and
    before the cell ends, with the cell's own parent, so that nothing lands in another cell.

    Parameters:
        shell: The IPython shell.
        display: Shows a `Display` and answers a handle with `update` (``IPython.display.display``).
    """

    def __init__(self, shell: Any, display: Callable[..., Any]) -> None:
        self._display = display
        self._parent = _parent_of(shell)
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._handle: Any = None
        self._what = ""
        self._done: float | None = None
        self._first = ""
        self._over = False
        self._timer: threading.Thread | None = None
        self._wake = threading.Event()

    def __enter__(self) -> Progress:  # noqa: PYI034 - Self is not in Python 3.10
        self._began = time.monotonic()
        return self

    def __call__(self, what: str, done: float | None = None) -> None:
        """Say what is being done, from any thread."""
        with self._lock:
            self._what, self._done = what, done
            self._first = self._first or what
            if self._timer is None and not self._over:
                self._timer = threading.Thread(target=self._watch, name="spinlab-progress", daemon=True)
                self._timer.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.set()
        with self._lock:
            self._over = True
            if self._handle is None:
                return
            took = seconds(time.monotonic() - self._began)
            if kind is None:
                end = f"{self._what}: done in {took}"
            elif issubclass(kind, KeyboardInterrupt):
                end = f"{self._what}: interrupted after {took}"
            else:
                end = f"{self._what}: failed after {took}"
            self._handle.update(_line(end))

    def _watch(self) -> None:
        self._wake.wait(max(PATIENCE - (time.monotonic() - self._began), 0))
        restore = self._parent()
        try:
            while not self._wake.is_set():
                with self._lock:
                    if not self._over:
                        self._show()
                self._wake.wait(_EVERY)
        finally:
            restore()

    def _show(self) -> None:
        took = seconds(float(int(time.monotonic() - self._began))) if self._handle else ""
        share = "" if self._done is None else f" {self._done:.0%}"
        line = _line(" ".join(x for x in (f"{self._what}{share} ...", took) if x), self._done)
        if self._handle is None:
            self._handle = self._display(line, display_id=True)
        else:
            self._handle.update(line)


def _line(text: str, done: float | None = None) -> Display:
    bar = tag("progress", value=f"{done:.3f}", max="1") if done is not None else None
    return Display(visible(text), join(tag("span", muted(text)), " " if bar else None, bar))


def _parent_of(shell: Any) -> Callable[[], Callable[[], None]]:
    """What makes another thread's output belong to the cell that runs now; answers what undoes it."""
    setter = getattr(shell, "set_thread_parent", None)  # ipykernel 7.4; before, the running cell is the default
    parent = None
    with suppress(Exception):
        parent = shell.get_parent()

    def enter() -> Callable[[], None]:
        if setter is None or not parent:
            return lambda: None
        token = setter(parent)
        return lambda: shell.reset_thread_parent(token)

    return enter
