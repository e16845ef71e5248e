"""Serve an application until a signal comes: what ``spin up`` and its trigger do."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spinlab.app import App
from spinlab.errors import ListenError, OptionError, SpinError
from spinlab.function import Function
from spinlab.host import runtime_toml
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.http import Request
from spinlab.languages import Progress, silent
from spinlab.loading import AS_SPIN, Loaded, Place, find, load_into, read
from spinlab.loading.app import app_name
from spinlab.loading.place import fetched
from spinlab.loading.written import wasi_of
from spinlab.manifest import load as load_manifest
from spinlab.manifest.ids import kebab
from spinlab.server import Server
from spinlab.up import addresses, started, stores
from spinlab.up.announcing import announce, say
from spinlab.up.inputs import Sql
from spinlab.up.output import Output, check_followed

STOP_SECONDS = 5.0
ROOM = 1 << 40
"""Bytes of a request body that the listener takes: Spin has no limit."""


@dataclass(frozen=True)
class Options:
    """The options of ``up``, read; the names are those of the command line. None: not given."""

    source: str | None = None
    from_registry: str | None = None
    insecure: bool = False
    listen: str = "127.0.0.1:3000"
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    key_values: Sequence[tuple[str, str]] = field(default=(), repr=False)
    sql: Sequence[Sql] = ()
    runtime_config_file: str | None = None
    state_dir: str | None = None
    log_dir: str | None = None
    truncate_logs: bool = False
    quiet: bool = False
    follow: Sequence[str] = ()
    components: Sequence[str] = ()
    find_free_port: bool = False
    allow_transient_write: bool = False
    tls: tuple[str, str] | None = None
    max_instance_memory: int | None = None
    max_instance_reuse_count: int | None = None
    request_timeout: float | None = None
    build: bool = False
    format: str = "plain"
    hosts: Sequence[str] = ()
    origins: Sequence[str] = ()
    listen_fd: int | None = None
    drain: float = STOP_SECONDS
    arguments: Sequence[str] = ()


def serve(options: Options, progress: Progress = silent) -> int:
    """Serve the application until SIGINT or SIGTERM, or until its command has ended; answers the exit status.

    Raises:
        SpinError: It can't be served.
    """
    place = _place(options, progress)
    say(place.remark)
    host, port = addresses.parse(options.listen)
    _check_tls(options.tls)
    if options.build and not place.stateless:
        build(place)
    runtime = _runtime(options, place)
    loaded = read(place, as_is=True, components=options.components, limits=AS_SPIN, progress=progress)
    loaded = replace(loaded, functions=tuple(_adapted(f, options) for f in loaded.functions))
    command = started.command_of(loaded, options.arguments)
    check_followed(options.follow, [f.name for f in loaded.functions])
    output = Output(
        _log_dir(options, runtime),
        followed=options.follow or None,
        quiet=options.quiet,
        truncate=options.truncate_logs,
    )
    if output.folder is not None:
        say(f'Logging component stdio to "{output.folder}{os.sep}"')
    app = App(app_name(loaded), state_dir=runtime.state_dir, runtime=runtime, tell=output, tracing=False)
    try:
        _fill(app, loaded, options, progress)
        return _run(app, loaded, command, options, output, (host, port))
    finally:
        app.close()
        output.close()


def _run(app: App, loaded: Loaded, command: str, options: Options, output: Output, place: tuple[str, int]) -> int:
    """Everything between the start and the signal to stop."""
    host, port = place
    server = None
    if started.serves_http(loaded) or options.listen_fd is not None:
        server = Server(
            lambda _label: _Served(app, output),
            host=host,
            port=port,
            find_free_port=options.find_free_port,
            hosts=options.hosts,
            origins=options.origins,
            max_body=ROOM,
            alone=True,
            tls=options.tls,
            descriptor=options.listen_fd,
        )
    with _signals() as stopped:
        running = started.Command(app, command, options.arguments, output, stopped)
        if server is not None:
            _start(server)
        try:
            if server is not None:
                announce(app, loaded, server.url, options.format, public=addresses.is_public(host))
            elif loaded.remarks:
                say("\n".join(loaded.remarks))
            if options.format == "plain":
                started.announce(app)
            with running.running():
                _wait(stopped, server)
        finally:
            if server is not None:
                server.stop(options.drain)
    return running.status


# ---- before the start


def _place(options: Options, progress: Progress) -> Place:
    """Where the application is; that of a registry is fetched."""
    if options.from_registry is not None:
        return fetched(options.from_registry, insecure=options.insecure, progress=progress)
    return find(options.source, insecure=options.insecure, progress=progress)


def build(place: Place) -> None:
    """Run the components' build commands, as ``spin build`` does.

    Raises:
        SpinError: One of them failed.
    """
    commands = [(n, c.build) for n, c in load_manifest(place.file).components.items() if c.build is not None]
    for name, made in commands:
        folder = place.folder / (made.workdir or "")
        for command in (made.command,) if isinstance(made.command, str) else made.command:
            say(f"Building component {name} with `{command}`")
            done = subprocess.run(command, shell=True, cwd=folder, check=False)  # noqa: S602 (the manifest's own command)
            if done.returncode:
                raise SpinError(f"Build command for component {name} failed with status {done.returncode}")
    say("Finished building all Spin components" if commands else "None of the components have a build command.")


def _runtime(options: Options, place: Place) -> RuntimeConfig:
    """The runtime config with the place of the state decided: the option, the file, ``.spin`` beside the manifest."""
    given = options.runtime_config_file
    runtime = RuntimeConfig() if given is None else runtime_toml.load(given)
    if options.max_instance_memory is not None:
        runtime = replace(runtime, max_instance_memory=options.max_instance_memory)
    if options.state_dir is not None:
        return replace(runtime, state_dir=Path(options.state_dir).absolute() if options.state_dir else Path())
    if runtime.state_dir is not None:
        return runtime
    # as it was named, so that messages are short
    return replace(runtime, state_dir=Path() if place.stateless else place.file.parent / ".spin")


def _log_dir(options: Options, runtime: RuntimeConfig) -> Path | None:
    if options.log_dir is not None:
        return Path(options.log_dir) if options.log_dir else None
    if runtime.log_dir is not None:
        return runtime.log_dir
    state = runtime.state_dir
    return state / "logs" if state is not None and str(state) != "." else None


def _adapted(function: Function, options: Options) -> Function:
    """A function with what the command line says of all of them."""
    changes: dict[str, Any] = {"environment": {**function.environment, **options.environment}}
    if options.request_timeout is not None:
        changes["limits"] = replace(function.limits, timeout=options.request_timeout)
    if options.max_instance_reuse_count is not None and wasi_of(function) == "0.3":  # Spin: of no effect before
        changes["reuse"] = options.max_instance_reuse_count
    return replace(function, **changes)


def _check_tls(files: tuple[str, str] | None) -> None:
    if files is None:
        return
    for path in files:
        if not os.access(path, os.R_OK):
            raise OptionError(f"{path} can't be read", hint="--tls-cert and --tls-key are files in PEM")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files, password="")
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", "") or str(error)
        raise OptionError(
            f"{files[0]} and {files[1]} are no certificate and its key: {reason.replace('_', ' ').lower()}",
            hint="both are PEM; the key belongs to the certificate and has no password",
        ) from None


def _fill(app: App, loaded: Loaded, options: Options, progress: Progress) -> None:
    """Everything that has to be right before the first request."""
    app.services.transient_write = options.allow_transient_write
    for name, value in options.variables.items():
        app.services.variables.set(name, value, where="--variable")
    load_into(app, loaded, progress=progress)
    for line in runtime_toml.strangers(app.services.runtime, [*map(kebab, app.functions), *app.idle]):
        say(line)
    app.services.variables.ensure()
    stores.set_pairs(app, options.key_values)
    stores.run_sql(app, options.sql)
    for line in stores.summaries(app):
        say(line)


# ---- the start


def _start(server: Server) -> None:
    try:
        server.start()
    except ListenError as error:
        if "already in use" in error.message and "and so are" not in error.message:
            raise ListenError(
                f"{error.message}. To have Spin search for a free port, use the --find-free-port option."
            ) from None
        raise


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; a second one ends the process at once."""
    stopped = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stopped.set()

    for number in before:
        signal.signal(number, stop)
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(stopped: threading.Event, server: Server | None) -> None:
    while not stopped.wait(0.5):
        if server is not None and not server.running:
            raise ListenError("the listener has ended")


class _Served:
    """The app as the listener sees it: a request that fails is told on the terminal.

    Parameters:
        app: The app.
        output: Who is told.
    """

    def __init__(self, app: App, output: Output) -> None:
        self._app = app
        self._output = output

    def submit(self, request: Request, sink: Any) -> Any:
        """Begin a request (`spinlab.server.Application`)."""
        return self._app.submit(request, _Sink(sink, self._output))


class _Sink:
    """Passes an answer on, and tells why there was none."""

    def __init__(self, sink: Any, output: Output) -> None:
        self.begin = sink.begin
        self.write = sink.write
        self.whole = sink.whole
        self.complete = sink.complete
        self._end = sink.end
        self._output = output

    def end(self, outcome: Any) -> None:
        """See `spinlab.server.Sink`."""
        if outcome.error is not None:
            self._output.failed(outcome.error)
        self._end(outcome)
