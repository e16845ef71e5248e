"""What a verb works with: the session, the current app, the shell that shows things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spinlab.errors import ListenError
from spinlab.function import Function
from spinlab.magics.progress import Progress
from spinlab.widgets.urls import app_base

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.server.jupyter import Addresses
    from spinlab.session import Session

_BY_HOST = ("local", "vscode")
"""Kinds of place where an app is told by the host (``NAME.localhost``)."""


class Desk:
    """One per loaded extension.

    Parameters:
        shell: The IPython shell.
        listen: The address that the configuration asks for, empty for the default.
    """

    def __init__(self, shell: Any, listen: str = "") -> None:
        self.shell = shell
        self.listen = listen
        self._cells: dict[tuple[str, str], str] = {}
        self._said: dict[tuple[str, str], Function] = {}
        self._addresses: dict[str, Addresses] = {}

    @property
    def session(self) -> Session:
        """The process's session; importing it is what makes spinlab heavy, so it waits for the first use."""
        from spinlab.session import session

        if self.listen and session.listen is None:
            session.listen = self.listen
        return session

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
        from spinlab.server import jupyter_urls

        server = self.session.server
        if server is None:
            return None
        if server.url not in self._addresses:
            self._addresses[server.url] = jupyter_urls(server.url)
        return self._addresses[server.url]

    @property
    def url(self) -> str:
        """What stands before a path of the current app in a browser; empty without a listener."""
        found = self.addresses
        return self._of_app(found.browser, found.place in _BY_HOST) if found else ""

    @property
    def local_url(self) -> str:
        """The same from this machine."""
        found = self.addresses
        return self._of_app(found.local, True) if found else ""

    def _of_app(self, base: str, by_host: bool) -> str:
        apps = list(self.session.apps)
        if not by_host or not apps or apps[0] == self.app.name:
            return base
        from spinlab.manifest.ids import kebab

        return app_base(base, kebab(self.app.name))

    def listen_at(self, address: str) -> None:
        """Move the listener; when the new address can't be had it stays where it is.

        Raises:
            ListenError: The address is taken.
        """
        session = self.session
        before, ran = session.listen, session.server is not None
        session.stop_server()
        session.listen = address or None
        try:
            session.ensure_server()
        except ListenError:
            session.listen = before
            if ran:
                session.ensure_server()
            raise

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
        """A line of text under the cell that runs."""
        print(text)

    # ---- which cell defines what

    def defined(self, function: Function) -> None:
        """Remember that the cell that runs defines the function."""
        name, cell = function.name, self._cell_id()
        self._said[self.app.name, name] = function
        if cell:
            self._cells.pop((self.app.name, name), None)  # the order of the dict says what came last
            self._cells[self.app.name, name] = cell

    def orphans(self) -> frozenset[str]:
        """Functions whose cell defines another name by now."""
        mine = {n: c for (a, n), c in self._cells.items() if a == self.app.name}
        latest = {cell: name for name, cell in mine.items()}
        return frozenset(n for n, c in mine.items() if latest[c] != n and n in self.functions)

    def _cell_id(self) -> str:
        try:
            return str(self.shell.get_parent()["metadata"]["cellId"])
        except (AttributeError, KeyError, TypeError):
            return ""
