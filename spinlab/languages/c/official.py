"""The same cell as a project that zig and wasm-tools build, and for wagi as one of Spin's own templates."""

from __future__ import annotations

from collections.abc import Mapping

from spinlab.languages.c import parts
from spinlab.languages.c.parts import ADAPTER, CORE, Kind, Libc
from spinlab.toolchains import component
from spinlab.toolchains.component import PREVIEW1

OUTPUT = "app.wasm"


def libc_of(kind: Kind, text: str, made: bytes) -> Libc:
    """How a component was linked."""
    if not parts.needs_libc(kind, text):
        return "none"
    return "adapted" if b"wasi:filesystem/preopens" in made else "own"


def files(kind: Kind, text: str, libc: Libc) -> Mapping[str, bytes]:
    """The files of a project of a cell with `handle`."""
    found = {kind.main: text.encode()}
    found |= {name: parts.file(name) for name in (*parts.headers(kind), *parts.runtime(libc), "spin.wit")}
    if libc == "adapted":
        found[ADAPTER] = component.adapter("reactor")
    return found


def command(kind: Kind, libc: Libc) -> str:
    """What builds it, in its folder, with zig and wasm-tools on the PATH."""
    steps: list[tuple[str, ...]] = [
        ("zig", *parts.compile_runtime(libc)),
        ("zig", *parts.compile_cell(kind, libc, "spin.o")),
        ("wasm-tools", "component", "embed", "spin.wit", "--world", "function", CORE, "-o", CORE),
        ("wasm-tools", "component", "new", CORE, "-o", OUTPUT),
    ]
    if libc == "adapted":
        steps[-1] = (*steps[-1], "--adapt", f"{PREVIEW1}={ADAPTER}")
    return " && ".join(map(" ".join, steps))


def program_command(kind: Kind) -> str:
    """What builds a cell with `main`: as the templates http-c and http-zig do."""
    return " ".join(("zig", *parts.compile_program(kind, output=OUTPUT)))
