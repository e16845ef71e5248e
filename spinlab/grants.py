"""What a function may reach, as grants that can be widened, narrowed and told in the words of a cell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spinlab.errors import ManifestError, OptionError
from spinlab.function import Function
from spinlab.http import Denied
from spinlab.manifest.allowed_hosts import AllowedHosts
from spinlab.trace import Usage


@dataclass(frozen=True)
class Kind:
    """One kind of grant.

    Attributes:
        attribute: Of `Function`.
        option: Of ``%%spin``, in its short form.
        words: What a card calls it.
        capabilities: What the trace calls the calls that it lets through.
    """

    attribute: str
    option: str
    words: str
    capabilities: tuple[str, ...]


KINDS = (
    Kind(
        "allowed_outbound_hosts",
        "--allow",
        "outbound",
        (
            "outbound HTTP",
            "outbound Redis",
            "outbound MQTT",
            "outbound MySQL",
            "outbound PostgreSQL",
            "outbound TCP",
            "outbound UDP",
        ),
    ),
    Kind("key_value_stores", "--kv", "key-value store", ("key-value store",)),
    Kind("sqlite_databases", "--sqlite", "SQLite database", ("SQLite database",)),
    Kind("ai_models", "--ai-model", "AI model", ("AI model",)),
    Kind("variables", "--var", "variable", ("variable",)),
)


@dataclass(frozen=True)
class Grant:
    """One thing that a function may reach.

    Attributes:
        kind: What it is.
        item: As in the manifest: a host pattern, a label, a name.
        used: Calls that it let through since the function went live.
    """

    kind: Kind
    item: str
    used: int = 0

    def __str__(self) -> str:
        return f"{self.kind.words} {self.item}"


def grants(function: Function, usage: Usage | None = None) -> tuple[Grant, ...]:
    """The grants of a function, with how often each was used."""
    used = usage.used if usage is not None else {}
    return tuple(
        Grant(kind, item, sum(n for call, n in used.items() if _lets(kind, item, *call)))
        for kind in KINDS
        for item in getattr(function, kind.attribute)
    )


def denials(usage: Usage) -> tuple[tuple[Denied, int], ...]:
    """What a function was denied, and how often."""
    return tuple(usage.denied.items())


def _lets(kind: Kind, item: str, capability: str, target: str) -> bool:
    if capability not in kind.capabilities:
        return False
    if kind.attribute != "allowed_outbound_hosts":
        return item == target
    try:
        allowed = AllowedHosts.parse([item])
    except ManifestError:  # a template: what it stood for is not known here
        return "{{" in item
    return allowed.allows_self() if target.endswith("://self") else allowed.allows(target)


def widened(function: Function, more: Mapping[str, Any]) -> Function:
    """The function with further grants; those it has are not doubled.

    Raises:
        OptionError: There is no such kind of grant.
    """
    changed: dict[str, Any] = {}
    for attribute, items in _checked(more).items():
        had = getattr(function, attribute)
        if attribute == "variables":
            changed[attribute] = {**had, **items}
        else:
            changed[attribute] = (*had, *(x for x in dict.fromkeys(items) if x not in had))
    return replace(function, **changed)


def narrowed(function: Function, fewer: Mapping[str, Any]) -> Function:
    """The function without some of its grants.

    Raises:
        OptionError: It has none of these.
    """
    changed: dict[str, Any] = {}
    for attribute, items in _checked(fewer).items():
        had = getattr(function, attribute)
        for item in items:
            if item not in had:
                options = " ".join(f"{_KIND[attribute].option} {x}" for x in had)
                raise OptionError(
                    f"{function.name!r} has no grant {_KIND[attribute].option} {item}",
                    hint=f"it has {options}" if options else "it has none of this kind",
                )
        left = [x for x in had if x not in items]
        changed[attribute] = {x: had[x] for x in left} if attribute == "variables" else tuple(left)
    return replace(function, **changed)


def options(before: Function, after: Function) -> tuple[str, ...]:
    """The options that `after` has and `before` has not, as a cell writes them."""
    return tuple(
        f"{kind.option} {_word(after, kind, item)}"
        for kind in KINDS
        for item in getattr(after, kind.attribute)
        if item not in getattr(before, kind.attribute)
    )


def _word(function: Function, kind: Kind, item: str) -> str:
    """The word behind an option: a variable with its template when it has one of its own, in quotes where needed."""
    template = function.variables[item] if kind.attribute == "variables" else ""
    text = f"{item}={template}" if template and template != "{{ " + item + " }}" else item
    return text if re.fullmatch(r"[^\s'\"\\]+", text) else shlex.quote(text)


_KIND = {kind.attribute: kind for kind in KINDS}


def _checked(wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    for attribute, items in wanted.items():
        if attribute not in _KIND:
            raise OptionError(f"{attribute!r} is no kind of grant", hint="there are: " + ", ".join(_KIND))
        if isinstance(items, str) or not isinstance(items, Iterable):
            raise OptionError(f"{attribute} is a list of texts", hint=f"{attribute}=[{items!r}]")
    return wanted
