"""What clang, the linker and zig say, as places in the cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from spinlab.errors import SpinError
from spinlab.function import Function
from spinlab.languages.c import names
from spinlab.languages.c.parts import CPP, ZIG, Kind
from spinlab.toolchains.diagnostics import Diagnostic, fail

_SAID = re.compile(
    r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):(?P<column>\d+):(?P<ranges>(?:\{[\d:-]+\})*)"
    r"(?::)? (?P<severity>fatal error|error|warning|note): (?P<message>.*)$"
)
_RANGE = re.compile(r"\{(\d+):(\d+)-(\d+):(\d+)\}")
_FIX = re.compile(r'^fix-it:"(?P<file>[^"]*)":\{(\d+):(\d+)-(\d+):(\d+)\}:"(?P<text>.*)"$')
_INCLUDED = re.compile(r"^In file included from (?P<file>[^:]+):(?P<line>\d+)")
_FLAG = re.compile(r" \[-W[\w+=,-]+\]$")
_UNDEFINED = re.compile(r"^(?:wasm-ld: )?error: .*undefined symbol: (?P<name>.+)$")
_DUPLICATE = re.compile(r"^(?:wasm-ld: )?error: duplicate symbol: (?P<name>.+)$")
_MISMATCH = re.compile(r"^(?:wasm-ld: )?(?:warning|error): function signature mismatch: (?P<name>.+)$")
_HEADER = re.compile(r"'(?P<name>[^']+)' file not found")
_PLAIN = re.compile(r"^error: (?P<message>(?!failed to encode).+)$")
_IMPORT = re.compile(r"failed to resolve import `(?P<module>[^`]+)::(?P<name>[^`:]+)`")
_REFERENCE = re.compile(r"^    \S.*: (?P<file>[^:\s]+):(?P<line>\d+):\d+$")
_UNDECLARED = re.compile(
    r"(?:undeclared (?:library )?\w+|unknown type name|no (?:member|template) named) '(?P<name>\w+)'"
)
_ISO = re.compile(r"; ISO C\d+ and later do not support implicit function declarations")

SIGNATURES: Final = {
    "c": 'write void handle(spin_request *req, spin_response *res) { ... } after #include "spin.h"',
    "cpp": 'write void handle(spin::Request &req, spin::Response &res) { ... } after #include "spin.hpp"',
    "zig": "write pub fn handle(req: *spin.Request, res: *spin.Response) !void { ... }",
}
MAINS: Final = {
    "c": "write int main(void) { ... }",
    "cpp": "write int main() { ... }",
    "zig": "write pub fn main() !void { ... }",
}


def failed(function: Function, kind: Kind, text: str, log: str) -> SpinError:
    """The error for a cell that was not accepted."""
    return fail(function, read(kind, text, log), log, tool="zig" if kind is ZIG else "clang")


def mismatched(function: Function, kind: Kind, text: str, log: str) -> SpinError | None:
    """The error for what a linker only warns of, though it can't work: a function that is called as another one."""
    found = [d for d in read(kind, text, log) if d.severity == "error"]
    return fail(function, found, log, tool="clang") if found else None


def warnings(kind: Kind, text: str, log: str, first_line: int) -> tuple[str, ...]:
    """What compilers warn of, one line each, with the lines of the cell."""
    found = dict.fromkeys(
        f"line {d.line + first_line - 1}: {d.message}"
        for d in read(kind, text, log)
        if d.severity == "warning" and d.line is not None
    )
    return tuple(found)[:5]


def read(kind: Kind, text: str, log: str) -> list[Diagnostic]:
    """Everything that was found, in the order it was said."""
    lines = text.split("\n")
    found = _Reader(kind, lines).read(log)
    return list(dict.fromkeys(found))


class _Reader:
    """Reads one log.

    What is said about another file, such as a header that the cell includes, is moved to the line of the cell that
    leads there: the note or the ``In file included from`` that names it.
    """

    def __init__(self, kind: Kind, lines: list[str]) -> None:
        self._kind = kind
        self._lines = lines
        self._found: list[Diagnostic] = []
        self._elsewhere = False  # whether the last one is about another file, and has no place yet
        self._included: int | None = None
        self._includes: dict[Diagnostic, int] = {}  # what has no place but the include that leads to it

    def read(self, log: str) -> list[Diagnostic]:
        lines = log.splitlines()
        for number, line in enumerate(lines):
            said = _SAID.match(line)
            if said is not None:
                self._said(said, lines[number + 1 : number + 4])
            elif (fix := _FIX.match(line)) is not None:
                self._fix(fix)
            elif (reference := _REFERENCE.match(line)) is not None:
                self._led_here(int(reference["line"]) if reference["file"] == self._kind.main else None)
            elif (included := _INCLUDED.match(line)) is not None:
                mine = included["file"] == self._kind.main
                self._included = int(included["line"]) if mine else self._included
            else:
                self._found += self._linked(line)
        return self._placed()

    def _placed(self) -> list[Diagnostic]:
        """Without what is only about another file, when something is about the cell; else with its include."""
        if any(d.line is not None and d.severity == "error" for d in self._found):
            return [d for d in self._found if d.line is not None or d.hint]
        return [replace(d, line=self._includes.get(d, d.line)) for d in self._found]

    def _said(self, said: re.Match[str], after: list[str]) -> None:
        mine = said["file"].removeprefix("./") == self._kind.main
        severity = "error" if said["severity"] == "fatal error" else said["severity"]
        line = int(said["line"]) if mine else None
        if severity == "note":
            self._note(said["message"], line)
            return
        self._elsewhere = not mine
        column = end = None
        if line is not None:
            column, end = self._columns(said, line, after)
        message = _ISO.sub("", _FLAG.sub("", said["message"]))
        found = Diagnostic(message, line, column, end, hint=self._hint(message), severity=severity)
        self._found.append(found)
        if not mine and self._included is not None:
            self._includes[found] = self._included

    def _note(self, message: str, line: int | None) -> None:
        if not self._found:
            return
        self._led_here(line)
        last = self._found[-1]
        header = re.search(r"include the header (<[^>]+>)", message)
        if header is not None and not last.hint:
            self._found[-1] = replace(last, hint=f"write #include {header[1]}")

    def _led_here(self, line: int | None) -> None:
        """Give what is wrong in another file the place in the cell that led there, once a place."""
        if not self._elsewhere or line is None or not self._found:
            return
        self._elsewhere = False
        last = self._found.pop()
        if not any(d.line == line and d.severity == last.severity for d in self._found):
            self._found.append(replace(last, line=line))

    def _columns(self, said: re.Match[str], line: int, after: list[str]) -> tuple[int, int | None]:
        """Columns in characters: clang counts bytes, and shows ranges; zig draws them below the line."""
        begin = int(said["column"])
        ends = [int(r[4]) for r in _RANGE.finditer(said["ranges"]) if int(r[1]) == line and int(r[2]) == begin]
        ends = [e for e in ends if e > begin]
        end = max(ends, default=None)
        if end is None and self._kind is ZIG and len(after) > 1:
            drawn = re.match(r" *(~*\^~*)$", after[1])
            end = begin + len(drawn[1]) if drawn is not None and len(drawn[1]) > 1 else None
        return self._characters(line, begin), None if end is None else self._characters(line, end)

    def _characters(self, line: int, column: int) -> int:
        if not 1 <= line <= len(self._lines):
            return column
        before = self._lines[line - 1].encode()[: column - 1]
        return len(before.decode("utf-8", "replace")) + 1

    def _hint(self, message: str) -> str:
        missing = _HEADER.search(message)
        if missing is not None:
            own = "spin.hpp and spin.h" if self._kind is CPP else "spin.h"
            return f"there are the headers of the standard library and {own}, no others"
        if "exceptions disabled" in message:
            return "there are no exceptions in the sandbox: answer with a status, or call std::abort()"
        if "rtti" in message.lower():
            return "there is no run-time type information: no typeid and no dynamic_cast"
        if self._kind is ZIG:
            named = re.search(r"'(handle|main)'(?: is not marked|$)|no pub fn (handle)", message)
            return "" if named is None else MAINS["zig"] if named[1] == "main" else SIGNATURES["zig"]
        undeclared = _UNDECLARED.search(message)
        return names.advice(self._kind, undeclared["name"]) if undeclared is not None else ""

    def _fix(self, fix: re.Match[str]) -> None:
        if not self._found or self._found[-1].hint or fix["file"] != self._kind.main or len(fix["text"]) > 60:
            return
        inserted = fix[2] == fix[4] and fix[3] == fix[5]
        if fix["text"]:
            hint = f"insert {fix['text']}" if inserted else f"write {fix['text']}"
            self._found[-1] = replace(self._found[-1], hint=hint)

    def _linked(self, line: str) -> Iterator[Diagnostic]:
        undefined, double, mismatch = _UNDEFINED.match(line), _DUPLICATE.match(line), _MISMATCH.match(line)
        if undefined is not None:
            yield self._undefined(undefined["name"])
        elif double is not None:
            name = _bare(double["name"])
            hint = "our runtime has one of that name: call yours otherwise, or make it static"
            yield self._at(name, f"{name} is defined twice", hint)
        elif mismatch is not None:
            name = _bare(mismatch["name"])
            hint = SIGNATURES[self._kind.name] if name == "handle" else "declare it as it is defined"
            yield self._at(name, f"{name} is used in another way than it is defined", hint)
        elif (unresolved := _IMPORT.search(line)) is not None:
            yield self._unresolved(unresolved["module"], unresolved["name"])
        elif self._kind is ZIG and (plain := _PLAIN.match(line)) is not None:
            yield Diagnostic(plain["message"])

    def _undefined(self, name: str) -> Diagnostic:
        bare = _bare(name)
        if bare == "handle":
            return Diagnostic("the cell defines no function handle", hint=SIGNATURES[self._kind.name])
        if bare in ("main", "__main_void", "__main_argc_argv", "__original_main"):
            return Diagnostic("the cell defines no function main", hint=MAINS[self._kind.name])
        hint = "define it; a function of the C library needs its header, such as #include <string.h>"
        return self._at(bare, f"{name} is used but defined nowhere", hint)

    def _unresolved(self, module: str, name: str) -> Diagnostic:
        """What zig's linker leaves to be imported, and what a cell itself asks to import."""
        if module == "env":
            return self._undefined(name)
        hint = "what can be imported is what spin.h and spin.zig offer"
        return self._at(name, f"there is no {name} to import from {module}", hint)

    def _at(self, name: str, message: str, hint: str) -> Diagnostic:
        """Points to the last place of a name in the cell: a declaration comes before a use."""
        whole = re.compile(rf"(?<![\w]){re.escape(name)}(?!\w)")
        for number in range(len(self._lines), 0, -1):
            place = whole.search(self._lines[number - 1])
            if place is not None and not self._lines[number - 1].lstrip().startswith(("//", "*")):
                return Diagnostic(message, number, place.start() + 1, place.end() + 1, hint=hint)
        return Diagnostic(message, hint=hint)


def _bare(name: str) -> str:
    """A function's name without its parameters and namespaces."""
    return name.partition("(")[0].rpartition("::")[2].strip()
