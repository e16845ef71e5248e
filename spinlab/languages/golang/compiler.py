"""Go at work: a cell in a folder of its own, what Go makes of packages kept for all."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from spinlab.languages.golang.source import SDK
from spinlab.toolchains import cache, component, find
from spinlab.toolchains.component import PREVIEW1
from spinlab.toolchains.diagnostics import broken
from spinlab.toolchains.process import Completed, ProgramError, call, environment
from spinlab.toolchains.progress import Progress

GUEST: Final = Path(__file__).parent / "guest"
"""The SDK, the small net/http and the WIT; they run in the sandbox only."""
MEMORY: Final = 4 << 30
"""Bytes that a compiler and a linker may hold."""
LANGUAGE: Final = "1.25"
CELL: Final = "cell.go"
_FETCHING: Final = ("GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOAUTH", "GOVCS")


class CompileError(Exception):
    """Go did not accept a cell.

    Attributes:
        log: What it wrote, without its JSON.
    """

    def __init__(self, log: str) -> None:
        super().__init__(log)
        self.log = log


class FetchError(CompileError):
    """A module can't be had."""


@dataclass(frozen=True)
class Made:
    """What was made of a cell.

    Attributes:
        wasm: The component.
        log: What the tools wrote.
    """

    wasm: bytes
    log: str


def make(files: Mapping[str, str], requires: Sequence[str], progress: Progress, *, whole_http: bool = False) -> Made:
    """A component of the files of package main.

    Parameters:
        requires: Modules such as ``github.com/google/uuid@v1.6.0``.
        whole_http: With Go's own net/http, which is large, instead of ours.

    Raises:
        CompileError: The files are not right.
        FetchError: A module can't be had.
        BuildError: The compiler came to no end, or no component can be made.
        ToolMissing: Go or wasm-tools can't be had.
        CacheError: There is no room.
    """
    go = find.ensure(find.GO, progress)
    core, log = _core(go, files, requires, whole_http, progress)
    adapter = component.adapter("reactor", progress)
    wit = GUEST / "spin.wit"
    kept = cache.folder("go") / f"world-{hashlib.sha256(wit.read_bytes()).hexdigest()[:16]}"
    world = component.world(wit, kept, progress)
    return Made(component.new(core + world, {PREVIEW1: adapter}, progress), log)


def _core(
    go: Path, files: Mapping[str, str], requires: Sequence[str], whole_http: bool, progress: Progress
) -> tuple[bytes, str]:
    stamp = cache.folder("go") / f"ready-{_identity(go)}-{'whole' if whole_http else 'small'}"
    first = "compiling Go's own packages for WebAssembly, once for all notebooks (up to half a minute)"
    what = "compiling Go" if stamp.exists() else first
    with cache.scratch() as scratch:
        modules = modules_of(go, requires, progress)
        with cache.complaining(scratch):
            _write(scratch, {**files, **modules})
            if not whole_http:
                (scratch / "overlay.json").write_text(overlay(go), encoding="utf-8")
        command = ["build", "-json", "-mod=mod", "-trimpath", "-buildvcs=false", "-gcflags=-e", "-buildmode=c-shared"]
        command += ["-ldflags=-s -w -checklinkname=0", "-o", "core.wasm"]
        command += [] if whole_http else ["-overlay", str(scratch / "overlay.json")]
        done = run(go, [*command, "."], scratch, lambda: progress(what, None), network=bool(requires))
        log = said(done)
        if done.code:
            raise CompileError(log)
        core = (scratch / "core.wasm").read_bytes()
    if not stamp.exists():
        with cache.complaining(stamp):
            stamp.touch()
    return core, log


def run(
    go: Path, arguments: Sequence[str], cwd: Path, tick: Callable[[], None], *, network: bool, host: bool = False
) -> Completed:
    """Run the go command; it may fetch modules only when it is allowed the network.

    Raises:
        BuildError: It did not come to its end.
        CacheError: The disk is full.
    """
    try:
        done = call([go, *arguments], cwd=cwd, env=variables(network, host=host), tick=tick, memory=MEMORY)
        if done.code:
            done.check()
    except ProgramError as error:
        if error.kind != "failed":
            raise broken(error, "go") from None
    return done


def variables(network: bool, *, host: bool = False) -> dict[str, str]:
    """The environment of the go command: caches of ours, nothing that the user set for other builds."""
    home = cache.folder("go")
    own = {
        "GOPATH": str(home / "path"),
        "GOCACHE": str(home / "build"),
        "GOFLAGS": "-modcacherw",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GO111MODULE": "on",
        "CGO_ENABLED": "0",
    }
    own |= {} if host else {"GOOS": "wasip1", "GOARCH": "wasm"}
    own |= {} if network else {"GOPROXY": "off"}
    found = environment(own, network=network, own=_FETCHING if network else ())
    return {name: value for name, value in found.items() if value or name in own}


def said(done: Completed) -> str:
    """What the go command wrote, its JSON as the text that is in it."""
    return "".join(map(_text_of, done.text.splitlines(keepends=True)))


def _text_of(line: str) -> str:
    try:
        return str(json.loads(line).get("Output", "")) if line.startswith("{") else line
    except ValueError:
        return line


def modules_of(go: Path, requires: Sequence[str], progress: Progress) -> dict[str, str]:
    """``go.mod``, and ``go.sum`` where modules are required, whose versions are found once and kept.

    Raises:
        FetchError: A module can't be had.
    """
    base = go_mod()
    if not requires:
        return {"go.mod": base}
    identity = hashlib.sha256("\0".join((find.ask(str(go), "version"), *requires)).encode()).hexdigest()[:16]
    home = cache.folder("go", "modules", identity)
    what = f"getting {', '.join(requires)}"
    with cache.locked(f"go-{identity}", lambda: progress(what, None)):
        if not (home / "go.sum").exists():
            with cache.scratch() as scratch:
                with cache.complaining(scratch):
                    _write(scratch, {"go.mod": base, "go.sum": ""})
                wanted = [one if "@" in one else f"{one}@latest" for one in requires]
                done = run(go, ["get", *wanted], scratch, lambda: progress(what, None), network=True)
                if done.code:
                    raise FetchError(done.text)
                with cache.complaining(home):
                    os.replace(scratch / "go.mod", home / "go.mod")
                    os.replace(scratch / "go.sum", home / "go.sum")
    return {name: (home / name).read_text(encoding="utf-8") for name in ("go.mod", "go.sum")}


def go_mod() -> str:
    """The module file of a cell without modules of others. The path of the SDK is written into what is built."""
    return f"module cell\n\ngo {LANGUAGE}\n\nrequire {SDK} v3.0.0\n\nreplace {SDK} => ./sdk\n"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """The files of a cell, and the SDK beside them."""
    for path in (GUEST / "sdk").rglob("*.*"):
        place = folder / path.relative_to(GUEST)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())


def overlay(go: Path) -> str:
    """What puts our net/http in place of Go's own, file by file."""
    real, ours = root(go) / "src" / "net" / "http", GUEST / "nethttp"
    places = {str(path): "" for path in real.glob("*.go")}
    places |= {str(real / path.name): str(path) for path in ours.glob("*.go")}
    return json.dumps({"Replace": places})


def root(go: Path) -> Path:
    """Where Go's own packages are."""
    return Path(find.ask(str(go), "env", "GOROOT").strip())


@lru_cache(maxsize=32)
def names_in(go: Path, package: str) -> frozenset[str]:
    """All names, also of methods and fields, that a package of Go's own declares; none for one of others."""
    found: set[str] = set()
    for path in (root(go) / "src" / package).glob("*.go"):
        if not path.name.endswith("_test.go"):
            found |= set(_DECLARED.findall(path.read_text(encoding="utf-8")))
    return frozenset(found)


_DECLARED: Final = re.compile(r"^(?:(?:func|type|var|const)[ ](?:\([^)\n]*\)[ ])?|\t)([A-Z]\w*)\b", re.MULTILINE)


def _identity(go: Path) -> str:
    """Of what is compiled once: Go's version and our files."""
    told = hashlib.sha256(find.ask(str(go), "version").encode())
    for path in sorted(GUEST.rglob("*.go")):
        told.update(path.name.encode() + path.read_bytes())
    return told.hexdigest()[:16]
