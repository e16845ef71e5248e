"""The verbs about what functions keep: kv, sql, stores, reset."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinlab.errors import OptionError, SpinError, StoreError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb
from spinlab.widgets.display import Display

if TYPE_CHECKING:
    from spinlab.stores import KeyValueStore, Value

KEYS_OFFERED = 200
"""Keys that completion looks at."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


# ---- kv


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
    return _file(given, "value", text[1:]) if text.startswith("@") else text.encode()


def _file(given: Arguments, key: str, name: str) -> bytes:
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


# ---- sql


def sql(desk: Desk, given: Arguments) -> Any:
    """Run a statement, or a file of them that an export takes along."""
    label = given["database"] or "default"
    if given["file"] is not None:
        if given.each("statement"):
            raise given.refuse("file", "a statement and --file exclude each other", "run one after the other")
        return _migrate(desk, given, label)
    statement = _statement(given)
    parameters = [_parameter(text) for text in given.each("param")]
    try:
        return desk.app.sql(statement, parameters, database=label)
    except OptionError as error:
        raise given.refuse("database", error.message, error.hint) from None
    except StoreError as error:
        error.location = given.words["statement"][0].location
        raise


def _statement(given: Arguments) -> str:
    words = given.words.get("statement", ())
    if not words:
        raise given.refuse("statement", "the statement is missing", '%spin sql "select * from notes"')
    if len(words) > 1 and any(w.quoted or w.end - w.start != len(w.text) for w in words):
        # Quotes that belong to the statement are gone by now.
        raise given.refuse(
            "statement", "quote the statement as a whole", "%spin sql \"select 'text'\", or a %%spinsql cell"
        )
    return " ".join(w.text for w in words)


def _parameter(text: str) -> Any:
    """A value as SQL would read it: a number, NULL, or text."""
    if text.lower() == "null":
        return None
    return int(text) if _WHOLE.fullmatch(text) else float(text) if _NUMBER.fullmatch(text) else text


def _migrate(desk: Desk, given: Arguments, label: str) -> Display:
    from spinlab.widgets import stored

    name = given["file"]
    try:
        text = _file(given, "file", name).decode()
    except UnicodeDecodeError:
        raise given.refuse("file", f"{name!r} is not text in UTF-8", "SQL is text") from None
    try:
        done = desk.app.script(text, database=label, name=Path(name).name)
    except OptionError as error:
        raise given.refuse("database", error.message, error.hint) from None
    except StoreError as error:
        _point_into_file(error, name, text)
        raise
    what = f"{len(done)} statement{'s' if len(done) != 1 else ''} of {name} done on {label}"
    return stored.said(f"{what}; an export takes the file along")


def _point_into_file(error: SpinError, name: str, text: str) -> None:
    from spinlab.errors import SourceView

    error.source = SourceView(name, text)


# ---- stores and reset


def stores(desk: Desk, given: Arguments) -> Display:
    """Where everything lives."""
    from spinlab.state import kept
    from spinlab.widgets import stored

    return stored.kept(kept(desk.app))


def reset(desk: Desk, given: Arguments) -> Display:
    """Empty stores and databases, after asking."""
    from spinlab.widgets import stored

    chosen = _chosen(desk, given)
    if not given["yes"] and not _agreed(", ".join(f"{kind} {label!r}" for kind, label in chosen)):
        return stored.said("nothing was emptied")
    from spinlab.state import KEY_VALUE, empty_database, empty_store

    for kind, label in chosen:
        (empty_store if kind == KEY_VALUE else empty_database)(desk.app.services, label)
    return stored.said("emptied: " + ", ".join(f"{kind} {label}" for kind, label in chosen))


def _chosen(desk: Desk, given: Arguments) -> list[tuple[str, str]]:
    """Kind and label of what is to be emptied."""
    from spinlab.host.key_value_sqlite import SqliteStore
    from spinlab.state import KEY_VALUE, SQLITE

    services = desk.app.services
    if given["all"]:
        for key in ("kv", "sqlite"):
            if given.each(key):
                raise given.refuse(key, f"--all and --{key} exclude each other", "leave one of them away")
        own = [x for x in services.stores.labels if isinstance(services.stores.find(x), SqliteStore)]
        return [*((KEY_VALUE, x) for x in own), *((SQLITE, x) for x in services.databases.labels)]
    chosen = []
    for key, kind, labels in (("kv", KEY_VALUE, services.stores.labels), ("sqlite", SQLITE, services.databases.labels)):
        for index, label in enumerate(given.each(key)):
            if label not in labels:
                near = closest(label, list(labels))
                hint = f"did you mean {near}?" if near else "there are: " + ", ".join(labels)
                raise given.refuse(key, f"no {kind} is called {label!r}", hint, index)
            chosen.append((kind, label))
    if not chosen:
        raise OptionError("%spin reset needs to know what to empty", hint="--kv LABEL, --sqlite LABEL, or --all")
    return chosen


def _agreed(what: str) -> bool:
    """Whether the user says yes.

    Raises:
        OptionError: Nobody can be asked here.
    """
    try:
        answer = input(f"Empty {what}? What is in there is lost. [y/N] ")
    except (EOFError, NotImplementedError):
        raise _nobody() from None
    except Exception as error:
        if type(error).__name__ != "StdinNotImplementedError":  # ipykernel's, which a terminal does not have
            raise
        raise _nobody() from None
    return answer.strip().lower() in ("y", "yes")


def _nobody() -> OptionError:
    return OptionError("nobody can be asked here", hint="add --yes to empty it without a question")


# ---- completion


def offered(kind: str, desk: Desk) -> list[str]:
    """What may stand for a word of that kind: ``kv-action``, ``store``, ``database`` or ``key``."""
    if kind == "kv-action":
        return list(ACTIONS)
    services = desk.app.services
    if kind == "store":
        return list(services.stores.labels)
    if kind == "database":
        return list(services.databases.labels)
    if kind == "key":
        try:
            return [key for key, _ in zip(desk.app.kv(), range(KEYS_OFFERED), strict=False)]
        except SpinError:
            return []
    return []


def _all() -> tuple[Any, ...]:
    store = Option(("--store",), "The store's label; default when left out.", "LABEL")
    database = Option(("--database",), "The database's label; default when left out.", "LABEL")
    return (
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
            options=(store, Option(("--json",), "For set: the value as JSON.", "JSON")),
            completes={"action": "kv-action", "key": "key", "store": "store"},
            notes="%spin kv get KEY is the value itself: x = %spin kv get KEY",
        ),
        verb(
            "sql",
            "Run a statement on an SQLite database and show its rows.",
            sql,
            group="stores",
            takes=(Positional("STATEMENT", "SQL, quoted; ? for parameters.", required=False, many=True),),
            options=(
                database,
                Option(("--param", "-p"), "A value for the next ?.", "VALUE", many=True),
                Option(("--file",), "Run a file of statements; an export takes it along.", "FILE.sql"),
            ),
            completes={"database": "database"},
            notes="Several statements go into a cell that begins with %%spinsql [LABEL].",
        ),
        verb("stores", "Where stores and databases live, and what is in them.", stores, group="stores"),
        verb(
            "reset",
            "Empty stores and databases, after asking.",
            reset,
            group="stores",
            options=(
                Option(("--kv",), "A key-value store.", "LABEL", many=True),
                Option(("--sqlite",), "An SQLite database.", "LABEL", many=True),
                Option(("--all",), "All of them that are files or in memory."),
                Option(("--yes", "-y"), "Don't ask."),
            ),
            completes={"kv": "store", "sqlite": "database"},
        ),
    )


VERBS = _all()
