"""esbuild: checks and translates sources, bundles packages, and says what is wrong where."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from spinlab.errors import BuildError
from spinlab.languages import Progress, silent
from spinlab.languages.javascript import service
from spinlab.toolchains import npm
from spinlab.toolchains.diagnostics import Diagnostic, broken
from spinlab.toolchains.process import ProgramError

VERSION: Final = "0.28.2"
PIN: Final = f"esbuild@{VERSION}"
_COMMON: Final = (
    "--color=false",
    "--log-level=silent",
    "--log-limit=0",
    "--charset=utf8",
    "--sourcemap=external",
    "--sources-content=false",
    "--tsconfig-raw={}",
)


@dataclass(frozen=True)
class Message:
    """One thing that esbuild said.

    Attributes:
        file: Which source; empty when it is about none.
        found: What it is, in the lines of that source.
        notes: What it added.
    """

    file: str
    found: Diagnostic
    notes: str = ""

    @property
    def text(self) -> str:
        """All of it, for a log."""
        place = f"{self.file}:{self.found.line}:{self.found.column}: " if self.file else ""
        notes = "".join(f"\n    {line}" for line in self.notes.splitlines())
        return f"{place}{self.found.severity}: {self.found.message}{notes}"


@dataclass(frozen=True)
class Output:
    """What esbuild made of some sources.

    Attributes:
        texts: File name of a source -> what was made of it.
        maps: The same -> its source map.
        messages: What it said.
    """

    texts: Mapping[str, str]
    maps: Mapping[str, str]
    messages: tuple[Message, ...]

    @property
    def errors(self) -> tuple[Message, ...]:
        """Why it gave up; empty when it did not."""
        return tuple(message for message in self.messages if message.found.severity == "error")

    @property
    def log(self) -> str:
        """All that it said."""
        return "".join(f"{message.text}\n" for message in self.messages)


@cache
def _program(home: Path) -> Path:
    return npm.esbuild(home)


def program(progress: Progress = silent) -> Path:
    """esbuild's program, got from npm at the first need.

    Raises:
        ToolMissing: It can't be had.
    """
    return _program(npm.ensure("esbuild", (PIN,), progress))


def translate(sources: Mapping[str, str], progress: Progress = silent) -> Output:
    """Check each source by itself, and take the types out.

    Parameters:
        sources: File name, such as ``hello.ts`` -> text.
    """
    texts: dict[str, str] = {}
    maps: dict[str, str] = {}
    messages: list[Message] = []
    for file, text in sources.items():
        flags = [*_COMMON, "--format=esm", f"--loader={file.rpartition('.')[2]}", f"--sourcefile={file}"]
        request = {"command": "transform", "flags": flags, "inputFS": False, "input": text.encode()}
        answer = _ask(request, progress)
        messages += _messages(answer, sources)
        texts[file], maps[file] = answer.get("code", ""), answer.get("map", "")
    return Output(texts, maps, tuple(messages))


def bundle(
    sources: Mapping[str, str], entry: str, packages: Path, externals: Sequence[str], progress: Progress = silent
) -> Output:
    """Make one script of a source and all that it imports.

    Parameters:
        sources: File name -> text: the entry and what it imports from beside it.
        entry: Its file name.
        packages: The folder whose `node_modules` has the packages.
        externals: Patterns of what stays an import.
    """
    flags = [*_COMMON, "--bundle", "--format=cjs", "--platform=browser", "--main-fields=module,main"]
    flags += ["--conditions=workerd", "--outdir=out", "--metafile", *(f"--external:{pattern}" for pattern in externals)]
    with tempfile.TemporaryDirectory(prefix="spinlab-js-") as scratch:
        place = Path(scratch).resolve()
        for name, text in sources.items():
            (place / name).write_text(text, encoding="utf-8", newline="")
        request = {
            "command": "build",
            "key": 0,
            "entries": [["", entry]],
            "flags": flags,
            "write": False,
            "stdinContents": None,
            "stdinResolveDir": None,
            "absWorkingDir": str(place),
            "nodePaths": [str(packages / "node_modules")],
            "context": False,
        }
        answer = _ask(request, progress)
        _refuse_strangers(answer.get("metafile"), place, packages)
    made = {Path(f["path"]).name: f["contents"].decode() for f in answer.get("outputFiles") or ()}
    output = f"{Path(entry).stem}.js"
    found = tuple(_messages(answer, sources))
    return Output({entry: made.get(output, "")}, {entry: made.get(f"{output}.map", "")}, found)


def _refuse_strangers(metafile: str | bytes | None, place: Path, packages: Path) -> None:
    """Make sure that nothing of this machine but the cell and its packages is in a bundle.

    Raises:
        BuildError: A package imports a file from elsewhere.
    """
    inside = (str(place) + os.sep, str(packages.resolve()) + os.sep)
    for name in json.loads(metafile or "{}").get("inputs", {}):
        path = os.path.normpath(place / name)
        if ":" not in name.partition("/")[0] and not path.startswith(inside):
            raise BuildError(f"a package imports a file that is not its own: {path}", hint="do not use that package")


def _ask(request: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    tool = program(progress)
    try:
        answer = service.ask(tool, VERSION, request, _ticker(progress))
    except ProgramError as error:
        raise broken(error, "esbuild") from None
    if "error" in answer:
        raise BuildError("esbuild could not do it", details=str(answer["error"])[:2000])
    return answer


def _ticker(progress: Progress) -> Callable[[], None]:
    """Say nothing of what takes milliseconds."""
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks > 4:
            progress("esbuild is at work", None)

    return tick


def _messages(answer: Mapping[str, Any], sources: Mapping[str, str]) -> list[Message]:
    return [
        _message(one, severity, sources)
        for severity, key in (("error", "errors"), ("warning", "warnings"))
        for one in answer.get(key) or ()
    ]


def _message(message: Mapping[str, Any], severity: str, sources: Mapping[str, str]) -> Message:
    notes = "\n".join(note["text"] for note in message["notes"])
    where = message["location"]
    if where is None:
        return Message("", Diagnostic(message["text"], severity=severity), notes)
    lines = sources.get(where["file"], "").splitlines()
    line = where["line"]
    # It counts bytes from 0.
    column = len(where["lineText"].encode()[: where["column"]].decode("utf-8", "ignore")) + 1
    width = max(1, where["length"])
    if line > len(lines) or not lines[line - 1].strip():  # the end of the file: the last line that says something
        line = next((n for n in range(min(line, len(lines)), 0, -1) if lines[n - 1].strip()), 1)
        column = len(lines[line - 1].rstrip()) + 1 if lines else 1
        width = 1
    found = Diagnostic(message["text"], line, column, column + width, severity=severity)
    _, package, inside = where["file"].rpartition("node_modules/")
    return Message(package + inside, found, notes)


def refuse(error: str, output: Output) -> BuildError:
    """The error for a failure that points into no source of the user's."""
    made = BuildError(error, details=output.log[:2000].strip())
    made.log = output.log
    return made
