"""The verb about variables: var."""

from __future__ import annotations

import os
from getpass import getpass
from typing import Any

from spinlab.errors import Location, NameRefused, OptionError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb
from spinlab.secrets import SHORTEST
from spinlab.variables import listed, remarks
from spinlab.widgets.display import Display
from spinlab.widgets.variables import variables

_EXCLUSIVE = (
    ("prompt", "from_env"),
    ("prompt", "unset"),
    ("from_env", "unset"),
    ("secret", "public"),
    ("secret", "default"),
)

_ABOUT_ONE = ("prompt", "from_env", "secret", "public", "default", "description", "unset")


def var(desk: Desk, given: Arguments) -> Display:
    """Set, declare or list variables."""
    words = given.each("variable")
    chosen = [key for key in _ABOUT_ONE if key in given]
    if not words:
        if chosen:
            raise given.refuse(chosen[0], "which variable?", f"%spin var NAME --{chosen[0].replace('_', '-')}")
        return variables(listed(desk.app))
    if chosen and len(words) > 1:
        raise given.refuse("variable", "these options are about one variable", "give them one by one", 1)
    _check(desk, given, chosen)
    for index in range(len(words)):
        _change(desk, given, index)
    names = {word.partition("=")[0] for word in words}
    return variables(
        tuple(one for one in listed(desk.app) if one.name in names), _remarks(desk, names), empty="it has no value now"
    )


def _check(desk: Desk, given: Arguments, chosen: list[str]) -> None:
    """Refuse what does not go together, before anything changes."""
    for one, other in _EXCLUSIVE:
        if one in chosen and other in chosen:
            what = f"--{one.replace('_', '-')} and --{other.replace('_', '-')} exclude each other"
            raise given.refuse(other, what, "leave one of them away")
    for index, word in enumerate(given.each("variable")):
        name, sign, _ = word.partition("=")
        _check_name(given, index, name)
        if not sign and not chosen:
            _check_known(desk, given, index, name)
        if sign and _is_secret(desk, given, name):
            raise _inline(given, index, name)
        for key in ("prompt", "from_env", "unset"):
            if sign and key in chosen:
                raise given.refuse(key, f"{name} has a value already", f"give one: %spin var {name} --{key}")


def _check_name(given: Arguments, index: int, name: str) -> None:
    from spinlab.manifest.ids import check_variable

    if not name:
        raise given.refuse("variable", "the name is missing before =", 'written without blanks: NAME="a value"', index)
    try:
        check_variable(name)
    except NameRefused as error:
        raise _at_name(given, index, error.message, error.hint, name) from None


def _check_known(desk: Desk, given: Arguments, index: int, name: str) -> None:
    known = list(desk.app.services.declared())
    if name not in known:
        near = closest(name, known)
        hint = f"did you mean {near}?" if near else f"%spin var {name}=VALUE declares and sets it"
        raise given.refuse("variable", f"no variable is called {name!r}", hint, index)


def _is_secret(desk: Desk, given: Arguments, name: str) -> bool:
    if given["public"]:
        return False
    return bool(given["secret"] or desk.app.services.declared().get(name, {}).get("secret"))


def _inline(given: Arguments, index: int, name: str) -> OptionError:
    """The error for a secret's value on the line."""
    return _at_name(
        given,
        index,
        f"{name} is a secret: its value can't be written into a cell, which is saved with the notebook",
        f"%spin var {name} --prompt asks for it, %spin var {name} --from-env NAME takes it from the environment. "
        "The value was not taken, but it stands in this cell and in the history: remove it there, and change the "
        "secret if anybody may have seen it",
        name,
    )


def _at_name(given: Arguments, index: int, message: str, hint: str, name: str) -> OptionError:
    """An error that points at the name alone."""
    error = given.refuse("variable", message, hint, index)
    word = given.word("variable", index)
    if word is not None:
        start = word.start + 1 + word.quoted
        error.location = Location(1, start, start + len(name), on_magic_line=True)
    return error


def _change(desk: Desk, given: Arguments, index: int) -> None:
    name, sign, inline = given.each("variable")[index].partition("=")
    app = desk.app
    if given["unset"]:
        app.unset_variable(name)
    value = inline if sign else None
    secret = True if given["secret"] else False if given["public"] else None
    if given["prompt"]:
        value = _asked(given, name)
        secret = not given["public"]
    elif "from_env" in given:
        value = _from_environment(given)
        if secret is None and name not in app.variables:
            secret = True
    declaration = {key: given[key] for key in ("default", "description") if key in given}
    if value is None and secret is None and not declaration:
        return
    try:
        app.set_variable(name, value, secret=secret, **declaration)
    except OptionError as error:
        raise given.refuse("default" if "default" in given else "variable", error.message, error.hint) from None


def _asked(given: Arguments, name: str) -> str:
    """What the user types, unseen."""
    from IPython.core.error import StdinNotImplementedError

    try:
        value = getpass(f"{name}: ")
    except (StdinNotImplementedError, EOFError):
        raise given.refuse(
            "prompt", "nobody can be asked here", f"%spin var {name} --from-env NAME takes it from the environment"
        ) from None
    if not value:
        raise given.refuse("prompt", "nothing was entered", f"{name} is what it was")
    return value


def _from_environment(given: Arguments) -> str:
    source = given["from_env"]
    value = os.environ.get(source)
    if value is None:
        raise given.refuse(
            "from_env", f"the environment has no {source}", "it is that of the kernel: set it before Jupyter starts"
        )
    return value


def _remarks(desk: Desk, names: set[str]) -> tuple[str, ...]:
    known = desk.app.services.variables
    short = [
        f"{name} is too short to be hidden where it is shown"
        for name in sorted(names)
        if desk.app.services.declared().get(name, {}).get("secret")
        and (found := known.find(name)) is not None
        and len(found[0]) < SHORTEST
    ]
    return (*short, *remarks(desk.app, names))


def _all() -> tuple[Any, ...]:
    return (
        verb(
            "var",
            "Set variables, or list them: where each value is from, and who reads it.",
            var,
            group="capabilities",
            takes=(Positional("VARIABLE", "NAME=VALUE, or NAME with an option.", required=False, many=True),),
            options=(
                Option(("--prompt",), "Ask for the value without showing it; the variable is a secret from then on."),
                Option(
                    ("--from-env",), "Take the value from the kernel's environment; a new variable is a secret.", "NAME"
                ),
                Option(("--secret",), "Nobody may see its value: not in outputs, logs or exports."),
                Option(("--public",), "Its value may be seen."),
                Option(("--default",), "The value in the manifest, for when nobody sets another.", "VALUE"),
                Option(("--description",), "One line for the manifest.", "TEXT"),
                Option(("--unset",), "Forget the value that was given here."),
            ),
            completes={"variable": "variable"},
            hides=True,
            notes="A value that is given here goes before SPIN_VARIABLE_NAME of the environment and of the file .env.\n"
            "It is kept in memory: it survives another run of the cells, and not the kernel.",
        ),
    )


VERBS = _all()
