"""What belongs to one process: its apps, which of them is current, and the listener that serves them."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Mapping
from typing import Any

from spinlab.app import App, Live
from spinlab.errors import NameRefused
from spinlab.function import Function
from spinlab.manifest.ids import check_component, kebab
from spinlab.server import Server

FIRST = "notebook"


class Session:
    """The apps of a process. The first one answers on the plain address, each other on ``NAME.localhost``."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._apps: dict[str, App] = {}
        self._current = FIRST
        self._server: Server | None = None
        self.listen: str | None = None

    @property
    def apps(self) -> Mapping[str, App]:
        """All apps by name, the first one first."""
        return dict(self._apps)

    @property
    def server(self) -> Server | None:
        """The listener, None before the first function."""
        return self._server

    def current(self) -> App:
        """The current app, made when there is none yet."""
        with self._lock:
            return self._apps.setdefault(self._current, App(self._current))

    def use(self, name: str) -> App:
        """Make the app called `name`, or choose it.

        Raises:
            NameRefused: The name can't be a host label and a manifest's name.
        """
        check_component(kebab(name))
        with self._lock:
            for known in self._apps:
                if known != name and kebab(known) == kebab(name):
                    raise NameRefused(f"{name!r} and {known!r} are one name", hint=f"%spin app {known}")
            if not self._apps.get(self._current, App(self._current)).functions and list(self._apps) == [self._current]:
                self._apps.pop(self._current)  # an untouched first app gives its place to the one that is named
            self._current = name
            return self.current()

    def resolve(self, label: str) -> App | None:
        """The app for a host label; the first one for the empty label."""
        with self._lock:
            if not label:
                return next(iter(self._apps.values()), None)
            return next((a for n, a in self._apps.items() if kebab(n) == label), None)

    def ensure_server(self) -> Server:
        """The running listener, started when there is none.

        Raises:
            ListenError: The address that was asked for is taken.
        """
        with self._lock:
            if self._server is None:
                host, port, exact = _address(self.listen)
                server = Server(self.resolve, host=host, port=port, find_free_port=not exact)
                server.start()
                self._server = server
            return self._server

    def stop_server(self) -> None:
        """Stop the listener; the functions stay."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.stop()

    def reset(self) -> None:
        """Stop everything and forget every app."""
        self.stop_server()
        with self._lock:
            apps, self._apps = list(self._apps.values()), {}
            self._current = FIRST
        for app in apps:
            app.close()


def _address(listen: str | None) -> tuple[str, int, bool]:
    if not listen:
        return "127.0.0.1", 3000, False
    host, _, port = listen.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port), True


session = Session()
atexit.register(session.reset)


def current_app() -> App:
    """The app that the magics work on."""
    return session.current()


def function(
    name: str | None = None,
    *,
    route: str | tuple[str, ...] = (),
    allow: tuple[str, ...] | list[str] = (),
    app: App | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Live]:
    """Make a live function of an ordinary Python function.

    Parameters:
        name: The function's name; the Python name when left out.
        route: One pattern or several; ``/NAME/...`` when left out.
        allow: Hosts it may reach (``allowed_outbound_hosts``).
        app: The app to add it to; the current one when left out.
        **options: Other attributes of `spinlab.Function`.

    Returns:
        A decorator that answers the `Live` revision.

    Raises:
        SourceError: A name it uses is not its own; see the message.
    """
    from spinlab.languages.python import from_function

    def decorate(python_function: Callable[..., Any]) -> Live:
        own = name or python_function.__name__
        source, first_line, origin = from_function.source_of(python_function)
        routes = (route,) if isinstance(route, str) else tuple(route)
        declared = Function(
            own,
            source,
            routes=routes or (f"/{kebab(own)}/...",),
            allowed_outbound_hosts=tuple(allow),
            first_line=first_line,
            origin=origin,
            **options,
        )
        live = (app or current_app()).add(declared, names=frozenset(python_function.__globals__))
        assert live is not None
        session.ensure_server()
        return live

    return decorate
