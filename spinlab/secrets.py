"""Values that nobody may see, and what stands for them in everything that is shown, logged or traced.

A value is hidden in each spelling that programs write it in: plain, escaped as Python, JSON, URLs and HTML do, in
base64, and line by line when it has several. It can't be hidden from somebody who means to show it, such as a guest
that writes it backwards.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus
from weakref import WeakSet

from spinlab.errors import SpinError

T = TypeVar("T")

HIDDEN = "***"
"""What stands for a secret."""

SHORTEST = 4
"""Characters from which a value is hidden: each "1" of a text hidden would make it unreadable, and tell the secret."""

_SHORTEST_PART = 8
"""The same of a line of a value, and of its base64, which are found by accident more easily."""


class Secrets:
    """The secret values of one app. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        with _lock:
            _all.add(self)

    def learn(self, name: str, value: str) -> None:
        """Hide `value`, which is that of `name`, from now on; also after `name` got another one."""
        if len(value) < SHORTEST or value in self._known:
            return
        with self._lock:
            self._known = {**self._known, value: name}
            self._compile()

    def forget(self, name: str) -> None:
        """The values of `name` may be seen."""
        with self._lock:
            self._known = {value: owner for value, owner in self._known.items() if owner != name}
            self._compile()

    def adopt(self, other: Secrets) -> None:
        """Hide what the other one hides."""
        for value, name in other._known.items():
            self.learn(name, value)

    def values(self) -> frozenset[str]:
        """All that is hidden."""
        return frozenset(self._known)

    def mask(self, text: str) -> str:
        """The text with each secret replaced by `HIDDEN`."""
        pattern = self._pattern
        return text if pattern is None else pattern.sub(HIDDEN, text)

    def blank(self, text: str) -> str:
        """The text with each secret replaced by as many stars as it has bytes."""
        pattern = self._pattern
        if pattern is None:
            return text
        return pattern.sub(lambda found: "*" * len(found[0].encode("utf-8", "surrogateescape")), text)

    def hidden(self, value: T) -> T:
        """A value (text, an error, or a record or tuple of such) with the secrets in it replaced."""
        return value if self._pattern is None else _hidden(value, self.mask)

    def __repr__(self) -> str:
        return f"<{len(self._known)} secrets>"

    def _compile(self) -> None:
        found = {spelling for value in self._known for spelling in _spellings(value)}
        parts = sorted(map(re.escape, found), key=len, reverse=True)
        self._pattern = re.compile("|".join(parts)) if parts else None


def masked(value: Any) -> Any:
    """What JSON can hold, with the secrets in its texts hidden."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: masked(one) for key, one in value.items()}
    return [masked(one) for one in value] if isinstance(value, (list, tuple)) else value


_lock = threading.Lock()
_all: WeakSet[Secrets] = WeakSet()


def mask(text: str) -> str:
    """The text with the secrets of every app of this process replaced."""
    with _lock:
        known = list(_all)
    for secrets in known:
        text = secrets.mask(text)
    return text


def _hidden(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, tuple):
        found = tuple(_hidden(one, mask) for one in value)
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    if isinstance(value, SpinError):
        value.message, value.hint, value.details = mask(value.message), mask(value.hint), mask(value.details)
        value.args = _hidden(value.args, mask)
        return value
    if is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for name in _names(type(value)):
            old = getattr(value, name)
            new = _hidden(old, mask)
            if new is not old:
                changed[name] = new
        return replace(value, **changed) if changed else value
    return value


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _spellings(value: str) -> Iterator[str]:
    yield from _escaped(value)
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        for line in lines:
            if len(line) >= _SHORTEST_PART:
                yield from _escaped(line)
    for encoded in _base64(value.encode("utf-8", "replace")):
        if len(encoded) >= _SHORTEST_PART:
            yield encoded
            yield encoded.translate({ord("+"): "-", ord("/"): "_"})


def _escaped(value: str) -> Iterator[str]:
    yield value
    yield repr(value)[1:-1]
    yield repr(value.encode("utf-8", "replace"))[2:-1]
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield quote(value)
    yield quote(value, safe="")
    yield quote_plus(value)
    once = html.escape(value)
    yield once
    yield html.escape(value, quote=False)
    yield html.escape(once)


def _base64(value: bytes) -> Iterator[str]:
    """The base64 of a value inside of a longer one, at each place that it can have in its groups of three bytes."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + value).decode()
        end = (before + len(value)) * 8 // 6
        yield encoded[(before * 8 + 5) // 6 : end]
