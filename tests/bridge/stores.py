"""What the tests of stores share: hosts with real stores, and guests that are told what to do with them by lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spinlab.engine import Sandbox
from spinlab.function import Function
from spinlab.host import Caller, Effect, Host, Result, Services
from spinlab.host.pack import Item, pack, unpack
from tests.bridge.bench import request, sandbox

GRANTS: dict[str, Any] = {"key_value_stores": ("default",), "sqlite_databases": ("default",)}


def real_host(state_dir: Path | None = None, **grants: Any) -> Host:
    """What a function with these grants (`GRANTS` when there are none) can ask for."""
    function = Function("stores", "", **(grants or GRANTS))
    return Host(function=function, services=Services(state_dir=state_dir))


def run(box: Sandbox, *lines: str, target: str = "/") -> list[str]:
    """What the guest answers to the lines; words in a line are joined by tabs, here written as `` | ``."""
    response = box.handle(request(target, "\n".join(line.replace(" | ", "\t") for line in lines).encode()))
    assert response.error is None, response.error
    return response.text.split("\n")


def answers(guest: str, *lines: str, host: Host, **options: Any) -> list[str]:
    """The same in a fresh sandbox."""
    return run(sandbox(guest, host=host, **options), *lines)


def bytes_of(text: str) -> str:
    """How Rust shows the bytes of a text."""
    return "[" + ", ".join(map(str, text.encode())) + "]"


class Later(Effect):
    """An effect that somebody else finishes; remembers whether anybody still wants it."""

    def __init__(self, *, stream: bool = False) -> None:
        super().__init__(stream=stream)
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Scripted:
    """A capability that answers each operation with what the test gave for it, and keeps what was asked.

    Parameters:
        script: Operation -> its answers in order; the last one is given again and again. An exception class's name
            is no answer: an answer is a `Result`, an `Effect`, or packed data.
    """

    def __init__(self, script: dict[str, list[Result | Effect]]) -> None:
        self.script = script
        self.asked: list[tuple[str, str, Item]] = []

    def host(self, *families: str) -> Host:
        """A host with this behind the families of operations."""
        return Host(dict.fromkeys(families, self))

    def __call__(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        self.asked.append((op, args, unpack(data) if data else None))
        results = self.script[op]
        return results.pop(0) if len(results) > 1 else results[0]


def opened(*, head: str = "", item: Item = ()) -> Effect:
    """A finished effect whose id the guest goes on using."""
    effect = Later(stream=True)
    effect.finish(Result(head=head, data=pack(item) if head else b""))
    return effect
