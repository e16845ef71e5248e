"""When a step is tried again: a connection that broke, a registry that is busy."""

from __future__ import annotations

from typing import Final

import httpx

ATTEMPTS: Final = 5
"""How often one step is tried that breaks off or finds the registry busy, without getting any further."""

BUSY: Final = (429, 502, 503, 504)
"""Statuses that ask to come again."""

_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_FINAL = ("certificate", "no address", "not known")


class Busy(Exception):
    """The registry asks to come again."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"it answers {answer.status_code} {answer.reason_phrase}")
        after = answer.headers.get("retry-after", "")
        self.seconds = min(float(after), _LONGEST_PAUSE) if after.isdigit() else 0.0


def pause(attempt: int, error: Exception) -> float:
    """Seconds to wait after so many attempts."""
    asked = error.seconds if isinstance(error, Busy) else 0.0
    return max(_PAUSE * (1 << (attempt - 1)), asked)


def is_final(error: Exception) -> bool:
    """Whether trying again is of no use: a certificate and a name stay what they are."""
    text = str(error).lower()
    return any(part in text for part in _FINAL)
