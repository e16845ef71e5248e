"""What a verb of ``%spin`` is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Command, Option, Positional
from spinlab.scaffolding import Choice


@dataclass(frozen=True)
class Verb:
    """One verb: its grammar, what it does, and what its words are for completion.

    Attributes:
        command: The grammar.
        run: Does it; what it returns is the cell's result.
        completes: Key of a positional or option -> ``path``, ``function``, ``app`` or ``verb``.
        group: Heading in ``%spin help``.
        hides: Whether no error may show what stands behind an ``=``.
    """

    command: Command
    run: Callable[[Desk, Arguments], Any]
    completes: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    hides: bool = False

    @property
    def name(self) -> str:
        """As written after ``%spin``."""
        return self.command.name.removeprefix("%spin ")


def option_of(choice: Choice) -> Option:
    """An option of a magic for one that the terminal has as well."""
    return Option(
        choice.names, choice.help, choice.metavar, choice.many, _number if choice.whole else str, choice.values
    )


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("a whole number is needed")
    return int(text)


def verb(
    name: str,
    summary: str,
    run: Callable[[Desk, Arguments], Any],
    *,
    group: str,
    takes: tuple[Positional, ...] = (),
    options: tuple[Option, ...] = (),
    completes: Mapping[str, str] | None = None,
    notes: str = "",
    hides: bool = False,
    rest: str = "",
) -> Verb:
    """Declare a verb."""
    return Verb(Command(f"%spin {name}", summary, takes, options, notes, rest), run, completes or {}, group, hides)
