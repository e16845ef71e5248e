"""esbuild as a process that is kept: it answers in a millisecond or two where a new one takes ten or more.

esbuild's own packages talk to it in the same way: length, number, value, over its standard input and output. That form
belongs to its version, so whoever starts it pins one. It ends with this process, because its input ends then.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final

from spinlab.toolchains.process import ProgramError, end, environment, kind_of

Value = Any
"""None, bool, int, str, bytes, and lists and dicts of them."""

_POLL: Final = 0.05
_LONGEST: Final = 120.0
"""Seconds that one request may take."""
_MOST: Final = 256 << 20
"""Bytes that one answer may have."""
_KEPT: Final = 4000


class Service:
    """A running esbuild.

    Parameters:
        program: Its path.
        version: As it says itself; it refuses to talk to those who expect another one.
    """

    def __init__(self, program: Path, version: str) -> None:
        self.program = program
        self.owner = os.getpid()
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._number = 0
        with tempfile.TemporaryFile() as errors:
            self._errors = os.fdopen(os.dup(errors.fileno()), "rb")
            self._process = subprocess.Popen(
                [str(program), f"--service={version}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=tempfile.gettempdir(),
                env=environment({}),
                start_new_session=True,  # an interrupt of the kernel's group is not meant for it
            )
        threading.Thread(target=self._read, name="spinlab-esbuild", daemon=True).start()
        try:
            if self._answers.get(timeout=_LONGEST) is None:  # its version
                raise self._ended()
        except BaseException:
            self.close()
            raise

    def ask(self, request: Mapping[str, Value], tick: Callable[[], None] = lambda: None) -> dict[str, Value]:
        """Send a request and wait for its answer; one at a time.

        Raises:
            ProgramError: It ended, or did not answer in time. It must not be used any more then.
        """
        self._number += 1
        body = struct.pack("<I", self._number << 1) + encoded(dict(request))
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(struct.pack("<I", len(body)) + body)
            self._process.stdin.flush()
        except OSError:
            raise self._ended() from None
        end_at = time.monotonic() + _LONGEST
        while True:
            try:
                answer = self._answers.get(timeout=_POLL)
            except queue.Empty:
                tick()
                if time.monotonic() > end_at:
                    raise ProgramError("esbuild", "timeout") from None
                continue
            if answer is None:
                raise self._ended()
            (number,) = struct.unpack_from("<I", answer)
            if number == self._number << 1 | 1:
                found = decoded(answer[4:])
                assert isinstance(found, dict)
                return found

    def close(self) -> None:
        """End it."""
        if self.owner == os.getpid():
            end(self._process)
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):  # what was not read by then
                self._process.stdin.close()
            self._errors.close()

    def _ended(self) -> ProgramError:
        code = self._process.wait()
        size = os.fstat(self._errors.fileno()).st_size
        text = os.pread(self._errors.fileno(), _KEPT, max(0, size - _KEPT)) if hasattr(os, "pread") else b""
        said = text.decode("utf-8", "replace")
        return ProgramError(said, kind_of(code, said) if code else "crashed")

    def _read(self) -> None:
        """On a thread of its own: whoever waits can be interrupted, on every platform."""
        assert self._process.stdout is not None
        with self._process.stdout as source:
            while (packet := _packet(source)) is not None:
                self._answers.put(packet)
        self._answers.put(None)


def _packet(source: IO[bytes]) -> bytes | None:
    head = source.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack("<I", head)
    if length > _MOST:
        return None
    body = source.read(length)
    return body if len(body) == length else None


_lock = threading.Lock()
_running: Service | None = None


def ask(
    program: Path, version: str, request: Mapping[str, Value], tick: Callable[[], None] = lambda: None
) -> dict[str, Value]:
    """What esbuild answers; it is started at the first need, and again when it is gone.

    An interrupt, and whatever else goes wrong on the way, ends it.

    Raises:
        ProgramError: It can't be started, ended, or did not answer in time.
    """
    global _running
    with _lock:
        if _running is not None and (_running.program != program or _running.owner != os.getpid()):
            _running.close()
            _running = None
        try:
            if _running is None:
                _running = Service(program, version)
            return _running.ask(request, tick)
        except OSError as error:
            raise ProgramError(f"{program}: {error.strerror or error}", "missing") from None
        except queue.Empty:
            _drop()
            raise ProgramError("esbuild", "timeout") from None
        except BaseException:
            _drop()
            raise


def _drop() -> None:
    global _running
    if _running is not None:
        _running.close()
    _running = None


@atexit.register
def close() -> None:
    """End the process that is kept, if there is one."""
    with _lock:
        _drop()


def encoded(value: Value) -> bytes:
    """A value as esbuild reads it."""
    if value is None:
        return b"\0"
    if isinstance(value, bool):
        return bytes((1, value))
    if isinstance(value, int):
        return b"\2" + struct.pack("<i", value)
    if isinstance(value, str):
        return b"\3" + _sized(value.encode())
    if isinstance(value, bytes):
        return b"\4" + _sized(value)
    if isinstance(value, dict):
        pairs = (_sized(str(name).encode()) + encoded(part) for name, part in value.items())
        return b"\6" + struct.pack("<I", len(value)) + b"".join(pairs)
    return b"\5" + struct.pack("<I", len(value)) + b"".join(map(encoded, value))


def _sized(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def decoded(data: bytes) -> Value:
    """The value in what esbuild wrote."""
    return _Reader(data).value()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def value(self) -> Value:
        kind = self._take(1)[0]
        if kind == 0:
            return None
        if kind == 1:
            return self._take(1) == b"\1"
        if kind == 2:
            return int(struct.unpack("<i", self._take(4))[0])
        if kind == 3:
            return self._sized().decode("utf-8", "replace")
        if kind == 4:
            return self._sized()
        if kind == 5:
            return [self.value() for _ in range(self._count())]
        if kind == 6:
            return {self._sized().decode("utf-8", "replace"): self.value() for _ in range(self._count())}
        raise ProgramError(f"esbuild answered with a value of the unknown kind {kind}", "crashed")

    def _count(self) -> int:
        return int(struct.unpack("<I", self._take(4))[0])

    def _sized(self) -> bytes:
        return self._take(self._count())

    def _take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise ProgramError("esbuild's answer is cut short", "crashed")
        self._at += size
        return part
