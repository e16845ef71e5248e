"""Why a guest failed, in words for its author."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import takewhile

from spinlab.engine.effects import Context
from spinlab.engine.ffi import Trap
from spinlab.engine.limits import exceeded
from spinlab.errors import CallError, GuestError, LimitExceeded, Location, SourceError
from spinlab.http import LogLine

_OUT_OF_MEMORY = re.compile(
    r"memory allocation of \d+ bytes failed"  # Rust
    r"|\bMemoryError\b(?!: Parser stack)"  # Python; its parser says so of deep nesting too
    r"|\bout of memory\b|cannot allocate memory"  # C, JavaScript, Go
    r"|handle_alloc_error|\brust_oom\b|alloc_error_handler",  # frames of a trap
    re.IGNORECASE,
)

_FRAME = re.compile(r"    at (?:\S+ \()?\S+:\d+:\d+\)?$")
"""A line of a JavaScript stack, as our image writes it."""

_LAST_LINES = 20
"""How far back in the log the reason of an end is looked for."""

_WORDS = {
    "unreachable": ("the function panicked or gave up (unreachable)", "its log may say why"),
    "stack-overflow": ("the function's stack overflowed", "look for a recursion that does not end"),
    "out-of-bounds": ("the function reached outside its memory", "look for a bad pointer or index"),
    "deadlock": ("the function waits for something that can't happen any more", "look for an await that never ends"),
    "interrupt": ("the function was stopped", ""),
    "host": ("the request failed inside spinlab", "this is a bug of spinlab; the details say where"),
}

_CAUSES = {
    "resource has children": (
        "the function ended while a call of its own was under way",
        "let every call finish before the function returns: Python on WASI 0.3 can't leave one behind",
    )
}
"""What wasmtime says of a guest that its language runtime ended -> what its author can do."""


def explain(trap: Trap, context: Context, stood_at_limit: Callable[[], bool | None]) -> CallError:
    """The error to show for a trap.

    Parameters:
        trap: What wasmtime said.
        context: What the guest used.
        stood_at_limit: Whether the guest's memory stood at its limit, None for perhaps; asked only when nothing else
            says why.
    """
    if context.error is not None:
        return context.error
    if context.exit_code is not None and not context.loading:
        return _exited(context.exit_code)
    lines = context.written.lines()
    if trap.code == "limit":
        return _limit(trap, context)
    full: bool | None = False
    if trap.code in ("unreachable", ""):
        full = _out_of_memory(lines) or bool(_OUT_OF_MEMORY.search(trap.details)) or stood_at_limit()
    if full:
        return exceeded("memory", context.limits)
    if context.loading:
        return not_loaded(trap.details)
    cause = _cause(trap)
    message, hint = _WORDS.get(trap.code) or _CAUSES.get(cause) or (f"the function failed: {cause}", "")
    if full is None:
        hint = "it may have run out of memory: --memory gives it more"
    details = f"{trap.details}\n{context.crash!r}" if context.crash else trap.details
    return GuestError(message, hint=hint, details=details)


def not_loaded(details: str) -> GuestError:
    """The error of code that failed before there was a request."""
    return GuestError("the function's code could not be loaded", hint="its log says why", details=details)


def stopped_at_import(error: CallError) -> None:
    """Say of a limit that the code met it while it was imported, where there is no request yet."""
    if isinstance(error, LimitExceeded):
        error.message = f"the code was {error.message} while it was imported"
        error.hint = "do less outside of the handler" + (f", or {error.hint}" if error.hint else "")


def import_failed(report: str, name: str) -> SourceError:
    """The error of a cell that fails when it is imported, from the traceback that its image gives.

    Parameters:
        report: The traceback.
        name: The function's name, which its file has too.
    """
    lines = [line for line in report.splitlines() if line.strip()]
    if any(_FRAME.match(line) for line in lines[1:]):  # JavaScript says first what, then where, the innermost first
        message = "\n".join(takewhile(lambda line: not _FRAME.match(line), lines)).strip()
        found = re.search(rf"^    at .*?{re.escape(name)}\.\w+:(\d+):(\d+)\)?$", report, re.MULTILINE)
        place = Location(int(found[1]), int(found[2])) if found else None
        return SourceError(message, location=place, details=report)
    message = lines[-1].strip() if lines else "the code could not be imported"
    places = re.findall(rf'File "{re.escape(name)}\.\w+", line (\d+)', report)
    return SourceError(message, location=Location(int(places[-1])) if places else None, details=report)


def _cause(trap: Trap) -> str:
    """The innermost reason in wasmtime's chain of them."""
    _, _, causes = trap.details.rpartition("Caused by:")
    lines = [line.strip() for line in causes.splitlines() if line.strip()]
    return re.sub(r"^\d+: ", "", lines[-1]) if lines and causes != trap.details else trap.message


def ran_out_of_memory(context: Context) -> bool:
    """Whether the log of a guest that answered with a failure ends in running out of memory."""
    return _out_of_memory(context.written.lines())


def _exited(code: int) -> GuestError:
    return GuestError(
        f"the function ended itself with exit code {code} before it answered",
        hint="return a response instead of exiting",
    )


def _limit(trap: Trap, context: Context) -> CallError:
    text = trap.details
    if trap.full:
        return GuestError("no instance is free", details=text)
    if "table" in text:
        return exceeded("table elements", context.limits)
    if "memory" in text and "count" not in text:
        return exceeded("memory", context.limits)
    return exceeded("instances", context.limits)


def _out_of_memory(lines: Iterable[LogLine]) -> bool:
    return any(_OUT_OF_MEMORY.search(line.text) for line in list(lines)[-_LAST_LINES:])
