"""The grammar of a magic line: what a command takes, parsed with the place of every word.

`argparse` would do the parsing but not the pointing: it says what is wrong, not where. One declaration of a command
serves the parser, ``--help`` and completion alike.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spinlab.errors import OptionError
from spinlab.magics.words import Word, split


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes:
        names: The manifest's name first, then short ones.
        help: One line.
        metavar: What its value is called; empty for a flag without a value.
        many: Whether it may be given several times.
        convert: Text to value; raises ValueError with what is wanted.
        values: The only values, when there are few.
    """

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    many: bool = False
    convert: Callable[[str], Any] = str
    values: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its name as an identifier."""
        return self.names[0].lstrip("-").replace("-", "_")


@dataclass(frozen=True)
class Positional:
    """A word that is told by its place.

    Attributes:
        name: As shown in the usage, such as ``NAME``.
        help: One line.
        required: Whether it must be there.
        many: Whether it takes all that follow.
    """

    name: str
    help: str
    required: bool = True
    many: bool = False

    @property
    def key(self) -> str:
        """Its name as an identifier."""
        return self.name.lower()


HELP = Option(("--help", "-h"), "Show this text.")
REST = "--"
"""Key of the words after ``--``."""


@dataclass(frozen=True)
class Command:
    """What ``%%spin`` or a verb of ``%spin`` takes.

    Attributes:
        name: As written, such as ``%spin get``.
        summary: One line.
        positionals: In their order.
        options: Beside ``--help``, which every command has.
        notes: More lines for the help.
        rest: What the words after ``--`` are, for another program; without it they are positionals.
    """

    name: str
    summary: str
    positionals: tuple[Positional, ...] = ()
    options: tuple[Option, ...] = ()
    notes: str = ""
    rest: str = ""

    @property
    def all_options(self) -> tuple[Option, ...]:
        """The options and ``--help``."""
        return (*self.options, HELP)

    def option(self, name: str) -> Option | None:
        """The option of that name."""
        return next((o for o in self.all_options if name in o.names), None)

    def usage(self) -> str:
        """The first line of its help."""
        words = [self.name, *(_shown(p) for p in self.positionals), "[options]" if self.options else ""]
        words += [f"[-- {self.rest}]"] if self.rest else []
        return " ".join(w for w in words if w)

    def help(self) -> str:
        """Usage, what it does, and every option with its line."""
        rows = [(p.name, p.help) for p in self.positionals]
        rows += [(_heading(o), o.help) for o in self.all_options]
        width = min(max(len(left) for left, _ in rows), 34)
        listed = [
            f"  {left:<{width}}  {right}" if len(left) <= width else f"  {left}\n  {'':<{width}}  {right}"
            for left, right in rows
        ]
        return "\n".join([self.usage(), "", self.summary, "", *listed, *(["", self.notes] if self.notes else [])])


@dataclass(frozen=True)
class Arguments:
    """What was given.

    Attributes:
        values: Key -> value; a list for what may be given several times, True for a flag.
        words: Key -> the words that said it.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, tuple[Word, ...]] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.values.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self.values

    def each(self, key: str) -> tuple[Any, ...]:
        """The values of something that may be given several times."""
        return tuple(self.values.get(key, ()))

    def word(self, key: str, index: int = 0) -> Word | None:
        """The word that said it."""
        found = self.words.get(key, ())
        return found[index] if index < len(found) else None

    def refuse(self, key: str, message: str, hint: str = "", index: int = 0) -> OptionError:
        """An error that points at what was given under `key`."""
        word = self.word(key, index)
        return OptionError(message, hint=hint, location=word.location if word else None)


def parse(command: Command, line: str, begin: int = 0) -> Arguments:
    """The arguments of `command` in `line` from index `begin` on.

    Raises:
        OptionError: Points at the word that is wrong, and suggests the closest right one.
    """
    return _Parser(command, line, begin).run()


def closest(name: str, known: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    """The known name nearest to `name`; empty when none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.55)
    return near[0] if near else ""


class _Parser:
    def __init__(self, command: Command, line: str, begin: int) -> None:
        self.command = command
        self.line = line
        self.words = split(line, begin)
        self.values: dict[str, Any] = {}
        self.places: dict[str, list[Word]] = {}

    def run(self) -> Arguments:
        plain: list[Word] = []
        rest = iter(self.words)
        for word in rest:
            if word.text == "--" and not word.quoted:
                if self.command.rest:
                    self.values[REST] = [one.text for one in rest]
                else:
                    plain.extend(rest)
            elif _looks_like_option(word):
                self._option(word, rest)
            else:
                plain.append(word)
        if "help" not in self.values:
            self._positionals(plain)
        return Arguments(self.values, {k: tuple(v) for k, v in self.places.items()})

    def _option(self, word: Word, rest: Iterator[Word]) -> None:
        name, option, attached = self._find(word)
        if option is None:
            raise self._unknown(word, name)
        if not option.metavar:
            if attached is not None:
                raise OptionError(f"{name} takes no value", hint=f"write only {name}", location=word.location)
            self.values[option.key] = True
            self.places.setdefault(option.key, []).append(word)
            return
        value = attached if attached is not None else next(rest, None)
        if value is None or (value is not attached and self._is_known(value)):
            raise OptionError(
                f"{name} needs a value", hint=f"{name} {option.metavar}: {option.help}", location=word.location
            )
        self._store(option, name, word, value)

    def _find(self, word: Word) -> tuple[str, Option | None, Word | None]:
        """The option that `word` names, and a value attached to it (``--x=y``, ``-n5``)."""
        name, sign, _ = word.text.partition("=")
        if sign and (found := self.command.option(name)):
            return name, found, Word(word.text[len(name) + 1 :], word.start, word.end, True)
        short = word.text[:2]
        found = self.command.option(word.text)
        if found is None and not word.text.startswith("--"):
            attached = self.command.option(short)
            if attached is not None and attached.metavar:
                return short, attached, Word(word.text[2:], word.start, word.end, True)
        return name, found, None

    def _is_known(self, word: Word) -> bool:
        return not word.quoted and self.command.option(word.text.partition("=")[0]) is not None

    def _store(self, option: Option, name: str, word: Word, value: Word) -> None:
        if option.key in self.values and not option.many:
            raise OptionError(f"{name} is given twice", hint="give it once", location=word.location)
        if option.values and value.text not in option.values:
            raise OptionError(
                f"{name} can't be {value.text!r}",
                hint="one of: " + ", ".join(option.values),
                location=value.location,
            )
        try:
            converted = option.convert(value.text)
        except ValueError as error:
            raise OptionError(f"{name} can't be {value.text!r}", hint=str(error), location=value.location) from None
        if option.many:
            self.values.setdefault(option.key, []).append(converted)
        else:
            self.values[option.key] = converted
        self.places.setdefault(option.key, []).append(value)

    def _unknown(self, word: Word, name: str) -> OptionError:
        near = closest(name, [n for o in self.command.all_options for n in o.names])
        hint = f"did you mean {near}?" if near else f"{self.command.name} --help lists the options"
        return OptionError(f"{self.command.name} has no option {name}", hint=hint, location=word.location)

    def _positionals(self, plain: list[Word]) -> None:
        waiting = list(plain)
        slots = self.command.positionals
        for index, slot in enumerate(slots):
            if not slot.required and len(waiting) <= sum(s.required for s in slots[index:]):
                continue  # the words that are there belong to the ones that must be
            if slot.many:
                taken, waiting = waiting, []
            else:
                taken, waiting = waiting[:1], waiting[1:]
            if not taken and slot.required:
                raise OptionError(
                    f"{self.command.name} needs {_article(slot.name)}",
                    hint=f"usage: {self.command.usage()}",
                    location=Word("", len(self.line), len(self.line)).location,
                )
            if taken:
                self.values[slot.key] = [w.text for w in taken] if slot.many else taken[0].text
                self.places[slot.key] = taken
        if waiting:
            raise OptionError(
                f"{self.command.name} does not take {waiting[0].text!r}",
                hint=f"usage: {self.command.usage()}",
                location=waiting[0].location,
            )


def _looks_like_option(word: Word) -> bool:
    return len(word.text) > 1 and word.text[0] == "-" and not word.quoted


def _shown(positional: Positional) -> str:
    name = positional.name + (" ..." if positional.many else "")
    return name if positional.required else f"[{name}]"


def _heading(option: Option) -> str:
    names = ", ".join(option.names)
    return f"{names} {option.metavar}" if option.metavar else names


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"
