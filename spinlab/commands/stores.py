"""The stores of an app: where they live, and the keys and values of the key-value stores."""

from __future__ import annotations

import codecs
import hashlib
import heapq
import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from spinlab.commands.command import Asked, Command
from spinlab.commands.room import Room
from spinlab.errors import OptionError, StoreError
from spinlab.secrets import mask

if TYPE_CHECKING:
    from spinlab.stores import KeyValueStore

PREVIEW = 64 << 10
"""Bytes of a value that are shown; a longer one can't be edited there."""

MARGIN = 8 << 10
"""Bytes that are looked at beyond, for a secret that would be cut."""

PAGE = 100
"""Keys of one answer, when nothing else is asked for."""

LARGEST_PAGE = 500
LONGEST_KEY = 1000
"""Characters of a key that can be made there."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def kept(room: Room, asked: Asked) -> dict[str, Any]:
    """Every store and database: where it lives, how much is in it, and who may open it."""
    from spinlab.state import KEY_VALUE
    from spinlab.state import kept as found

    return {
        "app": room.app.name,
        "stores": [
            {
                "kind": "key-value" if one.kind == KEY_VALUE else "sqlite",
                "label": one.label,
                "place": one.place,
                "size": one.size,
                "keys": one.contents if isinstance(one.contents, int) else None,
                "tables": list(one.contents) if isinstance(one.contents, tuple) else None,
                "functions": list(one.functions),
                "problem": one.problem,
            }
            for one in found(room.app)
        ],
    }


def keys(room: Room, asked: Asked) -> dict[str, Any]:
    """A page of the keys of ``store`` in their order: those that begin with ``prefix`` and come behind ``after``."""
    store = _store(room, asked)
    prefix, after = asked.text("prefix", ""), asked.text("after", "")
    limit = asked.number("limit", PAGE, least=1, most=LARGEST_PAGE)
    total = 0

    def wanted() -> Iterator[str]:
        nonlocal total
        for count, key in enumerate(store):
            if count % 1000 == 0 and asked.given_up.is_set():
                raise StoreError("the keys took too long to read", hint="give a longer prefix, or use app.kv()")
            if key.startswith(prefix):
                total += 1
                if key > after or not after:
                    yield key

    found = heapq.nsmallest(limit + 1, wanted())
    return {
        "store": store.label,
        "keys": [{"key": key, "masked": mask(key) != key} for key in found[:limit]],
        "more": len(found) > limit,
        "total": total,
    }


def value(room: Room, asked: Asked) -> dict[str, Any]:
    """What stands behind ``key``: its beginning as text, JSON in lines, or hexadecimal digits.

    ``version`` goes back with `set`, so that nobody's write is lost. A value with a secret in it has none: what is
    shown of it is not what it is.
    """
    data = _value(_store(room, asked), asked.text("key"))
    seen = data[: PREVIEW + MARGIN]
    plain = mask(seen.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    whole, masked, shown = len(data) <= PREVIEW, plain != seen, plain[:PREVIEW]
    text = _text(shown, whole=whole)
    pretty = _pretty(text) if text is not None and whole and not masked else None
    return {
        "key": asked.text("key"),
        "size": len(data),
        "version": "" if masked else _version(data),
        "kind": "bytes" if text is None else "text" if pretty is None else "json",
        "text": text,
        "pretty": pretty,
        "hex": None if masked else digits(shown),
        "whole": whole,
        "masked": masked,
    }


def set_value(room: Room, asked: Asked) -> dict[str, Any]:
    """Set ``key`` to ``text``, or to the bytes that ``hex`` spells.

    Arguments: ``create`` when the key must be new; ``version`` of the value that was read, when it must be that still;
    ``json`` when the text must be JSON.

    Raises:
        OptionError: The text is not what it should be.
        StoreError: The key is there already, or its value has changed meanwhile.
    """
    store, key = _store(room, asked), asked.text("key")
    data = _bytes(asked)
    if asked.flag("create"):
        if not key or len(key) > LONGEST_KEY:
            raise OptionError(f"a key has 1 to {LONGEST_KEY:,} characters, not {len(key):,}")
        if store.exists(key):
            raise StoreError(f"{store.label!r} has a key {key!r} already", hint="choose it in the list to change it")
    version = asked.text("version", "")
    if version and _version(_value(store, key)) != version:
        raise StoreError(
            f"the value of {key!r} has changed since it was read", hint="read it again; what you wrote is still here"
        )
    store.set(key, data)
    return {"key": key, "size": len(data), "version": _version(data)}


def delete(room: Room, asked: Asked) -> dict[str, Any]:
    """Delete ``key``.

    Raises:
        StoreError: It is not there.
    """
    store, key = _store(room, asked), asked.text("key")
    _value(store, key)
    store.delete(key)
    return {"key": key}


def _store(room: Room, asked: Asked) -> KeyValueStore:
    return room.app.kv(asked.text("store", "default"))


def _value(store: KeyValueStore, key: str) -> bytes:
    try:
        return store[key]
    except KeyError:
        raise StoreError(f"{store.label!r} has no key {key!r}", hint="it may have been deleted meanwhile") from None


def _bytes(asked: Asked) -> bytes:
    if "hex" in asked.arguments:
        try:
            return bytes.fromhex(asked.text("hex"))
        except ValueError as error:
            raise OptionError(f"these are no hexadecimal digits: {error}", hint="two for each byte: 48 65 6c") from None
    text = asked.text("text")
    if asked.flag("json"):
        try:
            json.loads(text)
        except ValueError as error:
            raise OptionError(f"this is no JSON: {error}", hint="save it as text instead") from None
        except RecursionError:
            raise OptionError("this JSON is nested too deeply", hint="save it as text instead") from None
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes, *, whole: bool) -> str | None:
    """The bytes as text; a character that the preview cuts is left out. None when they are no text."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        return None


def _pretty(text: str) -> str | None:
    """JSON in lines, every number and name as it was written; None when it is no JSON of several parts."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return "".join(_in_lines([found.group() for found in _TOKEN.finditer(text)]))


def _in_lines(tokens: Sequence[str]) -> Iterator[str]:
    depth = 0
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        if token in ("{", "["):
            depth += 1
            yield token if after in ("}", "]") else token + "\n" + "  " * depth
        elif token in ("}", "]"):
            depth -= 1
            yield token if before in ("{", "[") else "\n" + "  " * depth + token
        else:
            yield {",": ",\n" + "  " * depth, ":": ": "}.get(token, token)


def digits(data: bytes) -> str:
    """Bytes as hexadecimal digits, sixteen a line."""
    return "\n".join(data[at : at + 16].hex(" ") for at in range(0, len(data), 16))


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


COMMANDS: dict[str, Command] = {"kept": kept, "keys": keys, "value": value, "set": set_value, "delete": delete}
