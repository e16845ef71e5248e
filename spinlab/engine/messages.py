"""A message of a trigger on its way through a guest: it goes in whole, and success or failure comes out."""

from __future__ import annotations

from spinlab.engine.effects import Context
from spinlab.engine.exchange import Exchange, Receiver
from spinlab.errors import GuestError
from spinlab.http import Body, Headers, Request


class MessageExchange(Exchange):
    """Hands the body of the request in as a message; the answer is an empty 200, what is to happen with the message, or
    an error.

    Parameters:
        context: What the guest may use.
        request: Its body is the message as the glue of the trigger reads it; bytes, never a `Body`.
        receiver: Told how it ended.
    """

    def __init__(self, context: Context, request: Request, receiver: Receiver) -> None:
        super().__init__(context, request, receiver)
        self.local = {}

    def first(self) -> tuple[str, bytes]:
        """The message, each byte as the character of that number: what the glue turns back."""
        body = self.request.body
        assert not isinstance(body, Body)
        self._count(len(body))
        return body.decode("latin-1"), b""

    def answered(self, head: str, data: bytes) -> GuestError | None:
        """Tell how it ended."""
        if head == "done" and data != b"text":
            self.pass_on(200, Headers(), data)
            return None
        details = head if data == b"text" else ""
        return GuestError("the handler returned an error", details=details)
