"""The words of a magic line and where they stand, so that an error can point at one."""

from __future__ import annotations

from dataclasses import dataclass

from spinlab.errors import Location, OptionError


@dataclass(frozen=True)
class Word:
    """One word of the line.

    Attributes:
        text: Without its quotes.
        start: Index of its first character in the line, a quote included.
        end: Index after its last character.
        quoted: Whether it begins with a quote, so that ``"--x"`` is a value and not an option.
    """

    text: str
    start: int
    end: int
    quoted: bool = False

    @property
    def location(self) -> Location:
        """Its place on the magic line, 1-based."""
        return Location(1, self.start + 1, max(self.end, self.start + 1) + 1, on_magic_line=True)


def split(line: str, begin: int = 0) -> list[Word]:
    r"""The words of `line` from index `begin` on.

    Quotes group as in a shell: single quotes keep everything, double quotes know ``\"`` and ``\\``. Outside quotes a
    backslash only escapes a blank or a quote, so that a Windows path stays what it is. Nothing is interpolated.

    Raises:
        OptionError: A quote is not closed.
    """
    words: list[Word] = []
    at = begin
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        word = _word(line, at)
        words.append(word)
        at = word.end
    return words


def _word(line: str, start: int) -> Word:
    text: list[str] = []
    at = start
    while at < len(line) and not line[at].isspace():
        char = line[at]
        if char in "'\"":
            piece, at = _quoted(line, at)
            text.append(piece)
        elif char == "\\" and at + 1 < len(line) and (line[at + 1].isspace() or line[at + 1] in "'\""):
            text.append(line[at + 1])
            at += 2
        else:
            text.append(char)
            at += 1
    return Word("".join(text), start, at, line[start] in "'\"")


def _quoted(line: str, start: int) -> tuple[str, int]:
    quote = line[start]
    text: list[str] = []
    at = start + 1
    while at < len(line):
        char = line[at]
        if char == quote:
            return "".join(text), at + 1
        if char == "\\" and quote == '"' and line[at + 1 : at + 2] in ('"', "\\"):
            text.append(line[at + 1])
            at += 2
        else:
            text.append(char)
            at += 1
    raise OptionError(
        "this quote is not closed",
        hint=f"add {quote} at the end of the value",
        location=Location(1, start + 1, len(line) + 1, on_magic_line=True),
    )
