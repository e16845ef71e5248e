"""Go: a cell has a `handle` of net/http, or is a whole source for Spin's SDK for Go; Go's own compiler builds it.

`guest` has the SDK's packages for WASI 0.2, and a net/http without what a component can't use: a cell that uses more of
it is built with Go's own. What is built is kept by its source: to run an unchanged cell again costs nothing.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from spinlab.errors import OptionError, SourceError, SpinError
from spinlab.function import Function
from spinlab.languages import ALIASES, Build, BuildContext, text_of
from spinlab.languages.golang import compiler, glue, official, report
from spinlab.languages.golang.compiler import CompileError, FetchError, Made
from spinlab.languages.golang.source import Source
from spinlab.toolchains import find
from spinlab.toolchains.diagnostics import Diagnostic, fail
from spinlab.toolchains.find import Tool
from spinlab.toolchains.progress import Progress, silent

STARTERS: Final = Path(__file__).with_name("starters")
TEMPLATES: Final = ("http", "kv", "sqlite", "fetch")
KEPT: Final = 8
"""Builds that are kept in memory."""

_REQUIRED: Final = re.compile(r"\w[\w.-]*(?:/[\w.~+-]+)*(?:@[\w.+-]+)?", re.ASCII)
_HANDED: Final = re.compile(r"\.\s*Handle\s*\(")
_LARGE: Final = re.compile(r"^(?:net/http/.*|net/rpc.*|expvar)$")


class GoLanguage:
    """Go cells."""

    name = "go"
    aliases = ALIASES["go"]
    extension = "go"
    title = "Go"
    watch = official.WATCH

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Made, tuple[str, ...]]] = OrderedDict()

    def build(self, function: Function, context: BuildContext) -> Build:
        """Compile the cell; see `spinlab.languages.Language.build`."""
        began = time.perf_counter()
        _check_options(function)
        source = Source.of(text_of(function))
        _check_source(function, source)
        made, remarks = self._made(function, source, context.progress)
        return Build(made.wasm, warnings=remarks, seconds=time.perf_counter() - began, log=made.log)

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """The files of a project of Spin's template ``http-go``."""
        modules: dict[str, str] = {}
        if function.requires:
            modules = compiler.modules_of(find.ensure(find.GO), function.requires, silent)
        return official.files(function, Source.of(text_of(function)), modules)

    def build_command(self, function: Function, build: Build) -> str:
        """The command that builds the official project, in its folder."""
        return official.COMMAND

    def build_output(self, function: Function, build: Build) -> str:
        """The component that it leaves there."""
        return official.OUTPUT

    def official_tools(self) -> tuple[Tool, ...]:
        """What has to be there to build the official project."""
        return (find.GO,)

    def official_interfaces(self, function: Function, build: Build) -> tuple[str, ...]:
        """What the SDK's own build exports, where a cell's component is for WASI 0.2."""
        return (official.EXPORTED,)

    def starter(self, template: str = "http") -> str:
        """The text of a first cell.

        Raises:
            OptionError: There is none of that name.
        """
        if template not in TEMPLATES:
            raise OptionError(f"Go has no starter {template!r}", hint=f"there are: {', '.join(TEMPLATES)}")
        return (STARTERS / f"{template}.go").read_text(encoding="utf-8")

    def tools(self) -> tuple[Tool, ...]:
        """The programs that it needs."""
        return (find.GO, find.WASM_TOOLS)

    def warm(self, progress: Progress = silent) -> None:
        """Compile Go's own packages, so that no cell has to wait for it: with our net/http, and with Go's own."""
        for text in (self.starter("http"), f'import _ "net/http/httptest"\n{self.starter("http")}'):
            self.build(Function("warm", text, language=self.name), BuildContext(progress=progress))

    def _made(self, function: Function, source: Source, progress: Progress) -> tuple[Made, tuple[str, ...]]:
        files = {
            compiler.CELL: source.completed(report.file_of(function)),
            glue.FILE: glue.glue(source, function.routes),
        }
        told = (find.ask(str(find.ensure(find.GO, progress)), "version"), *files.values(), *function.requires)
        key = hashlib.sha256("\0".join(told).encode()).hexdigest()
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        found = _compiled(function, source, files, progress)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


def _compiled(
    function: Function, source: Source, files: Mapping[str, str], progress: Progress
) -> tuple[Made, tuple[str, ...]]:
    go = find.ensure(find.GO, progress)
    whole = any(_LARGE.match(path) for path in source.imports)
    try:
        try:
            made = compiler.make(files, function.requires, progress, whole_http=whole)
        except FetchError:
            raise
        except CompileError as error:
            if whole or not report.wants_whole_http(error.log, function, go):
                raise
            whole = True
            made = compiler.make(files, function.requires, progress, whole_http=True)
    except FetchError as error:
        raise report.not_fetched(error.log, function.requires) from None
    except CompileError as error:
        raise report.failed(function, source, error.log, go) from None
    remark = "it uses more of net/http than a handler needs, so that all of Go's own is in it, which makes it large"
    return made, (remark,) if whole else ()


def _check_options(function: Function) -> None:
    if function.module:
        raise OptionError("a Go cell can't be imported by other cells", hint="leave out --module")
    for written in function.requires:
        if _REQUIRED.fullmatch(written) is None:
            raise _refused(written, f"--requires {written} is no module", "such as github.com/google/uuid@v1.6.0")
        if written.startswith("github.com/spinframework/spin-go-sdk"):
            raise _refused(written, "the SDK is here already", "leave it out of --requires")


def _refused(written: str, message: str, hint: str) -> OptionError:
    error = OptionError(message, hint=hint)
    error.subject = ("requires", written)
    return error


def _check_source(function: Function, source: Source) -> None:
    """Find what the compiler would say less clearly.

    Raises:
        SourceError: There is no handler, the package has another name, or C is asked for.
    """
    if not source.code.strip():
        raise SourceError("the cell is empty", hint=report.SIGNATURE)
    package = source.package
    if package is not None and package[1] != "main":
        raise _located(
            function, source, package.start(1), len(package[1]), "the package of a cell is main", "package main"
        )
    if "C" in source.imports:
        at = source.text.index('"C"')
        raise _located(function, source, at, 3, "a component can't be linked with C", "write that part in a C cell")
    if "handle" not in source.functions and _HANDED.search(source.code) is None:
        one = Diagnostic("there is no func handle", 1, hint=report.SIGNATURE)
        raise fail(function, [one], "", tool="go")


def _located(function: Function, source: Source, at: int, length: int, message: str, hint: str) -> SpinError:
    line = source.text.count("\n", 0, at) + 1
    column = at - source.text.rfind("\n", 0, at)
    return fail(function, [Diagnostic(message, line, column, column + length, hint=hint)], "", tool="go")


LANGUAGE = GoLanguage()
