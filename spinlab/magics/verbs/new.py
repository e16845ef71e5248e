"""The verb that begins a function: new."""

from __future__ import annotations

from typing import NamedTuple

from spinlab.errors import NameRefused, OptionError
from spinlab.languages import Language, is_language, language, languages, starter, templates
from spinlab.languages.templates import NOT_HERE, SPIN_TEMPLATES, TEMPLATES
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb


class Wanted(NamedTuple):
    """What was asked for.

    Attributes:
        language: None for a template of Spin's that is no function.
        template: One of ours, or the id of Spin's.
        name: Empty when none was given.
    """

    language: Language | None
    template: str
    name: str


def new(desk: Desk, given: Arguments) -> None:
    """Put a cell with a starter below the one that runs."""
    wanted = _wanted(given)
    name = wanted.name or _free(desk, wanted)
    if wanted.language is None:
        text = SPIN_TEMPLATES[wanted.template].line.replace("NAME", name)
    else:
        text = cell(wanted.language, name, _template(given, wanted))
    desk.shell.set_next_input(text)


def cell(chosen: Language, name: str, template: str = "http") -> str:
    """A whole cell: its line with the grants that the starter needs, and the starter."""
    text = starter(chosen.name, template).rstrip("\n")
    if text.startswith("%spin "):
        return text.replace("NAME", name)
    first = "" if chosen.name == "python" else f"{chosen.name} "
    text = text.replace("/NAME/", f"/{name}/")
    return f"%%spin {first}{name} {templates.grants(chosen, template)}".rstrip() + f"\n{text}"


def words() -> tuple[str, ...]:
    """What the option --template takes."""
    return (*TEMPLATES, *SPIN_TEMPLATES)


def _wanted(given: Arguments) -> Wanted:
    """Language, template and name, in our words or in Spin's: `new python hello`, `new -t http-py hello`."""
    first, second, template = given["language"], given["name"], given["template"] or "http"
    _check_template(given, template)
    if first in SPIN_TEMPLATES and not is_language(first):  # `new http-py hello`
        template, first = first, None
    elif first in NOT_HERE:
        raise given.refuse("language", f"there is no starter for {first}", NOT_HERE[first])
    if template in SPIN_TEMPLATES:
        name = SPIN_TEMPLATES[template].language
        if first is not None and second is None and not is_language(first):
            first, second = None, first
        chosen = _language(given, name) if name else None
        if first is not None and _language(given, first) is not chosen:
            raise given.refuse("language", f"{template} is not for {first}", f"leave out {first}")
        return Wanted(chosen, "http" if chosen else template, _name(given, second))
    if first is None:
        raise OptionError("%spin new needs a language", hint="one of: " + ", ".join(sorted(_names())))
    return Wanted(_language(given, first), template, _name(given, second))


def _check_template(given: Arguments, template: str) -> None:
    if template in words():
        return
    if template in NOT_HERE:
        raise given.refuse("template", f"there is no starter for {template}", NOT_HERE[template])
    near = closest(template, list(words()))
    hint = f"did you mean {near}?" if near else "one of: " + ", ".join(words())
    raise given.refuse("template", f"there is no template {template!r}", hint)


def _template(given: Arguments, wanted: Wanted) -> str:
    """The template, when the language has it."""
    assert wanted.language is not None
    try:
        starter(wanted.language.name, wanted.template)
    except OptionError as error:
        raise given.refuse("template", error.message, error.hint) from None
    return wanted.template


def _language(given: Arguments, name: str) -> Language:
    try:
        return language(name)
    except OptionError as error:
        if name in SPIN_TEMPLATES or name not in given.values.values():
            title = next((t for t, s in SPIN_TEMPLATES.items() if s.language == name), name)
            raise given.refuse("template", f"{title} is for {name}, which is not here", error.hint) from None
        raise given.refuse("language", error.message, error.hint) from None


def _name(given: Arguments, name: str | None) -> str:
    from spinlab.declared import check_name

    if name is None:
        return ""
    try:
        check_name(name)
    except NameRefused as error:
        key = "name" if given["name"] == name else "language"
        raise given.refuse(key, error.message, error.hint) from None
    return name


def _free(desk: Desk, wanted: Wanted) -> str:
    """A name that no function has yet."""
    base = templates.NAMES.get(wanted.template, "hello")
    if wanted.language is None:
        base = "assets" if "static" in wanted.template else "app"
    taken = desk.functions
    return next(name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}{n}") not in taken)


def _names() -> set[str]:
    return {known.name for known in languages().values()}


VERBS = (
    verb(
        "new",
        "Put a first cell in a language below.",
        new,
        group="the app",
        takes=(
            Positional("LANGUAGE", "What it is written in; left out with a template of Spin's.", required=False),
            Positional("NAME", "What it is called; chosen when left out.", required=False),
        ),
        options=(
            Option(
                ("--template", "-t"),
                "http, kv, sqlite or fetch; or one of Spin's: http-py, http-js, ...",
                "TEMPLATE",
            ),
        ),
        completes={"language": "language", "name": "function", "template": "template"},
        notes="kv counts in a key-value store, sqlite keeps rows in a database, fetch asks another function; the cell "
        "grants what it needs.",
    ),
)
