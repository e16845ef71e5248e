"""What a guest writes to stdout and stderr, as lines, bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from spinlab.http import LogLine

STREAMS = {1: "stdout", 2: "stderr"}

Tell = Callable[[str, str], None]
"""Called with a stream and text as they are written."""

_PER_LINE = 16
"""A line costs us more than its text: so many bytes of the limit are also taken by each line end."""


class Log:
    """The log of one request.

    Not thread-safe: a guest and what is done for it write from one thread.

    Parameters:
        limit: Bytes that may be written; of what somebody is told of, bytes that are kept.
        tell: Who is told of everything at once.
    """

    def __init__(self, limit: int, tell: Tell | None = None) -> None:
        self._left = limit
        self._tell = tell
        self._lines: list[LogLine] = []
        self._fragments: dict[str, tuple[float, list[str]]] = {}

    def write(self, stream: str, text: str) -> bool:
        """Add text; False when it does not fit any more (what fits is kept)."""
        if self._tell is not None:
            self._tell(stream, text)
            if self._left < 0:
                return True
        self._left -= (len(text) if text.isascii() else len(text.encode("utf-8", "replace"))) + _PER_LINE * text.count(
            "\n"
        )
        fits = self._left >= 0
        if not fits:
            text = text[: max(0, len(text) + self._left)]
        now = time.time()
        *whole, rest = text.split("\n")
        for line in whole:
            began, parts = self._fragments.pop(stream, (now, []))
            self._lines.append(LogLine(stream, "".join((*parts, line)).removesuffix("\r"), began))
        if rest:
            self._fragments.setdefault(stream, (now, []))[1].append(rest)
        return fits or self._tell is not None

    def note(self, text: str) -> None:
        """Add lines of ours to stderr, whatever the guest has left of its limit."""
        now = time.time()
        self._lines.extend(LogLine("stderr", line, now) for line in text.splitlines())
        if self._tell is not None:
            self._tell("stderr", f"{text}\n")

    def before(self, lines: Iterable[LogLine]) -> None:
        """Put lines that were written earlier in front."""
        self._lines[:0] = lines

    def lines(self) -> tuple[LogLine, ...]:
        """Everything written; a last fragment counts as a line."""
        for stream, (began, parts) in self._fragments.items():
            self._lines.append(LogLine(stream, "".join(parts), began))
        self._fragments.clear()
        return tuple(self._lines)
