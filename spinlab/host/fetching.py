"""Requests of a guest's own, under way: what the bridge can ask of them, and those that go out."""

from __future__ import annotations

import threading
from collections.abc import Callable

from spinlab.host.effect import DONE, END, ERROR, Caller, Effect, Result
from spinlab.host.http_client import Broken, Client, Outgoing
from spinlab.host.http_client.message import WINDOW, Fields
from spinlab.host.loop import LOOP, Outside
from spinlab.host.network import Unreachable
from spinlab.http import Body, BodyAborted, Headers


class Fetch(Outside):
    """The effect behind ``http``: its result is the response's head, its stream both bodies.

    The guest's thread calls `push`, `close_body` and `pull`; whoever answers calls the rest, from any thread.

    Parameters:
        out: The request.

    Attributes:
        body: The response's, fed by whoever answers.
    """

    def __init__(self, out: Outgoing) -> None:
        super().__init__(stream=True)
        self.out = out
        self.body = Body(limit=WINDOW)
        self._lock = threading.Lock()
        self._reading: Effect | None = None
        self._writing: list[Effect] = []
        self._finishing: Effect | None = None
        self._outcome: Result | None = None if isinstance(out.body, Body) else Result()  # of the request's body
        self._taken = False
        self._release: Callable[[], object] = bool
        self.body.notify(on_data=self._arrived)
        if isinstance(out.body, Body):
            out.body.notify(on_room=self._emptied)

    # The request's body.

    def push(self, data: bytes) -> Result | Effect:
        """``http-write``: done when there is room for more."""
        body = self.out.body
        if not isinstance(body, Body):
            return Result.error("HTTP-protocol-error", "the body is complete")
        if self.record is not None:
            self.record.sent += len(data)
        with self._lock:
            if self._outcome is not None:
                return self._outcome
            effect = Effect()
            self._writing.append(effect)
        body.feed(data)
        self._emptied()
        return effect

    def close_body(self, lines: str) -> Result | Effect:
        """``http-finish``: done when the body is on its way."""
        body = self.out.body
        if not isinstance(body, Body):
            return Result()
        with self._lock:
            if self._outcome is not None:
                return self._outcome
            self._finishing = effect = Effect()
        body.end(Headers([(n, v) for n, _, v in (line.partition(": ") for line in lines.split("\n")) if n]))
        return effect

    def _emptied(self) -> None:
        assert isinstance(self.out.body, Body)
        if not self.out.body.room:
            return
        with self._lock:
            done, self._writing = self._writing, []
        for effect in done:
            effect.finish(Result())

    def sent(self, failure: Broken | None) -> None:
        """The request's body is on its way, or never will be. What is told first stays."""
        with self._lock:
            outcome = self._outcome
            if outcome is None:
                outcome = self._outcome = _failed(failure) if failure else Result()
            done, self._writing = self._writing, []
            if self._finishing is not None:
                done.append(self._finishing)
                self._finishing = None
        for effect in done:
            effect.finish(outcome)
        if self._taken:
            self._release()

    # The response.

    def told(self, status: int, fields: Fields) -> None:
        """The head of the response has come."""
        self.finish(Result(DONE, "\n".join([str(status), *(f"{name}: {value}" for name, value in fields)])))

    def pull(self, release: Callable[[], object]) -> Result | Effect:
        """``http-read``: the next bytes; the trailers at the end.

        Parameters:
            release: Called when the guest has taken everything.
        """
        with self._lock:
            self._release = release
            found = self._next()
            if found is None:
                if self._reading is not None:
                    return Result.error("internal-error", "the body is being read")
                self._reading = effect = Effect()
        if found is not None:
            self._passed(found)
            return found
        self._arrived()  # what came between the look and the note
        return effect

    def _arrived(self) -> None:
        with self._lock:
            if self._reading is None:
                return
            piece = self._next()
            if piece is None:
                return
            effect, self._reading = self._reading, None
        self._passed(piece)
        effect.finish(piece)

    def _next(self) -> Result | None:
        try:
            taken = self.body.take()
        except BodyAborted as error:
            return Result.error(str(error))
        if taken is None:
            return None
        if isinstance(taken, Headers):
            return Result(END, "\n".join(f"{name}: {value}" for name, value in taken.items()))
        return Result(DONE, data=taken)

    def _passed(self, piece: Result) -> None:
        if self.record is not None:
            self.record.received += len(piece.data)
        if piece.status in (END, ERROR):
            self._taken = True
            if self._outcome is not None:
                self._release()


class Fetched(Fetch):
    """A request that goes out."""

    def send(self, client: Client, component: str, call: Caller) -> Fetched:
        """Begin it. Its grant was checked."""
        LOOP.begin(self._run(client, component, call), self, explain=_failed)
        return self

    async def _run(self, client: Client, component: str, call: Caller) -> Result:
        failure = Broken("connection-terminated")
        try:
            await client.send(self.out, component, call, self.told, self.body, self.sent)
        except (Broken, Unreachable) as error:
            failure = Broken(error.code)
            raise
        finally:
            self.sent(failure)
            self.body.abort("connection-terminated")  # where it has not ended
        return Result()


def _failed(error: Exception) -> Result:
    if isinstance(error, (Broken, Unreachable)):
        return Result.error(error.code, str(error) if str(error) != error.code else "")
    return Result.error("internal-error", type(error).__name__)
