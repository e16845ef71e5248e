"""The key-value stores of an app as Python mappings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from spinlab.errors import StoreError
from spinlab.host.effect import ERROR, Result
from spinlab.host.key_value import InParts
from spinlab.host.pack import texts, unpack
from spinlab.host.waiting import result_of
from spinlab.shown import Shown
from spinlab.sql import no_label

if TYPE_CHECKING:
    from spinlab.host.services import Services


class Value(bytes, Shown):
    """A value of a store: bytes that show themselves as what they hold."""

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """For IPython, which would show any bytes by their quotes: so within a list, but not as a cell's result."""
        shown = self._repr_mimebundle_()["text/plain"] if len(printer.stack) <= 1 else repr(self)
        printer.text(shown)

    @property
    def text(self) -> str:
        """As text; bad bytes are replaced."""
        return self.decode("utf-8", "replace")

    def json(self) -> Any:
        """As JSON.

        Raises:
            ValueError: It is not JSON.
        """
        return json.loads(self)


class KeyValueStore(MutableMapping[str, bytes], Shown):
    """One store, as functions that are granted its label see it.

    Parameters:
        services: The app's.
        label: The store.
        written: Called after each write.

    Raises:
        OptionError: Nothing stands behind the label.
    """

    def __init__(
        self, services: Services, label: str = "default", written: Callable[[], object] = lambda: None
    ) -> None:
        stores = services.stores
        found = stores.find(label)
        if found is None:
            raise no_label("key-value store", label, stores.labels)
        self.label = label
        self._store = found
        self._written = written

    @property
    def place(self) -> str:
        """Where it lives."""
        return str(self._store.place)

    def __getitem__(self, key: str) -> Value:
        result = self._ask("get", _key(key))
        if result.head != "some":
            raise KeyError(key)
        return Value(result.data)

    def __setitem__(self, key: str, value: bytes | str) -> None:
        self._write("set", _key(key), _value(value))

    def __delitem__(self, key: str) -> None:
        if not self.exists(key):
            raise KeyError(key)
        self.delete(key)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.exists(key)

    def __iter__(self) -> Iterator[str]:
        begun = self._store.begin(self.label, "keys", [], self._told)
        result = self._checked(result_of(begun))
        yield from texts(unpack(result.data))  # type: ignore[arg-type]
        while result.head == "more":
            assert isinstance(begun, InParts)
            result = self._checked(result_of(begun.next()))
            yield from texts(unpack(result.data))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return int(self._ask("count").head)

    def __repr__(self) -> str:
        return f"<key-value store {self.label!r} in {self.place}>"

    def set(self, key: str, value: bytes | str) -> None:
        """Set a value; text goes as UTF-8."""
        self[key] = value

    def update(self, other: Any = (), /, **values: bytes | str) -> None:
        """Set several values in one step: all of them, or none when it fails."""
        pairs = [[_key(key), _value(value)] for key, value in dict(other, **values).items()]
        if pairs:
            self._write("set-many", *pairs)

    def delete(self, key: str) -> None:
        """Delete a key; one that is not there is no error."""
        self._write("delete", _key(key))

    def exists(self, key: str) -> bool:
        """Whether the key is there."""
        return self._ask("exists", _key(key)).head == "true"

    def increment(self, key: str, delta: int = 1) -> int:
        """Add to a counter in one step (``wasi:keyvalue/atomics``); one that is not there is 0.

        Raises:
            StoreError: The value is no counter.
        """
        return int(self._write("increment", _key(key), delta).head)

    def clear(self) -> None:
        """Delete every key of this label."""
        self._write("clear")

    def _write(self, op: str, *arguments: Any) -> Result:
        result = self._ask(op, *arguments)
        self._written()
        return result

    def _ask(self, op: str, *arguments: Any) -> Result:
        return self._checked(result_of(self._store.begin(self.label, op, arguments, self._told)))

    def _told(self, error: Exception) -> Result:
        return Result.error("other", self._store.trouble(self.label, error) or self._store.words(error))

    @staticmethod
    def _checked(result: Result) -> Result:
        if result.status == ERROR:
            raise StoreError(result.data.decode("utf-8", "replace") or result.head)
        return result


def _value(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key is text, not {type(key).__name__}")
    return key
