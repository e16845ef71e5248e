"""Values that cross between the bridge and a capability as bytes: rows, keys, parameters.

An item is a letter and what follows it: ``n`` nothing, ``t``/``f`` a truth value, ``i-12;`` an integer, ``r0.5;`` a
float in the shortest form that reads back equal, ``s5:hello`` text and ``b2:..`` bytes with their length in bytes,
``l3:`` a list with so many items after it, ``v4:uuid`` a case of a variant with its item after it. Bytes are as they
are. The Rust side is ``bridge/crates/flat/src/pack.rs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Case:
    """A case of a variant with its value."""

    name: str
    value: Item = None


Item: TypeAlias = bool | int | float | str | bytes | Sequence["Item"] | Case | None


def pack(item: Item) -> bytes:
    """An item as bytes."""
    parts: list[bytes] = []
    _put(item, parts)
    return b"".join(parts)


def _put(item: Item, parts: list[bytes]) -> None:
    if item is None:
        parts.append(b"n")
    elif isinstance(item, str):
        text = item.encode("utf-8", "replace")
        parts.append(b"s%d:%b" % (len(text), text))
    elif isinstance(item, bool):
        parts.append(b"t" if item else b"f")
    elif isinstance(item, int):
        parts.append(b"i%d;" % item)
    elif isinstance(item, float):
        parts.append(b"r%b;" % repr(item).encode())
    elif isinstance(item, (bytes, bytearray, memoryview)):
        parts.append(b"b%d:" % len(item))
        parts.append(bytes(item))
    elif isinstance(item, Case):
        name = item.name.encode()
        parts.append(b"v%d:%b" % (len(name), name))
        _put(item.value, parts)
    else:
        parts.append(b"l%d:" % len(item))
        for one in item:
            _put(one, parts)


def joined(parts: Sequence[bytes]) -> bytes:
    """A list of items that are packed already."""
    return b"l%d:" % len(parts) + b"".join(parts)


def unpack(data: bytes) -> Item:
    """The item that the bytes hold.

    Raises:
        ValueError: They hold something else.
    """
    item, end = _take(data, 0)
    if end != len(data):
        raise ValueError("more than one item")
    return item


def _take(data: bytes, at: int) -> tuple[Item, int]:
    kind = data[at : at + 1]
    at += 1
    if kind == b"n":
        return None, at
    if kind in (b"t", b"f"):
        return kind == b"t", at
    if kind in (b"i", b"r"):
        end = data.index(b";", at)
        text = data[at:end]
        return (int(text) if kind == b"i" else float(text)), end + 1
    if kind not in (b"s", b"b", b"l", b"v") or not data:
        raise ValueError(f"no item begins with {kind!r}")
    colon = data.index(b":", at)
    count = int(data[at:colon])
    start = colon + 1
    if kind == b"l":
        items: list[Item] = []
        at = start
        for _ in range(count):
            one, at = _take(data, at)
            items.append(one)
        return items, at
    end = start + count
    if count < 0 or end > len(data):
        raise ValueError("an item is cut short")
    if kind == b"b":
        return data[start:end], end
    text_ = data[start:end].decode()
    if kind == b"s":
        return text_, end
    value, at = _take(data, end)
    return Case(text_, value), at


def texts(items: Iterable[Item]) -> list[str]:
    """The items as texts.

    Raises:
        ValueError: One is something else.
    """
    found = list(items)
    if not all(isinstance(one, str) for one in found):
        raise ValueError("a text was expected")
    return found  # type: ignore[return-value]
