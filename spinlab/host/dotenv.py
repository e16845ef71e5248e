"""Files of lines ``NAME=value``, as Spin reads ``.env`` (its library: dotenvy)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from stat import S_ISREG

from spinlab.errors import ManifestError

LARGEST = 1 << 20
"""Bytes of a file that is read at all."""

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*")
_PLAIN = re.compile(r"(?:\\.|[^\s'\"\\])+|\\")
_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_ESCAPES = {"n": "\n", "\\": "\\", '"': '"', "'": "'", "$": "$", " ": " "}


class Dotenv:
    """One file, read again when it has changed; one that is not there is empty.

    Parameters:
        path: Where it is; a relative one is looked for in the current directory of each moment.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read: tuple[object, Mapping[str, str]] = (None, {})

    def get(self, name: str) -> str | None:
        """The value of a name.

        Raises:
            ManifestError: A line is none of the kind, or the file can't be read.
        """
        try:
            path = self.path.absolute()
            stat = path.stat()
            if not S_ISREG(stat.st_mode):
                return None
            state = (path, stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._read[0] != state:
                self._read = (state, parse(_text(path, stat.st_size), str(self.path)))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ManifestError(f"{self.path} can't be read: {error.strerror or error}") from None
        return self._read[1].get(name)


def _text(path: Path, size: int) -> str:
    if size > LARGEST:
        raise ManifestError(f"{path.name} is too large to be a file of variables")
    return path.read_text("utf-8-sig", "replace")


def parse(text: str, title: str = ".env") -> dict[str, str]:
    """The names and values of a file.

    Parameters:
        text: Its lines.
        title: What to call it; a message names it and the line, never what stands there.

    Raises:
        ManifestError: A line is none of the kind.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at:end].strip()
        if not line or line.startswith("#"):
            at = end + 1
            continue
        at = text.index(line[0], at)
        head = _LINE.match(text, at, end)
        if head is None:
            raise _wrong(title, text, at)
        value, at = _value(text, min(head.end(), end), found, title)
        found[head.group(1)] = value
    return found


def _value(text: str, at: int, known: Mapping[str, str], title: str) -> tuple[str, int]:
    """The value that begins at `at`, and where the next line does."""
    parts: list[str] = []
    begin = at
    while at < len(text) and text[at] not in "\r\n":
        char = text[at]
        if char in "'\"":
            close = _closing(text, at)
            if close < 0:
                raise _wrong(title, text, begin)
            inner = text[at + 1 : close]
            parts.append(inner if char == "'" else _expanded(inner, known))
            at = close + 1
        elif char.isspace():
            rest = text[at : _end(text, at)].strip()
            if rest and not rest.startswith("#"):
                raise _wrong(title, text, begin)
            break
        else:
            plain = _PLAIN.match(text, at)
            assert plain is not None
            parts.append(_expanded(plain.group(), known))
            at = plain.end()
    return "".join(parts), _end(text, at) + 1


def _end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _closing(text: str, at: int) -> int:
    """The quote that closes the one at `at`; -1 when none does."""
    quote = text[at]
    place = at + 1
    while place < len(text):
        if text[place] == "\\" and quote == '"':
            place += 1
        elif text[place] == quote:
            return place
        place += 1
    return -1


def _expanded(text: str, known: Mapping[str, str]) -> str:
    """Backslashes and ``$NAME`` replaced; the environment goes before the file."""
    parts = re.split(r"(\\.)", text, flags=re.DOTALL)
    return "".join(
        _ESCAPES.get(part[1], part) if part[:1] == "\\" and len(part) == 2 else _REFERENCE.sub(_reader(known), part)
        for part in parts
    )


def _reader(known: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def read(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(2)
        return os.environ.get(name, known.get(name, ""))

    return read


def _wrong(title: str, text: str, at: int) -> ManifestError:
    line = text.count("\n", 0, at) + 1
    return ManifestError(f"{title} line {line} is not NAME=value", hint='quote a value with blanks: NAME="a value"')
