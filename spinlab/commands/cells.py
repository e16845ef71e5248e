"""A value of a database's column as a front end has it: its type and its text, since JSON can't hold all of them."""

from __future__ import annotations

import re
from typing import Any

from spinlab.errors import OptionError
from spinlab.secrets import mask

SHORT = 300
"""Characters of a text, or digits of bytes, in a table."""

LONGEST = 64 << 10
"""The same where one cell is edited."""

MARGIN = 4 << 10
"""Characters that are looked at beyond, for a secret that would be cut."""

_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,19}\s*")


def written(value: Any, most: int = SHORT) -> dict[str, Any]:
    """A value of SQLite: ``type`` as SQLite calls it and ``text``.

    ``size`` is there when the text is cut; ``masked`` when there is a secret in it: neither can be edited as it is.
    """
    if value is None:
        return {"type": "null", "text": ""}
    if isinstance(value, bytes):
        hidden = mask(value[: most + MARGIN].decode("utf-8", "surrogateescape"))
        if hidden.encode("utf-8", "surrogateescape") != value[: most + MARGIN]:
            return {"type": "blob", "text": "", "size": len(value), "masked": True}
        return {"type": "blob", "text": value[: most // 2].hex(), **_cut(len(value), most // 2)}
    if isinstance(value, str):
        seen = value[: most + MARGIN]
        hidden = mask(seen)
        return {"type": "text", "text": hidden[:most], **_cut(len(value), most), **_masked(hidden != seen)}
    text = str(value)
    return {
        "type": "real" if isinstance(value, float) else "integer",
        "text": mask(text),
        **_masked(mask(text) != text),
    }


def read(cell: Any) -> Any:
    """The value that a front end wrote: ``type`` and ``text``.

    Raises:
        OptionError: The text is no value of that type.
    """
    if not isinstance(cell, dict) or not isinstance(cell.get("text", ""), str):
        raise OptionError(f"a cell has a type and a text, and this one is {cell!r:.100}")
    kind, text = cell.get("type"), cell.get("text", "")
    if kind == "null":
        return None
    if kind == "text":
        return text
    reader = {"integer": _whole, "real": _real, "blob": _blob}.get(str(kind))
    if reader is None:
        raise OptionError(f"{kind!r:.100} is no type of SQLite", hint="null, integer, real, text or blob")
    return reader(text)


def _cut(size: int, most: int) -> dict[str, int]:
    return {"size": size} if size > most else {}


def _masked(masked: bool) -> dict[str, bool]:
    return {"masked": True} if masked else {}


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not -(1 << 63) <= int(text) < 1 << 63:
        raise OptionError(f"{text!r:.100} is no whole number of 64 bits", hint="such as 42, or choose another type")
    return int(text)


def _real(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionError(f"{text!r:.100} is no number", hint="such as 2.5, or choose another type") from None


def _blob(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise OptionError(
            f"{text!r:.100} are no hexadecimal digits", hint="two for each byte: 48 65 6c, or choose another type"
        ) from None
