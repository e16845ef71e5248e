"""A guest's side of relational databases, for tests of the capabilities without a guest."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.pack import Case, Item, unpack
from spinlab.host.runtime_config import RuntimeConfig
from tests.host.requests import Answer, Asking

__all__ = ["Asking", "Connection", "asking", "talker"]


class Connection:
    """A guest's connection.

    Parameters:
        asking: The request.
        family: ``postgres`` or ``mysql``.
        address: Where to.
    """

    def __init__(self, asking: Asking, family: str, address: str, *extra: Item) -> None:
        self.asking = asking
        self.family = family
        self.opened = asking.ask(f"{family}.open", address, *extra)
        self.number = str(self.opened.number)

    def begin(self, operation: str, statement: str, *params: Item) -> tuple[int, int, str, bytes]:
        """Start a statement and do not wait."""
        return self.asking.begin(f"{self.family}.{operation}", self.number, statement, list(params))

    def answer(self, operation: str, statement: str, *params: Item) -> Answer:
        """What comes of a statement."""
        return self.asking.end(self.begin(operation, statement, *params))

    def execute(self, statement: str, *params: Item) -> str:
        """The head of the answer to a statement that works."""
        answer = self.answer("execute", statement, *params)
        assert not answer.error, answer
        return answer.head

    def rows(self, statement: str, *params: Item) -> list[list[Item]]:
        """All rows of a query that works, as plain values."""
        answer = self.answer("query", statement, *params)
        assert not answer.error, answer
        _, rows = unpack(answer.data)  # type: ignore[misc, union-attr]
        while answer.head == "more":
            answer = Answer(answer.number, *self.next(answer.number)[1:])
            assert not answer.error, answer
            rows += answer.items  # type: ignore[operator]
        return [[value.value if isinstance(value, Case) else value for value in row] for row in rows]  # type: ignore[union-attr]

    def next(self, number: int) -> Answer:
        """The next rows of a query."""
        return self.asking.ask(f"{self.family}.next", str(number))

    def close(self) -> None:
        """The guest drops it."""
        self.asking.context.cancel(int(self.number))


@contextmanager
def asking(*hosts: str, services: Services | None = None, runtime: RuntimeConfig | None = None) -> Iterator[Asking]:
    """A request of a function that is granted `hosts`, by default every database."""
    granted = Function("f", "", allowed_outbound_hosts=hosts or ("postgres://*:*", "mysql://*:*"))
    made = services or Services(runtime=runtime)
    try:
        with Asking(granted, made) as found:
            yield found
    finally:
        if services is None:
            made.close()


@contextmanager
def talker(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does `talk` with each who connects, and no more; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                threading.Thread(target=answered, args=(peer,), daemon=True).start()

    def answered(peer: socket.socket) -> None:
        with suppress(OSError), peer:
            talk(peer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
