"""The verb about key-value stores: kv."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinlab.errors import OptionError, SpinError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb
from spinlab.widgets.display import Display

if TYPE_CHECKING:
    from spinlab.stores import KeyValueStore, Value

KEYS_OFFERED = 200
"""Keys that completion looks at."""


def kv(desk: Desk, given: Arguments) -> Any:
    """List stores and keys, or work with one key."""
    action = given["action"]
    if action is None:
        return _all_stores(desk, given)
    if action not in ACTIONS:
        raise given.refuse("action", f"%spin kv has no {action!r}", _meant(action))
    what, needs = ACTIONS[action]
    for key in needs:
        if given[key] is None and not (key == "value" and given["json"] is not None):
            raise given.refuse("action", f"%spin kv {action} needs a {key.upper()}", f"%spin kv {_USAGE[action]}")
    for key in ("key", "value", "json"):
        if given[key] is not None and key not in _TAKES[action]:
            raise given.refuse(key, f"%spin kv {action} takes no {_called(key)}", f"%spin kv {_USAGE[action]}")
    return what(_store(desk, given), given)


def _called(key: str) -> str:
    return "--json" if key == "json" else key.upper()


def _meant(action: str) -> str:
    near = _OTHER_WORDS.get(action) or closest(action, list(ACTIONS))
    return f"did you mean %spin kv {_USAGE[near]}?" if near else "one of: " + ", ".join(ACTIONS)


def _store(desk: Desk, given: Arguments) -> KeyValueStore:
    label = given["store"] or "default"
    try:
        return desk.app.kv(label)
    except OptionError as error:
        raise given.refuse("store", error.message, error.hint) from None


def _all_stores(desk: Desk, given: Arguments) -> Display:
    from spinlab.widgets import stored

    if given["store"]:
        return stored.keys(_store(desk, given))
    return stored.together([stored.keys_or_problem(desk.app.kv(x)) for x in desk.app.services.stores.labels])


def _get(store: KeyValueStore, given: Arguments) -> Value:
    try:
        return store[given["key"]]
    except KeyError:
        raise _no_key(store, given) from None


def _no_key(store: KeyValueStore, given: Arguments) -> OptionError:
    near = closest(given["key"], [key for key, _ in zip(store, range(KEYS_OFFERED), strict=False)])
    hint = f"did you mean {near}?" if near else "%spin kv list shows the keys"
    return given.refuse("key", f"key-value store {store.label!r} has no key {given['key']!r}", hint)


def _set(store: KeyValueStore, given: Arguments) -> Display:
    from spinlab.widgets import stored

    value = _value(given)
    store.set(given["key"], value)
    return stored.said(f"{given['key']}: set in {store.label}, {len(value):,} bytes")


def _value(given: Arguments) -> bytes:
    if given["json"] is not None:
        if given["value"] is not None:
            raise given.refuse("json", "a VALUE and --json exclude each other", "give one of them")
        try:
            return json.dumps(json.loads(given["json"])).encode()
        except ValueError as error:
            hint = "quote it as one word: --json '{\"a\": 1}'"
            raise given.refuse("json", f"this is not JSON: {error}", hint) from None
    text: str = given["value"]
    return file(given, "value", text[1:]) if text.startswith("@") else text.encode()


def file(given: Arguments, key: str, name: str) -> bytes:
    """The bytes of a file that was named under `key`.

    Raises:
        OptionError: It can't be read.
    """
    try:
        return Path(name).expanduser().read_bytes()
    except OSError as error:
        hint = "a path is relative to the notebook"
        raise given.refuse(key, f"{name!r} can't be read: {error.strerror}", hint) from None


def _delete(store: KeyValueStore, given: Arguments) -> Display:
    from spinlab.widgets import stored

    if not store.exists(given["key"]):
        raise _no_key(store, given)
    store.delete(given["key"])
    return stored.said(f"{given['key']}: deleted from {store.label}")


def _list(store: KeyValueStore, given: Arguments) -> Display:
    from spinlab.widgets import stored

    return stored.keys(store, given["key"] or "")


def _exists(store: KeyValueStore, given: Arguments) -> bool:
    return store.exists(given["key"])


def _increment(store: KeyValueStore, given: Arguments) -> int:
    try:
        delta = int(given["value"] or 1)
    except ValueError:
        raise given.refuse("value", f"{given['value']!r} is no whole number", "%spin kv incr KEY 5") from None
    return store.increment(given["key"], delta)


ACTIONS: dict[str, tuple[Callable[[KeyValueStore, Arguments], Any], tuple[str, ...]]] = {
    "get": (_get, ("key",)),
    "set": (_set, ("key", "value")),
    "delete": (_delete, ("key",)),
    "list": (_list, ()),
    "exists": (_exists, ("key",)),
    "incr": (_increment, ("key",)),
}
"""Action -> what does it, and the words that it needs."""

_TAKES = {
    "get": ("key",),
    "set": ("key", "value", "json"),
    "delete": ("key",),
    "list": ("key",),
    "exists": ("key",),
    "incr": ("key", "value"),
}
_USAGE = {
    "get": "get KEY",
    "set": "set KEY VALUE",
    "delete": "delete KEY",
    "list": "list [PREFIX]",
    "exists": "exists KEY",
    "incr": "incr KEY [N]",
}
_OTHER_WORDS = {
    "put": "set",
    "rm": "delete",
    "del": "delete",
    "remove": "delete",
    "ls": "list",
    "keys": "list",
    "has": "exists",
    "increment": "incr",
    "read": "get",
    "show": "get",
}


def keys(desk: Desk) -> list[str]:
    """Keys that completion offers."""
    try:
        return [key for key, _ in zip(desk.app.kv(), range(KEYS_OFFERED), strict=False)]
    except SpinError:
        return []


VERBS = (
    verb(
        "kv",
        "Key-value stores: list them, or get, set, delete, list, exists, incr a key.",
        kv,
        group="stores",
        takes=(
            Positional("ACTION", "get, set, delete, list, exists or incr; all keys when left out.", required=False),
            Positional("KEY", "The key; for list, what keys begin with.", required=False),
            Positional("VALUE", "For set: the value, or @FILE. For incr: how much.", required=False),
        ),
        options=(
            Option(("--store",), "The store's label; default when left out.", "LABEL"),
            Option(("--json",), "For set: the value as JSON.", "JSON"),
        ),
        completes={"action": "kv-action", "key": "key", "store": "store"},
        notes="%spin kv get KEY is the value itself: x = %spin kv get KEY",
    ),
)
