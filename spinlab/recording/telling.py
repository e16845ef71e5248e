"""An effect in words."""

from __future__ import annotations

from spinlab.host.pack import Case, Item, unpack
from spinlab.recording.recording import Crossing

_LONGEST = 120


def told(one: Crossing) -> str:
    """An effect in one line: operation, what it is about, and the beginning of its data."""
    return " ".join(filter(None, (one.op, _about(one), _data(one))))


def _about(one: Crossing) -> str:
    return _short(one.args.strip().partition("\n")[0])


def _data(one: Crossing) -> str:
    if not one.data:
        return ""
    if one.op.startswith(("http", "socket")):
        return f"with {_short(repr(one.data))}"
    try:
        return _short(_plain(unpack(one.data)))
    except (ValueError, IndexError, RecursionError):
        return _short(repr(one.data))


def _plain(item: Item) -> str:
    if isinstance(item, (str, bytes)):
        return repr(item if isinstance(item, str) else item.decode("utf-8", "replace"))
    if isinstance(item, Case):
        return _plain(item.value)
    if isinstance(item, (list, tuple)):
        return f"({', '.join(map(_plain, item))})"
    return "nothing" if item is None else str(item)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
