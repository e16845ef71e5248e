"""What a compiler says, as one error that points into the cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from spinlab.errors import BuildError, CacheError, Location, SourceError, SpinError
from spinlab.function import Function
from spinlab.toolchains.process import ProgramError
from spinlab.toolchains.wrong_language import wrong_language

LISTED: Final = 10
"""Further errors that are shown with the first one."""


@dataclass(frozen=True)
class Diagnostic:
    """One thing that a compiler found.

    Attributes:
        message: What is wrong, one line.
        line: 1-based line of the function's source; None when it is about no place in it.
        column, end_column: 1-based columns in characters; None when it is about the whole line.
        label: A short note to stand beside the caret.
        hint: What to write instead.
        severity: ``error``, ``warning`` or ``note``.
    """

    message: str
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    label: str = ""
    hint: str = ""
    severity: str = "error"

    @property
    def location(self) -> Location | None:
        """Where it is in the source."""
        return None if self.line is None else Location(self.line, self.column, self.end_column, self.label)


def fail(function: Function, diagnostics: Sequence[Diagnostic], log: str, *, tool: str) -> SpinError:
    """The error for a build that failed: the first that was found, with the others listed.

    Parameters:
        diagnostics: In the order the tool said them; warnings and notes among them are left out.
        log: All that the tool wrote.
        tool: What it is called, for a failure that it says nothing about.

    Returns:
        A `SourceError` when it points into the source, else a `BuildError`.
    """
    errors = [d for d in diagnostics if d.severity == "error"]
    first = next((d for d in errors if d.line is not None), errors[0] if errors else None)
    if first is None:
        made: SpinError = BuildError(f"{tool} failed", details=_end(log))
    else:
        kind = SourceError if first.line is not None else BuildError
        rest = [d for d in errors if d is not first]
        made = kind(first.message, hint=first.hint, location=first.location, details=_listed(function, rest))
    other = wrong_language(function.source, function.language) if isinstance(function.source, str) else None
    if other is not None:
        made.hint = f"this looks like {other.title}; begin the cell with %%spin {other.name} {function.name}"
    made.log = log
    return made


def broken(error: ProgramError, tool: str) -> SpinError:
    """The error for a tool that did not come to its end: killed, crashed, no memory, no room, no time."""
    hints = {
        "killed": "close what else needs memory and run the cell again",
        "memory": "close what else needs memory, or make the source smaller",
        "disk": "make room on the disk and run the cell again",
        "crashed": "that is a defect of the tool; the full log says more",
        "timeout": "make the source smaller",
        "output": "the first errors are in the full log",
        "missing": "is it installed for this kind of machine?",
    }
    message = f"{tool} {error.why}"
    hint = hints.get(error.kind, "")
    made: SpinError = (CacheError if error.kind == "disk" else BuildError)(message, hint=hint)
    made.details = _end(error.output) if error.kind in ("failed", "crashed", "missing") else ""
    made.log = error.output
    return made


def _listed(function: Function, rest: Sequence[Diagnostic]) -> str:
    """Further errors, one a line, with the lines of the cell."""
    if not rest:
        return ""
    lines = [f"and {len(rest)} more:"]
    for one in rest[:LISTED]:
        place = "" if one.line is None else f"line {one.line + function.first_line - 1}: "
        lines.append(f"  {place}{one.message}")
    if len(rest) > LISTED:
        lines.append("  ...")
    return "\n".join(lines)


def _end(log: str) -> str:
    """The last lines of a log, where tools say why they stopped."""
    lines = [line for line in log.splitlines() if line.strip()]
    return "\n".join(line[:500] for line in lines[-20:])
