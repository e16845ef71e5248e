"""What a pod needs, from what functions used here: the memory of one request, times how many there are at once.

A function's linear memory never shrinks while a request runs, so its size at the end is the most that the request had.
Each function is asked once more for that, in an engine of its own, where every memory that appears is its own; stores
are empty and in memory there. What others begin in this process at the same moment can only make the figure larger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from spinlab.app import App
from spinlab.engine import Engine
from spinlab.engine.memory import linear_memories
from spinlab.errors import ExportError
from spinlab.export.kube import amounts
from spinlab.export.kube.amounts import MIB
from spinlab.host.runtime_config import KeyValueBackend, RuntimeConfig, SqliteBackend
from spinlab.live import Live

CONCURRENCY = 10
"""Requests that a pod is to answer at once, when nobody says."""

RUNTIME = 32 * MIB
"""Set aside for Spin itself. An assumption: it does not run here."""

_PATIENCE = 120.0
_GUARD = 1 << 30
"""What follows a linear memory of these engines is larger; behind a thread's heap there is less."""


@dataclass(frozen=True)
class Measured:
    """What one function used for one request.

    Attributes:
        function: Its name.
        path: What was asked.
        status: What it answered.
        memory: Bytes of linear memory at the end.
    """

    function: str
    path: str
    status: int
    memory: int


@dataclass(frozen=True)
class Proposal:
    """Resources of a pod, and why.

    Attributes:
        measured: Each function's request.
        code: Bytes of compiled code, of all components.
        concurrency: Requests at once.
    """

    measured: tuple[Measured, ...]
    code: int
    concurrency: int = CONCURRENCY

    @property
    def peak(self) -> int:
        """The most that one request used."""
        return max(one.memory for one in self.measured)

    @property
    def request(self) -> str:
        """What a pod needs to begin: one request at a time."""
        return amounts.memory(RUNTIME + self.code + self.peak)

    @property
    def limit(self) -> str:
        """What a pod may use: so many of the largest request at once."""
        return amounts.memory(RUNTIME + self.code + self.peak * self.concurrency)

    def reasons(self) -> Iterator[str]:
        """The reasoning, in lines."""
        yield f"Memory, proposed from {len(self.measured)} requests that were measured here:"
        for one in self.measured:
            yield f"  {one.memory / MIB:7.1f} MiB  {one.function}: {one.path} -> {one.status}"
        yield (
            f"limit {self.limit} = {RUNTIME // MIB} MiB for Spin (assumed) + {self.code / MIB:.1f} MiB of compiled "
            f"code + {self.peak / MIB:.1f} MiB x {self.concurrency} requests at once"
        )
        yield f"request {self.request} = the same with one request at once; both in whole 16 MiB"
        yield "Other requests may need more: measure those that you expect (--measure PATH, --concurrency N)."


def propose(
    app: App, paths: Sequence[str] = (), *, concurrency: int = CONCURRENCY, only: Sequence[str] = ()
) -> Proposal:
    """Measure an app, and propose what a pod of it needs.

    Parameters:
        app: What runs here.
        paths: GET requests that stand for the load; by default the last GET that each function had, else an example of
            its route.
        concurrency: Requests that a pod is to answer at once.
        only: Names of the functions that are deployed; all when empty.

    Raises:
        ExportError: There is nothing to measure, a path leads nowhere, or this system does not tell memories.
    """
    if concurrency < 1:
        raise ExportError(f"a pod can't answer {concurrency} requests at once", hint="--concurrency 10")
    lives = {name: live for name, live in app.functions.items() if not only or name in only}
    asked = _asked(app, lives, paths)
    if not asked:
        raise ExportError("there is no function with a route to measure", hint="name resources with --memory-limit")
    measured = tuple(_measure(app, lives[name], path) for name, path in asked)
    code = {live.prepared.digest: live.sizes.compiled for live in lives.values()}
    return Proposal(measured, sum(code.values()), concurrency)


def _asked(app: App, lives: Mapping[str, Live], paths: Sequence[str]) -> list[tuple[str, str]]:
    """Function and path of the requests that are measured."""
    if not paths:
        last = {one.function: one.path for one in app.traces() if one.method == "GET" and one.status < 500}
        known = {name: last.get(name) or _example(live) for name, live in lives.items()}
        return [(name, path) for name, path in known.items() if path]
    found = []
    for path in paths:
        live = app.answering(path.partition("?")[0])
        if live is None or live.function.name not in lives:
            raise ExportError(f"nothing that is deployed answers {path}", hint="%spin routes lists what there is")
        found.append((live.function.name, path))
    return found


def _example(live: Live) -> str:
    """A path that its first route matches."""
    if not live.function.routes:
        return ""
    path = re.sub(r"/?(\.\.\.|\*)$", "", live.function.routes[0])
    return "/" + re.sub(r":([A-Za-z_][A-Za-z0-9_-]*)", r"\1", path).lstrip("/")


def _measure(app: App, live: Live, path: str) -> Measured:
    engine = Engine(cache=app.engine.cache, settings=app.engine.settings)
    try:
        # Code, but no instance: what an engine has for itself is there by now, and looks like memories.
        engine.prepare(live.prepared.program.component, command=live.prepared.command)
        before = set(linear_memories(guard=_GUARD))
        with _alone(app, live, engine) as twin:
            response = twin.get(path)
            sizes = [end - start for start, end in set(linear_memories(guard=_GUARD)) - before]
    finally:
        engine.close()
    sizes = [size for size in sizes if size <= live.function.limits.memory]
    if not sizes:
        raise ExportError(
            "this system does not tell how much memory a request used", hint="name it: --memory-limit 128Mi"
        )
    return Measured(live.function.name, path, response.status, max(sizes))


@contextmanager
def _alone(app: App, live: Live, engine: Engine) -> Iterator[App]:
    """The function in an engine where nothing else runs, with the app's variables and empty stores."""
    runtime = _in_memory(app.services.runtime)
    twin = App(app.name, engine=engine, runtime=runtime, tracing=False, proxies=app.proxies)
    twin.variables = dict(app.variables)
    inside = any(".spin.internal" in entry or "//self" in entry for entry in live.function.allowed_outbound_hosts)
    others = [one.function for one in app.functions.values() if inside and one is not live]
    try:
        twin.services.variables.adopt(app.services.variables)
        twin.add_all([*app.modules.values(), *others, live.function])
        engine.settle(_PATIENCE)
        yield twin
    finally:
        twin.close()


def _in_memory(runtime: RuntimeConfig) -> RuntimeConfig:
    """The same with stores that begin empty and leave nothing."""
    return replace(
        runtime,
        state_dir=None,
        key_value_stores={label: KeyValueBackend("spin") for label in runtime.key_value_stores},
        sqlite_databases={label: SqliteBackend() for label in runtime.sqlite_databases},
    )
