"""Plain text for a terminal or a notebook's text output: foreign characters that would act are shown instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

# C0 and C1 controls but newline and tab (a terminal obeys them), and the marks that reorder text.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with characters that a terminal or a text layout would obey written as escapes."""
    return _ACTING.sub(_escape, text.replace("\r\n", "\n"))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def seconds(value: float | None) -> str:
    """A duration in the unit that reads best."""
    if value is None:
        return "not yet"
    if value < 0.0001:
        return f"{value * 1e6:.0f} µs"
    if value < 0.01:
        return f"{value * 1000:.2f} ms"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s"


def octets(value: int) -> str:
    """A number of bytes in the unit that reads best."""
    if value < 1000:
        return f"{value} B"
    for unit in ("KB", "MB"):
        value_in = value / (1000 if unit == "KB" else 1000_000)
        if value_in < 1000:
            return f"{value_in:.{1 if value_in < 100 else 0}f} {unit}"
    return f"{value / 1e9:.1f} GB"


def columns(rows: Sequence[tuple[str, ...]], *, indent: int = 0) -> str:
    """Rows as aligned columns."""
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join(" " * indent + "  ".join(row).rstrip() for row in padded)
