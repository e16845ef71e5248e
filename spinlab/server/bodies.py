"""The body of a request: read before its guest starts when it is small, else passed on as it arrives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from spinlab.http import Body, Headers
from spinlab.server.credentials import Fields

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]

WHOLE = 1 << 20  # a request body of this declared size is read before the guest starts


class GoneError(Exception):
    """The client went away before its request was complete."""


def declared_length(fields: Fields) -> int | None:
    """Bytes of the body that follows, None when only its end will tell (the parser has checked both headers)."""
    length = 0
    for name, value in fields:
        if name == "content-length":
            length = int(value)
        elif name == "transfer-encoding":
            return None
    return length


async def read_beginning(receive: Receive, length: int | None) -> tuple[bytes, bool]:
    """The beginning of a body, all of it when it is small, and whether more comes."""
    if length is not None and length > WHOLE:
        return b"", True
    pieces, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise GoneError
        pieces.append(message["body"])
        more = message["more_body"]
        if length is None:
            break
    return b"".join(pieces), more


async def feed(body: Body, receive: Receive, size: int, limit: int, trailers: Callable[[], Headers]) -> bool:
    """Pass the rest of a request body on as it arrives, no faster than it is taken.

    Parameters:
        body: Where it goes.
        receive: Where it comes from.
        size: Bytes that have been passed on already.
        limit: Bytes that it may have.
        trailers: The fields after it, once it has ended.

    Returns:
        False when it had more than `limit`.
    """
    loop, room = asyncio.get_running_loop(), asyncio.Event()

    def on_room() -> None:
        with contextlib.suppress(RuntimeError):  # the server has been stopped
            loop.call_soon_threadsafe(room.set)

    body.notify(on_room=on_room)
    while True:
        message = await receive()
        if message["type"] != "http.request":
            body.abort()
            return True
        size += len(message["body"])
        if size > limit:
            body.abort(f"a request body may have {limit} bytes")
            return False
        body.feed(message["body"])
        if not message["more_body"]:
            body.end(trailers())
            return True
        while not body.room:
            room.clear()
            if not body.room:
                await room.wait()
