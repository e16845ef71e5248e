"""Where the output of components goes: to files in the log directory, and to the terminal.

As in Spin (``crates/trigger/src/cli/stdio.rs``), both of their streams go to the terminal's stderr; but the stdout of a
command is ours.
"""

from __future__ import annotations

import contextlib
import re
import sys
import threading
from collections.abc import Collection
from pathlib import Path
from typing import TextIO

from spinlab.errors import OptionError
from spinlab.secrets import mask

_STREAMS = ("stdout", "stderr")
_UNSAFE = re.compile(r'[/?<>\\:*|"\x00-\x1f\x7f]')


class Output:
    """Takes what components write, from any thread.

    Parameters:
        folder: Where the files are; None for no files.
        followed: Ids of components that are shown on the terminal; None for all.
        quiet: Show none.
        truncate: Empty the files that are there first.

    Raises:
        OptionError: The folder can't be made.
    """

    def __init__(
        self,
        folder: Path | None,
        *,
        followed: Collection[str] | None = None,
        quiet: bool = False,
        truncate: bool = False,
    ) -> None:
        self.folder = folder
        self._followed: Collection[str] | None = () if quiet else followed
        self._lock = threading.Lock()
        self._files: dict[tuple[str, str], TextIO] = {}
        self._said = False
        if folder is not None:
            self._prepare(folder, truncate)

    def __call__(self, component: str, stream: str, text: str) -> None:
        """A piece of what a component writes; what is of its triggers is for the operator, whatever is followed."""
        with self._lock:
            if stream not in _STREAMS:
                _to_terminal(text)
                return
            if self.folder is not None:
                self._keep(component, stream, text)
            if self._followed is None or component in self._followed:
                _to_terminal(text)

    def passed(self, component: str, data: bytes) -> None:
        """A piece of what a command writes to its stdout: it goes to ours, so that it can be passed on."""
        with self._lock:
            if self.folder is not None:
                self._keep(component, "stdout", data.decode(errors="replace"))
            if self._followed is None or component in self._followed:
                with contextlib.suppress(OSError, ValueError):
                    sys.stdout.buffer.write(data)
                    sys.stdout.flush()

    def failed(self, error: Exception) -> None:
        """A request that got no proper answer: the reason is for the operator only."""
        told = [f"Error processing request: {getattr(error, 'message', error)}"]
        told += [text for text in (getattr(error, "hint", ""), getattr(error, "details", "")) if text]
        with self._lock:
            _to_terminal(mask("\n".join(told).rstrip("\n") + "\n"))

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            for file in self._files.values():
                with contextlib.suppress(OSError):
                    file.close()
            self._files.clear()

    def _prepare(self, folder: Path, truncate: bool) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.iterdir() if truncate else ():
                if path.name.endswith(tuple(f"{stream}.txt" for stream in _STREAMS)) and path.is_file():
                    path.write_bytes(b"")
        except OSError as error:
            raise OptionError(
                f'Failed to create log dir "{folder}": {error.strerror}', hint='another --log-dir, or --log-dir ""'
            ) from error

    def _keep(self, component: str, stream: str, text: str) -> None:
        try:
            file = self._file(component, stream)
            file.write(text)
            file.flush()
        except OSError as error:
            if not self._said:
                self._said = True
                _to_terminal(f"logs are not written: {error}\n")

    def _file(self, component: str, stream: str) -> TextIO:
        key = component, stream
        if key not in self._files:
            assert self.folder is not None
            path = self.folder / f"{_UNSAFE.sub('', component)}_{stream}.txt"
            self._files[key] = path.open("a", encoding="utf-8", errors="replace", newline="")
        return self._files[key]


def check_followed(followed: Collection[str], components: Collection[str]) -> None:
    """Let ids of ``--follow`` pass.

    Raises:
        OptionError: Some are not in the application.
    """
    unknown = [name for name in followed if name not in components]
    if unknown:
        raise OptionError(
            "The following component(s) specified in --follow do not exist in the application:\n"
            + "\n".join(f"  - {name}" for name in unknown)
            + "\nThe following components exist:\n"
            + "\n".join(f"  - {name}" for name in components)
        )


def _to_terminal(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody listens any more
        sys.stderr.write(text)
        sys.stderr.flush()
