"""What a guest can ask of the host beside its log, clock and random numbers: one module a capability, all alike.

Everything a guest asks for arrives here as an operation (``http``, ``key-value.open``, ``fs-read``, ...) with text
arguments and bytes. A capability answers at once with a `Result`, or hands back an `Effect` that finishes later. What
no capability serves is denied, and the denial is told to the caller in the words of the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module

from spinlab.function import Function
from spinlab.host import denied, mounts
from spinlab.host.effect import (
    DONE,
    END,
    ERROR,
    PENDING,
    Caller,
    Capability,
    Effect,
    Record,
    Result,
    Serve,
)
from spinlab.host.files import Files
from spinlab.host.services import Services

__all__ = [
    "CAPABILITIES",
    "DONE",
    "END",
    "ERROR",
    "PENDING",
    "Caller",
    "Capability",
    "Effect",
    "Files",
    "Host",
    "Record",
    "Result",
    "Serve",
    "Services",
]

CAPABILITIES: Mapping[str, str] = {
    "http": "outbound_http:OutboundHttp",
    "socket": "sockets:Sockets",
    "key-value": "key_value:KeyValue",
    "sqlite": "sqlite:Sqlite",
    "redis": "redis:Redis",
    "mqtt": "mqtt:Mqtt",
    "postgres": "postgres:Postgres",
    "mysql": "mysql:MySql",
    "variables": "variables:ReadVariables",
    "config": "variables:ReadVariables",
    "llm": "llm:Llm",
}
"""Beginning of an operation -> module and class that serve it, imported when a guest first asks."""


class Host:
    """What one function can ask for.

    Parameters:
        capabilities: Operation, or the beginning of one up to a dot or a dash (``http`` serves ``http`` and
            ``http-read``), to what serves it; goes before the function's own.
        function: Whose grants hold; without one everything but its mounted files is denied.
        services: What stands behind the grants.
    """

    def __init__(
        self,
        capabilities: Mapping[str, Capability | Serve] | None = None,
        *,
        function: Function | None = None,
        services: Services | None = None,
    ) -> None:
        self._given: dict[str, Capability | Serve] = {"fs": mounts.serve, **(capabilities or {})}
        self._function = function
        self._services = services
        self._own: dict[str, Capability] = {}
        self._found: dict[str, Capability | Serve | None] = {}

    @property
    def tracing(self) -> bool:
        """Whether calls are recorded for the trace. What is denied is told in any case."""
        return self._services is None or self._services.tracing()

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin an operation. Never blocks, never raises."""
        record: Record | None = None
        whole: Record | None = None
        try:
            if call.loading and not op.startswith("fs-"):
                return _while_loading(op, args, call)
            capability = self._capability(op)
            if capability is None:
                refusal = denied.refuse(op, args)
                record = _record_of_denied(op, refusal, len(data))
                begun: Result | Effect = Result.refused(refusal)
            elif callable(capability):
                begun = capability(op, args, data, call)
            else:
                told = capability.describe(op, args, data) if self.tracing else None
                record = Record(*told, sent=len(data)) if told else None
                whole = _of_the_whole(op, args, call) if told is None else None
                begun = capability.start(op, args, data, call)
        except Exception as error:  # noqa: BLE001 (a capability's bug must not reach a guest as a crash)
            begun = Result.error("internal-error", f"{op}: {error}")
        if record is not None:
            call.record(record)
        return _observed(begun, partial(_tell, record, whole, call), record)

    def _capability(self, op: str) -> Capability | Serve | None:
        # Operations are chosen by the bridge, never by a guest, so this stays small.
        if op not in self._found:
            self._found[op] = self._find(op)
        return self._found[op]

    def _find(self, op: str) -> Capability | Serve | None:
        given = _longest(op, self._given)
        if given is not None:
            return self._given[given]
        name = _longest(op, CAPABILITIES)
        if name is None or self._function is None or self._services is None:
            return None
        place = CAPABILITIES[name]
        if place not in self._own:
            module, _, kind = place.partition(":")
            made = getattr(import_module(f"spinlab.host.{module}"), kind)
            self._own[place] = made(self._function, self._services)
        return self._own[place]


def _longest(op: str, names: Mapping[str, object]) -> str | None:
    fitting = [n for n in names if op == n or op.startswith((f"{n}.", f"{n}-"))]
    return max(fitting, key=len) if fitting else None


def _observed(begun: Result | Effect, tell: Callable[[Result], None], record: Record | None) -> Result | Effect:
    """See to it that the trace and the user are told when the result is there."""
    if isinstance(begun, Result):
        tell(begun)
    else:
        begun.record = begun.record or record
        begun.observe(tell)
    return begun


def _tell(record: Record | None, whole: Record | None, call: Caller, result: Result) -> None:
    if record is not None:
        record.close(result)
    if whole is not None:
        whole.fail(result)
    if result.refusal is not None and result.refusal.denied is not None:
        call.deny(result.refusal.denied, result.refusal.hint)


def _of_the_whole(op: str, args: str, call: Caller) -> Record | None:
    """The record of the call that an operation takes a further part from."""
    if op != "http-read" and not op.endswith(".next"):
        return None
    number = args.partition("\n")[0]
    effect = call.effect(int(number)) if number.isascii() and number.isdigit() else None
    return effect.record if effect is not None else None


def _record_of_denied(op: str, refusal: denied.Refusal, sent: int) -> Record | None:
    if refusal.denied is None:
        return None
    return Record(refusal.denied.capability, op.rpartition(".")[2], refusal.denied.target, sent)


def _while_loading(op: str, args: str, call: Caller) -> Result:
    refusal = denied.refuse(op, args)
    what = refusal.denied.capability if refusal.denied else op
    message = f"{what}: not while the code of the function is being loaded; do it in the handler"
    call.note(message)
    # A denied request is its own error without text; an internal error carries the reason to the guest.
    return Result.error("internal-error" if op.startswith("http") else refusal.error, message)
