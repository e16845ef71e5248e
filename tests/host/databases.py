"""A guest's side of relational databases, for tests of the capabilities without a guest."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from spinlab.engine.effects import NEVER, Context
from spinlab.engine.limits import Watch
from spinlab.function import Function, Limits
from spinlab.host import ERROR, PENDING, Files, Host, Services
from spinlab.host.pack import Case, Item, pack, unpack
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.http import HostCall


class Answer(NamedTuple):
    """What came of an operation; `error` is empty when it went well."""

    number: int
    head: str
    data: bytes
    error: str

    @property
    def items(self) -> Item:
        """The data as items."""
        return unpack(self.data)

    @property
    def message(self) -> str:
        """What an error said."""
        return self.data.decode()


class Asking:
    """One request of a function, as its guest's thread sees it."""

    def __init__(self, function: Function, services: Services) -> None:
        self._watch = Watch(lambda: ())
        self._began = time.perf_counter()
        self.context = Context(
            name=function.name,
            host=Host(function=function, services=services),
            files=Files(),
            environment="",
            limits=Limits(),
            watch=self._watch,
        )

    def begin(self, op: str, args: str = "", *items: Item) -> tuple[int, int, str, bytes]:
        """Start an operation and do not wait."""
        return self.context.start(op, args, pack(list(items)) if items else b"")

    def end(self, begun: tuple[int, int, str, bytes]) -> Answer:
        """Wait for what was begun."""
        number, status, head, data = begun
        while status == PENDING:
            assert self.context.wait(str(number), NEVER)
            status, head, data = self.context.take(number)
        return Answer(number, head, data, head if status == ERROR else "")

    def ask(self, op: str, args: str = "", *items: Item) -> Answer:
        """Start an operation and wait for it."""
        return self.end(self.begin(op, args, *items))

    @property
    def calls(self) -> tuple[HostCall, ...]:
        """What the trace tells."""
        return self.context.calls(self._began)

    def close(self) -> None:
        """The request is over."""
        self.context.close()
        self._watch.close()


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
    found = Asking(granted, made)
    try:
        yield found
    finally:
        found.close()
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
