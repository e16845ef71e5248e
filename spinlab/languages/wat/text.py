"""WebAssembly text as nested forms with their places: enough to say where something is, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from spinlab.errors import Location, SourceError

_TOKEN = re.compile(
    r"""(?P<space>[\s\ufeff]+|;;[^\n]*)|(?P<block>\(;)|(?P<open>\()|(?P<close>\))"""
    r"""|(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<atom>[^\s()";]+|.)"""
)
_EDGE = re.compile(r"\(;|;\)")


@dataclass(frozen=True)
class Atom:
    """A word or a string.

    Attributes:
        text: As written.
        at: Index of its first character.
    """

    text: str
    at: int


@dataclass
class Form:
    """What stands between two parentheses.

    Attributes:
        at, end: Index of each of them.
        items: Words, strings and forms in it.
    """

    at: int
    end: int = -1
    items: list[Atom | Form] = field(default_factory=list)

    @property
    def head(self) -> str:
        """The word that it begins with."""
        first = self.items[0] if self.items else None
        return first.text if isinstance(first, Atom) else ""

    @property
    def name(self) -> str:
        """The name that follows, with its ``$``; empty for none."""
        second = self.items[1] if len(self.items) > 1 else None
        return second.text if isinstance(second, Atom) and second.text.startswith("$") else ""

    def forms(self, head: str = "") -> Iterator[Form]:
        """The forms directly in it; only those that begin with that word, when one is given."""
        return (item for item in self.items if isinstance(item, Form) and head in ("", item.head))


def parse(text: str) -> Form:
    """The forms of a text, in one that has no parentheses.

    Raises:
        SourceError: A parenthesis, string or comment has no other end; points at it.
    """
    root = Form(-1)
    open_forms = [root]
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None, "the last alternative takes any character"
        kind, at = match.lastgroup, match.end()
        if kind == "block":
            at = _end_of_comment(text, match.start())
        elif kind == "open":
            inner = Form(match.start())
            open_forms[-1].items.append(inner)
            open_forms.append(inner)
        elif kind == "close":
            if len(open_forms) == 1:
                raise _unbalanced(text, match.start(), "this ) has no (", "take it away, or look for a ( before it")
            open_forms.pop().end = match.start()
        elif kind in ("string", "atom"):
            if match[0] == '"':
                raise _unbalanced(text, match.start(), "this string is not closed", 'end it with " on the same line')
            open_forms[-1].items.append(Atom(match[0], match.start()))
    if len(open_forms) > 1:
        raise _unbalanced(text, open_forms[1].at, "this ( is not closed", "count the parentheses of this form")
    root.end = len(text)
    return root


def place(text: str, at: int, length: int = 1) -> Location:
    """Where an index of a text is."""
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return Location(line, column, column + length)


def _end_of_comment(text: str, begin: int) -> int:
    depth = 0
    for edge in _EDGE.finditer(text, begin):
        depth += 1 if edge[0] == "(;" else -1
        if depth == 0:
            return edge.end()
    raise _unbalanced(text, begin, "this comment is not closed", "end it with ;)")


def _unbalanced(text: str, at: int, message: str, hint: str) -> SourceError:
    return SourceError(message, hint=hint, location=place(text, at))
