"""What the go command says, as places in the cell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from spinlab.errors import BuildError, OptionError, SpinError, ToolMissing
from spinlab.function import Function
from spinlab.languages.golang import compiler, glue
from spinlab.languages.golang.source import PACKAGES, SDK, Source
from spinlab.toolchains.diagnostics import Diagnostic, fail

_SAID: Final = re.compile(r"^(?:\./)?(?P<file>[^\s:][^:\n]*\.go):(?P<line>\d+):(?P<column>\d+): (?P<message>.+)$")
_UNDEFINED: Final = re.compile(r"^undefined: (?P<name>[\w.]+)$")
_FIELD: Final = re.compile(r"^(?P<all>[\w.()]+)\.(?P<name>\w+) undefined \(type (?P<type>.+) has no field or method")
_MISSING: Final = re.compile(
    r"^(?:cannot find module providing package|no required module provides package) (?P<path>[^\s:;]+)"
)
_INSIDE: Final = re.compile(r"^module (?P<module>\S+?)@\S+ found.*, but does not contain package (?P<path>\S+)")
_STANDARD: Final = re.compile(r"^package (?P<path>\S+) is not in std")
_QUOTED: Final = re.compile(r"^\"(?P<path>[^\"]+)\" imported(?: as \w+)? and not used$")
_HINTS: Final = (
    (r"imported(?: as \w+)? and not used", "take the import away; what is used of Go's packages is imported by itself"),
    (r"^declared and not used", "use it, write _ in its place, or take it away"),
    (r"^missing return", "every way through the function has to end with a return"),
    (r"redeclared in this block", "choose another name for one of them"),
    (r"no new variables on left side of :=", "write = : the variables are there already"),
    (r"syntax error: unexpected newline", "a line that goes on ends with a comma, an operator or an opening bracket"),
    (r"syntax error: non-declaration statement outside function body", "put it into a func"),
    (r"syntax error: unexpected EOF", "a brace or bracket is not closed"),
    (r"cannot use .* as string value", "fmt.Sprint or strconv.Itoa makes text of a number"),
    (r"mismatched types int and", "convert one of them, such as float64(n)"),
    (r"is not a type", ""),
)
SIGNATURE: Final = "write func handle(w http.ResponseWriter, r *http.Request) { ... }"


def failed(function: Function, source: Source, log: str, go: Path | None = None) -> SpinError:
    """The error for a cell that was not accepted."""
    return fail(function, read(function, source, log, go), log, tool="go")


def read(function: Function, source: Source, log: str, go: Path | None = None) -> list[Diagnostic]:
    """Everything that was found, in the order of the cell."""
    found = list(dict.fromkeys(_read(function, source, log, go)))
    placed = [d for d in found if d.line is not None]
    return sorted(placed, key=lambda d: (d.line or 0, d.column or 0)) or found


def _read(function: Function, source: Source, log: str, go: Path | None) -> Iterator[Diagnostic]:
    lines = source.text.split("\n")
    said = log.splitlines()
    for number, line in enumerate(said):
        match = _SAID.match(line)
        if match is None:
            if line.startswith("go: ") and "finding module" not in line and "downloading" not in line:
                yield Diagnostic(line.removeprefix("go: "))
            continue
        whole = " ".join((match["message"], *_continued(said[number + 1 : number + 3])))
        message = whole.replace('"net/http".', "http.")
        name = match["file"].rpartition("/")[2]
        if name == glue.FILE:
            yield _about_handle(source, message)
        elif name == file_of(function):
            at, column = _place(lines, int(match["line"]), int(match["column"]))
            yield _explained(Diagnostic(message, at, column), lines, source, go)
        else:
            yield Diagnostic(f"{match['file']}, line {match['line']}: {message}")


def _continued(after: Sequence[str]) -> Iterator[str]:
    """The lines that begin with a tab go on with what was said before."""
    for line in after:
        if not line.startswith("\t"):
            return
        yield line.strip()


def file_of(function: Function) -> str:
    """What the compiler calls a cell."""
    return f"{function.name}.go"


def _place(lines: Sequence[str], line: int, byte: int) -> tuple[int, int]:
    """Line and column, in characters, of a column in bytes; what is behind the end is shown at the last line."""
    while line > 1 and (line > len(lines) or not lines[line - 1].strip()):
        line -= 1
        byte = len(lines[line - 1].encode()) + 1 if line <= len(lines) else byte
    return line, len(lines[line - 1].encode()[: byte - 1].decode("utf-8", "ignore")) + 1


def _about_handle(source: Source, message: str) -> Diagnostic:
    at = source.functions.get("handle")
    if at is None:
        return Diagnostic(message)
    line = source.text.count("\n", 0, at) + 1
    if "as func(" in message or "cannot use handle" in message:
        message = "handle has other parameters or results than a handler has"
    return Diagnostic(message, line, 1, 1 + len("func handle"), hint=SIGNATURE)


def _explained(one: Diagnostic, lines: Sequence[str], source: Source, go: Path | None) -> Diagnostic:
    """With its end, and what to write instead."""
    line, column = lines[(one.line or 1) - 1], one.column or 1
    if (missing := _MISSING.match(one.message)) is not None:
        return _about_package(one, missing["path"], line)
    if (inside := _INSIDE.match(one.message)) is not None:
        if inside["module"] == SDK:
            return _about_package(one, inside["path"], line)
        said = f"the module {inside['module']} has no package {inside['path']}"
        return replace(
            one, message=said, end_column=_end(line, column), hint="look at its documentation for its packages"
        )
    if (standard := _STANDARD.match(one.message)) is not None:
        hint = _near_standard(standard["path"], go)
        message = f"Go has no package {standard['path']}"
        return replace(one, message=message, end_column=_end(line, column), hint=hint)
    if (undefined := _UNDEFINED.match(one.message)) is not None:
        before = len(undefined["name"].rpartition(".")[0]) + 1
        if before > 1 and line[: column - 1].endswith(undefined["name"][:before]):
            column -= before
        return replace(
            one, column=column, end_column=column + len(undefined["name"]), hint=_meant(undefined["name"], source, go)
        )
    if (field := _FIELD.match(one.message)) is not None and field["type"].lstrip("*") in (
        "http.Request",
        "http.Response",
    ):
        near = get_close_matches(field["name"], _http(go), n=1)
        return replace(one, hint=f"did you mean {near[0]}?" if near else "")
    hint = next((text for pattern, text in _HINTS if re.search(pattern, one.message)), "")
    return replace(one, end_column=_end(line, column), hint=hint)


def _end(line: str, column: int) -> int:
    """The column behind the word or literal that begins there."""
    word = re.compile(r"(?:[\w.]+[ \t]+)?\"[^\"]*\"|`[^`]*`|\w+|\S").match(line, column - 1)
    return word.end() + 1 if word else column + 1


def _about_package(one: Diagnostic, path: str, line: str) -> Diagnostic:
    end = _end(line, one.column or 1)
    if path.startswith(f"{SDK}/"):
        here = ", ".join(PACKAGES)
        message = f"the SDK has no package {path.removeprefix(SDK + '/')}"
        return replace(one, message=message, end_column=end, hint=f"there are: {here}")
    if path.startswith("github.com/spinframework/spin-go-sdk"):
        return replace(one, message="this version of the SDK is not here", end_column=end, hint=f"import {SDK}/http")
    module = "/".join(path.split("/")[:3]) if path.startswith("github.com/") else path
    hint = f"add --requires {module}@latest, or a version that you know, to the %%spin line"
    return replace(one, message=f"the package {path} is of a module that is not required", end_column=end, hint=hint)


def _near_standard(path: str, go: Path | None) -> str:
    base = compiler.root(go) / "src" if go else None
    if base is None or not base.is_dir():
        return ""
    known = [p for p in _standard(base) if "internal" not in p and "vendor" not in p and not p.startswith("cmd")]
    near = [p for p in known if p.rpartition("/")[2] == path.rpartition("/")[2]] or get_close_matches(path, known, n=1)
    return f"did you mean {near[0]}?" if near else "packages of others begin with a host, such as github.com/..."


def _standard(base: Path) -> list[str]:
    folders = {path.parent for pattern in ("*/*.go", "*/*/*.go", "*/*/*/*.go") for path in base.glob(pattern)}
    return sorted(folder.relative_to(base).as_posix() for folder in folders)


def _meant(name: str, source: Source, go: Path | None) -> str:
    package, _, member = name.rpartition(".")
    if package:
        paths = {alias: path for path, alias in {**source.imports, **source.missing}.items()}
        known = compiler.names_in(go, paths[package]) if go and package in paths else frozenset()
        near = get_close_matches(member, known, n=1)
        return f"did you mean {package}.{near[0]}?" if near else ""
    words = set(re.findall(r"[^\W\d]\w+", source.code)) - {name}
    near = get_close_matches(name, words, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _http(go: Path | None) -> frozenset[str]:
    return compiler.names_in(go, "net/http") if go else frozenset()


def wants_whole_http(log: str, function: Function, go: Path) -> bool:
    """Whether a cell failed only because our net/http has less than Go's own."""
    for line in log.splitlines():
        match = _SAID.match(line)
        if match is None:
            continue
        if match["file"].rpartition("/")[2] not in (file_of(function), glue.FILE):
            return True  # a package of somebody else uses more of it
        undefined = _UNDEFINED.match(match["message"])
        field = _FIELD.match(match["message"])
        name = ""
        if undefined is not None and undefined["name"].startswith("http."):
            name = undefined["name"].removeprefix("http.")
        elif field is not None and "http." in field["type"]:
            name = field["name"]
        if name and name in _http(go):
            return True
    return False


def not_fetched(log: str, requires: Sequence[str]) -> SpinError:
    """The error for modules that can't be had."""
    lines = [line.removeprefix("go: ").strip() for line in log.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("downloading ", "added ", "upgraded "))]
    text = "\n".join(lines)
    which = next((one for one in requires if one.partition("@")[0] in text), requires[0])
    module, _, version = which.partition("@")
    made: SpinError
    if re.search(r"no such host|connection refused|i/o timeout|network is unreachable|dial tcp|TLS handshake", text):
        made = ToolMissing(
            f"the module {module} can't be had: there is no way to a module proxy",
            hint="is there a connection? once got, a module is kept; GOPROXY names another proxy",
        )
    elif (newer := re.search(r"requires go >= (\S+)", text)) is not None:
        made = OptionError(
            f"{which} needs Go {newer[1].rstrip(';)')} or later",
            hint="require an older version of it, or %spin doctor go --install",
        )
    elif re.search(r"checksum mismatch|SECURITY ERROR", text):
        made = BuildError(f"what was got for {module} is not what its checksum says", hint="try another version")
    elif re.search(r"unknown revision|invalid version|no matching versions|version .* invalid", text) and version:
        made = OptionError(f"the module {module} has no version {version}", hint=f"--requires {module}@latest")
    elif re.search(r"malformed module path|malformed import path|missing dot|is not in std", text):
        made = OptionError(
            f"{module} is no module", hint="a module begins with a host, such as github.com/google/uuid@v1.6.0"
        )
    elif version and re.search(r"/@v/.*(?:40[34] |410 |not found|Not Found|no such file)", text):
        made = OptionError(
            f"the module {module} has no version {version}, or is not there at all", hint=f"--requires {module}@latest"
        )
    elif re.search(
        r"40[34] |410 |not found|Not Found|no such file|Forbidden|unrecognized import path|does not contain", text
    ):
        made = OptionError(
            f"there is no module {module}", hint="is its path right? it is what its documentation imports"
        )
    else:
        made = BuildError(f"the module {module} can't be had", details=text[-2000:])
    made.details = made.details or text[-2000:]
    made.subject = ("requires", which)
    made.log = log
    return made
