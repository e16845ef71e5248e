"""Cells to begin with: which there are, what Spin calls them, and what they have to be granted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from spinlab.errors import OptionError

TEMPLATES: Final = ("http", "kv", "sqlite", "fetch")
"""An answer; a count in a key-value store; rows of a database; a request to another function."""

GRANTS: Final[Mapping[str, str]] = {
    "kv": "--kv default",
    "sqlite": "--sqlite default",
    "fetch": "--allow http://self",
}
"""Template -> the options of the cell that its starter needs."""

NAMES: Final[Mapping[str, str]] = {"http": "hello", "kv": "visits", "sqlite": "notes", "fetch": "asks"}
"""Template -> what a function is called that nobody has named."""


class SpinTemplate(NamedTuple):
    """A template of `spin new`.

    Attributes:
        language: Whose starter it is; empty where it is no function.
        line: What is written here instead, with NAME in it.
    """

    language: str
    line: str = ""


SPIN_TEMPLATES: Final[Mapping[str, SpinTemplate]] = {
    "http-py": SpinTemplate("python"),
    "http-py-p2": SpinTemplate("python"),
    "http-js": SpinTemplate("javascript"),
    "http-ts": SpinTemplate("typescript"),
    "http-rust": SpinTemplate("rust"),
    "http-c": SpinTemplate("c"),
    "http-zig": SpinTemplate("zig"),
    "http-go": SpinTemplate("go"),
    "http-empty": SpinTemplate("", "%spin app NAME"),
    "static-fileserver": SpinTemplate("", "%spin static NAME --route /NAME/..."),
}
"""Id of a template of Spin -> what it is here."""

NOT_HERE: Final[Mapping[str, str]] = {
    "http-php": "php is not written in cells; a ready php.wasm runs as a CGI program (docs/languages.md)",
    "http-grain": "grain is not written in cells; add what its compiler made: %spin add NAME --source FILE.wasm",
    "redirect": 'a function does that: return "", 302, {"location": "/there"}',
    "redis-rust": "functions are started by HTTP here, not by Redis",
    "redis-go": "functions are started by HTTP here, not by Redis",
}
"""Id of a template of Spin that there is no starter for -> what to do instead."""


def grants(language: object, template: str) -> str:
    """The options that a language's starter needs on the line of its cell."""
    own = getattr(language, "starter_options", None)
    return str(own(template)) if own is not None else GRANTS.get(template, "")


def unknown(template: str, title: str) -> OptionError:
    """The error for a template that a language does not have."""
    return OptionError(f"{title} has no template {template!r}", hint=f"there are: {', '.join(TEMPLATES)}")
