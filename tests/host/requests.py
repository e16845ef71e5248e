"""A guest's side of the flat interface, for tests of capabilities without a guest."""

from __future__ import annotations

import time
from types import TracebackType
from typing import NamedTuple

from spinlab.engine.effects import NEVER, Context
from spinlab.engine.limits import Watch
from spinlab.function import Function, Limits
from spinlab.host import ERROR, PENDING, Files, Host, Services
from spinlab.host.pack import Item, pack, unpack
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
    """One request of a function, as its guest's thread sees it; leave it to end the request.

    Parameters:
        function: Whose grants hold.
        services: What stands behind them.
    """

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

    def __enter__(self) -> Asking:  # noqa: PYI034 (Self is Python 3.11's)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.context.close()
        self._watch.close()

    def begin(self, op: str, args: str = "", *items: Item) -> tuple[int, int, str, bytes]:
        """Start an operation and do not wait."""
        return self.context.start(op, args, pack(items) if items else b"")

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
