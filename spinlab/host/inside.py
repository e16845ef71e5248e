"""Requests of a function to functions of its own app: answered in the process, without a socket.

The one that is called runs under its own limits, and ends when the caller's request does. It never waits for a place
behind other requests, since whoever calls holds one: it gets a thread at once or is refused, so that functions that
call each other can't hold each other up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spinlab.errors import Busy
from spinlab.host.effect import Effect, Result
from spinlab.host.fetching import Fetch
from spinlab.host.http_client import Outgoing
from spinlab.host.services import Services
from spinlab.http import Headers, Request

if TYPE_CHECKING:
    from spinlab.engine import Outcome

HOPS = 16
"""How deep functions of an app may call each other."""

NOBODY = "0.0.0.0:0"
"""The client's address that a chained component is told, as in Spin."""


class Inside(Fetch):
    """A request that the app itself answers, and the sink of its response.

    Parameters:
        out: The request.
    """

    def __init__(self, out: Outgoing) -> None:
        super().__init__(out)
        self._call: Any = None
        self._over = False
        self.body.notify(on_room=self._resume)

    def submit(self, services: Services, component: str | None, hops: int) -> Result | Effect:
        """Send it to a component, or by the app's routes."""
        if services.local is None:
            return Result.error("HTTP-request-URI-invalid", "there is no app to answer")
        fields, _ = self.out.sized()
        request = Request(
            self.out.method,
            self.out.target,
            Headers(fields if component else [("host", "localhost"), *fields]),
            self.out.body,
            client=NOBODY if component else "127.0.0.1:0",
            hops=hops,
        )
        try:
            self._call = services.local(request, self, component)
        except Busy as error:
            return Result.error("connection-limit-reached", error.message)
        return self

    def cancel(self) -> None:
        """Stop the function that answers."""
        if self._call is not None and not self._over:
            self._call.cancel("the function that asked is gone")

    def _resume(self) -> None:
        if self._call is not None:
            self._call.resume()

    # As a sink.

    def begin(self, status: int, headers: Headers) -> None:
        """The head of the response."""
        self.told(status, [(name.lower(), value) for name, value in headers.items()])

    def write(self, data: bytes) -> bool:
        """A piece of its body."""
        self.body.feed(data)
        return self.body.room

    def complete(self, trailers: Headers) -> None:
        """Its body is complete, though the function goes on."""
        self.body.end(trailers)

    def end(self, outcome: Outcome) -> None:
        """The function is done."""
        self._over = True
        self.sent(None)
        if outcome.error is not None:
            if self.peek() is None:
                self.told(outcome.error.status, [])
                self.body.end()
            self.body.abort("connection-terminated")
        self.body.end(outcome.trailers)
