"""The recordings of an app: what is recorded, and where it is kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spinlab.errors import RecordingError
from spinlab.http import Request

if TYPE_CHECKING:
    from spinlab.live import Live
    from spinlab.recording.making import Making
    from spinlab.recording.recording import Recording
    from spinlab.secrets import Secrets

COUNT: Final = 100
"""Recordings that are kept, the latest ones."""
TOTAL: Final = 64 << 20
"""Bytes of their files together."""

FOLDER: Final = "recordings"
_SUFFIX: Final = ".json"


class Recordings(Mapping[int, "Recording"]):
    """The recordings of an app by the number of the request in ``%spin trace``, oldest first.

    Parameters:
        app: The app's name.
        state_dir: Where ``recordings/`` is made at the first one; None keeps them in memory.

    Attributes:
        on: Whether every request is recorded.
        functions: The functions whose requests are recorded.
    """

    def __init__(self, app: str, state_dir: Path | None) -> None:
        self.on = False
        self.functions: set[str] = set()
        self._app = app
        self._folder = None if state_dir is None else state_dir / FOLDER
        self._memory: dict[int, bytes] = {}
        self._lock = threading.Lock()

    def __getitem__(self, id_: int) -> Recording:
        from spinlab.recording.form import TOO_LARGE, loads

        if id_ not in self._ids():
            listed = list(self._ids())
            there = f"there are: {', '.join(map(str, listed[-10:]))}" if listed else RECORD
            raise RecordingError(f"no recording has the number {id_}" if id_ else "there is no recording", hint=there)
        if self._folder is None:
            return loads(self._memory[id_], f"recording {id_}")
        file = self._file(id_)
        try:
            if file.stat().st_size > TOO_LARGE:
                raise RecordingError(f"{file} is larger than {TOO_LARGE >> 20} MiB", hint="that is no recording")
            return loads(file.read_bytes(), str(file))
        except OSError as error:
            raise RecordingError(f"{file} can't be read: {error.strerror}") from None

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids())

    def __len__(self) -> int:
        return len(self._ids())

    def __contains__(self, id_: object) -> bool:
        return id_ in self._ids()

    def __repr__(self) -> str:
        return f"<{len(self)} recordings{', recording everything' if self.on else ''}>"

    @property
    def last(self) -> int:
        """The highest number; 0 without a recording."""
        return max(self._ids(), default=0)

    def wants(self, name: str) -> bool:
        """Whether the requests of a function are recorded."""
        return self.on or name in self.functions

    def begin(self, live: Live, request: Request, component: str, secrets: Secrets) -> Making:
        """Begin to record a request."""
        from spinlab.recording.making import Making

        return Making(self._app, live, request, component, secrets, self.add)

    def add(self, recording: Recording) -> None:
        """Keep a recording, and no more than there may be.

        Raises:
            OSError: It can't be written.
        """
        from spinlab.recording.form import dumps

        data = dumps(recording)
        with self._lock:
            if self._folder is None:
                self._memory[recording.id] = data
            else:
                self._write(self._file(recording.id), data)
            self._bound()

    def forget(self, *ids: int) -> None:
        """Forget recordings, or all.

        Raises:
            RecordingError: There is none of such a number; nothing has changed.
        """
        for id_ in ids:
            if id_ not in self:
                raise RecordingError(f"no recording has the number {id_}", hint="%spin recordings lists them")
        with self._lock:
            for id_ in ids or self._ids():
                self._drop(id_)

    def _ids(self) -> list[int]:
        if self._folder is None:
            return sorted(self._memory)
        try:
            names = os.listdir(self._folder)
        except OSError:
            return []
        stems = [name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)]
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit() and str(int(stem)) == stem)

    def _file(self, id_: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{id_}{_SUFFIX}"

    def _write(self, file: Path, data: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(".new")
        beside.unlink(missing_ok=True)
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(data)
        beside.replace(file)

    def _bound(self) -> None:
        ids = self._ids()
        sizes = {id_: self._size(id_) for id_ in ids}
        while len(ids) > 1 and (len(ids) > COUNT or sum(sizes[id_] for id_ in ids) > TOTAL):
            self._drop(ids.pop(0))

    def _size(self, id_: int) -> int:
        return len(self._memory[id_]) if self._folder is None else self._file(id_).stat().st_size

    def _drop(self, id_: int) -> None:
        if self._folder is None:
            self._memory.pop(id_, None)
        else:
            self._file(id_).unlink(missing_ok=True)


RECORD: Final = "record one: %spin get /path --record, or all with %spin record on"
