"""App: a named set of live functions. The one mutable object of spinlab; a kernel may hold many.

What requests see is one immutable `Table` (a router and the revisions it leads to). Every change builds everything
it needs first and then swaps in a new table, so a step that fails changes nothing, and requests in flight finish on
the revision they started with.
"""

from __future__ import annotations

import difflib
import json
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from spinlab import client
from spinlab.adapting import component_of
from spinlab.declared import check
from spinlab.engine import Call, Collector, Engine, Outcome, Prepared, Sandbox, Sink, default_engine, failure
from spinlab.errors import Busy, NameRefused, OptionError, RouteError
from spinlab.function import Function, Limits
from spinlab.grants import narrowed, widened
from spinlab.host import Host, Services, sources
from spinlab.host.checks import check as check_grants
from spinlab.host.copies import Copy
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.host.variables import implied
from spinlab.http import Headers, LogLine, Request, Response
from spinlab.languages import Build, BuildContext, Progress, language, silent
from spinlab.live import History, Ledger, Live, Logged, Recorder, RouteInfo, reuse_of
from spinlab.manifest.ids import kebab
from spinlab.manifest.model import Application, Trigger
from spinlab.routing import Match, Router, parse, spin_headers, unmatched, unmatched_in_spins_words
from spinlab.rows import Rows
from spinlab.shown import Shown
from spinlab.sql import Migration, Sql
from spinlab.stores import KeyValueStore
from spinlab.table import Static, Table, normal
from spinlab.trace import Trace, Usage
from spinlab.variables import declare
from spinlab.wagi import Wagi

if TYPE_CHECKING:
    from typing_extensions import Self

REVISIONS_KEPT = 10
WELL_KNOWN = "/.well-known/spin/"


class App(Shown):
    """A named set of live functions.

    Parameters:
        name: The application's name in the manifest, and its host label (``NAME.localhost``).
        engine: What runs the components; the process's own by default.
        state_dir: Where stores and databases live, made at the first write; None keeps them in memory.
        runtime: What the operator decided (``runtime-config.toml``).
        tell: Called with component id, stream and text whenever a guest writes to its log, from any thread.
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
        idle: Components of that manifest that nothing here runs, for the export.
    """

    def __init__(
        self,
        name: str = "notebook",
        *,
        engine: Engine | None = None,
        state_dir: str | os.PathLike[str] | None = None,
        runtime: RuntimeConfig | None = None,
        tell: Callable[[str, str, str], None] | None = None,
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
        self._tell = tell
        self._state_dir = None if state_dir is None else Path(state_dir)
        self.services = self._services(runtime)
        self._engine = engine
        self._lock = threading.RLock()
        self._histories: dict[str, History] = {}
        self._modules: dict[str, Function] = {}
        self._ledger = Ledger()
        self._table = Table()
        self._implied: tuple[Table, Mapping[str, Mapping[str, Any]]] = self._table, {}
        self._said_unmatched = False

    @property
    def engine(self) -> Engine:
        """The engine, started at first use."""
        if self._engine is None:
            self._engine = default_engine()
        return self._engine

    # ---- what is there

    @property
    def functions(self) -> Mapping[str, Live]:
        """The live functions by name, in order of registration."""
        return self._table.live

    @property
    def modules(self) -> Mapping[str, Function]:
        """The ``--module`` functions by name."""
        return dict(self._modules)

    @property
    def triggers(self) -> Mapping[str, tuple[Trigger, ...]]:
        """Type -> the triggers of the manifests that the app was loaded from, with their ids and in their order."""
        return self._table.triggers

    @property
    def static(self) -> Mapping[str, Static]:
        """Trigger id -> what the app answers by itself, without a function."""
        return self._table.static

    @property
    def router(self) -> Router[Live | Static]:
        """What finds the function, or static response, that answers a path."""
        return self._table.router

    def __getitem__(self, name: str) -> Live:
        return self.functions[self._known(name)]

    def __contains__(self, name: object) -> bool:
        return name in self.functions or name in self._modules

    def revisions(self, name: str) -> tuple[Live, ...]:
        """The revisions of a function that are kept, oldest first."""
        history = self._histories.get(name)
        return tuple(history.revisions) if history else ()

    def routes(self) -> tuple[RouteInfo, ...]:
        """The route table in the order of registration."""
        table = self._table
        problems = {(u.route, u.component): u.reason for u in table.router.unreachable}
        functions = tuple(
            RouteInfo(pattern, name, problems.get((pattern, kebab(name)), ""))
            for name, live in table.live.items()
            for pattern in live.function.routes
        )
        static = (RouteInfo(s.route, s.id, problems.get((s.route, s.id), "")) for s in table.static.values())
        return (*functions, *static)

    def answering(self, path: str) -> Live | None:
        """The function that requests for a path go to; None when it is nobody's."""
        found = None if path.startswith(WELL_KNOWN) else self._table.router.match(path)
        return found.target if found and isinstance(found.target, Live) else None

    def logs(self, name: str | None = None) -> tuple[Logged, ...]:
        """What guests wrote lately, oldest first; of one function when `name` is given."""
        return tuple(x for x in list(self._ledger.log) if name is None or x.function == name)

    def traces(self, name: str | None = None) -> Trace:
        """What the last requests asked of the host, oldest first; those of one function when `name` is given."""
        return Trace(tuple(x for x in list(self._ledger.traces) if name is None or x.function == name))

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
        with self._lock:
            check(function)
            self._check_names(function)
            if function.module:
                self._add_module(function, progress)
                return None
            self._check_routes(function)
            context = self._context(function, progress, names)
            current = self.functions.get(function.name)
            mounts = sources.of(function, current.mounts if current else None)
            if current and not force and _same(current.function, function) and self._up_to_date(current, mounts):
                return current
            live = self._make(function, context, mounts)
            self._swap({function.name: live})
            self._modules.pop(function.name, None)
            return live

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
        with self._lock:
            listed = tuple(functions)
            table = self._table.with_triggers(triggers or {}, {kebab(f.name) for f in listed})
            for function in listed:
                check(function)
                self._check_names(function)
                self._check_routes(function, {f.name for f in listed})
            modules = dict(self._modules)
            self._modules |= {f.name: f for f in listed if f.module}
            made: dict[str, Live] = {}
            try:
                for function in listed:
                    context = self._context(function, progress, frozenset())
                    if function.module:
                        language(function.language).build(function, context)
                    else:
                        made[function.name] = self._make(function, context)
            except BaseException:
                self._modules = modules
                for live in made.values():
                    live.sandbox.close()
                raise
            self._swap(made, table)
            return tuple(made.values())

    def remove(self, name: str) -> None:
        """Take a function, module or static response away; `undo` brings a function back.

        Raises:
            OptionError: There is none of that name.
        """
        with self._lock:
            if name in self._table.static:
                self._table = self._table.without(name)
                return
            known = self._known(name)
            if known in self._modules:
                users = [n for n, x in self.functions.items() if known in x.build.modules]
                if users:
                    raise OptionError(f"module {known!r} is used by {', '.join(users)}", hint="remove those first")
                del self._modules[known]
                return
            history = self._histories[known]
            history.removed = True
            old = history.revisions[-1]
            self._table = self._table.changed({}, [known])
            old.sandbox.close()

    def undo(self, name: str) -> Live:
        """Go back to the revision before the live one, or bring a removed function back.

        Raises:
            OptionError: There is no earlier revision.
            SpinError: Nothing stands behind a grant of it any more.
        """
        with self._lock:
            history = self._histories.get(name)
            if history is None:
                raise self._unknown(name)
            if history.removed:
                previous, dropped = history.revisions[-1], None
            elif len(history.revisions) > 1:
                dropped, previous = history.revisions[-1], history.revisions[-2]
            else:
                raise OptionError(f"{name!r} has no earlier revision", hint=f"%spin remove {name} takes it away")
            self._check_routes(previous.function)
            check_grants(previous.function, self.services)
            sandbox = self._sandbox(previous.function, previous.build, previous.prepared, previous.mounts)
            live = replace(previous, sandbox=sandbox)
            self._table = self._table.changed({name: live})
            history.removed = False
            history.revisions = [*history.revisions[: -2 if dropped else -1], live]
            if dropped:
                dropped.sandbox.close()
            return live

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
        with self._lock:
            current = self[name]
            change = narrowed if take_back else widened
            function = change(current.function, grants)
            if function == current.function:
                return current
            check(function)
            live = replace(
                current,
                function=function,
                sandbox=self._sandbox(function, current.build, current.prepared, current.mounts),
                revision=self._histories[name].count + 1,
                declared=current.declared or current.function,
                usage=Usage(),
            )
            self._swap({name: live})
            return live

    def prune(self) -> tuple[str, ...]:
        """Forget all revisions that are not live, and removed functions; answers what was removed for good."""
        with self._lock:
            gone = tuple(n for n, h in self._histories.items() if h.removed)
            for name in gone:
                del self._histories[name]
            for history in self._histories.values():
                history.revisions = history.revisions[-1:]
            return gone

    def set_variable(self, name: str, value: str | None = None, **declaration: Any) -> None:
        """Give a variable its value for this session, and declare it when it is not.

        Parameters:
            name: The variable.
            value: Its value; it is kept in memory only. None to declare it alone.
            **declaration: What the manifest says of it: ``default``, ``description`` and ``secret``.

        Raises:
            NameRefused: The name is none for a variable.
            OptionError: A secret can't have a default value.
        """
        with self._lock:
            declared = declare(self.variables, name, **declaration)
            if value is not None:
                self.services.variables.set(name, value)
            elif declared.get("secret"):
                self.services.variables.find(name)  # what it is by now is hidden too
            if declaration.get("secret") is False:
                self.services.variables.secrets.forget(name)

    def unset_variable(self, name: str) -> bool:
        """Forget the value that `set_variable` gave; False when it gave none."""
        with self._lock:
            if self.variables.get(name) == {"required": True}:
                del self.variables[name]  # nothing was said of it but its value
            return self.services.variables.unset(name)

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
                live.sandbox.rehost(Host(function=live.function, services=services), self._limits(live.function))
            old.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove everything; requests in flight finish."""
        with self._lock:
            live = list(self.functions.values())
            self._table = Table()
            self._histories.clear()
            self._modules.clear()
        for x in live:
            x.sandbox.close()
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
        if component is not None:
            name = self._table.ids.get(component)
            live = self.functions.get(name) if name else None
            return self._send(_chained(live, component, request) if live else Response(404), request, sink)
        return self._send(self._route(request), request, sink)

    def handle(self, request: Request) -> Response:
        """Answer a request, whole. An interrupt stops the guest and is raised again.

        Failures of the guest are answers too: an empty 500, 503 or 504 with the reason in `Response.error`.
        """
        collector = Collector()
        found = self._route(request)
        name = "" if isinstance(found, Response) else found.target.function.name
        try:
            call = self._send(found, request, collector)
        except Busy as busy:
            return failure(busy, Response(function=name))
        if call is not None:
            call.wait()
        answer = collector.response(name)
        if name or request.path.startswith(WELL_KNOWN):
            return answer
        return replace(answer, advice=unmatched(request.path, (p.text for p in self._table.router.patterns)))

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Headers | None = None,
        body: bytes | str | None = None,
        json_body: Any = None,
    ) -> Response:
        """Send a request the way a client would.

        Parameters:
            method: HTTP method.
            target: Path and query, beginning with ``/``; what a URL can't hold is percent-encoded.
            headers: Fields; ``host`` is added when missing.
            body: The body; text goes as UTF-8.
            json_body: A value to send as JSON instead.

        Raises:
            OptionError: The target does not begin with ``/``, HTTP can't carry the method or a header, or there are two
                bodies.
        """
        host = f"{self.name}.localhost"
        return self.handle(client.request(method, target, host=host, headers=headers, body=body, json_body=json_body))

    def get(self, target: str, **options: Any) -> Response:
        """`request` with GET."""
        return self.request("GET", target, **options)

    def post(self, target: str, body: bytes | str | None = None, **options: Any) -> Response:
        """`request` with POST."""
        return self.request("POST", target, body=body, **options)

    # ---- what is kept

    def kv(self, label: str = "default") -> KeyValueStore:
        """A key-value store as a mapping of text to bytes, as functions that are granted it see it.

        Raises:
            OptionError: Nothing stands behind the label.
        """
        return KeyValueStore(self.services, label)

    def sql(self, statement: str, parameters: Sequence[Any] = (), *, database: str = "default") -> Rows:
        """Run one SQL statement on a database and answer its rows.

        Parameters:
            statement: SQL, with ``?`` for parameters.
            parameters: int, float, str, bytes or None for each.
            database: Its label.

        Raises:
            OptionError: Nothing stands behind the label.
            StoreError: The statement failed.
        """
        with Sql(self.services, database) as sql:
            return sql.run(statement, parameters)

    def script(self, text: str, *, database: str = "default", name: str | None = None) -> list[Rows]:
        """Run a script of SQL statements.

        Parameters:
            text: The statements.
            database: The label of the database.
            name: A file's name, when the script is a migration that an export takes along.

        Raises:
            OptionError: Nothing stands behind the label.
            StoreError: A statement failed; `location` says where. Those before it have been done.
        """
        with Sql(self.services, database) as sql:
            done = sql.script(text)
        if name is not None:
            self.migrations[database, name] = Migration(name, database, text)
        return done

    # ---- inside

    def _services(self, runtime: RuntimeConfig | None) -> Services:
        return Services(
            state_dir=self._state_dir,
            runtime=runtime,
            declared=self._declared,
            local=self.submit,
            components=lambda: self._table.ids,
            tracing=lambda: self.tracing,
            proxies=lambda: self.proxies,
        )

    def _declared(self) -> Mapping[str, Mapping[str, Any]]:
        """The variables of the app, with those that its functions declare by naming them."""
        table, found = self._implied
        if table is not self._table:
            table = self._table
            found = {name: x for live in table.live.values() for name, x in implied(live.function).items()}
            self._implied = table, found
        return {**found, **self.variables}

    def _limits(self, function: Function) -> Limits:
        """What a request may use: what the function says, bounded by the runtime configuration."""
        most = self.services.runtime.max_instance_memory
        limits = function.limits
        return limits if most is None or limits.memory <= most else replace(limits, memory=most)

    def _route(self, request: Request) -> Match[Live] | Response:
        """What answers a request: a function by its route, or the app itself."""
        own = self._own_answer(request)
        if own is not None:
            return own
        found = self._table.router.match(request.path)
        if found is None:
            self._log_unmatched(request.path)
            return Response(404)
        if isinstance(found.target, Static):
            return found.target.response
        return cast("Match[Live]", found)

    def _send(self, found: Match[Live] | Response, request: Request, sink: Sink) -> Call | None:
        """Let what was found answer; None when it has."""
        if isinstance(found, Response):
            sink.begin(found.status, found.headers)
            sink.write(found.body)
            sink.end(Outcome())
            return None
        live = found.target
        recorder = Recorder(sink, self._ledger, live, request, self.services.variables.secrets)
        if live.prepared.command:
            wagi = Wagi(kebab(live.function.name), live.function.argv, found, request)
            return live.sandbox.submit(request, recorder, wagi)
        headers = request.headers.copy()
        trusting = live.function.loaded is not None  # Spin passes a client's own spin-* fields on
        for name in [n for n, _ in headers if n.lower() == "connection" or (_is_spins(n) and not trusting)]:
            headers.remove(name)
        for name, value in spin_headers(found, request):
            headers.add(name, value)
        return live.sandbox.submit(replace(request, headers=headers), recorder)

    def _own_answer(self, request: Request) -> Response | None:
        """Spin's well-known endpoints (spin: crates/trigger-http/src/server.rs)."""
        if not request.path.startswith(WELL_KNOWN):
            return None
        what = request.path[len(WELL_KNOWN) :]
        if what == "health":
            return Response(200, Headers(), b"OK")
        if what == "info":
            body = json.dumps(self._about(), indent=2).encode()
            return Response(200, Headers([("content-type", "application/json")]), body)
        return Response(404)

    def _about(self) -> dict[str, str]:
        """What Spin's info endpoint tells."""
        if self.application is None:
            return {"name": kebab(self.name)}
        version = self.application.version
        return {"name": self.application.name} | ({"version": version} if version else {})

    def _log_unmatched(self, path: str) -> None:
        """Say it once, as Spin does."""
        if not self._said_unmatched:
            self._said_unmatched = True
            self._ledger.log.append(Logged("", LogLine("spinlab", unmatched_in_spins_words(path), time.time())))

    def _known(self, name: str) -> str:
        if name in self.functions or name in self._modules:
            return name
        raise self._unknown(name)

    def _unknown(self, name: str) -> OptionError:
        names = [*self.functions, *self._modules]
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else "there are: " + ", ".join(names) if names else "there are none"
        return OptionError(f"no function is called {name!r}", hint=hint)

    def _check_names(self, function: Function) -> None:
        own = kebab(function.name)
        other = self._table.ids.get(own) or next((n for n in self._modules if kebab(n) == own), None)
        if other is not None and other != function.name:
            raise NameRefused(
                f"{function.name!r} and {other!r} are both {own!r} in a manifest",
                hint=f"choose another name, or %spin remove {other}",
            )

    def _check_routes(self, function: Function, along: Collection[str] = ()) -> None:
        for pattern in function.routes:
            parse(pattern)
            other = self._table.owners.get(normal(pattern))
            if other is not None and other != function.name and other not in along:
                origin = self.functions[other].function.origin if other in self.functions else "a static response"
                raise RouteError(
                    f"route {pattern} belongs to {other!r}" + (f" ({origin})" if origin else ""),
                    hint=f"choose another route, or %spin remove {other}",
                )

    def _context(self, function: Function, progress: Progress, names: frozenset[str]) -> BuildContext:
        family = getattr(language(function.language), "family", (function.language,))
        modules = {n: m for n, m in self._modules.items() if m.language in family}
        return BuildContext(modules=modules, names=names, progress=progress)

    def _up_to_date(self, live: Live, mounts: Mapping[str, bytes]) -> bool:
        """Whether the modules and files it was made with are still the same."""
        return live.mounts == mounts and live.build == language(live.function.language).build(
            live.function, self._context(live.function, silent, frozenset())
        )

    def _make(self, function: Function, context: BuildContext, mounts: Mapping[str, bytes] | None = None) -> Live:
        check_grants(function, self.services)
        mounts = sources.of(function) if mounts is None else mounts
        began = time.perf_counter()
        build = language(function.language).build(function, context)
        built = time.perf_counter()
        wagi = function.executor == "wagi"
        component = component_of(build.component, wagi=wagi, progress=context.progress)
        prepared = self.engine.prepare(component, name=function.name, command=wagi, progress=context.progress)
        sandbox = self._sandbox(function, build, prepared, mounts)
        try:
            sandbox.check()
        except BaseException:
            sandbox.close()
            raise
        history = self._histories.get(function.name)
        return Live(
            function,
            build,
            prepared,
            sandbox,
            (history.count if history else 0) + 1,
            built - began,
            prepared.compile_seconds,
            mounts=mounts,
        )

    def _sandbox(self, function: Function, build: Build, prepared: Prepared, mounts: Mapping[str, bytes]) -> Sandbox:
        mounts = sources.joined(mounts, build.mounts)
        return Sandbox(
            self.engine,
            prepared,
            name=function.name,
            environment=function.environment,
            injected=build.environment,
            files=Copy(mounts) if mounts and self.services.transient_write else mounts,
            limits=self._limits(function),
            reuse=reuse_of(function, prepared),
            host=Host(function=function, services=self.services),
            tell=None if self._tell is None else partial(self._told, self._tell, kebab(function.name)),
        )

    def _told(self, tell: Callable[[str, str, str], None], component: str, stream: str, text: str) -> None:
        """Pass on what a guest writes, without secrets."""
        tell(component, stream, self.services.variables.mask(text))

    def _add_module(self, function: Function, progress: Progress) -> None:
        if function.name in self.functions:
            raise NameRefused(f"{function.name!r} is a function", hint=f"%spin remove {function.name} first")
        lang = language(function.language)
        before = self._modules.get(function.name)
        lang.build(function, self._context(function, progress, frozenset()))
        self._modules[function.name] = function
        try:
            users = {n: x for n, x in self.functions.items() if function.name in x.build.modules}
            made = {
                n: self._make(x.function, self._context(x.function, progress, frozenset())) for n, x in users.items()
            }
        except BaseException:
            if before is None:
                del self._modules[function.name]
            else:
                self._modules[function.name] = before
            raise
        self._swap(made)

    def _swap(self, made: Mapping[str, Live], table: Table | None = None) -> None:
        old = [self.functions[n] for n in made if n in self.functions]
        self._table = (table or self._table).changed(made)
        for name, live in made.items():
            history = self._histories.setdefault(name, History())
            history.count = live.revision
            history.removed = False
            history.revisions = [*history.revisions, live][-REVISIONS_KEPT:]
        for x in old:
            x.sandbox.close()


def _chained(live: Live, component: str, request: Request) -> Match[Live]:
    """A request straight to a component, as if its route were ``/...`` (Spin 4: `crates/routes`)."""
    return Match(live, "/...", component, {}, request.path.strip("/"), request.path)


def _same(a: Function, b: Function) -> bool:
    """Whether two functions differ in nothing but where they were written."""
    return replace(a, origin="", first_line=1) == replace(b, origin="", first_line=1)


def _is_spins(field: str) -> bool:
    return field.lower().startswith("spin-")


Resolver = Callable[[str], App | None]
"""Host label (empty for the plain address) -> app."""
