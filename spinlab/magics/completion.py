"""Completion of ``%%spin`` and ``%spin`` lines, from the same declarations that parse them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from spinlab.errors import OptionError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Command, Option
from spinlab.magics.words import Word, split
from spinlab.widgets.urls import example_path

_ABOUT = 60
_UNBROKEN = {ord(" "): "\u00a0", ord("-"): "\u2011"}
"""JupyterLab breaks a long type into lines that overlap; these characters keep it in one."""


@dataclass(frozen=True)
class Candidate:
    """One completion.

    Attributes:
        text: What is inserted.
        kind: Shown beside it: ``verb``, ``option``, ``language``, ``function``, ``route``, ``value``, ``app``.
        about: One line, for front ends that show it.
    """

    text: str
    kind: str
    about: str = ""


class Completion:
    """The matcher of one shell. It suppresses Python names, which mean nothing on these lines."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

        @context_matcher(identifier="spinlab", priority=200)  # type: ignore[untyped-decorator]
        def matcher(context: CompletionContext) -> Any:
            return self.match(context.full_text, context.cursor_line, context.cursor_position)

        self.matcher = matcher

    def match(self, text: str, line: int, column: int) -> dict[str, Any]:
        """What IPython asks: the candidates for a place in a cell."""
        lines = text.split("\n")
        before = lines[line][:column] if line < len(lines) else ""
        found = self.candidates(before, first=not "".join(lines[:line]).strip())
        if found is None:
            return {"completions": [], "suppress": False}
        fragment, candidates = found
        near = [c for c in candidates if c.text.startswith(fragment)]
        if not near and fragment:
            near = [Candidate(fragment, "value")]  # keeps Python names away where nothing of ours fits
        completions = [_described(c) for c in near]
        return {"completions": completions, "matched_fragment": fragment, "suppress": True}

    def candidates(self, before: str, *, first: bool = True) -> tuple[str, list[Candidate]] | None:
        """The fragment before the cursor and what may stand there; None where the line is not ours.

        Parameters:
            before: The line up to the cursor.
            first: Whether nothing but blank lines stands above, as ``%%`` needs.
        """
        stripped = before.lstrip()
        if first and stripped.startswith("%%spin ") and before == stripped:
            return self._cell(before, len("%%spin"))
        if first and stripped.startswith("%%spinsql ") and before == stripped:
            return self._sql_cell(before, len("%%spinsql"))
        if first and stripped.startswith("%%spintest ") and before == stripped:
            return self._test_cell(before, len("%%spintest"))
        at = before.find("%spin ")
        head = before[:at].strip() if at >= 0 else "?"
        if head and not head.endswith("="):
            return None
        return self._line(before, at + len("%spin"))

    def _cell(self, before: str, begin: int) -> tuple[str, list[Candidate]]:
        from spinlab.magics.cell import CELL, language_names

        done, fragment = _split(before, begin)
        if (option := _waiting(CELL, done)) is not None:
            return fragment, self._value(option, "")
        if fragment.startswith("-"):
            return fragment, _options(CELL, done)
        plain = _plain(CELL, done)
        functions = [Candidate(n, "function", "run the cell again to replace it") for n in self._functions()]
        if not plain:
            return fragment, [*(Candidate(n, "language") for n in language_names()), *functions]
        if len(plain) == 1 and plain[0].text in language_names():
            return fragment, functions
        return fragment, [] if fragment else _options(CELL, done)

    def _sql_cell(self, before: str, begin: int) -> tuple[str, list[Candidate]]:
        from spinlab.magics.spinsql import SQL

        done, fragment = _split(before, begin)
        if _waiting(SQL, done) is not None:
            return fragment, []
        if fragment.startswith("-") or _plain(SQL, done):
            return fragment, _options(SQL, done)
        return fragment, self._kind("database")

    def _test_cell(self, before: str, begin: int) -> tuple[str, list[Candidate]]:
        from spinlab.magics.spintest import TEST

        done, fragment = _split(before, begin)
        return fragment, [] if _waiting(TEST, done) is not None else _options(TEST, done)

    def _line(self, before: str, begin: int) -> tuple[str, list[Candidate]]:
        from spinlab.magics.verbs import VERBS

        done, fragment = _split(before, begin)
        if not done:
            return fragment, [Candidate(v.name, "verb", v.command.summary) for v in VERBS.values()]
        verb = VERBS.get(done[0].text)
        if verb is None:
            return fragment, []
        rest = done[1:]
        if (option := _waiting(verb.command, rest)) is not None:
            return fragment, self._value(option, verb.completes.get(option.key, ""))
        if fragment.startswith("-"):
            return fragment, _options(verb.command, rest)
        slots = verb.command.positionals
        index = len(_plain(verb.command, rest))
        slot = slots[index] if index < len(slots) else slots[-1] if slots and slots[-1].many else None
        if slot is None:
            return fragment, [] if fragment else _options(verb.command, rest)
        return fragment, self._kind(verb.completes.get(slot.key, ""))

    def _value(self, option: Option, kind: str) -> list[Candidate]:
        return [Candidate(v, "value") for v in option.values] or self._kind(kind)

    def _kind(self, kind: str) -> list[Candidate]:
        if kind == "function":
            return [Candidate(n, "function") for n in self._functions()]
        if kind == "path":
            return list(self._paths())
        if kind == "variable":
            return [Candidate(n, "variable") for n in self.desk.app.services.declared()]
        if kind == "verb":
            from spinlab.magics.verbs import VERBS

            return [Candidate(v.name, "verb", v.command.summary) for v in VERBS.values()]
        if kind == "language":
            from spinlab.magics.cell import language_names

            return [Candidate(n, "language") for n in language_names()]
        if kind == "template":
            from spinlab.magics.verbs.new import words

            return [Candidate(n, "template") for n in words()]
        if kind == "test":
            return [Candidate(n, "test") for n in self.desk.app.tests]
        if kind == "recording":
            return [Candidate(str(n), "recording") for n in self.desk.app.recordings]
        if kind == "app":
            return [Candidate(n, "app") for n in self.desk.session.apps]
        from spinlab.magics.verbs.stores import offered

        return [Candidate(x, kind) for x in offered(kind, self.desk)]

    def _functions(self) -> Iterable[str]:
        return self.desk.functions

    def _paths(self) -> Iterator[Candidate]:
        for route in self.desk.app.routes():
            path = example_path(route.pattern)
            yield Candidate(path, "route", f"{route.pattern} of {route.function}")


def _described(candidate: Candidate) -> SimpleCompletion:
    """IPython's completion; a matcher has no other field for a description than the type, which front ends show."""
    about = candidate.about if len(candidate.about) <= _ABOUT else candidate.about[: _ABOUT - 1] + "…"
    kind = f"{candidate.kind}: {about}" if about else candidate.kind
    return SimpleCompletion(candidate.text, type=kind.translate(_UNBROKEN))


def _split(before: str, begin: int) -> tuple[list[Word], str]:
    """The complete words, and the fragment that the cursor stands at the end of."""
    try:
        words = split(before, begin)
    except OptionError:
        return [], ""
    if words and words[-1].end == len(before):
        return words[:-1], before[words[-1].start :]
    return words, ""


def _waiting(command: Command, done: list[Word]) -> Option | None:
    """The option whose value comes next."""
    if not done or done[-1].quoted:
        return None
    option = command.option(done[-1].text)
    return option if option is not None and option.metavar else None


def _plain(command: Command, done: list[Word]) -> list[Word]:
    """The positionals among the words."""
    plain: list[Word] = []
    skip = False
    for word in done:
        option = None if word.quoted else command.option(word.text)
        if skip:
            skip = False
        elif option is not None:
            skip = bool(option.metavar)
        elif not word.text.startswith("-") or word.quoted:
            plain.append(word)
    return plain


def _options(command: Command, done: list[Word]) -> list[Candidate]:
    """The options that can still be given, the manifest's names first."""
    given = {o.key for w in done if (o := command.option(w.text)) is not None and not o.many}
    free = [o for o in command.all_options if o.key not in given]
    return [Candidate(n, "option", o.help) for o in free for n in o.names if n.startswith("--")]
