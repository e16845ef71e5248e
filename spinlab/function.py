"""Function: what one cell declares. Frozen; a changed cell is a new `Function`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.manifest import Component

KIB = 1 << 10
MIB = 1 << 20

ARGV = "${SCRIPT_NAME} ${ARGS}"
"""The arguments of a CGI program when nothing else is said (Spin: `WagiTriggerConfig`)."""

EXECUTORS = ("http", "wagi")
"""Ways to answer a request: by the component's HTTP handler, or by running a program as CGI does."""


@dataclass(frozen=True)
class Limits:
    """What one request may use before its guest is stopped.

    Attributes:
        timeout: Wall time in seconds (``--timeout``).
        memory: Bytes over all linear memories of the instance (``--memory``).
        table_elements: Entries over all tables.
        instances: Core instances in one store.
        response: Bytes of a response body (``--max-response``).
        log: Bytes written to stdout and stderr (``--max-log``).
        request: Bytes of a request body (``--max-request``).
        effects: Host effects (requests, reads, timers) in flight at once.
    """

    timeout: float = 10.0
    memory: int = 256 * MIB
    table_elements: int = 200_000
    instances: int = 500
    response: int = 128 * MIB  # Spin: MAX_HOST_BUFFERED_BYTES
    log: int = 1 * MIB
    request: int = 128 * MIB
    effects: int = 1000


@dataclass(frozen=True)
class Function:
    """What one cell declares, in the words of the manifest.

    Attributes:
        name: As written; the component id is its kebab form (`spinlab.manifest.ids.kebab`).
        source: The cell's text, or the bytes of a ready ``.wasm``. Byte-exact.
        language: Canonical language name.
        routes: Route patterns as written; empty for a module or a function without an HTTP trigger.
        private: True for a function that only other functions may reach.
        allowed_outbound_hosts, key_value_stores, sqlite_databases, ai_models: Grants, as in the manifest.
        variables: Name in the component -> template, as in the manifest.
        environment: WASI environment.
        files: ``(source, destination)`` pairs mounted read-only. A source is a file, a folder or a glob below `folder`;
            without a destination it is seen under its own path.
        exclude_files: Globs to leave out of `files`.
        folder: Where sources of `files` are looked for; empty for the working directory.
        requires: Packages for the language's toolchain, such as ``markupsafe==2.1.5``.
        wasi: ``0.2`` or ``0.3``: which image a Python cell runs on.
        triggers: What else than HTTP starts it: type -> the keys of each of its triggers, as in the manifest, such as
            ``{"redis": ({"channel": "jobs", "address": "redis://localhost:6379"},)}``. With one it has no routes.
        limits: What one request may use.
        reuse: Requests one after the other in one instance; None for Spin's default (1 for 0.2, 128 for 0.3).
        module: True for code that other cells import by name, without a route.
        executor: One of `EXECUTORS`.
        argv: The arguments of a CGI program, split at blanks; ``${SCRIPT_NAME}`` and ``${ARGS}`` stand for the path and
            the query.
        description: For the manifest.
        first_line: The cell's line that holds the source's first line (2 under a ``%%spin`` line).
        origin: Where it came from, such as ``Cell In[7]`` or a file name. Never exported.
        loaded: Its table in the spin.toml that it was loaded from; None for one that was written here.
    """

    name: str
    source: str | bytes
    language: str = "python"
    routes: tuple[str, ...] = ()
    private: bool = False
    allowed_outbound_hosts: tuple[str, ...] = ()
    key_value_stores: tuple[str, ...] = ()
    sqlite_databases: tuple[str, ...] = ()
    ai_models: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, str], ...] = ()
    exclude_files: tuple[str, ...] = ()
    folder: str = ""
    requires: tuple[str, ...] = ()
    wasi: str = "0.2"
    triggers: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    limits: Limits = Limits()
    reuse: int | None = None
    module: bool = False
    executor: str = "http"
    argv: str = ARGV
    description: str = ""
    first_line: int = 1
    origin: str = ""
    loaded: Component | None = field(default=None, repr=False)

    @property
    def is_program(self) -> bool:
        """Whether a main function runs, as CGI does for a request or by itself as a command."""
        return self.executor == "wagi" or "command" in self.triggers

    @property
    def source_size(self) -> int:
        """Bytes of the source."""
        return len(self.source.encode() if isinstance(self.source, str) else self.source)
