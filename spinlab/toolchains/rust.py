"""Find a Rust toolchain that builds for WebAssembly.

With rustup that is one ``rustup target add``. Where rustup has no Wasm targets (a mirror without them, no network to
its server), Debian's ``rustc-web`` packages do: they are unpacked into the user's cache, nothing is installed, and the
standard library is built from their sources.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from spinlab.errors import ToolMissing
from spinlab.folders import cache_dir
from spinlab.toolchains import cache, find
from spinlab.toolchains.find import Found, Tool, Version, ask, version_of
from spinlab.toolchains.process import ProgramError, environment, run
from spinlab.toolchains.progress import Progress, silent

WASIP2: Final = "wasm32-wasip2"
WASIP1: Final = "wasm32-wasip1"
BARE: Final = "wasm32-unknown-unknown"
TARGETS: Final = (WASIP2, WASIP1, BARE)
"""The targets that a cell can be built for, the preferred one first."""

MINIMUM: Final[Version] = (1, 82)
"""The first one whose standard library is there for `WASIP2`."""

OWN: Final = ("CARGO_", "RUSTUP_")
"""Prefixes of the variables that configure Rust's tools."""

# Debian splits its newer compiler (made for browsers, hence "web") over these; libgit2's are what cargo needs.
PACKAGES: Final = (
    "rustc-web",
    "libstd-rust-web-1.96",
    "libstd-rust-web-dev",
    "rust-web-src",
    "cargo-web",
    "rust-web-llvm",
    "libllvm22",
    "lld-22",
    "libgit2-1.5",
    "libhttp-parser2.9",
    "libmbedcrypto7",
    "libmbedtls14",
    "libmbedx509-1",
    "libssh2-1",
)
FROM_SOURCE: Final = ("-Z", "build-std=std,panic_abort")
_BY_HAND: Final = f"install Rust with rustup (rustup.rs), then run: rustup target add {WASIP2}"
_EXE: Final = ".exe" if os.name == "nt" else ""


@dataclass(frozen=True)
class Rust:
    """A cargo that builds for a Wasm target.

    Attributes:
        cargo, rustc: The programs.
        version: What ``rustc --version`` says, with a word about the standard library when it is built from source.
        target: What it builds for.
        root: The toolchain's folder.
        arguments: Arguments that every build needs.
        environment: Variables to set.
    """

    cargo: Path
    rustc: Path
    version: str
    target: str
    root: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> Version:
        """The compiler's version."""
        return version_of(self.version)


def rust(targets: Sequence[str] = TARGETS) -> Rust | None:
    """The best toolchain that is here: by its target, then the one that the user has chosen.

    Parameters:
        targets: Which targets will do, the preferred one first.
    """
    usable = [found for found in here() if found.number >= MINIMUM]
    for target in targets:
        for found in usable:
            if (found.root / "lib" / "rustlib" / target / "lib").is_dir():
                return Rust(found.cargo, found.rustc, found.version, target, found.root, environment=found.environment)
    return unpacked() if BARE in targets else None


def ensure(targets: Sequence[str] = TARGETS) -> Rust:
    """The same, or what is missing.

    Raises:
        ToolMissing: There is none; the hint is the command that adds it.
    """
    found = rust(targets)
    if found is not None:
        return found
    other = next(iter(here()), None)
    if other is None:
        message = "cargo is not here; it builds Rust"
    elif other.number < MINIMUM:
        message = f"rustc {_number(other)} is here, {find.dotted(MINIMUM)} or later is needed"
    else:
        message = f"rustc {_number(other)} is here, but can't build for WebAssembly"
    raise ToolMissing(message, hint=f"add it with: {RUST.remedy}" if shutil.which("rustup") else f"{_BY_HAND}")


def install(progress: Progress = silent) -> Rust:
    """Add what is missing to build for Wasm: rustup's target, else Debian's packages in the cache.

    Raises:
        ToolMissing: Neither can be had.
    """
    found = rust((WASIP2,))
    if found is None and shutil.which("rustup"):
        progress(f"rustup target add {WASIP2}", None)
        rustup("target", "add", WASIP2)
        found = rust((WASIP2,))
    found = found or rust()
    if found is None:
        why = unpack(progress)
        found = unpacked()
        if found is None:
            raise ToolMissing(
                f"no Rust toolchain builds for {WASIP2} here",
                hint=_BY_HAND,
                details=why,
            )
    return found


def here() -> Iterator[Rust]:
    """Every toolchain of rustup, the active one first, and the one on the PATH; whatever it builds for."""
    roots = list(_rustup_roots())
    if not roots and (cargo := shutil.which("cargo")) and (rustc := shutil.which("rustc")):
        sysroot = ask(rustc, "--print", "sysroot").strip()
        if sysroot:
            yield Rust(Path(cargo), Path(rustc), ask(rustc).strip(), "", Path(sysroot))
    for root in roots:
        programs = root / "bin" / f"cargo{_EXE}", root / "bin" / f"rustc{_EXE}"
        if all(program.exists() for program in programs):
            yield Rust(*programs, ask(str(programs[1])).strip(), "", root)


def _rustup_roots() -> Iterator[Path]:
    """The folders of rustup's toolchains, the active one first."""
    if not shutil.which("rustup"):
        return
    lines = rustup("toolchain", "list", "-v").splitlines()
    chosen = os.environ.get("RUSTUP_TOOLCHAIN", "")
    active = [line for line in lines if "active" in line or (chosen and line.startswith(chosen))]
    for line in (*active, *(line for line in lines if line not in active)):
        words = line.replace("\t", " ").split(" ")
        at = next((n for n, word in enumerate(words) if Path(word).is_absolute()), None)
        if at is not None:
            yield Path(" ".join(words[at:]))


def rustup(*arguments: str) -> str:
    """What rustup says; nothing when it fails or is not here."""
    own = environment({}, network=True, own=OWN)
    try:
        return run(["rustup", *arguments], cwd=Path(tempfile.gettempdir()), env=own)
    except ProgramError:
        return ""


# ---- Debian's packages


def unpacked() -> Rust | None:
    """The toolchain of Debian's packages, installed or unpacked in the cache."""
    root = next((root for root in (Path("/"), cache_dir() / "rust-web") if _is_whole(root)), None)
    if root is None:
        return None
    programs = root / "usr/bin"
    libraries = [*sorted(root.glob("usr/lib/*-linux-gnu")), root / "usr/lib/llvm-22/lib"]
    variables = {
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "RUSTC": str(programs / "rustc"),
        "CARGO": str(programs / "cargo"),
        "RUSTC_BOOTSTRAP": "1",
        "PATH": f"{root / 'usr/lib/llvm-22/bin'}:{programs}:{os.environ.get('PATH', '')}",
    }
    try:
        version = run([programs / "rustc", "--version"], cwd=root, env=environment(variables)).strip()
    except ProgramError:
        return None
    return Rust(
        programs / "cargo",
        programs / "rustc",
        f"{version}, std from source",
        BARE,
        root / "usr",
        FROM_SOURCE,
        variables,
    )


def unpack(progress: Progress = silent) -> str:
    """Unpack Debian's packages into the cache, unless they are there; answers why that can't be, or nothing."""
    root = cache_dir() / "rust-web"
    if _is_whole(Path("/")) or _is_whole(root):
        return ""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return "this is no Debian, so that its rustc-web packages can't be used"
    what = f"unpacking Debian's rustc-web into {root} (146 MB, once)"
    env = environment({}, network=True)

    def tick() -> None:
        progress(what, None)

    tick()
    with cache.locked("rust-web", tick), cache.scratch() as scratch:
        try:
            run(["apt-get", "download", *PACKAGES], cwd=scratch, env=env, tick=tick)
            for archive in sorted(scratch.glob("*.deb")):
                run(["dpkg", "-x", archive, scratch / "root"], cwd=scratch, env=env, tick=tick)
        except ProgramError as error:
            said = error.output.strip().splitlines()
            return "apt-get can't download Debian's rustc-web packages: " + (said[-1] if said else error.why)
        shutil.rmtree(root, ignore_errors=True)
        (scratch / "root").rename(root)
    return ""


def _is_whole(root: Path) -> bool:
    """Whether compiler, cargo and the sources of the standard library are under `root`."""
    needed = ("usr/bin/rustc", "usr/bin/cargo", "usr/lib/rustlib/src/rust/library/std", "usr/lib/llvm-22/bin/lld")
    return all((root / path).exists() for path in needed)


# ---- as a tool of `find`


def _find() -> Found | None:
    """What builds for Wasm, or the cargo that lacks a target for it."""
    ready = rust()
    if ready is not None:
        return Found(ready.cargo, _number(ready), True, own=cache_dir() in ready.cargo.parents)
    other = next(iter(here()), None)
    return None if other is None else Found(other.cargo, _number(other), False)


def _number(found: Rust) -> str:
    return find.dotted(found.number)


RUST: Final = Tool(
    "rust",
    "builds Rust",
    programs=("cargo",),
    minimum=MINIMUM,
    command=f"rustup target add {WASIP2}",
    size="60 MB",
    looks=_find,
    installs=install,
)
