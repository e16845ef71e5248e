"""Components through wasm-tools: made of core modules, looked at, checked."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from spinlab.errors import BuildError, ComponentError
from spinlab.toolchains import cache, find, npm
from spinlab.toolchains.diagnostics import broken
from spinlab.toolchains.process import ProgramError, call, environment
from spinlab.toolchains.progress import Progress, silent

ADAPTERS: Final = "@bytecodealliance/jco@1.35.0"
"""What brings the adapters from preview 1 to WASI 0.2."""
PREVIEW1: Final = "wasi_snapshot_preview1"
_EMPTY_MODULE: Final = b"\0asm\1\0\0\0"


def embed(core: bytes, wit: Path | str, world: str = "", progress: Progress = silent) -> bytes:
    """The core module with a note of the world that it is for.

    Parameters:
        wit: A file or folder of WIT, or the text of one.
        world: Its name; needless where there is only one.

    Raises:
        BuildError: There is no such world, or the WIT is wrong.
    """
    with tempfile.TemporaryDirectory() as scratch:
        given = Path(wit) if isinstance(wit, Path) else Path(scratch, "world.wit")
        if isinstance(wit, str):
            given.write_text(wit, encoding="utf-8")
        Path(scratch, "in.wasm").write_bytes(core)
        chosen = ["--world", world] if world else []
        command = ["component", "embed", *chosen, str(given.absolute()), "in.wasm", "-o", "out.wasm"]
        _run(command, Path(scratch), progress, "the core module and its world don't fit")
        return Path(scratch, "out.wasm").read_bytes()


def world(wit: Path, kept: Path, progress: Progress = silent) -> bytes:
    """The custom section that tells a core module's world ``function``, made once and kept in a file.

    Raises:
        BuildError: The WIT is wrong.
        CacheError: It can't be kept.
    """
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    section = embed(_EMPTY_MODULE, wit, "function", progress)[len(_EMPTY_MODULE) :]
    with cache.complaining(kept):
        kept.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        cache.replace(kept, section)
    return section


def new(core: bytes, adapters: Mapping[str, bytes] | None = None, progress: Progress = silent) -> bytes:
    """A component of a core module that names its world.

    Parameters:
        adapters: Module name -> adapter for what it imports from there, such as `adapter` gives.

    Raises:
        BuildError: An import or export is not in the world.
    """
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "in.wasm").write_bytes(core)
        command = ["component", "new", "in.wasm", "-o", "out.wasm"]
        for number, (name, data) in enumerate((adapters or {}).items()):
            Path(scratch, f"{number}.wasm").write_bytes(data)
            command += ["--adapt", f"{name}={number}.wasm"]
        _run(command, Path(scratch), progress, "no component can be made of this module")
        return Path(scratch, "out.wasm").read_bytes()


def wit(component: bytes, progress: Progress = silent) -> str:
    """The WIT of a component's world.

    Raises:
        ComponentError: It is none.
    """
    return _look(["component", "wit"], component, progress)


def print_(wasm: bytes, progress: Progress = silent, *, skeleton: bool = False, offsets: bool = False) -> str:
    """The text form of a component or core module.

    Parameters:
        skeleton: Leave out the bodies of functions and data.
        offsets: Begin each line with the offset of what it shows.

    Raises:
        ComponentError: It is not well formed.
    """
    chosen = [*(["--skeleton"] if skeleton else []), *(["--print-offsets"] if offsets else [])]
    return _look(["print", *chosen], wasm, progress)


def validate(wasm: bytes, progress: Progress = silent) -> None:
    """Check a component or core module.

    Raises:
        ComponentError: It is not valid; says where.
    """
    _look(["validate", "--features", "all"], wasm, progress)


def strip(wasm: bytes, progress: Progress = silent) -> bytes:
    """The same without names and notes of who made it; what it needs to run stays.

    Raises:
        ComponentError: It is not well formed.
    """
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "in.wasm").write_bytes(wasm)
        try:
            _run(["strip", "--all", "in.wasm", "-o", "out.wasm"], Path(scratch), progress, "not well formed")
        except BuildError as error:
            raise ComponentError(error.message, details=error.details) from None
        return Path(scratch, "out.wasm").read_bytes()


def adapter(kind: str, progress: Progress = silent) -> bytes:
    """What turns WASI preview 1 into WASI 0.2, for `new`.

    Parameters:
        kind: ``reactor`` for a library, ``command`` for a program with `main`.

    Raises:
        ToolMissing: It is not here and can't be had.
    """
    name = f"{PREVIEW1}.{kind}.wasm"
    paths = [f"lib/{PREVIEW1}.{k}.wasm" for k in ("command", "reactor")]
    return (npm.unpacked(ADAPTERS, paths, progress) / name).read_bytes()


def _look(command: list[str], wasm: bytes, progress: Progress) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "in.wasm").write_bytes(wasm)
        try:
            return _run([*command, "in.wasm"], Path(scratch), progress, "wasm-tools does not accept it")
        except BuildError as error:
            raise ComponentError(error.message, details=error.details) from None


def _run(arguments: list[str], cwd: Path, progress: Progress, wrong: str) -> str:
    """Run wasm-tools and give what it printed.

    Raises:
        BuildError: It did not accept what it was given: `wrong` with its reason.
        ToolMissing: It can't be had.
    """
    program = find.ensure(find.WASM_TOOLS, progress)
    try:
        done = call(
            [program, *arguments], cwd=cwd, env=environment({}), tick=lambda: progress("making the component", None)
        )
        done.check()
    except ProgramError as error:
        if error.kind != "failed":
            raise broken(error, "wasm-tools") from None
        raise BuildError(f"{wrong}: {reason(error.output)}", details=error.output[-4000:].strip()) from None
    return done.out.decode("utf-8", "replace")


def reason(output: str) -> str:
    """The innermost cause in what wasm-tools writes about an error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    causes = [line.partition(": ")[2] for line in lines if line[:1].isdigit() and ": " in line]
    first = next((line.removeprefix("error: ") for line in lines if line.startswith("error: ")), "")
    return (causes[-1] if causes else first) or "no reason given"
