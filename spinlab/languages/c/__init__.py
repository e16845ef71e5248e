"""C, C++ and Zig: a cell is one source file, compiled by zig into a component of a few kilobytes.

A cell defines `handle` and includes ``spin.h`` (C), ``spin.hpp`` (C++) or imports ``spin.zig``; these are in `guest`,
with the runtime behind them. A program (executor wagi, or started as a command) has a `main`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

from spinlab.errors import OptionError, SourceError
from spinlab.function import Function
from spinlab.languages import ALIASES, Build, BuildContext, text_of
from spinlab.languages.c import compiler, official, parts, report
from spinlab.languages.c.compiler import CompileError
from spinlab.languages.c.parts import Kind
from spinlab.toolchains import find
from spinlab.toolchains.find import Tool
from spinlab.toolchains.progress import Progress, silent

STARTERS = Path(__file__).parent / "starters"
TEMPLATES = ("http", "kv", "fetch")


class CompiledLanguage:
    """C, C++ or Zig.

    Parameters:
        kind: Which of them.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.name = kind.name
        self.title = kind.title
        self.aliases = ALIASES.get(kind.name, ())
        self.extension = kind.main.rpartition(".")[2]
        self.watch = {"c": ("*.c", "*.h"), "cpp": ("*.cpp", "*.hpp", "*.c", "*.h"), "zig": ("*.zig",)}[kind.name]

    def build(self, function: Function, context: BuildContext) -> Build:
        """Compile the cell; see `spinlab.languages.Language.build`."""
        began = time.perf_counter()
        _refuse(function, self.kind)
        text = _text(function)
        make = compiler.make_program if _is_program(function) else compiler.make
        if _is_program(function) and self.kind is not parts.ZIG and not re.search(r"\bmain\s*\(", text):
            raise SourceError("the cell defines no function main", hint=report.MAINS[self.kind.name])
        try:
            made = make(self.kind, text, context.progress)
        except CompileError as error:
            raise report.failed(function, self.kind, text, str(error)) from None
        wrong = report.mismatched(function, self.kind, text, made.log)
        if wrong is not None:
            raise wrong
        warned = report.warnings(self.kind, text, made.log, function.first_line)
        return Build(made.wasm, warnings=warned, seconds=time.perf_counter() - began, log=made.log)

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """The files of a project that zig builds; for wagi those of Spin's templates http-c and http-zig."""
        text = _text(function)
        if _is_program(function):
            return {self.kind.main: text.encode()}
        return official.files(self.kind, text, official.libc_of(self.kind, text, build.component))

    def build_command(self, function: Function, build: Build) -> str:
        """The command that builds the official project, in its folder, with zig and wasm-tools on the PATH."""
        if _is_program(function):
            return official.program_command(self.kind)
        return official.command(self.kind, official.libc_of(self.kind, _text(function), build.component))

    def starter(self, template: str = "http") -> str:
        """The text of a first cell.

        Raises:
            OptionError: There is none of that name.
        """
        if template in TEMPLATES:
            return (STARTERS / f"{template}.{self.extension}").read_text(encoding="utf-8")
        if template == "sqlite":
            raise OptionError(
                f"there is no SQLite for {self.title} here",
                hint="write that function in Python, JavaScript, Rust or Go, or keep values with --template kv",
            )
        raise OptionError(f"{template!r} is not a template of {self.title}", hint=f"there are: {', '.join(TEMPLATES)}")

    def tools(self) -> tuple[Tool, ...]:
        """What has to be here."""
        return (find.ZIG, find.WASM_TOOLS)

    def warm(self, progress: Progress = silent) -> None:
        """Get the tools and compile the libraries, so that the first cell does not have to wait for them."""
        kinds = ("", "#include <stdio.h>\n") if self.kind is parts.C else ("",)
        for before in kinds:
            compiler.make(self.kind, before + self.starter("http"), progress)


def _refuse(function: Function, kind: Kind) -> None:
    if function.module:
        raise OptionError(f"a {kind.title} cell can't be a module", hint="leave out --module")
    if function.requires:
        raise OptionError(
            f"there are no packages for {kind.title} here", hint="leave out --requires and put the source into the cell"
        )


def _is_program(function: Function) -> bool:
    return function.is_program


def _text(function: Function) -> str:
    """The source, without a byte order mark, which zig does not take."""
    text = text_of(function).removeprefix("\ufeff")
    if not text.strip():
        raise SourceError("the cell is empty", hint="%spin new shows what one looks like")
    return text


C = CompiledLanguage(parts.C)
CPP = CompiledLanguage(parts.CPP)
ZIG = CompiledLanguage(parts.ZIG)

__all__ = ["CPP", "ZIG", "C", "CompiledLanguage"]
