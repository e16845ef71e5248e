"""Run a program that may run code of strangers so that it can do little: Linux's Landlock, where the kernel has it.

A build script or a macro of a package runs when the package is built, with the rights of the user. A confined program
and all that it starts can't write but where it is told, can't see the user's home but what it is told, and makes no
TCP connection. Elsewhere `confined` gives the command as it is, and `limits` says so.

Run as a script by the command that `confined` makes: a small program of its own, which needs nothing of spinlab.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

CREATE, ADD, RESTRICT = 444, 445, 446
"""The system calls, which have the same numbers on every processor."""
_NO_NEW_PRIVILEGES: Final = 38
_READ: Final = 1 << 0 | 1 << 2 | 1 << 3
_READ_FILE: Final = 1 << 0 | 1 << 2
_FILE: Final = _READ_FILE | 1 << 1 | 1 << 14 | 1 << 15
_KNOWN: Final = {1: 13, 2: 14, 3: 15, 4: 15}
"""Version of Landlock -> how many kinds of access to files it knows; later ones know 16."""


@cache
def version() -> int:
    """The version of Landlock that is here; 0 for none."""
    if sys.platform != "linux":
        return 0
    try:
        found = int(ctypes.CDLL(None, use_errno=True).syscall(CREATE, None, 0, 1))
    except (OSError, AttributeError):
        return 0
    return max(0, found)


def limits() -> str:
    """What confined programs can't do here, for people."""
    if not version():
        return "nothing keeps it from what you can do yourself"
    network = ", nor open a TCP connection" if version() >= 4 else ""
    return f"it can't write outside the build folder, nor read your home{network}"


def confined(
    command: Sequence[str | os.PathLike[str]], *, read: Iterable[Path], write: Iterable[Path]
) -> list[str | os.PathLike[str]]:
    """The command that runs `command` confined; the same one where that can't be done.

    Parameters:
        read: What it may read of the user's home; the rest of the machine it may read as the user may.
        write: Folders that it may write in, and read.
    """
    if not version():
        return list(command)
    rules = {"read": [str(p) for p in (*outside_home(), *read)], "write": [str(p) for p in write]}
    return [sys.executable, "-I", "-S", str(Path(__file__)), json.dumps(rules), *command]


def outside_home() -> list[Path]:
    """Everything at the top of the file system but what the user's home is in, and the environments of processes."""
    home = Path.home().absolute()
    hidden = {home.parts[1] if len(home.parts) > 1 else "", "proc"}
    about_machine = [Path("/proc", name) for name in ("cpuinfo", "meminfo", "stat", "sys")]
    return [*(entry for entry in sorted(Path("/").iterdir()) if entry.name not in hidden), *about_machine]


def restrict(read: Iterable[str], write: Iterable[str]) -> None:
    """Confine this process for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    every = (1 << _KNOWN.get(version(), 16)) - 1
    size = 8 if version() < 4 else 16 if version() < 6 else 24
    ruleset = _checked(libc.syscall(CREATE, struct.pack("<QQQ", every, 3, 3)[:size], size, 0))
    for paths, access in ((read, _READ), (write, every)):
        for path in paths:
            _allow(libc, ruleset, path, access & every)
    _allow(libc, ruleset, "/dev", _FILE & every, also=1 << 3)
    _checked(libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    _checked(libc.syscall(RESTRICT, ruleset, 0))
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, access: int, also: int = 0) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no permission
    try:
        wanted = access | also if os.path.isdir(path) else access & _FILE
        _checked(libc.syscall(ADD, ruleset, 1, struct.pack("<Qi", wanted, handle), 0))
    finally:
        os.close(handle)


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def main(arguments: list[str]) -> None:
    """Confine this process, then become the command."""
    rules = json.loads(arguments[0])
    restrict(rules["read"], rules["write"])
    os.execvp(arguments[1], arguments[1:])  # noqa: S606 - a command of ours, not a shell's


if __name__ == "__main__":
    main(sys.argv[1:])
