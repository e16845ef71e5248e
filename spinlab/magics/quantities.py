"""Durations, sizes and addresses as people write them: ``10s``, ``1m30s``, ``256MiB``, ``127.0.0.1:3000``."""

from __future__ import annotations

import math
import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_BYTES = {
    "": 1,
    "b": 1,
    "k": 1 << 10,
    "kb": 1000,
    "kib": 1 << 10,
    "m": 1 << 20,
    "mb": 1000**2,
    "mib": 1 << 20,
    "g": 1 << 30,
    "gb": 1000**3,
    "gib": 1 << 30,
}
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]*)")


def duration(text: str) -> float:
    """Seconds of ``10s``, ``500ms``, ``2m``, ``1m30s``; a bare number is seconds.

    Raises:
        ValueError: It is none, or not above zero.
    """
    wanted = "a time is written like 10s, 500ms or 1m30s"
    bare = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", bare):
        bare += "s"
    parts = _DURATION_PART.findall(bare)
    if not parts or "".join(n + u for n, u in parts) != bare:
        raise ValueError(wanted)
    seconds = math.fsum(float(n) * _SECONDS[u] for n, u in parts)
    if seconds <= 0:
        raise ValueError(f"{wanted}, above zero")
    return seconds


def size(text: str) -> int:
    """Bytes of ``256MiB``, ``64k``, ``1GB``; a bare number is bytes.

    Raises:
        ValueError: It is none, or not above zero.
    """
    wanted = "a size is written like 256MiB, 64KiB or 1GiB"
    found = _SIZE.fullmatch(text.strip())
    unit = found[2].lower() if found else "?"
    if found is None or unit not in _BYTES:
        raise ValueError(wanted)
    amount = int(float(found[1]) * _BYTES[unit])
    if amount <= 0:
        raise ValueError(f"{wanted}, above zero")
    return amount


def count(text: str) -> int:
    """A whole number above zero.

    Raises:
        ValueError: It is none.
    """
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError("a whole number above zero is needed")
    return int(text)


def address(text: str) -> str:
    """An address that the listener may have, as it is.

    Raises:
        ValueError: It is none, or not on this machine's loopback.
    """
    host, sign, port = text.rpartition(":")
    if not sign or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError("an address is written 127.0.0.1:3000")
    if host not in ("", "127.0.0.1", "localhost", "[::1]"):
        raise ValueError("the listener answers on this machine only: 127.0.0.1 or [::1]")
    return text


def header(text: str) -> tuple[str, str]:
    """A header, written ``Name: value``."""
    name, sign, value = text.partition(":")
    if not sign or not name.strip() or any(c in text for c in "\r\n"):
        raise ValueError("a header is written 'Name: value'")
    return name.strip(), value.strip()
