"""What belongs to one process: its apps, which of them is current, and the listener that serves them."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from spinlab.app import App
from spinlab.errors import ListenError, NameRefused, SpinError
from spinlab.function import Function
from spinlab.images import cache_dir
from spinlab.live import Live
from spinlab.manifest.ids import check_component, kebab
from spinlab.page import Page
from spinlab.server import Addresses, Listening, Ports, Server, jupyter_urls
from spinlab.server.listener import DEFAULT_PORT
from spinlab.server.ports import this_notebook

FIRST = "notebook"


class Session:
    """The apps of a process. The first one answers on the plain address, each other on ``NAME.localhost``.

    Attributes:
        listening: What the user decided about the listener; `configure` changes it.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._apps: dict[str, App] = {}
        self._current = FIRST
        self._life = threading.RLock()  # of the listener; it asks for apps while it starts and stops
        self._server: Server | None = None
        self._addresses: tuple[str, Addresses] | None = None
        self._ports = Ports(cache_dir() / "ports.json")
        self._notebook = this_notebook()
        self._port: int | None = None
        self._switches = {"tracing": True, "proxies": False}
        self._page: Page | None = None
        self.listening = Listening()

    @property
    def apps(self) -> Mapping[str, App]:
        """All apps by name, the first one first."""
        return dict(self._apps)

    @property
    def server(self) -> Server | None:
        """The listener, None before the first function."""
        return self._server

    @property
    def notebook(self) -> str:
        """The path of the notebook, as far as Jupyter says it; else the working folder, with a slash at its end."""
        return self._notebook

    @property
    def tracing(self) -> bool:
        """Whether apps record what their functions ask of the host; setting it goes for each app, now and later."""
        return self._switches["tracing"]

    @tracing.setter
    def tracing(self, on: bool) -> None:
        self._switch("tracing", on)

    @property
    def proxies(self) -> bool:
        """Whether outbound HTTP goes through the environment's proxies; setting it goes for each app, now and later."""
        return self._switches["proxies"]

    @proxies.setter
    def proxies(self, on: bool) -> None:
        self._switch("proxies", on)

    @property
    def page(self) -> Page | None:
        """The notebook's page as it said of itself; None while none of ours is open."""
        return self._page

    @page.setter
    def page(self, page: Page | None) -> None:
        if page != self._page:
            self._page, self._addresses = page, None

    def _switch(self, name: str, on: bool) -> None:
        with self._lock:
            self._switches[name] = on
            for app in self._apps.values():
                setattr(app, name, on)

    def current(self) -> App:
        """The current app, made when there is none yet."""
        with self._lock:
            if self._current not in self._apps:
                state = self._state_dir(self._current)
                self._apps[self._current] = App(
                    self._current, state_dir=state, tracing=self.tracing, proxies=self.proxies
                )
            return self._apps[self._current]

    def _state_dir(self, name: str) -> Path:
        """``.spin`` beside the notebook, as Spin has it beside its manifest; each further app has a folder in it."""
        beside = Path(os.path.dirname(self._notebook)) / ".spin"  # without a notebook it is a folder, with its slash
        return beside if name == FIRST else beside / kebab(name)

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
            current = self._apps.get(self._current)
            if current is not None and not current.functions and list(self._apps) == [self._current]:
                self._apps.pop(self._current)  # an untouched first app gives its place to the one that is named
            self._current = name
            return self.current()

    def resolve(self, label: str) -> App | None:
        """The app for a host label; the first one for the empty label."""
        with self._lock:
            if not label:
                return next(iter(self._apps.values()), None)
            return next((a for n, a in self._apps.items() if kebab(n) == label), None)

    def app_of(self, live: Live) -> App | None:
        """The app that a live function belongs to."""
        name = live.function.name
        return next((a for a in self.apps.values() if any(live is x for x in a.revisions(name))), None)

    # ---- the listener

    def ensure_server(self) -> Server:
        """The running listener, started when there is none.

        Raises:
            ListenError: The address that was asked for is taken.
        """
        with self._life:
            if self._server is None:
                self._server = self._start()
            return self._server

    def stop_server(self) -> None:
        """Stop the listener; the functions stay, and its port is kept for the next one."""
        with self._life:
            server, self._server, self._addresses = self._server, None, None
            if server is not None:
                server.stop()

    def configure(self, **changes: Any) -> None:
        """Change what the user decided about the listener; one that runs follows at once.

        Parameters:
            **changes: Attributes of `spinlab.server.Listening`.

        Raises:
            OptionError: A value can't be used; nothing has changed.
            ListenError: The new address can't be had; nothing has changed.
        """
        with self._life:
            before, server = self.listening, self._server
            self.listening = replace(before, **changes)
            if server is None or self.listening == before:
                return
            if (self.listening.listen, self.listening.socket_file) == (before.listen, before.socket_file):
                server.policy = self.listening.policy()
                return
            try:
                in_place = self._holds(server)
                # Beside the old one, so that nobody takes its place when this fails.
                made = None if in_place else self._start()
            except SpinError:
                self.listening = before
                raise
            if made is None:
                self._move_in_place(before)
                return
            self.stop_server()
            self._server = made

    def _move_in_place(self, before: Listening) -> None:
        """Start anew where the old listener itself stands."""
        self.stop_server()
        try:
            self.ensure_server()
        except SpinError:
            self.listening = before
            self.ensure_server()
            raise

    def _holds(self, server: Server) -> bool:
        """Whether a listener stands where the wanted one would."""
        place = self.listening.place()
        if "socket_file" in place:
            return server.socket_file is not None and Path(place["socket_file"]) == server.socket_file
        port = place.get("port") or self._port or self._ports.of(self._notebook) or DEFAULT_PORT
        return server.socket_file is None and server.port == port

    @property
    def addresses(self) -> Addresses | None:
        """Where the listener is reached, from this machine and from the user's browser; None without one."""
        server = self._server
        if server is None:
            return None
        known = self._addresses  # a page that says hello forgets it, on a thread of its own
        if known is None or known[0] != server.url:
            known = self._addresses = (server.url, jupyter_urls(server.url, page=self._page))
        return known[1]

    def label(self, app: App) -> str:
        """How an app is told in an address: empty for the first one, else its name."""
        return "" if next(iter(self._apps.values()), app) is app else kebab(app.name)

    def url(self, app: App) -> str:
        """What stands before a path of the app in the user's browser; empty without a listener."""
        found = self.addresses
        return found.of_app(self.label(app)) if found is not None and app in self._apps.values() else ""

    def _start(self) -> Server:
        wanted, place = self.listening, self.listening.place()
        make = partial(
            Server,
            self.resolve,
            token=wanted.token,
            hosts=wanted.hosts,
            origins=wanted.origins,
            trusted_pages=wanted.trusted_pages,
        )
        if place:
            server = make(**place)
            server.start()
            return server
        server = self._start_where_it_was(make) or make(port=DEFAULT_PORT)
        server.start()
        self._port = server.port
        self._ports.keep(self._notebook, server.port)
        return server

    def _start_where_it_was(self, make: Callable[..., Server]) -> Server | None:
        """A listener on the port that this notebook had; None when it had none, or it is somebody else's now."""
        port = self._port or self._ports.of(self._notebook)
        if port is None:
            return None
        server = make(port=port, find_free_port=False)
        try:
            server.start()
        except ListenError:
            return None
        return server

    def reset(self) -> None:
        """Stop everything and forget every app."""
        self.stop_server()
        with self._lock:
            apps, self._apps = list(self._apps.values()), {}
            self._current = FIRST
        for app in apps:
            app.close()


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
