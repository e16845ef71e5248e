"""What functions may touch, what they used and were denied, and giving and taking grants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from spinlab.commands.command import Asked, Command
from spinlab.commands.room import Room
from spinlab.commands.stamps import stamps
from spinlab.errors import OptionError
from spinlab.grants import KINDS, Kind, denials, grants, options
from spinlab.languages import title_of_name

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.live import Live


def capabilities(room: Room, asked: Asked) -> dict[str, Any]:
    """What each function may touch, has used and was denied.

    Arguments: ``since``, the ``stamp`` of the answer before: functions that are as they were then are left out.
    """
    app = room.app
    changed, stamp = stamps(room, "capabilities").changed(_states(app), asked.number("since", 0))
    return {
        "app": app.name,
        "tracing": app.tracing,
        "stamp": stamp,
        "names": list(app.functions),
        "functions": [of(live) for name, live in app.functions.items() if name in changed],
    }


def grant(room: Room, asked: Asked) -> dict[str, Any]:
    """Give ``function`` what the ``options`` of a cell say, such as ``--allow https://example.org``.

    Arguments: ``take_back`` to take it away instead.

    Raises:
        OptionError: There is no such function or option, or nothing of the kind to take back.
        SpinError: It can't be served; nothing has changed.
    """
    back = asked.flag("take_back")
    wanted = parsed(asked.texts("options"), take_back=back)
    return of(room.app.grant(asked.text("function"), take_back=back, **wanted))


def of(live: Live) -> dict[str, Any]:
    """The grants and denials of a function, and what its cell would have to say to keep what was changed."""
    function, declared = live.function, live.declared or live.function
    return {
        "name": function.name,
        "language": function.language,
        "title": title_of_name(function.language),
        "revision": live.revision,
        "requests": live.usage.requests,
        "grants": [
            {
                "words": grant.kind.words,
                "item": grant.item,
                "option": f"{grant.kind.option} {grant.item}",
                "used": grant.used,
                "added": grant.item not in getattr(declared, grant.kind.attribute),
            }
            for grant in grants(function, live.usage)
        ],
        "files": [f"{s} as {d}" if d and s != d else s for s, d in function.files],
        "environment": list(function.environment),
        "denied": [
            {"capability": d.capability, "target": d.target, "option": d.option, "manifest": d.manifest, "count": n}
            for d, n in denials(live.usage)
        ],
        "add": " ".join(options(declared, function)),
        "leave_out": " ".join(options(function, declared)),
    }


def parsed(given: Iterable[str], *, take_back: bool = False) -> dict[str, Any]:
    """Grants as `spinlab.App.grant` takes them, from options as a cell writes them.

    Raises:
        OptionError: There are none, or one is no grant.
    """
    found: dict[str, Any] = {}
    for option in given:
        kind, item = _split(option)
        if kind.attribute == "variables" and not take_back:
            name, _, template = item.partition("=")
            found.setdefault(kind.attribute, {})[name] = template or "{{ " + name + " }}"
        else:
            found.setdefault(kind.attribute, []).append(item)
    if not found:
        raise OptionError("nothing to grant", hint='options is a list such as ["--allow https://example.org"]')
    return found


def _split(option: str) -> tuple[Kind, str]:
    name, _, item = option.partition(" ")
    kind = next((kind for kind in KINDS if kind.option == name), None)
    if kind is None or not item.strip():
        known = ", ".join(kind.option for kind in KINDS)
        raise OptionError(f"{option!r:.100} is no grant", hint=f"one of {known} and what it grants")
    return kind, item


def _states(app: App) -> Iterator[tuple[str, Any]]:
    for name, live in app.functions.items():
        yield name, (live.function, live.declared, live.revision, live.usage.requests)


COMMANDS: dict[str, Command] = {"capabilities": capabilities, "grant": grant}
