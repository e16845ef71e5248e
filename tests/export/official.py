"""Does what `spin build` does with an export of the official form: runs the command of each component in its folder.

What a command made of the same files is kept, because some take the better part of a minute.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from spinlab.errors import SpinError
from spinlab.images.recipe import RECIPES
from spinlab.languages import golang
from spinlab.languages.golang.official import LANGUAGE, REQUIRED
from spinlab.languages.golang.source import SDK
from spinlab.manifest import Component, load
from spinlab.toolchains import cache, environments, find, rust
from tests.peer.wasmtime_serve import CACHE

Environment = Mapping[str, str]


def build(folder: Path) -> None:
    """Build every component of an export.

    Raises:
        ToolMissing: A tool is not here.
    """
    for component in load(folder / "spin.toml").components.values():
        if component.build is not None:
            _one(folder, component)


@contextmanager
def or_skipped() -> Iterator[None]:
    """What needs a tool that is not here fails in CI, and is skipped elsewhere."""
    try:
        yield
    except SpinError as error:
        if type(error).__name__ != "ToolMissing" or os.environ.get("CI"):
            raise
        pytest.skip(f"{error.message}; {error.hint}")


def check_go(project: Path) -> None:
    """Let Go's own compiler check a project of its template, with the SDK's packages that we have.

    The tool that links it, componentize-go, needs a release file of its own and is no Go module that can be had alone.
    """
    sdk = Path(golang.__file__).parent / "guest" / "sdk"
    required = f"require {SDK} {REQUIRED[SDK]}\n\nreplace {SDK} => {sdk}\n"
    alone = project.parent / "alone.mod"
    alone.write_text(f"module example\n\ngo {LANGUAGE}\n\n{required}")
    target = {"GOOS": "wasip1", "GOARCH": "wasm", "GOFLAGS": "-mod=mod"}
    _run(f"go vet -modfile={alone} .", project, {**_go(""), **target})


def _one(folder: Path, component: Component) -> None:
    assert component.build is not None
    place, output = folder / (component.build.workdir or ""), folder / str(component.source)
    command = component.build.command
    lines = (command,) if isinstance(command, str) else command
    pins = b"".join(path.read_bytes() for path in sorted(folder.glob("requirements*.txt")))
    identity = hashlib.sha256(repr(lines).encode() + pins)
    for path in sorted(p for p in place.rglob("*") if p.is_file() and p != output):
        identity.update(path.relative_to(place).as_posix().encode() + b"\0" + path.read_bytes())
    CACHE.mkdir(mode=0o700, exist_ok=True)
    kept = CACHE / f"official-{identity.hexdigest()}.wasm"
    if not kept.exists():
        environment = _TOOLS[str(component.tool["spinlab"]["language"])](lines[0])
        for line in lines:
            _run(line, place, environment)
        partial = kept.with_suffix(f".{os.getpid()}")
        shutil.copyfile(output, partial)
        os.replace(partial, kept)
    output.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(kept, output)


def _run(line: str, place: Path, environment: Environment) -> None:
    given = {**os.environ, **environment}
    done = subprocess.run(line, shell=True, cwd=place, env=given, capture_output=True, text=True)
    assert done.returncode == 0, f"{line}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def _path(*programs: Path) -> str:
    return os.pathsep.join([*(str(program.parent) for program in programs), os.environ["PATH"]])


def _python(command: str) -> Environment:
    recipe = next(r for r in RECIPES.values() if command.startswith(" ".join(("componentize-py", *r.options[:-2]))))
    home = recipe.toolchain()
    return {"VIRTUAL_ENV": str(home), "PATH": _path(environments.program(home, "x"))}


def _zig(_command: str) -> Environment:
    return {
        "PATH": _path(find.ensure(find.ZIG), find.ensure(find.WASM_TOOLS)),
        "ZIG_GLOBAL_CACHE_DIR": str(cache.folder("zig")),
        "ZIG_LOCAL_CACHE_DIR": str(cache.folder("zig")),
    }


def _cargo(command: str) -> Environment:
    target = re.search(r"--target (\S+)", command)
    assert target is not None
    found = rust.ensure((target[1],))
    return {**found.environment, "PATH": _path(found.cargo), "CARGO_BUILD_BUILD_DIR": str(CACHE / "cargo")}


def _go(_command: str) -> Environment:
    return {"PATH": _path(find.ensure(find.TOOLS["go"]))}


def _npm(_command: str) -> Environment:
    return {"PATH": _path(find.ensure(find.NODE))}


_TOOLS: Mapping[str, Callable[[str], Environment]] = {
    "python": _python,
    "c": _zig,
    "cpp": _zig,
    "zig": _zig,
    "rust": _cargo,
    "go": _go,
    "javascript": _npm,
    "typescript": _npm,
}
