"""Typed access to a parsed TOML table, with Spin's error texts and the place of what is wrong."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from spinlab.errors import ManifestError
from spinlab.manifest import ids
from spinlab.manifest.where import Path, find, snippet

T = TypeVar("T")


class Reader:
    """One table of a manifest.

    Parameters:
        text: The whole manifest, for places.
        value: What TOML holds here; must be a table.
        path: Where that is.
        fields: The keys that may be there; others are refused with the closest right one.

    Attributes:
        title: What the text is called in messages.
    """

    title = "spin.toml"

    def __init__(self, text: str, value: Any, path: Path = (), fields: Iterable[str] | None = None) -> None:
        self._text = text
        self.path = path
        if not isinstance(value, Mapping):
            raise self.wrong(f"invalid type: {_kind(value)}, expected a table")
        self.value: Mapping[str, Any] = value
        if fields is not None:
            self.only(tuple(fields))

    def wrong(self, message: str, *path: str | int, hint: str = "") -> ManifestError:
        """The error to raise for something at `path` below here."""
        place = find(self._text, self.path + path)
        names = ".".join(str(p) for p in self.path + path if isinstance(p, str))
        where = f"{self.title} line {place.line}" + (f", {names}" if names else "")
        return ManifestError(
            f"{where}: {message}", hint=hint, location=place, details=snippet(self._text, place, message)
        )

    def only(self, fields: tuple[str, ...]) -> None:
        """Refuse a key that is not one of `fields`."""
        for key in self.value:
            if key not in fields:
                close = difflib.get_close_matches(key, fields, n=1)
                hint = f"did you mean {close[0]}?" if close else "remove it; data for other tools belongs under tool"
                raise self.wrong(f"unknown field `{key}`, expected {_one_of(fields)}", key, hint=hint)

    def need(self, key: str) -> None:
        """Refuse a table without `key`."""
        if key not in self.value:
            raise self.wrong(f"missing field `{key}`", hint=f"add {key}")

    def below(self, key: str, fields: Iterable[str] | None = None) -> Reader:
        """The table under `key`; an empty one when it is not there."""
        return type(self)(self._text, self.value.get(key, {}), (*self.path, key), fields)

    def at(self, key: str, index: int, value: Any, fields: Iterable[str] | None = None) -> Reader:
        """The table that is item `index` of the list under `key`."""
        return type(self)(self._text, value, (*self.path, key, index), fields)

    def string(self, key: str, default: str = "") -> str:
        """The text under `key`."""
        found = self.optional(key)
        return default if found is None else found

    def optional(self, key: str) -> str | None:
        """The text under `key`, or None."""
        return self._typed(key, str, "a string")

    def flag(self, key: str) -> bool | None:
        """The boolean under `key`, or None."""
        return self._typed(key, bool, "a boolean")

    def items(self, key: str) -> list[Any]:
        """The list under `key`; an empty one when it is not there."""
        return self._typed(key, list, "a sequence") or []

    def strings(self, key: str) -> tuple[str, ...]:
        """The list of texts under `key`."""
        items = self.items(key)
        for item in items:
            if not isinstance(item, str):
                raise self.wrong(f"invalid type: {_kind(item)}, expected a string", key)
        return tuple(items)

    def labels(self, key: str) -> tuple[str, ...]:
        """The list of labels of stores under `key`."""
        found = self.strings(key)
        for label in found:
            problem = ids.label_problem(label)
            if problem:
                raise self.wrong(problem, key, hint=f"{label!r} is neither")
        return found

    def string_map(self, key: str, check: Callable[[str], str | None] = lambda _: None) -> dict[str, str]:
        """The table of texts under `key`, its names checked."""
        below = self.below(key)
        return {name: below.string(below.named(name, check)) for name in below.value}

    def tables(self, key: str) -> dict[str, dict[str, Any]]:
        """The table of free tables under `key`."""
        below = self.below(key)
        return {name: dict(below.below(name).value) for name in below.value}

    def each(
        self, key: str, read: Callable[[Reader], T], check: Callable[[str], str | None] | None = None
    ) -> dict[str, T]:
        """The table of tables under `key`, each read by `read`."""
        below = self.below(key)
        return {name: read(below.below(below.named(name, check or (lambda _: None)))) for name in below.value}

    def named(self, name: str, check: Callable[[str], str | None]) -> str:
        """`name`, unless `check` finds a problem with it."""
        problem = check(name)
        if problem:
            separator = "_" if "'_'-separated" in problem or "not '-'" in problem else "-"
            near = ids.nearest(name, separator)
            raise self.wrong(problem, name, hint=f"call it {near}" if near else "")
        return name

    def _typed(self, key: str, kind: type[T], name: str) -> T | None:
        if key not in self.value:
            return None
        found = self.value[key]
        if not isinstance(found, kind):
            raise self.wrong(f"invalid type: {_kind(found)}, expected {name}", key)
        return found


def _one_of(fields: tuple[str, ...]) -> str:
    quoted = [f"`{f}`" for f in fields]
    if len(quoted) == 1:
        return quoted[0]
    return f"{quoted[0]} or {quoted[1]}" if len(quoted) == 2 else "one of " + ", ".join(quoted)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f"string {ids.debug(value)}"
    if isinstance(value, list):
        return "sequence"
    return "map" if isinstance(value, Mapping) else "datetime"
