"""Zig at work: our files once, each cell in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spinlab.errors import BuildError
from spinlab.languages.c import parts
from spinlab.languages.c.parts import CORE, CPP, GUEST, ZIG, Kind, Libc
from spinlab.toolchains import cache, component, find
from spinlab.toolchains.component import PREVIEW1
from spinlab.toolchains.diagnostics import broken
from spinlab.toolchains.process import ProgramError, call, environment
from spinlab.toolchains.progress import Progress

MEMORY: Final = 3 << 30
"""Bytes that a compiler may hold."""
SAYING: Final = ("-fdiagnostics-print-source-range-info", "-fdiagnostics-parseable-fixits", "-ferror-limit=50")
WARNING: Final = ("-Wall", "-Wno-unused-parameter", "-Wno-unused-function")
_SPIN_HPP: Final = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"spin\.hpp"', re.MULTILINE)


class CompileError(Exception):
    """Zig did not accept a cell; its output is the text."""


@dataclass(frozen=True)
class Made:
    """What was made of a cell.

    Attributes:
        wasm: A component, or a core module with `main`.
        log: What the tools wrote.
    """

    wasm: bytes
    log: str


def make(kind: Kind, text: str, progress: Progress) -> Made:
    """A component of a cell that defines `handle`.

    Raises:
        CompileError: The cell is not right.
        BuildError: The compiler came to no end, or no component can be made.
        ToolMissing: Zig or wasm-tools can't be had.
        CacheError: There is no room.
    """
    zig = find.ensure(find.ZIG, progress)
    libc: Libc = "own" if parts.needs_libc(kind, text) else "none"
    core, log = _core(zig, kind, libc, text, progress)
    adapters: dict[str, bytes] = {}
    if libc == "own" and _asks_preview1(core):  # for files: our own answers have none
        core, log = _core(zig, kind, "adapted", text, progress)
        adapters[PREVIEW1] = component.adapter("reactor", progress)
    world = component.world(GUEST / "spin.wit", _home(zig) / "world", progress)
    try:
        return Made(component.new(core + world, adapters, progress), log)
    except BuildError as error:
        if "failed to resolve import" not in error.details:
            raise
        raise CompileError(f"{log}\n{error.details}") from None


def make_program(kind: Kind, text: str, progress: Progress) -> Made:
    """A core module of a cell that has `main`; raises as `make`."""
    zig = find.ensure(find.ZIG, progress)
    core, log = _compile(zig, kind, text, parts.compile_program(kind, extra=_extra(kind)), "own", progress)
    return Made(core, log)


def _core(zig: Path, kind: Kind, libc: Libc, text: str, progress: Progress) -> tuple[bytes, str]:
    runtime = str(_runtime(zig, libc, progress))
    extra = _extra(kind)
    if kind is CPP and _SPIN_HPP.search(text):
        extra += ("-include-pch", str(_header(zig, libc, progress)))
    return _compile(zig, kind, text, parts.compile_cell(kind, libc, runtime, extra=extra), libc, progress)


def _extra(kind: Kind) -> tuple[str, ...]:
    return ("-freference-trace=50",) if kind is ZIG else (*SAYING, *WARNING, "-I", str(GUEST))


def _compile(
    zig: Path, kind: Kind, text: str, command: Sequence[str], libc: Libc, progress: Progress
) -> tuple[bytes, str]:
    """Run zig on a cell and give the core module and what zig wrote."""
    stamp = _stamp(zig, kind, libc)
    what = _first_time(kind, libc) if not stamp.exists() else f"compiling {kind.title}"
    with cache.scratch() as scratch:
        with cache.complaining(scratch):
            (scratch / kind.main).write_bytes(text.encode())
            if kind is ZIG:
                for name in parts.headers(kind):
                    (scratch / name).write_bytes(parts.file(name))
        log = _zig(zig, command, scratch, lambda: progress(what, None))
        core = (scratch / CORE).read_bytes()
    if not stamp.exists():
        with cache.complaining(stamp):
            stamp.touch()
    return core, log


def _first_time(kind: Kind, libc: Libc) -> str:
    if kind is CPP:
        return "compiling the C++ library for WebAssembly, once for all notebooks (about half a minute)"
    if kind is ZIG:
        return "getting Zig ready, once for all notebooks"
    if libc == "none":
        return "getting C ready, once for all notebooks"
    return "compiling the C library for WebAssembly, once for all notebooks (about half a minute)"


def _zig(zig: Path, command: Sequence[str], cwd: Path, tick: Callable[[], None]) -> str:
    """Run zig in a folder; what it makes of a cell is kept there, what it makes of libraries for all.

    Raises:
        CompileError: It did not accept what it was given.
    """
    folders = {"ZIG_GLOBAL_CACHE_DIR": str(cache.grown("zig")), "ZIG_LOCAL_CACHE_DIR": str(cwd / ".zig")}
    try:
        done = call([zig, *command], cwd=cwd, env=environment(folders), tick=tick, memory=MEMORY)
        done.check()
    except ProgramError as error:
        if error.kind != "failed":
            raise broken(error, "zig") from None
        raise CompileError(error.output) from None
    return done.text


def _home(zig: Path) -> Path:
    """Where what is made of our files is kept: by zig's version and by their content."""
    identity = hashlib.sha256(f"{zig}\0{find.ask(str(zig), 'version')}".encode())
    for path in sorted(GUEST.iterdir()):
        identity.update(path.name.encode() + b"\0" + parts.file(path.name))
    identity.update(Path(parts.__file__).read_bytes())
    return cache.grown("c") / identity.hexdigest()[:16]


def _stamp(zig: Path, kind: Kind, libc: Libc) -> Path:
    """There once zig has made the libraries that a kind of cell needs."""
    return _home(zig) / f"{kind.name}-{'none' if libc == 'none' else 'libc'}"


def _runtime(zig: Path, libc: Libc, progress: Progress) -> Path:
    """The object of our files, made at the first need."""
    what = _first_time(parts.C, libc)
    files = ("spin.h", *parts.runtime(libc))
    return _once(zig, f"spin-{libc}.o", files, parts.compile_runtime(libc), "spin.o", lambda: progress(what, None))


def _header(zig: Path, libc: Libc, progress: Progress) -> Path:
    """spin.hpp with the headers of the library that it takes in, read once: most of what a cell of C++ costs.

    The compiler looks whether the headers are still those of then by their time, so that is a part of its name.
    """
    what = _first_time(CPP, libc)
    times = "\0".join(str(path.stat().st_mtime_ns) for path in (GUEST / "spin.h", GUEST / "spin.hpp", zig))
    name = f"spin-{libc}-{hashlib.sha256(times.encode()).hexdigest()[:8]}.pch"
    command = parts.compile_header(libc, GUEST, extra=_extra(CPP))
    return _once(zig, name, (), command, "spin.pch", lambda: progress(what, None))


def _once(
    zig: Path, name: str, files: Sequence[str], command: Sequence[str], output: str, tick: Callable[[], None]
) -> Path:
    """What zig makes of our files, kept for all notebooks."""
    made = _home(zig) / name
    if made.exists():
        return made
    with cache.locked(f"c-{made.parent.name}-{name}", tick), cache.scratch() as scratch:
        if made.exists():
            return made
        with cache.complaining(scratch):
            for file in files:
                (scratch / file).write_bytes(parts.file(file))
        _zig(zig, command, scratch, tick)
        with cache.complaining(made):
            made.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.replace(scratch / output, made)
    return made


def _asks_preview1(core: bytes) -> bool:
    """Whether a core module imports from preview 1; the name stands in one of its first sections."""
    return PREVIEW1.encode() in core[: 1 << 16]
