"""What cargo and rustc say, as errors and remarks about a cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from spinlab.errors import BuildError, SourceError, SpinError
from spinlab.function import Function
from spinlab.languages.rust import locks, trouble
from spinlab.languages.rust.cargo import PACKAGE, Outcome
from spinlab.languages.rust.project import Project
from spinlab.toolchains import component, confine
from spinlab.toolchains.diagnostics import Diagnostic, broken, fail
from spinlab.toolchains.process import ProgramError, kind_of

_UNKNOWN_CRATE: Final = re.compile(
    r"(?:unlinked crate|crate or module|a crate named|missing crate|undeclared crate or module) `(\w+)`"
)
_MISSING_MODULE: Final = re.compile(r"file not found for module `(\w+)`")
_UNDEFINED: Final = re.compile(r"undefined symbol: (\S+)|failed to resolve import `env::([^`]+)`")
_SIGNAL: Final = re.compile(r"\(signal: (\d+)\b")
_PANICKED: Final = re.compile(r"the compiler unexpectedly panicked|internal compiler error")
_UNSENT: Final = re.compile(r"can't be sent as an answer")
_SUMMARY: Final = re.compile(r"^(?:aborting due to|\d+ warnings? emitted|.* warnings? emitted)")


@dataclass(frozen=True)
class Place:
    """A place in one of the project's files."""

    file: str
    line: int
    column: int
    end_column: int | None
    label: str


def warnings(function: Function, project: Project, outcome: Outcome) -> tuple[str, ...]:
    """Remarks for the card: what the compiler warned of, and whose code ran while it was built."""
    found: dict[str, None] = {}
    for diagnostic, module in _own(function, project, outcome):
        if diagnostic.severity == "warning":
            line = diagnostic.line or 0
            where = f"line {line + function.first_line - 1}: " if not module else f"module {module}, line {line}: "
            found[f"{where if line else ''}{diagnostic.message}"] = None
    ran = sorted(
        set(_ran(outcome)) & set(locks.packages(outcome.lock))
        if any(crate.written for crate in project.crates)
        else set()
    )
    if ran:
        names = ", ".join(ran[:5]) + (" and others" if len(ran) > 5 else "")
        found[f"code of {names} ran here while it was built: {confine.limits()}"] = None
    return tuple(found)


def failure(function: Function, project: Project, outcome: Outcome) -> SpinError:
    """The error for a build that failed."""
    text = outcome.done.err.decode("utf-8", "replace")
    found = list(_own(function, project, outcome))
    errors = [(d, module) for d, module in found if d.severity == "error"]
    kind = _kind(outcome, text)
    if kind is not None:
        made = broken(ProgramError(text, kind), "rustc")
        made.log = outcome.log
        return made
    if errors:
        return _compiled(function, errors, outcome)
    made = trouble.dependency(project, outcome) or trouble.cargo(project, text)
    made.log = outcome.log
    return made


def _compiled(function: Function, errors: list[tuple[Diagnostic, str]], outcome: Outcome) -> SpinError:
    """The error for what rustc found in the cell, in one of its modules, or when it linked them."""
    here = [diagnostic for diagnostic, module in errors if not module]
    if not here and not function.module:
        first, module = errors[0]
        error = SourceError(f"the module {module}, line {first.line}: {first.message}", hint=first.hint)
        error.log = outcome.log
        return error
    return fail(function, here or [diagnostic for diagnostic, _ in errors], outcome.log, tool="rustc")


def _kind(outcome: Outcome, text: str) -> str | None:
    """Whether the compiler came to no proper end, as a kind of `ProgramError`."""
    everything = [m["message"] for m in outcome.messages if m.get("reason") == "compiler-message"]
    placeless = [str(m["message"]) for m in everything if str(m["level"]).startswith("error") and not m["spans"]]
    said = "\n".join([text, *placeless])  # what has a place may quote the cell
    kind = kind_of(outcome.done.code, said)
    if kind != "failed":
        return kind
    if "custom build command" in text:
        return None
    signal = _SIGNAL.search(text)
    if signal is not None:
        return "killed" if signal[1] == "9" else "crashed"
    return "crashed" if _PANICKED.search(said) else None


def _own(function: Function, project: Project, outcome: Outcome) -> Iterator[tuple[Diagnostic, str]]:
    """What was said about the cell and its modules, with the name of the module ("" for the cell itself)."""
    files = {module.path: module.function.name for module in project.modules}
    for message in outcome.messages:
        if message.get("reason") != "compiler-message" or message["target"]["name"] != PACKAGE:
            continue
        said = message["message"]
        level = str(said["level"])
        if level != "warning" and not level.startswith("error"):
            continue
        if _SUMMARY.match(said["message"]):
            continue
        diagnostic, file = _diagnostic(said, project, files)
        name = files.get(file, "")
        yield diagnostic, "" if name == function.name else name


def _diagnostic(said: Mapping[str, Any], project: Project, files: Mapping[str, str]) -> tuple[Diagnostic, str]:
    severity = "warning" if said["level"] == "warning" else "error"
    message, hint = _words(said)
    place = _place(said, {project.root, *files})
    if message.startswith("linking with "):
        return _linked(said, project, message), project.root
    if place is None:
        return Diagnostic(message, severity=severity, hint=hint), project.root
    if place.file != project.root or place.line <= project.source.lines:
        return (
            Diagnostic(message, place.line, place.column, place.end_column, place.label, hint, severity),
            place.file,
        )
    # In the lines that are added below the cell: it is about the handler that they name.
    line = project.source.line if project.source.form == "short" else project.source.lines
    if _UNSENT.search(message):
        at = re.search(r"->\s*(.*?)\s*(?:\{|where\b|$)", project.source.text.splitlines()[line - 1])
        if at is not None:
            columns = at.start(1) + 1, at.end(1) + 1
            return Diagnostic(message, line, *columns, "can't be sent", hint, severity), project.root
    return Diagnostic(message, line, hint=hint, severity=severity), project.root


def _words(said: Mapping[str, Any]) -> tuple[str, str]:
    """Message and hint."""
    message = str(said["message"])
    everything = "\n".join([message, *(str(c["message"]) for c in said["children"])])
    labels = "\n".join(str(span.get("label") or "") for span in said["spans"])
    crate = _UNKNOWN_CRATE.search(everything) or _UNKNOWN_CRATE.search(labels)
    if crate is not None and not _is_local(crate[1]):
        name = crate[1]
        return (
            f"the crate `{name}` is not among those that the cell is built with",
            f"add --requires {name} to the %%spin line",
        )
    module = _MISSING_MODULE.search(message)
    if module is not None:
        return (
            f"there is no module `{module[1]}`",
            f"run a cell that begins with %%spin rust {module[1]} --module first",
        )
    return message, _hint(said)


def _is_local(name: str) -> bool:
    return name in ("self", "super", "crate", "Self") or not name[:1].islower()


def _hint(said: Mapping[str, Any]) -> str:
    """What our own crate says to do; else the first help, with what it would put there; else the first note."""
    ours = (str(c["message"]) for c in said["children"] if str(c["message"]).startswith(("write fn ", "return text")))
    for text in ours:
        return text
    for child in said["children"]:
        if child["level"] != "help":
            continue
        text = str(child["message"]).strip()
        new = [str(span["suggested_replacement"]) for span in child["spans"] if span.get("suggested_replacement")]
        short = [part.strip() for part in new if part.strip() and "\n" not in part.strip()]
        if len(short) == 1 and short[0] not in text:
            text += f": {short[0]}"
        return text.splitlines()[0] if text else ""
    notes = [str(c["message"]).strip() for c in said["children"] if c["level"] == "note" and not c["spans"]]
    notes = [note for note in notes if note and not note.startswith(("`#[", "this error originates", "the full"))]
    return notes[0].splitlines()[0] if notes else ""


def _place(said: Mapping[str, Any], files: set[str]) -> Place | None:
    """Where it is: the primary place, followed out of the macros it is in, in one of our files."""
    spans = sorted(said["spans"], key=lambda span: not span["is_primary"])
    if said["message"].startswith("this file contains an unclosed delimiter"):
        spans.sort(key=lambda span: span.get("label") != "unclosed delimiter")
    for span in spans:
        at: Mapping[str, Any] | None = span
        while at is not None:
            name = str(at["file_name"]).replace("\\", "/").removeprefix("./")
            if name in files:
                same = at["line_start"] == at["line_end"]
                end = int(at["column_end"]) if same else None
                label = str(span.get("label") or "").splitlines()
                return Place(name, int(at["line_start"]), int(at["column_start"]), end, label[0] if label else "")
            at = (at.get("expansion") or {}).get("span")
    return None


def _linked(said: Mapping[str, Any], project: Project, message: str) -> Diagnostic:
    """What the linker said."""
    everything = "\n".join([message, *(str(child["message"]) for child in said["children"])])
    missing = _UNDEFINED.search(everything)
    if missing is None:
        return Diagnostic(f"the parts can't be linked: {component.reason(everything)}")
    return _nowhere(missing[1] or missing[2], project)


def unlinked(function: Function, project: Project, error: BuildError, outcome: Outcome) -> SpinError:
    """The error for a core module that no component can be made of."""
    missing = _UNDEFINED.search(error.details)
    if missing is None:
        return error
    return fail(function, [_nowhere(missing[1] or missing[2], project)], outcome.log + error.details, tool="rustc")


def _nowhere(name: str, project: Project) -> Diagnostic:
    """A function that is declared, but in nothing that was linked."""
    hint = "functions of C libraries are not in the sandbox; a crate in Rust alone, or write it here"
    for number, text in enumerate(project.source.text.splitlines(), start=1):
        at = re.search(rf"\bfn\s+({re.escape(name)})\b", text)
        if at is not None:
            column = at.start(1) + 1
            return Diagnostic(
                f"the function `{name}` is nowhere to be found", number, column, column + len(name), hint=hint
            )
    return Diagnostic(f"the function `{name}` is nowhere to be found", hint=hint)


def _ran(outcome: Outcome) -> Iterator[str]:
    """Names of the crates whose build scripts or macros ran."""
    for message in outcome.messages:
        if message.get("reason") == "compiler-artifact" and {"custom-build", "proc-macro"} & set(
            message["target"]["kind"]
        ):
            identity = str(message["package_id"])
            name = re.search(r"#(?:([\w-]+)@)?[\d.]", identity)
            yield name[1] if name and name[1] else identity.partition("#")[0].rpartition("/")[2]
