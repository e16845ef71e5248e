"""The log of a deployment, from its end and as it grows."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from spinlab.deploying.local.child import LONGEST


def lines(path: Path, *, last: int | None, follow: bool, runs: Callable[[], bool]) -> Iterator[str]:
    """Lines without their ends.

    Parameters:
        path: The log; the one before it is read first.
        last: So many lines from the end only.
        follow: Go on with what comes.
        runs: Whether more may come.
    """
    older = path.with_suffix(".1.txt")
    kept: deque[str] = deque(maxlen=last)
    if older.is_file():
        with older.open("rb") as file:
            kept.extend(_whole(file))
    file = path.open("rb")
    try:
        kept.extend(_whole(file))
        yield from kept
        while follow:
            alive = runs()
            found = list(_whole(file))
            yield from found
            if _replaced(file, path):
                yield from _whole(file)
                file.close()
                file = path.open("rb")
            elif not found:
                if not alive:
                    return
                time.sleep(0.2)
    finally:
        file.close()


def _whole(file: IO[bytes]) -> Iterator[str]:
    """Lines that are written to their end."""
    while True:
        at = file.tell()
        line = file.readline(2 * LONGEST)
        if not line.endswith(b"\n"):
            file.seek(at)
            return
        yield line[:-1].decode("utf-8", "replace")


def _replaced(file: IO[bytes], path: Path) -> bool:
    """Whether the log has begun anew."""
    try:
        return os.fstat(file.fileno()).st_ino != path.stat().st_ino
    except OSError:
        return False
