"""What a build of C, C++ or Zig is made of: our files, and the words of its command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from spinlab.toolchains.component import PREVIEW1

GUEST: Final = Path(__file__).parent / "guest"
"""Header, runtime and WIT; they run in the sandbox only."""

Libc = Literal["none", "own", "adapted"]
"""Whether there is a libc, and who answers what it asks: `guest/libc.c`, or an adapter, which knows files as well."""

ADAPTER: Final = f"{PREVIEW1}.reactor.wasm"
CORE: Final = "app.core.wasm"

_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>", re.MULTILINE)
_FREESTANDING: Final = {
    "float.h",
    "iso646.h",
    "limits.h",
    "stdalign.h",
    "stdarg.h",
    "stdatomic.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "stdnoreturn.h",
    "tgmath.h",
}
"""Headers that the compiler itself brings."""


@dataclass(frozen=True)
class Kind:
    """One of the three languages.

    Attributes:
        name, title: As after `%%spin`, and for people.
        main: The file that the cell becomes.
        target: Words of zig that compile the cell, before those of a target.
    """

    name: str
    title: str
    main: str
    target: tuple[str, ...]


C: Final = Kind("c", "C", "main.c", ("cc",))
CPP: Final = Kind("cpp", "C++", "main.cpp", ("c++", "-std=c++23", "-fno-exceptions", "-fno-rtti"))
ZIG: Final = Kind("zig", "Zig", "main.zig", ("build-exe", "-O", "ReleaseSmall", "-fstrip"))


def needs_libc(kind: Kind, text: str) -> bool:
    """Whether a source asks for more than the compiler itself has."""
    return kind is CPP or (kind is C and any(name not in _FREESTANDING for name in _INCLUDE.findall(text)))


RUNTIME: Final = "spin.c"
"""What is compiled along with a cell; it takes in the other two."""


def runtime(libc: Libc) -> tuple[str, ...]:
    """The files of ours that are compiled along with a cell."""
    return (RUNTIME, "format.c", "libc.c") if libc == "own" else (RUNTIME, "format.c")


def headers(kind: Kind) -> tuple[str, ...]:
    """The files of ours that a cell includes or imports."""
    return {"c": ("spin.h",), "cpp": ("spin.h", "spin.hpp"), "zig": ("spin.h", "spin.zig", "start.zig")}[kind.name]


def _target(libc: Libc) -> tuple[str, ...]:
    if libc == "none":
        return ("-target", "wasm32-freestanding")
    return ("-target", "wasm32-wasi", "-DSPIN_LIBC", *(("-DSPIN_ADAPTED",) if libc == "adapted" else ()))


def compile_runtime(libc: Libc) -> tuple[str, ...]:
    """Words of zig that make an object of our files, in the folder that they are in."""
    return ("cc", *_target(libc), "-Os", "-c", RUNTIME, "-o", "spin.o")


def compile_header(libc: Libc, folder: Path, *, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Words of zig that read spin.hpp once and keep what they read."""
    language = ("-x", "c++-header", str(folder / "spin.hpp"))
    return (*CPP.target, *extra, *_target(libc), "-Os", *language, "-o", "spin.pch")


def compile_cell(kind: Kind, libc: Libc, runtime: str, *, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Words of zig that make a core module of a cell and the object of our files."""
    if kind is ZIG:
        target = ("-target", "wasm32-freestanding", "-fno-entry", f"-femit-bin={CORE}")
        return (*kind.target, *extra, *target, "start.zig", runtime)
    linked = ("-nostdlib", "-Wl,--no-entry") if libc == "none" else ("-mexec-model=reactor",)
    return (*kind.target, *extra, *_target(libc), *linked, "-Os", "-Wl,--strip-debug", "-o", CORE, kind.main, runtime)


def compile_program(kind: Kind, *, extra: tuple[str, ...] = (), output: str = CORE) -> tuple[str, ...]:
    """Words of zig that make a program of preview 1, with `main`, of a cell; for the executor wagi."""
    if kind is ZIG:
        return (*kind.target, *extra, "-target", "wasm32-wasi", f"-femit-bin={output}", kind.main)
    return (*kind.target, *extra, "-target", "wasm32-wasi", "-Os", "-Wl,--strip-debug", "-o", output, kind.main)


@cache
def file(name: str) -> bytes:
    """One of our files."""
    return (GUEST / name).read_bytes()
