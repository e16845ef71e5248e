"""How a long step says what it is doing."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float | None], None]
"""Called with what is being done and how far it is (0 to 1, or None when unknown)."""


def silent(_what: str, _done: float | None = None) -> None:
    """The progress display of those who want none."""
