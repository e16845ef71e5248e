"""esbuild: checks and translates sources, bundles packages, and says what is wrong where."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from spinlab.errors import BuildError
from spinlab.languages import Progress, silent
from spinlab.toolchains import npm
from spinlab.toolchains.diagnostics import Diagnostic, broken
from spinlab.toolchains.process import ProgramError, call, environment

PIN: Final = "esbuild@0.28.2"
_OUT: Final = "out"
_COMMON: Final = (
    "--log-level=warning",
    "--log-limit=50",
    "--color=false",
    "--charset=utf8",
    "--sourcemap=external",
    "--sources-content=false",
    f"--outdir={_OUT}",
    "--tsconfig-raw={}",
)
_HEAD = re.compile(r"(?:✘ \[ERROR\]|▲ \[WARNING\]) (?P<message>.*)")
_PLACE = re.compile(r"    (?P<file>\S.*?):(?P<line>\d+):(?P<column>\d+):$")
_MARK = re.compile(r" {8}[│╵] *(?P<mark>[~^]+)$")
_RULE = re.compile(r" \[(?P<rule>[a-z-]+)\]$")


@dataclass(frozen=True)
class Message:
    """One thing that esbuild said.

    Attributes:
        file: Which source; empty when it is about none.
        found: What it is, in the lines of that source.
        notes: What it added.
        rule: The name of a warning.
    """

    file: str
    found: Diagnostic
    notes: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Output:
    """What esbuild made of some sources.

    Attributes:
        texts: Source's name without its ending -> what was made of it.
        maps: The same -> its source map.
        messages: What it said.
        log: All of that as it wrote it.
        failed: Whether it gave up.
    """

    texts: Mapping[str, str]
    maps: Mapping[str, str]
    messages: tuple[Message, ...]
    log: str
    failed: bool


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
    return _run(sources, list(sources), ["--format=esm"], {}, progress)


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
    options = ["--bundle", "--format=cjs", "--platform=browser", "--main-fields=module,main", "--conditions=workerd"]
    options += [f"--external:{pattern}" for pattern in externals]
    return _run(sources, [entry], options, {"NODE_PATH": str(packages / "node_modules")}, progress)


def _run(
    sources: Mapping[str, str],
    entries: Sequence[str],
    options: Sequence[str],
    extra: Mapping[str, str],
    progress: Progress,
) -> Output:
    tool = program(progress)
    with tempfile.TemporaryDirectory(prefix="spinlab-js-") as scratch:
        place = Path(scratch)
        for name, text in sources.items():
            (place / name).write_text(text, encoding="utf-8", newline="")
        tick = _ticker(progress)
        try:
            done = call([tool, *entries, *_COMMON, *options], cwd=place, env=environment(extra), tick=tick)
        except ProgramError as error:
            raise broken(error, "esbuild") from None
        log = done.err.decode("utf-8", "replace")
        messages = tuple(parse(log, sources))
        if done.code and not any(m.found.severity == "error" for m in messages):
            try:
                done.check()
            except ProgramError as error:
                raise broken(error, "esbuild") from None
        made = {} if done.code else {Path(n).stem: (place / _OUT / f"{Path(n).stem}.js") for n in entries}
        texts = {name: _without_link(path.read_text(encoding="utf-8")) for name, path in made.items()}
        maps = {name: path.with_suffix(".js.map").read_text(encoding="utf-8") for name, path in made.items()}
        return Output(texts, maps, messages, log, done.code != 0)


def _ticker(progress: Progress) -> Callable[[], None]:
    """Say nothing of what takes milliseconds."""
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks > 5:
            progress("esbuild is at work", None)

    return tick


def _without_link(text: str) -> str:
    return re.sub(r"\n//# sourceMappingURL=.*\s*\Z", "\n", text)


def parse(log: str, sources: Mapping[str, str]) -> list[Message]:
    """The messages in what esbuild writes for people; it has no other form on its command line.

    Parameters:
        sources: File name -> text, to count columns in characters where esbuild counts bytes.
    """
    found: list[Message] = []
    for block in re.split(r"^(?=✘ \[ERROR\]|▲ \[WARNING\])", log, flags=re.MULTILINE):
        lines = block.splitlines()
        head = _HEAD.match(lines[0]) if lines else None
        if head is not None:
            found.append(_message(head["message"], "error" if lines[0].startswith("✘") else "warning", lines, sources))
    return found


def _message(message: str, severity: str, lines: list[str], sources: Mapping[str, str]) -> Message:
    rule = _RULE.search(message) if severity == "warning" else None
    message = _RULE.sub("", message) if rule else message
    notes = " ".join(line.strip() for line in lines[1:] if line.startswith("  ") and not line.startswith("    "))
    at = next((n for n, line in enumerate(lines) if _PLACE.match(line)), None)
    first_note = next((n for n, line in enumerate(lines[1:], 1) if re.match(r"  \S", line)), len(lines))
    if at is None or at > first_note:
        return Message("", Diagnostic(message, severity=severity), notes, rule["rule"] if rule else "")
    place = _PLACE.match(lines[at])
    assert place is not None
    line, offset = int(place["line"]), int(place["column"])
    text = sources.get(place["file"], "").splitlines()
    shown = text[line - 1] if 0 < line <= len(text) else ""
    column = len(shown.encode()[:offset].decode("utf-8", "ignore")) + 1
    width = next((len(m["mark"]) for x in lines[at + 1 : first_note] if (m := _MARK.match(x))), 1)
    if line > max(1, len(text)) or not shown.strip():  # the end of the file: the last line that says something
        last = next((n for n in range(min(line, len(text)), 0, -1) if text[n - 1].strip()), 1)
        line, column = last, len(text[last - 1].rstrip()) + 1 if text else 1
    found = Diagnostic(message, line, column, column + width, severity=severity)
    return Message(place["file"], found, notes, rule["rule"] if rule else "")


def refuse(error: str, output: Output) -> BuildError:
    """The error for a failure that points into no source of the user's."""
    made = BuildError(error, details=output.log[:2000].strip())
    made.log = output.log
    return made
