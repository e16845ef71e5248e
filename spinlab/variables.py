"""The variables of an app as its user sees them: what is declared, what has a value, and who reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spinlab.errors import ManifestError, OptionError
from spinlab.function import Function
from spinlab.host.variables import unresolved_text
from spinlab.manifest.allowed_hosts import AllowedHosts
from spinlab.manifest.ids import check_variable
from spinlab.manifest.template import Template

if TYPE_CHECKING:
    from spinlab.app import App

_DECLARED = ("default", "description", "secret")


@dataclass(frozen=True)
class Listed:
    """One variable of an app. Never holds the value of a secret.

    Attributes:
        name: The application variable.
        value: Its value; empty for a secret and for one that has none.
        where: Where the value is from; empty when it has none.
        secret: Whether nobody may see it.
        used: The functions that ask for it.
        problem: Why its value can't be known, if so.
        description: For readers.
    """

    name: str
    value: str
    where: str
    secret: bool
    used: tuple[str, ...]
    problem: str = ""
    description: str = ""


def declare(variables: dict[str, dict[str, Any]], name: str, **declaration: Any) -> Mapping[str, Any]:
    """Declare a variable, or change what is declared of it: ``default``, ``description``, ``secret``; None keeps it.

    Raises:
        NameRefused: The name is none for a variable.
        OptionError: A secret can't have a default value.
    """
    check_variable(name)
    unknown = [key for key in declaration if key not in _DECLARED]
    if unknown:
        raise TypeError(f"a variable has no {unknown[0]}: it has {', '.join(_DECLARED)}")
    before = variables.get(name, {})
    made = {**before, **{key: x for key, x in declaration.items() if x is not None}}
    both = made.get("secret") and made.get("default") is not None
    if both and (before.get("default"), before.get("secret")) != (made["default"], made["secret"]):
        raise OptionError(
            f"{name} is a secret, and its default value would stand in the manifest",
            hint=f"give its value with %spin var {name} --prompt or --from-env NAME",
        )
    made.pop("required", None)
    if made.get("default") is None:
        made["required"] = True
    variables[name] = made
    return made


def listed(app: App) -> tuple[Listed, ...]:
    """Every variable of an app, in the order of their declaration."""
    by = users(app)
    return tuple(_listed(app, name, declared, by.get(name, ())) for name, declared in app.services.declared().items())


def users(app: App) -> dict[str, tuple[str, ...]]:
    """Application variable -> the functions whose grants ask for it."""
    found: dict[str, tuple[str, ...]] = {}
    for live in app.functions.values():
        for name in asked(live.function):
            found[name] = (*found.get(name, ()), live.function.name)
    return found


def remarks(app: App, names: Iterable[str]) -> tuple[str, ...]:
    """What is to be said of some variables: that they have no value, or one that a grant of theirs can't have."""
    wanted = set(names)
    variables = app.services.variables
    declared = app.services.declared()
    try:
        missing = variables.unresolved(name for name in declared if name in wanted)
    except ManifestError as error:
        return (error.message,)
    said = [f"{unresolved_text(missing)}; {variables.remedy(missing[0])}"] if missing else []
    for live in app.functions.values():
        entries = live.function.allowed_outbound_hosts
        asked = {name for entry in entries for name in Template.parse(entry).names}
        if not asked & wanted or asked & set(missing):
            continue
        try:
            AllowedHosts.parse(entries, variables.get)
        except ManifestError as error:
            said.append(f"{live.function.name} reaches nothing now: {error.message}")
    return tuple(said)


def asked(function: Function) -> tuple[str, ...]:
    """The application variables that the grants of a function ask for."""
    texts = (*function.variables.values(), *function.allowed_outbound_hosts)
    return tuple(dict.fromkeys(name for text in texts for name in Template.parse(text).names))


def _listed(app: App, name: str, declared: Mapping[str, Any], used: tuple[str, ...]) -> Listed:
    secret, about = bool(declared.get("secret")), str(declared.get("description") or "")
    try:
        found = app.services.variables.find(name)
    except ManifestError as error:
        return Listed(name, "", "", secret, used, error.message, about)
    value, where = found or ("", "")
    return Listed(name, "" if secret else value, where, secret, used, "", about)
