"""The verbs about what functions keep: stores, reset."""

from __future__ import annotations

from typing import Any

from spinlab.changes import STORES
from spinlab.errors import OptionError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, closest
from spinlab.magics.verbs import kv
from spinlab.magics.verbs.verb import verb
from spinlab.widgets.display import Display
from spinlab.widgets.live.place import place


def stores(desk: Desk, given: Arguments) -> Any:
    """Where everything lives, to be looked at and changed."""
    if place.mode == "static":
        from spinlab.state import kept
        from spinlab.widgets import stored

        return stored.kept(kept(desk.app))
    from spinlab.widgets import Stores

    return Stores(desk.app)


def reset(desk: Desk, given: Arguments) -> Display:
    """Empty stores and databases, after asking."""
    from spinlab.widgets import stored

    chosen = _chosen(desk, given)
    if not given["yes"] and not _agreed(", ".join(f"{kind} {label!r}" for kind, label in chosen)):
        return stored.said("nothing was emptied")
    from spinlab.state import KEY_VALUE, empty_database, empty_store

    for kind, label in chosen:
        (empty_store if kind == KEY_VALUE else empty_database)(desk.app.services, label)
    desk.app.changes.tell(STORES)
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


def offered(kind: str, desk: Desk) -> list[str]:
    """What may stand for a word of that kind: ``kv-action``, ``registry-action``, ``store``, ``database``, ``key``."""
    if kind == "kv-action":
        return list(kv.ACTIONS)
    if kind == "registry-action":
        return ["push", "pull", "login"]
    if kind == "deploy-action":
        return ["status", "logs", "url", "delete"]
    services = desk.app.services
    if kind == "store":
        return list(services.stores.labels)
    if kind == "database":
        return list(services.databases.labels)
    return kv.keys(desk) if kind == "key" else []


VERBS = (
    verb("stores", "Where stores and databases live; browse and edit what is in them.", stores, group="stores"),
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
