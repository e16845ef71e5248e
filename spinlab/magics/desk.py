"""What a verb works with: the session, the current app, the shell that shows things."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spinlab.function import Function
from spinlab.magics.progress import Progress
from spinlab.secrets import mask

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.server import Addresses, Refusal
    from spinlab.session import Session


LOG_KEPT = 1 << 20
LOGS_KEPT = 100
"""Characters of a build's log that are kept, and of how many functions."""


class Desk:
    """One per loaded extension.

    Attributes:
        serves: Whether the first function starts the listener.

    Parameters:
        shell: The IPython shell.
        options: What the configuration says of the listener: attributes of `spinlab.server.Listening`.
    """

    def __init__(self, shell: Any, options: Mapping[str, Any] | None = None) -> None:
        self.shell = shell
        self.serves = True
        self._options = dict(options or {})
        self._switches: dict[str, Any] = {}
        self._cells: dict[tuple[str, str], str] = {}
        self._said: dict[tuple[str, str], Function] = {}
        self._logs: dict[tuple[str, str], str] = {}
        self._tests: dict[tuple[str, str], tuple[str, ...]] = {}

    @property
    def session(self) -> Session:
        """The process's session; importing it is what makes spinlab heavy, so it waits for the first use."""
        from spinlab.session import session

        if self._options:
            options, self._options = self._options, {}
            session.configure(**options)
        while self._switches:
            setattr(session, *self._switches.popitem())
        return session

    def configure(self, **options: Any) -> None:
        """Change options of the listener: at once when there is a session, else when there will be one.

        Raises:
            SpinError: They can't be had; a listener stays what it is.
        """
        if "spinlab.session" in sys.modules:
            self.session.configure(**options)
        else:
            self._options.update(options)

    def switch(self, name: str, on: Any) -> None:
        """Set an attribute of the session: at once when there is one, else when there will be."""
        self._switches[name] = on
        if "spinlab.session" in sys.modules:
            _ = self.session

    @property
    def app(self) -> App:
        """The current app."""
        return self.session.current()

    @property
    def functions(self) -> Mapping[str, Function]:
        """Functions and modules of the current app by name."""
        app = self.app
        known = {**app.modules, **{name: live.function for name, live in app.functions.items()}}
        return {name: self._where_it_stands(app.name, function) for name, function in known.items()}

    def _where_it_stands(self, app: str, function: Function) -> Function:
        """The function with the number of the cell that said it last: an unchanged cell keeps its revision."""
        latest = self._said.get((app, function.name))
        if latest is None or latest.source != function.source:
            return function
        return replace(function, origin=latest.origin, first_line=latest.first_line)

    @property
    def addresses(self) -> Addresses | None:
        """Where the listener is reached, from this machine and from the user's browser; None without one."""
        return self.session.addresses

    @property
    def url(self) -> str:
        """What stands before a path of the current app in a browser; empty without a listener."""
        return self.session.url(self.app)

    @property
    def local_url(self) -> str:
        """The same from this machine."""
        found = self.addresses
        return found.of_app_here(self.session.label(self.app)) if found else ""

    @property
    def refusals(self) -> Sequence[Refusal]:
        """What the listener did not let in lately."""
        server = self.session.server
        return tuple(server.refusals) if server is not None else ()

    def opening(self, address: str) -> str:
        """An address with the listener's access token, when it asks for one."""
        from spinlab.server.edge import TOKEN_PARAMETER

        token = self.session.listening.token
        return address + ("&" if "?" in address else "?") + f"{TOKEN_PARAMETER}={token}" if token else address

    def names(self) -> frozenset[str]:
        """What the user has defined in the notebook."""
        hidden = getattr(self.shell, "user_ns_hidden", {})
        return frozenset(n for n in self.shell.user_ns if not n.startswith("_") and n not in hidden)

    def progress(self) -> Progress:
        """A progress display for the cell that runs."""
        return Progress(self.shell, self.show)

    def show(self, value: Any, **options: Any) -> Any:
        """Display something under the cell that runs."""
        from IPython.display import display

        return display(value, **options)  # type: ignore[no-untyped-call]

    def say(self, text: str) -> None:
        """A line of text under the cell that runs, without secrets."""
        print(mask(text))

    def after_an_interrupt(self, name: Any = None, path: Any = None) -> str:
        """What is true of the function that a cell was about, or of the one that a path leads to."""
        if "spinlab.session" not in sys.modules:
            return ""
        live = self.app.functions.get(name) if isinstance(name, str) else None
        if live is None and isinstance(path, str):
            live = self.app.answering(path.partition("?")[0])
        return f"{live.function.name} still answers with revision {live.revision}" if live is not None else ""

    # ---- what tools wrote

    def keep_log(self, name: str, text: str) -> None:
        """Remember what the tools wrote when a function was built, instead of what they wrote before."""
        self._logs.pop((self.app.name, name), None)
        self._logs[self.app.name, name] = text[-LOG_KEPT:]
        while len(self._logs) > LOGS_KEPT:
            del self._logs[next(iter(self._logs))]

    def log_of(self, name: str) -> str | None:
        """What the tools wrote when a function was built last; None when it was not."""
        return self._logs.get((self.app.name, name))

    # ---- which cell defines what

    def defined(self, function: Function) -> None:
        """Remember that the cell that runs defines the function."""
        name, cell = function.name, self.cell_id()
        self._said[self.app.name, name] = function
        if cell:
            self._cells.pop((self.app.name, name), None)  # the order of the dict says what came last
            self._cells[self.app.name, name] = cell

    def keeps_tests(self, names: Sequence[str]) -> tuple[str, ...]:
        """Remember that the cell that runs keeps these tests; the names that it kept before and does not any more."""
        cell = self.cell_id()
        if not cell:
            return ()
        key = self.app.name, cell
        before, self._tests[key] = self._tests.get(key, ()), tuple(names)
        others = {name for other, kept in self._tests.items() if other[0] == key[0] for name in kept}
        return tuple(name for name in before if name not in others and name in self.app.tests)

    def orphans(self) -> frozenset[str]:
        """Functions whose cell defines another name by now."""
        mine = {n: c for (a, n), c in self._cells.items() if a == self.app.name}
        latest = {cell: name for name, cell in mine.items()}
        return frozenset(n for n, c in mine.items() if latest[c] != n and n in self.functions)

    def cells(self) -> Mapping[str, str]:
        """Function of the current app -> id of the cell that defined it last."""
        app = self.app.name
        return {name: cell for (owner, name), cell in list(self._cells.items()) if owner == app}

    def cell_id(self) -> str:
        """The id of the cell that runs; empty when the front end told none."""
        try:
            return str(self.shell.get_parent()["metadata"]["cellId"])
        except (AttributeError, KeyError, TypeError):
            return ""
