"""What a guest can ask of the host beside its log, clock and random numbers: one module a capability, all alike.

Everything a guest asks for arrives here as an operation (``http``, ``key-value.open``, ``fs-read``, ...) with text
arguments and bytes. A capability answers at once with a `Result`, or hands back an `Effect` that finishes later. What
no capability serves is denied, and the denial is told to the caller in the words of the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping

from spinlab.host import denied, mounts
from spinlab.host.effect import DONE, END, ERROR, PENDING, Caller, Capability, Effect, Result
from spinlab.host.files import Files

__all__ = ["DONE", "END", "ERROR", "PENDING", "Caller", "Capability", "Effect", "Files", "Host", "Result"]


class Host:
    """Finds the capability for an operation.

    Parameters:
        capabilities: Operation, or the beginning of one up to a dot or a dash (``http`` serves ``http`` and
            ``http-read``), to what serves it.
    """

    def __init__(self, capabilities: Mapping[str, Capability] | None = None) -> None:
        self._capabilities: dict[str, Capability] = {"fs": mounts.serve, **(capabilities or {})}
        self._found: dict[str, Capability | None] = {}

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin an operation. Never blocks, never raises."""
        try:
            if call.loading and not op.startswith("fs-"):
                return _while_loading(op, args, call)
            capability = self._capability(op)
            if capability is None:
                return _denied(op, args, call)
            return capability(op, args, data, call)
        except Exception as error:  # noqa: BLE001 (a capability's bug must not reach a guest as a crash)
            return Result.error("internal-error", f"{op}: {error}")

    def _capability(self, op: str) -> Capability | None:
        # Operations are chosen by the bridge, never by a guest, so this stays small.
        if op not in self._found:
            names = [n for n in self._capabilities if op == n or op.startswith((f"{n}.", f"{n}-"))]
            self._found[op] = self._capabilities[max(names, key=len)] if names else None
        return self._found[op]


def _denied(op: str, args: str, call: Caller) -> Result:
    refusal = denied.refuse(op, args)
    if refusal.denied is not None:
        call.deny(refusal.denied, refusal.hint)
    return Result.error(refusal.error, refusal.message)


def _while_loading(op: str, args: str, call: Caller) -> Result:
    refusal = denied.refuse(op, args)
    what = refusal.denied.capability if refusal.denied else op
    message = f"{what}: not while the code of the function is being loaded; do it in the handler"
    call.note(message)
    # A denied request is its own error without text; an internal error carries the reason to the guest.
    return Result.error("internal-error" if op.startswith("http") else refusal.error, message)
