"""What the keeper starts: ``spinlab up``, whose words go into the log."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from spinlab.deploying.local.processes import Process, process

LARGEST: Final = 8 << 20
"""Bytes of the log before it begins anew; the one before is kept as well."""
LONGEST: Final = 16 << 10
"""Bytes of a line."""
REMEMBERED: Final = 12
"""Lines that are told when it does not start."""


class Log:
    """A log of limited size, each line with its time.

    Parameters:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = self._open()

    def line(self, text: str) -> None:
        """Write a line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with self._lock, contextlib.suppress(OSError):  # a full disk ends no deployment
            if self._file.tell() > LARGEST:
                self._file.close()
                os.replace(self.path, self.path.with_suffix(".1.txt"))
                self._file = self._open()
            self._file.write(f"{stamp} {text}\n".encode("utf-8", "replace"))

    def _open(self) -> IO[bytes]:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        file = os.fdopen(descriptor, "ab", buffering=0)
        file.seek(0, os.SEEK_END)
        return file


class Child:
    """One ``spinlab up``.

    Parameters:
        command: What to start.
        environment: All of it.
        descriptor: The socket that it listens on.
        log: Where its words go.

    Attributes:
        settled: Set when it serves, or has ended.
        url: Where it serves; empty before that.
        said: Its last lines.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], descriptor: int, log: Log) -> None:
        self.settled = threading.Event()
        self.url = ""
        self.said: deque[str] = deque(maxlen=REMEMBERED)
        self._log = log
        self._popen = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            pass_fds=(descriptor,),
        )
        self.process: Process = process(self._popen.pid)
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self._readers = (
            threading.Thread(target=self._read_announcement, args=(self._popen.stdout,), daemon=True),
            threading.Thread(target=self._read, args=(self._popen.stderr,), daemon=True),
        )
        for reader in self._readers:
            reader.start()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._popen.poll() is not None

    def ended(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        return self.over

    @property
    def status(self) -> str:
        """How it ended, in words."""
        code = self._popen.poll()
        if code is None:
            return "it runs"
        return f"it was ended by signal {-code}" if code < 0 else f"it ended with status {code}"

    def stop(self, seconds: float) -> None:
        """End it; requests under way may finish for so long."""
        self._popen.terminate()
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self.drain()

    def drain(self) -> None:
        """Wait for its last words; not for those of a process that it has left behind."""
        for reader in self._readers:
            reader.join(2)

    def _read_announcement(self, stream: IO[bytes]) -> None:
        """What it says when it serves is one object; what comes later goes into the log."""
        text = ""
        for line in _lines(stream):
            text += line + "\n"
            if line == "}":
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    self.url = str(json.loads(text)["base_url"])
                    break
        if self.url:
            self.settled.set()
            self._read(stream)
            return
        for line in text.splitlines():
            self._tell(line)
        self.settled.set()

    def _read(self, stream: IO[bytes]) -> None:
        for line in _lines(stream):
            self._tell(line)

    def _tell(self, line: str) -> None:
        if line.strip():
            self.said.append(line)
            self._log.line(line)


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Lines, and pieces of those that are too long."""
    while True:
        line = stream.readline(LONGEST)
        if not line:
            return
        yield line.decode("utf-8", "replace").rstrip("\r\n")
