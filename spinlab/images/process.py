"""Run a toolchain's program so that an interrupt ends it, and all that it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TICK = 0.2
_KEPT = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT")
_NETWORK = ("PIP_", "HTTP", "HTTPS", "NO_PROXY", "ALL_PROXY", "SSL_CERT", "REQUESTS_CA", "XDG_CONFIG")


class ProgramError(Exception):
    """A program ended with an error; its output is the text."""


def environment(extra: Mapping[str, str], *, network: bool = False) -> dict[str, str]:
    """The few variables that a toolchain needs, so that builds do not depend on the rest."""
    kept = {n: v for n, v in os.environ.items() if n.upper() in _KEPT}
    if network:
        kept.update({n: v for n, v in os.environ.items() if n.upper().startswith(_NETWORK)})
    return {**kept, **extra}


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path,
    env: Mapping[str, str],
    tick: Callable[[], None] = lambda: None,
) -> str:
    """Run `command` to its end and give its output.

    Parameters:
        tick: Called several times a second while it runs.

    Raises:
        ProgramError: It ended with an error.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt of the kernel's group must not race with ours
        )
        try:
            while True:
                try:
                    process.wait(TICK)
                    break
                except subprocess.TimeoutExpired:
                    tick()
        except BaseException:
            end(process)
            raise
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if process.returncode:
        raise ProgramError(text)
    return text


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children, and wait until it is gone."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
