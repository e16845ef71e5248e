"""Names that Spin accepts (``crates/serde/src/id.rs``, ``crates/expressions``).

A component id is kebab case: words with ``-`` between, each all lower or all upper case and beginning with a letter.
A variable is lower snake case. A function may be called either way; its component id is the kebab form.
"""

from __future__ import annotations

import re
from functools import lru_cache

from spinlab.errors import NameRefused

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def debug(text: str) -> str:
    """Text in quotes, as Spin writes it in its messages."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + quoted.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + '"'


def problem(name: str, separator: str = "-", *, lower: bool = False) -> str | None:
    """Why Spin refuses an id, in its words; None when it accepts it.

    Parameters:
        name: The id.
        separator: ``-`` for kebab, ``_`` for snake case.
        lower: Refuse words in upper case too, as variables do.
    """
    wrong = "_" if separator == "-" else "-"
    if not name:
        return "empty"
    if wrong in name:
        return f"words must be separated with '{separator}', not '{wrong}'"
    for word in name.split(separator):
        found = _word_problem(word, f"'{separator}'-separated words")
        if found:
            return found
        if lower and word[0].isupper():
            return f"Lower-case identifiers must be all lowercase; got {debug(name)}"
    return None


def _word_problem(word: str, words: str) -> str | None:
    if not word:
        return f"{words} must not be empty"
    if not (word[0].isascii() and word[0].isalpha()):
        return f"{words} must start with an ASCII letter; got {_char(word[0])}"
    for character in word[1:]:
        if not (character.isascii() and character.isalnum()):
            return f"{words} may only contain alphanumeric ASCII; got {_char(character)}"
        if character.isalpha() and character.isupper() != word[0].isupper():
            return f"{words} must be all lowercase or all UPPERCASE; got {debug(word)}"
    return None


def _char(character: str) -> str:
    return "'\\''" if character == "'" else f"'{character}'"


def label_problem(label: str) -> str | None:
    """Why Spin refuses the label of a store or database; either case will do."""
    if problem(label) and problem(label, "_"):
        return "expected kebab-case or snake_case"
    return None


@lru_cache(maxsize=16384)
def kebab(name: str) -> str:
    """The component id of a function: its name with ``-`` for ``_``.

    Raises:
        NameRefused: It is neither kebab nor snake case; the hint is the nearest name that is.
    """
    separator = "_" if "_" in name and "-" not in name else "-"
    found = problem(name, separator)
    if found:
        raise NameRefused(f"{name!r} can't be the name of a function: {found}", hint=_rather(name, separator))
    return name.replace("_", "-")


def check_component(name: str) -> None:
    """Let a component id pass.

    Raises:
        NameRefused: Spin would refuse it, for the reason it gives.
    """
    found = problem(name)
    if found:
        raise NameRefused(f"{name!r} can't be a component id: {found}", hint=_rather(name, "-"))


def check_variable(name: str) -> None:
    """Let the name of a variable pass.

    Raises:
        NameRefused: Spin would refuse it, for the reason it gives.
    """
    found = problem(name, "_", lower=True)
    if found:
        raise NameRefused(f"{name!r} can't be the name of a variable: {found}", hint=_rather(name, "_"))


def nearest(name: str, separator: str = "-") -> str:
    """The nearest name in lower kebab (or snake) case; empty when nothing of it can be used."""
    words = [w.lower() for w in _WORD.findall(name)]
    joined: list[str] = []
    for word in words:
        if word.isdigit() and joined:
            joined[-1] += word
        elif not word.isdigit():
            joined.append(word)
    return separator.join(joined)


def _rather(name: str, separator: str) -> str:
    near = nearest(name, separator)
    return f"call it {near}" if near else f"begin it with a letter, such as f{separator}1"
