"""What an app records of its requests, and the same request once more, as its user reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from spinlab.http import Request, Response
from spinlab.recording.kept import Recordings

if TYPE_CHECKING:
    from spinlab.answering import Answering
    from spinlab.app import App
    from spinlab.recording.recording import Recording
    from spinlab.recording.replay import Replay


class Repeating:
    """The part of `spinlab.App` that records and replays. What does the work is imported when it is first asked for."""

    recordings: Recordings
    _answering: Answering

    def record(self, request: Request) -> tuple[Response, Recording | None]:
        """Answer a request, whole, and record everything that it sees; no recording when no function answered.

        It gets an instance of its own, and every effect, clock reading and random number is kept, within bounds and
        without secrets.
        """
        answer, making = self._answering.answer(request, record=True)
        return answer, making.recording if making is not None else None

    def replay(self, recording: int | Recording, *, live: bool = False) -> Replay:
        """Answer a recorded request once more, on the current revision, with everything that it saw then.

        Nothing reaches the host. Where the function asks something else than then, the run ends with `Diverged`.

        Parameters:
            recording: Its number in `recordings`, or a recording itself.
            live: Ask the host instead, from there on: what the function writes is then written.

        Raises:
            RecordingError: There is no such recording, or it is one of another function or app.
            Busy: All workers are taken and the queue is full.
        """
        from spinlab.recording.replay import replay

        return replay(cast("App", self), recording, self._answering.again, live=live)
