"""Run a toolchain's program so that an interrupt ends it, and all that it started.

Programs run outside this process and outside Python's lock, in a group of their own, with a small environment: what is
secret in ours is not in theirs.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

import psutil

TICK: Final = 0.2
MOST: Final = 64 << 20
"""Bytes that a program may print before it is ended."""
KEPT: Final = 4 << 20
"""Bytes of what it printed that are kept, half from the start and half from the end."""

_ALWAYS = {"PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT"}
_LOCALE = {"LANG", "LC_ALL", "LC_CTYPE"}
_NETWORK = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
_NETWORK |= {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"}

_FULL = re.compile(
    r"no space left on device|not enough space on the disk|disk quota exceeded|\b(?:ENOSPC|NoSpaceLeft|DiskQuota)\b",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    r"\bout of memory\b|\bOutOfMemory\b|cannot allocate memory|memory allocation of \d+ bytes failed|\bbad_alloc\b",
    re.IGNORECASE,
)
_KINDS = {
    "killed": "was killed, most likely because the machine ran out of memory",
    "memory": "ran out of memory",
    "disk": "found no room on the disk",
    "crashed": "crashed",
    "timeout": "did not end in time",
    "output": "printed without end and was stopped",
    "missing": "can't be started",
    "failed": "failed",
}


class ProgramError(Exception):
    """A program ended with an error; its output is the text.

    Attributes:
        kind: ``failed`` by its own decision, ``killed`` from outside, ``crashed``, out of ``memory``, of ``disk``, of
            time (``timeout``), stopped because of its ``output``, or ``missing``.
        why: The same in words that follow the program's name.
    """

    def __init__(self, output: str, kind: str = "failed") -> None:
        super().__init__(output)
        self.output = output
        self.kind = kind
        self.why = _KINDS[kind]


@dataclass(frozen=True)
class Completed:
    """A program that ended.

    Attributes:
        code: Its exit status; negative: the signal that ended it.
        out, err: What it wrote; the middle is left out when it is long.
    """

    code: int
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """All that it wrote, as text."""
        return "".join(part.decode("utf-8", "replace") for part in (self.out, self.err))

    def check(self) -> Completed:
        """Raise a `ProgramError` unless it went well."""
        if self.code:
            raise ProgramError(self.text, kind_of(self.code, self.text))
        return self


def environment(extra: Mapping[str, str], *, network: bool = False, own: Sequence[str] = ()) -> dict[str, str]:
    """The few variables that a toolchain needs: no secrets, and builds do not depend on the rest.

    Parameters:
        extra: Set in addition.
        network: Whether it fetches: proxies and certificates are passed on.
        own: Prefixes of the variables that configure this very tool, such as ``PIP_``.
    """
    wanted = _ALWAYS | _LOCALE | (_NETWORK if network else set())
    kept = {n: v for n, v in os.environ.items() if n.upper() in wanted or (own and n.upper().startswith(tuple(own)))}
    return {**kept, **extra}


def kind_of(code: int, output: str) -> str:
    """Which of the kinds of `ProgramError` an exit status and an output are."""
    if _FULL.search(output):
        return "disk"
    if _MEMORY.search(output):
        return "memory"
    number = -code if code < 0 else code - 128
    if number == 9:  # SIGKILL
        return "killed"
    crashed = code < 0 or number in (4, 6, 7, 8, 11) or (os.name == "nt" and code >= 0xC0000000)
    return "crashed" if crashed else "failed"


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path,
    env: Mapping[str, str],
    tick: Callable[[], None] = lambda: None,
    input: bytes | None = None,  # noqa: A002 - what subprocess calls it
    memory: int | None = None,
    timeout: float | None = None,
) -> str:
    """Run `command` to its end and give its output and its errors in the order they came.

    Raises:
        ProgramError: It ended with an error, or could not be started.
    """
    with tempfile.TemporaryFile() as out:
        code = _run(command, cwd, env, tick, input, memory, timeout, out, subprocess.STDOUT)
        return Completed(code, _read(out), b"").check().text


def call(
    command: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path,
    env: Mapping[str, str],
    tick: Callable[[], None] = lambda: None,
    input: bytes | None = None,  # noqa: A002
    memory: int | None = None,
    timeout: float | None = None,
    listen: Callable[[bytes], None] = lambda text: None,
) -> Completed:
    """Run `command` to its end, whatever its exit status; output and errors are kept apart.

    Parameters:
        tick: Called several times a second while it runs; what it raises ends the program.
        input: What it reads; nothing otherwise.
        memory: Bytes that it and its children may hold together.
        timeout: Seconds until it is ended.
        listen: Called with what it has newly written to its errors, before each `tick`.

    Raises:
        ProgramError: It could not be started, or was stopped at one of the limits.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        heard = 0

        def hear() -> None:
            nonlocal heard
            new = os.pread(err.fileno(), 1 << 16, heard) if hasattr(os, "pread") else b""
            if new:
                heard += len(new)
                listen(new)
            tick()

        code = _run(command, cwd, env, hear, input, memory, timeout, out, err)
        return Completed(code, _read(out), _read(err))


def _run(
    command: Sequence[str | os.PathLike[str]],
    cwd: Path,
    env: Mapping[str, str],
    tick: Callable[[], None],
    given: bytes | None,
    memory: int | None,
    timeout: float | None,
    out: IO[bytes],
    err: IO[bytes] | int,
) -> int:
    with _input(given) as source:
        try:
            process = subprocess.Popen(
                [os.fspath(part) for part in command],
                cwd=cwd,
                env=dict(env),
                stdin=source,
                stdout=out,
                stderr=err,
                start_new_session=True,  # an interrupt of the kernel's group must not race with ours
            )
        except OSError as error:
            raise ProgramError(f"{os.fspath(command[0])}: {error.strerror or error}", "missing") from None
    outputs = [file for file in (out, err) if not isinstance(file, int)]
    end_at = None if timeout is None else time.monotonic() + timeout
    try:
        for _ in _until_ended(process):
            tick()
            stopped = _limits(process, outputs, memory, end_at)
            if stopped:
                end(process)
                raise ProgramError("\n".join(_read(f).decode("utf-8", "replace") for f in outputs), stopped)
    except BaseException:
        end(process)
        raise
    return end(process)


@contextlib.contextmanager
def _input(given: bytes | None) -> Iterator[int | IO[bytes]]:
    """What a program reads: from a file, so that nobody has to feed it."""
    if given is None:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        yield file


def _until_ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Come by several times a second until the process has ended; it is not reaped where that can be had."""
    opened = getattr(os, "pidfd_open", None)  # Linux: told at once, where Popen.wait looks every 50 ms
    handle: int | None = None
    if opened is not None:
        with contextlib.suppress(OSError):
            handle = opened(process.pid)
    if handle is None:
        while not _wait(process):
            yield
        return
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        while not poll.poll(TICK * 1000):
            yield
    finally:
        os.close(handle)


def _wait(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(TICK)
    except subprocess.TimeoutExpired:
        return False
    return True


def _limits(
    process: subprocess.Popen[bytes], outputs: Sequence[IO[bytes]], memory: int | None, end_at: float | None
) -> str:
    """The kind of limit that a running program has reached; empty for none."""
    if end_at is not None and time.monotonic() > end_at:
        return "timeout"
    if any(os.fstat(file.fileno()).st_size > MOST for file in outputs):
        return "output"
    if memory is not None and _held(process.pid) > memory:
        return "memory"
    return ""


def _held(pid: int) -> int:
    """Bytes of memory that a process and its children hold."""
    total = 0
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        for one in (parent, *parent.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
    return total


def _read(file: IO[bytes]) -> bytes:
    """What was written to a file; the middle is left out of what is long."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    if size <= KEPT:
        return file.read()
    start = file.read(KEPT // 2)
    file.seek(size - KEPT // 2)
    return start + f"\n... {size - KEPT} bytes left out ...\n".encode() + file.read(KEPT // 2)


def end(process: subprocess.Popen[bytes]) -> int:
    """Kill what is left of a process and of its children, wait until it is gone, and give its exit status."""
    if sys.platform == "win32":
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    child.kill()
        process.kill()
    elif process.returncode is None:  # not reaped yet, so nobody else can have the number of its group
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()
