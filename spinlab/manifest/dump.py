"""`Manifest` -> spin.toml. The same manifest always gives the same text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

from spinlab.manifest.model import Manifest
from spinlab.manifest.plain import plain

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_WIDTH = 100

# Tables that read best on one line, wherever they stand.
_INLINE = ("source", "environment", "route", "executor", "static_response")


def dump(manifest: Manifest) -> str:
    """Write a manifest as spin.toml, with keys in the order of Spin's own templates."""
    lines = list(_table(plain(manifest), ()))
    return "\n".join(lines).strip("\n") + "\n"


def _table(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    below = {key: value for key, value in table.items() if _has_header(key, value, path)}
    for key, value in table.items():
        if key not in below:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in below.items():
        inner = (*path, key)
        name = ".".join(_key(part) for part in inner)
        if isinstance(value, list):
            for item in value:
                yield f"\n[[{name}]]"
                yield from _table(item, inner)
            continue
        if not value or any(not _has_header(k, v, inner) for k, v in value.items()):
            yield f"\n[{name}]"
        yield from _table(value, inner)


def _has_header(key: str, value: Any, path: tuple[str, ...]) -> bool:
    """Whether a value stands under a header of its own."""
    if isinstance(value, list):
        return path == ("trigger",) and bool(value)
    if not isinstance(value, Mapping) or key in _INLINE:
        return False
    # An array's item has no room for headers, but a trigger's item is written as a table.
    if path[:1] == ("variables",) or path[-1:] == ("dependencies",):
        return False
    return not (path[:1] == ("trigger",) and key == "component")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or _character(c) for c in text) + '"'


def _character(character: str) -> str:
    return f"\\u{ord(character):04X}" if ord(character) < 32 or ord(character) == 127 else character


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return _array([_value(item) for item in value])
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    return repr(value)


def _array(items: list[str]) -> str:
    line = ", ".join(items)
    if len(line) <= _WIDTH and "\n" not in line:
        return f"[{line}]"
    return "[\n" + "".join(f"  {item},\n" for item in items) + "]"
