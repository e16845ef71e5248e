"""App: a named set of live functions. The one mutable object of spinlab; a kernel may hold many."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinlab.answering import Answering
from spinlab.changes import FUNCTIONS, STORES, Changes
from spinlab.client import Client
from spinlab.engine import Call, Engine, Sink
from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.checks import check as check_grants
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.http import Request, Response
from spinlab.keeping import Keeping
from spinlab.languages import Progress, silent
from spinlab.live import Live, Logged, RouteInfo
from spinlab.making import Maker, Tell
from spinlab.manifest.ids import kebab
from spinlab.manifest.model import Application, Trigger
from spinlab.pulse import Pulse
from spinlab.recording.kept import Recordings
from spinlab.recording.repeating import Repeating
from spinlab.registry import Registry
from spinlab.routing import Router
from spinlab.shown import Shown
from spinlab.table import Static
from spinlab.testing.requests.kept import Tests
from spinlab.trace import Trace

if TYPE_CHECKING:
    from typing_extensions import Self

    from spinlab.sql import Migration
    from spinlab.triggers.command import Finished
    from spinlab.triggers.listening import Listener, Listeners


class App(Client, Keeping, Repeating, Shown):
    """A named set of live functions.

    Parameters:
        name: The application's name in the manifest, and its host label (``NAME.localhost``).
        engine: What runs the components; the process's own by default.
        state_dir: Where stores and databases live, made at the first write; None keeps them in memory.
        runtime: What the operator decided (``runtime-config.toml``).
        tell: Called with component id, stream and text whenever a guest writes to its log, from any thread; with the
            stream ``spinlab`` for what happens to its triggers.
        tracing: Whether what functions ask of the host is recorded, for `traces` and for how often a grant was used.
        proxies: Whether outbound HTTP goes through the proxies of the environment (``HTTP_PROXY`` and its kin); never
            while networks are blocked, since nobody could say where a proxy connects.

    Attributes:
        tracing, proxies: The same; they may be changed at any time. What is denied is recorded in any case.
        variables: Application variable -> ``default``, ``description``, ``required`` and ``secret``, as the manifest
            declares them.
        services: What stands behind the functions' grants.
        application: What the manifest says of the app that it was loaded from; None for one that was written here.
        migrations: Label and name -> the SQL scripts that made the tables, for the export.
        changes: Who wants to know when functions, requests or stores change.
        idle: Components of that manifest that nothing here runs, for the export.
        tests: Requests with what is expected of their answers; an export takes them along.
        recordings: Requests with everything that they saw, by their number in `traces`; `recordings.on` records all.
    """

    def __init__(
        self,
        name: str = "notebook",
        *,
        engine: Engine | None = None,
        state_dir: str | os.PathLike[str] | None = None,
        runtime: RuntimeConfig | None = None,
        tell: Tell | None = None,
        tracing: bool = True,
        proxies: bool = False,
    ) -> None:
        self.name = name
        self.tracing = tracing
        self.proxies = proxies
        self.variables: dict[str, dict[str, Any]] = {}
        self.application: Application | None = None
        self.migrations: dict[tuple[str, str], Migration] = {}
        self.idle: dict[str, Function] = {}
        self.tests = Tests(self)
        self._state_dir = None if state_dir is None else Path(state_dir)
        self.services = self._services(runtime)
        self._tell = None if tell is None else self._masking(tell)
        self._maker = Maker(engine, lambda: self.services, self._tell)
        self.changes = Changes()
        self._registry = Registry(self._maker, self.changes)
        self._lock = self._registry.lock
        self._listeners: Listeners | None = None
        self.changes.listen(self._follow)
        self.recordings = Recordings(name, self._state_dir)
        self._answering = Answering(
            lambda: self._registry.table,
            self._about,
            lambda: self.services.variables.secrets,
            self.changes,
            self.recordings,
        )
        self._answering.ledger.numbers = itertools.count(self.recordings.last + 1)  # they outlive the process

    @property
    def engine(self) -> Engine:
        """The engine, started at first use."""
        return self._maker.engine

    # ---- what is there

    @property
    def functions(self) -> Mapping[str, Live]:
        """The live functions by name, in order of registration."""
        return self._registry.live

    @property
    def modules(self) -> Mapping[str, Function]:
        """The ``--module`` functions by name."""
        return self._registry.modules

    @property
    def triggers(self) -> Mapping[str, tuple[Trigger, ...]]:
        """Type -> the triggers of the manifests that the app was loaded from, with their ids and in their order."""
        return self._registry.table.triggers

    @property
    def static(self) -> Mapping[str, Static]:
        """Trigger id -> what the app answers by itself, without a function."""
        return self._registry.table.static

    @property
    def router(self) -> Router[Live | Static]:
        """What finds the function, or static response, that answers a path."""
        return self._registry.table.router

    def __getitem__(self, name: str) -> Live:
        return self.functions[self._registry.known(name)]

    def __contains__(self, name: object) -> bool:
        return name in self._registry

    def revisions(self, name: str) -> tuple[Live, ...]:
        """The revisions of a function that are kept, oldest first."""
        return self._registry.revisions(name)

    def routes(self) -> tuple[RouteInfo, ...]:
        """The route table in the order of registration."""
        return self._registry.table.routes()

    def answering(self, path: str) -> Live | None:
        """The function that requests for a path go to; None when it is nobody's."""
        return self._answering.answering(path)

    @property
    def removed(self) -> tuple[str, ...]:
        """The functions that were removed and that `undo` brings back."""
        return self._registry.removed

    @property
    def pulse(self) -> Pulse:
        """Requests, errors and latencies of the last minute."""
        return self._answering.ledger.pulse

    def logs(self, name: str | None = None) -> tuple[Logged, ...]:
        """What guests wrote lately, oldest first; of one function when `name` is given."""
        return tuple(x for x in list(self._answering.ledger.log) if name is None or x.function == name)

    def traces(self, name: str | None = None) -> Trace:
        """What the last requests asked of the host, oldest first; those of one function when `name` is given."""
        return Trace(tuple(x for x in list(self._answering.ledger.traces) if name is None or x.function == name))

    # ---- changes

    def add(
        self,
        function: Function,
        *,
        progress: Progress = silent,
        names: frozenset[str] = frozenset(),
        force: bool = False,
    ) -> Live | None:
        """Build, check and swap in a function, or a module with everything that uses it.

        Parameters:
            function: What the cell declares.
            progress: Where to say how far a long step is.
            names: Names of the notebook, so that a free name of the cell can be told from a misspelt one.
            force: Make a new revision even when nothing changed.

        Returns:
            The new revision; the one that is live already when nothing changed; None for a module.

        Raises:
            CellError, ComponentError, ToolMissing: Nothing has changed, the old revision serves on.
        """
        return self._registry.add(function, progress, names, force=force)

    def add_all(
        self,
        functions: Iterable[Function],
        triggers: Mapping[str, tuple[Trigger, ...]] | None = None,
        *,
        progress: Progress = silent,
    ) -> tuple[Live, ...]:
        """Build, check and swap in many functions and modules at once, or none of them.

        Parameters:
            functions: What a manifest has. One of them may have a route of another one: the last trigger gets it.
            triggers: Type -> its triggers: their order decides between routes, those that have an answer of their own
                are answered by the app.
            progress: Where to say how far a long step is.

        Raises:
            SpinError: One of them can't be; nothing has changed.
        """
        return self._registry.add_all(functions, triggers or {}, progress)

    def remove(self, name: str) -> None:
        """Take a function, module or static response away; `undo` brings a function back.

        Raises:
            OptionError: There is none of that name.
        """
        self._registry.remove(name)

    def undo(self, name: str) -> Live:
        """Go back to the revision before the live one, or bring a removed function back.

        Raises:
            OptionError: There is no earlier revision.
            SpinError: Nothing stands behind a grant of it any more.
        """
        return self._registry.undo(name)

    def grant(self, name: str, *, take_back: bool = False, **grants: Any) -> Live:
        """Change what a function may reach without its cell.

        Parameters:
            name: The function.
            take_back: Take these grants away instead.
            **grants: Attributes of `spinlab.Function` that are grants, such as ``key_value_stores=["default"]``.

        Returns:
            The new revision; the live one when it has these grants already.

        Raises:
            OptionError: There is no function of that name, or it has no such grant to take back.
            SpinError: The grant can't be served; nothing has changed.
        """
        return self._registry.grant(name, grants, take_back=take_back)

    def prune(self) -> tuple[str, ...]:
        """Forget all revisions that are not live, and removed functions; answers what was removed for good."""
        return self._registry.prune()

    def configure(self, runtime: RuntimeConfig) -> None:
        """Put other stores, databases, providers and limits behind the functions, which live on.

        Parameters:
            runtime: What the operator decided.

        Raises:
            SpinError: A function is granted what has no place there; nothing has changed.
        """
        with self._lock:
            services, old = self._services(runtime), self.services
            services.variables.adopt(old.variables)
            lives = list(self.functions.values())
            try:
                for live in lives:
                    check_grants(live.function, services)
            except BaseException:
                services.close()
                raise
            self.services = services
            for live in lives:
                self._maker.rehost(live)
            old.close()
        self.changes.tell(STORES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything; requests in flight finish."""
        if self._listeners is not None:
            self._listeners.close()
        self._registry.clear()
        self.services.close()

    # ---- requests

    def submit(self, request: Request, sink: Sink, component: str | None = None) -> Call | None:
        """Begin a request; the sink is told from a worker thread (or at once, when the app itself answers).

        Parameters:
            request: The request.
            sink: Where the response goes.
            component: Id of the component that answers, whatever its routes are; None to go by the routes.

        Returns:
            The call, or None when it has been answered already.

        Raises:
            Busy: All workers are taken and the queue is full.
        """
        return self._answering.submit(request, sink, component)

    def handle(self, request: Request) -> Response:
        """Answer a request, whole. An interrupt stops the guest and is raised again.

        Failures of the guest are answers too: an empty 500, 503 or 504 with the reason in `Response.error`.
        """
        return self._answering.handle(request)

    def send(self, name: str, data: bytes | str = b"", **keys: str) -> Response:
        """Run a function that a trigger starts with a message, as if it had come by its trigger.

        Parameters:
            name: The function.
            data: The message.
            **keys: Those of its trigger that are to be others this time, such as ``topic="sensors/1"``.

        Returns:
            An empty 200; or what failed, in `Response.error`.

        Raises:
            OptionError: There is no such function, or HTTP starts it.
        """
        from spinlab.triggers.sending import send

        return send(self[name], data.encode() if isinstance(data, str) else data, self._answering.deliver, keys)

    def run(
        self,
        name: str,
        *arguments: str,
        stdin: bytes | str = b"",
        take: Callable[[bytes], object] | None = None,
    ) -> Finished:
        """Run a function that is a command (``--command``) and wait for its end.

        Parameters:
            name: The function.
            *arguments: What it is given, without its own name.
            stdin: Its input.
            take: Given its output piece by piece, in place of `Finished.stdout`.

        Raises:
            OptionError: There is no such function, or it is no command.
            CallError: It was stopped, or failed in another way than by its exit status.
        """
        from spinlab.triggers.command import run

        data = stdin.encode() if isinstance(stdin, str) else stdin
        return run(self[name], arguments, data, self._answering.deliver, take)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """What waits for messages, one for each trigger of a function that HTTP does not start."""
        return self._listening().settle() if self._listeners is not None or self._has_triggers() else ()

    # ---- inside

    def _follow(self, what: str) -> None:
        if what == FUNCTIONS and (self._listeners is not None or self._has_triggers()):
            self._listening().follow()

    def _has_triggers(self) -> bool:
        return any(live.function.triggers for live in self._registry.live.values())

    def _listening(self) -> Listeners:
        with self._lock:
            if self._listeners is None:
                from spinlab.triggers.listening import Listeners, Surroundings

                self._listeners = Listeners(
                    Surroundings(
                        lives=lambda: self._registry.live,
                        settings=lambda type_: self.application.trigger.get(type_, {}) if self.application else {},
                        resolve=lambda text: self.services.variables.resolve(text),
                        submit=self._answering.deliver,
                        log=self._noted,
                        failed=self._failed,
                        changed=lambda: self.changes.tell(FUNCTIONS),
                    )
                )
            return self._listeners

    def _noted(self, name: str, text: str) -> None:
        """What happens to a listener is in the function's log, and told to who is told what guests write."""
        self._answering.note(name, text)
        if self._tell is not None:
            self._tell(kebab(name), "spinlab", f"{kebab(name)}: {text}\n")

    def _failed(self, name: str, error: Exception) -> None:
        """The log has why a function failed already; nobody else waits for its answer."""
        if self._tell is not None:
            told = (getattr(error, part, "") for part in ("message", "hint", "details"))
            text = "\n".join(part.rstrip("\n") for part in told if part) or str(error)
            self._tell(kebab(name), "spinlab", f"{kebab(name)}: {text}\n")

    def _services(self, runtime: RuntimeConfig | None) -> Services:
        return Services(
            state_dir=self._state_dir,
            runtime=runtime,
            declared=lambda: {**self._registry.table.implied, **self.variables},
            local=self.submit,
            components=lambda: self._registry.table.ids,
            tracing=lambda: self.tracing,
            proxies=lambda: self.proxies,
        )

    def _about(self) -> Mapping[str, str]:
        """What Spin's info endpoint tells."""
        if self.application is None:
            return {"name": kebab(self.name)}
        version = self.application.version
        return {"name": self.application.name} | ({"version": version} if version else {})

    def _masking(self, tell: Tell) -> Tell:
        """Pass on what a guest writes, without secrets."""
        return lambda component, stream, text: tell(component, stream, self.services.variables.mask(text))
