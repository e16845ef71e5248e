"""Key-value stores: ``fermyon:spin/key-value``, ``spin:key-value`` and ``wasi:keyvalue``.

A grant is a label. What stands behind it is Spin's SQLite file in the state folder for ``default``, and for other
labels what the runtime config says; functions that are granted the same label share the store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, runtime_checkable

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host import denied
from spinlab.host.effect import Caller, Effect, Result
from spinlab.host.key_value_sqlite import SqliteStore
from spinlab.host.notes import Notes
from spinlab.host.pack import Item, unpack
from spinlab.host.redis_address import RedisAddress
from spinlab.host.services import Services
from spinlab.host.sqlite_file import Place
from spinlab.manifest.ids import kebab

MANIFEST = ("key_value_stores",)
RUNTIME = ("key_value_store",)
IMPORTS = ("fermyon:spin/key-value", "spin:key-value/", "wasi:keyvalue/")

FILE = "sqlite_key_value.db"
"""Spin's file in the state folder."""

Explain = Callable[[Exception], Result]


class Store(Protocol):
    """What stands behind one or several labels."""

    @property
    def place(self) -> object:
        """Where it is, as text without a password."""
        ...

    def begin(self, label: str, op: str, arguments: Sequence[Item], explain: Explain) -> Result | Effect:
        """Begin an operation; what has further parts is `InParts`."""
        ...

    def trouble(self, label: str, error: Exception) -> str:
        """A line for the user about what is wrong with the store; empty when it is the guest's own error."""
        ...

    def words(self, error: Exception) -> str:
        """What an error says to the guest."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@runtime_checkable
class InParts(Protocol):
    """An effect whose result goes on."""

    def next(self) -> Result | Effect:
        """The next part."""
        ...


class Stores:
    """The stores of an app by label; each is made when it is first used.

    Parameters:
        services: Whose state folder and runtime config.
    """

    def __init__(self, services: Services) -> None:
        self._state_dir = services.state_dir
        self._configured = services.runtime.key_value_stores
        self._lock = threading.Lock()
        self._stores: dict[str, Store] = {}
        self._by_place: dict[str, Store] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that have a store behind them, ``default`` first."""
        return ("default", *sorted(set(self._configured) - {"default"}))

    def find(self, label: str) -> Store | None:
        """The store behind a label; None when nothing stands behind it."""
        found = self._stores.get(label)
        if found is None and label in self.labels:
            with self._lock:
                found = self._stores.get(label) or self._made(label)
                self._stores[label] = found
        return found

    def _made(self, label: str) -> Store:
        configured = self._configured.get(label)
        if configured is not None and configured.type == "redis":
            from spinlab.host.key_value_redis import RedisStore

            return RedisStore(configured.url)
        if configured is not None:
            path = configured.path
        else:
            path = None if self._state_dir is None else self._state_dir / FILE
        place = Place.of(path)
        key = str(place.path or place.name)
        return self._by_place.setdefault(key, SqliteStore(place))

    def close(self) -> None:
        """Let go of files and connections."""
        with self._lock:
            stores, self._stores, self._by_place = {id(s): s for s in self._stores.values()}, {}, {}
        for store in stores.values():
            store.close()


class KeyValue:
    """Key-value stores as one function sees them.

    Parameters:
        function: Whose grants hold.
        services: What stands behind them.
    """

    def __init__(self, function: Function, services: Services) -> None:
        self._granted = frozenset(function.key_value_stores)
        self._services = services
        self._notes = Notes()

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin ``key-value.NAME`` on the store with the label `args`."""
        name = op.partition(".")[2]
        if name == "next":
            return self._next(args, call)
        if args not in self._granted:
            return Result.refused(denied.refuse(op, args))
        store = self._services.stores.find(args)
        if store is None:
            return Result.error("no-such-store")
        explain = partial(self._explain, args, store, call)
        try:
            arguments = unpack(data) if data else []
            assert isinstance(arguments, list)
            return store.begin(args, name, arguments, explain)
        except Exception as error:  # noqa: BLE001 (whatever fails is the guest's error, not ours)
            return explain(error)

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """The label is the target; keys and values are not told."""
        name = op.partition(".")[2]
        if name == "next":
            return None
        if args in self._granted:
            return "key-value store", name, args
        refusal = denied.refuse(op, args)
        return "key-value store", name, refusal.denied.target if refusal.denied else ""

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Whether something stands behind each label that is granted.

        Raises:
            ManifestError: Nothing does (Spin: crates/factor-key-value), or its address is none.
        """
        configured = services.runtime.key_value_stores
        for label in function.key_value_stores:
            if label != "default" and label not in configured:
                error = ManifestError(
                    f'unknown key_value_stores label "{label}" for component "{kebab(function.name)}"',
                    hint='use "default", which is always there, or define the store in the runtime config: '
                    f'[key_value_store.{label}] with type = "spin" and a path, or type = "redis" and a url',
                )
                error.subject = ("key_value_store", label)
                raise error
            if label in configured and configured[label].type == "redis":
                _check_url(label, configured[label].url)

    def _next(self, args: str, call: Caller) -> Result | Effect:
        keys = call.effect(int(args)) if args.isascii() and args.isdigit() else None
        return keys.next() if isinstance(keys, InParts) else Result.error("gone")

    def _explain(self, label: str, store: Store, call: Caller, error: Exception) -> Result:
        self._notes.tell(call, store.trouble(label, error))
        return Result.error("other", store.words(error))


def _check_url(label: str, url: str) -> None:
    try:
        RedisAddress.of_operator(url)
    except ValueError:
        error = ManifestError(  # without the address, which may hold a password
            f"Invalid Redis URL of the key-value store {label!r}",
            hint=f'write it as url = "redis://localhost:6379" under [key_value_store.{label}] of the runtime config',
        )
        error.subject = ("key_value_store", label)
        raise error from None
