"""Asks the host for a request, as the bridge does, without a guest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spinlab.engine.effects import NEVER, Context
from spinlab.engine.limits import Watch
from spinlab.function import Function, Limits
from spinlab.host import DONE, END, ERROR, PENDING, Files, Host, Services
from spinlab.host.runtime_config import RuntimeConfig


@dataclass
class Got:
    """What came: a status or an error, and the rest."""

    status: int = 0
    error: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    trailers: str = ""
    broken: str = ""


class Asking:
    """One request of a function named ``fetcher``.

    Parameters:
        allowed: What it may connect to.
        runtime: What the operator decided.
        services: Those of another one, to share its connections.
    """

    def __init__(
        self,
        *allowed: str,
        runtime: RuntimeConfig | None = None,
        services: Services | None = None,
        variables: Mapping[str, Mapping[str, Any]] | None = None,
        components: Callable[[], Any] = tuple,
    ) -> None:
        self.function = Function("fetcher", "", allowed_outbound_hosts=allowed)
        self.services = services or Services(runtime=runtime, declared=lambda: variables or {}, components=components)
        self.context = self.another()

    def another(self) -> Context:
        """A request that begins now."""
        host = Host(function=self.function, services=self.services)
        watch = Watch(lambda: ())
        return Context(name="fetcher", host=host, files=Files(), environment="", limits=Limits(), watch=watch)

    def allow(self, *allowed: str) -> None:
        """Other grants from now on."""
        self.function = replace(self.function, allowed_outbound_hosts=allowed)
        self.context = self.another()

    def do(self, op: str, args: str, data: bytes = b"") -> tuple[int, int, str, bytes]:
        """An operation to its end: id, status, head, data."""
        number, status, head, data = self.context.start(op, args, data)
        if status == PENDING:
            assert self.context.wait(str(number), NEVER)
            status, head, data = self.context.take(number)
        return number, status, head, data

    def begin(self, url: str, method: str = "GET", *headers: str, timeouts: str = "- - -", form: str = "whole") -> int:
        """Begin a request; its id."""
        args = "\n".join([f"{method} {url}", timeouts, form, *headers])
        number, _, _, _ = self.context.start("http", args, b"")
        return number

    def fetch(self, url: str, method: str = "GET", body: bytes = b"", *headers: str, timeouts: str = "- - -") -> Got:
        """A whole exchange."""
        args = "\n".join([f"{method} {url}", timeouts, "whole", *headers])
        number, status, head, data = self.do("http", args, body)
        return self._got(number, status, head, data)

    def finish(self, number: int) -> Got:
        """The rest of an exchange that began."""
        assert self.context.wait(str(number), NEVER)
        return self._got(number, *self.context.take(number))

    def _got(self, number: int, status: int, head: str, data: bytes) -> Got:
        if status == ERROR:
            return Got(error=head)
        first, *lines = head.split("\n")
        got = Got(int(first), headers=[(n, v) for n, _, v in (line.partition(": ") for line in lines)])
        while True:
            _, status, head, data = self.do("http-read", str(number))
            if status == DONE:
                got.body += data
            elif status == END:
                got.trailers = head
                return got
            else:
                got.broken = head
                return got

    def end(self) -> None:
        """The request is over."""
        self.context.close()
