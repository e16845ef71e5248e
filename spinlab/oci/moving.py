"""How far it is when several threads move bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Moving:
    """Adds up what several threads have moved.

    Parameters:
        progress: Told what is done, and which part of it.
        what: What is being done.
        whole: Bytes in all.
    """

    def __init__(self, progress: Callable[[str, float | None], None], what: str, whole: int) -> None:
        self._progress, self._what, self._whole = progress, what, whole
        self._lock = threading.Lock()
        self._done = 0
        self._stopped = False

    def stop(self) -> None:
        """Let no thread go on: each ends with its next piece."""
        self._stopped = True

    def __call__(self, more: int) -> None:
        """So many bytes more; less than none when some have to be moved again.

        Raises:
            InterruptedError: It was stopped.
        """
        if self._stopped:
            raise InterruptedError("stopped")
        with self._lock:
            self._done += more
            done = self._done / self._whole if self._whole else 1.0
        self._progress(f"{self._what} ({amount(self._whole)})", min(max(done, 0.0), 1.0))


def amount(size: int) -> str:
    """Bytes for people."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1e3:.1f} kB" if size < 1_000_000 else f"{size / 1e6:.1f} MB"
