"""Find or install a Rust toolchain that can build for wasm32-unknown-unknown.

With rustup that is one ``rustup target add``. Where rustup has no Wasm targets (a mirror without them, no network to
its server), Debian's ``rustc-web`` packages do: they are unpacked into the user's cache, nothing is installed, and the
standard library is built from their sources.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from spinlab.folders import cache_dir

TARGET: Final = "wasm32-unknown-unknown"

# Debian splits its newer compiler (made for browsers, hence "web") over these; libgit2's are what cargo needs.
_PACKAGES: Final = (
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

Say = Callable[[str], None]


class NoToolchain(Exception):
    """No toolchain is here and none can be installed; the message says what was tried."""


@dataclass(frozen=True)
class Toolchain:
    """A cargo that builds for `TARGET`.

    Attributes:
        cargo: The command's first words.
        rustc: What ``rustc --version`` says, with a word about the standard library when it is built from source.
        arguments: Arguments every cargo build needs.
        environment: Variables to set.
        sources: Where the standard library's sources lie, to be left out of the output.
    """

    cargo: tuple[str, ...]
    rustc: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    sources: Path | None = None

    def run(self, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
        """Run cargo; answers its output, raises CalledProcessError when it fails."""
        env = {**os.environ, **self.environment, **(environment or {})}
        done = subprocess.run(
            [*self.cargo, *arguments], cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


def find(recorded: str = "", say: Say = print) -> Toolchain:
    """The first toolchain that works; the one that was `recorded` (rustc's version line) is preferred."""
    reasons: list[str] = []
    for attempt in (_rustup, _debian):
        found = attempt(recorded, say, reasons)
        if found is not None:
            return found
    raise NoToolchain(
        "no Rust toolchain for " + TARGET + "\n  " + "\n  ".join(reasons) + "\n"
        f"Install Rust from rustup.rs, then: rustup target add {TARGET}"
    )


def _output(*command: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})})
    return done.stdout.strip() if done.returncode == 0 else ""


def _rustup(recorded: str, say: Say, reasons: list[str]) -> Toolchain | None:
    if shutil.which("rustup") is None:
        reasons.append("rustup is not installed")
        return None
    names = [line.split()[0] for line in _output("rustup", "toolchain", "list").splitlines() if line.strip()]
    active = _output("rustup", "show", "active-toolchain").split(" ")[0]
    names.sort(key=lambda name: name != active)
    versions = {name: _output("rustup", "run", name, "rustc", "--version") for name in names}
    names.sort(key=lambda name: versions[name] != recorded)
    for install in (False, True):
        for name in names:
            if install:
                say(f"rustup target add {TARGET} (toolchain {name})")
                subprocess.run(["rustup", "target", "add", TARGET, "--toolchain", name], capture_output=True)
            if TARGET in _output("rustup", "target", "list", "--installed", "--toolchain", name).split():
                root = Path(_output("rustup", "run", name, "rustc", "--print", "sysroot"))
                return Toolchain(
                    ("rustup", "run", name, "cargo"), versions[name], sources=root / "lib/rustlib/src/rust"
                )
    reasons.append(f"rustup can't install the target {TARGET} for " + (", ".join(names) or "any toolchain"))
    return None


def _debian(recorded: str, say: Say, reasons: list[str]) -> Toolchain | None:
    del recorded
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        reasons.append("this is no Debian, so that its rustc-web packages can't be used")
        return None
    installed, root = Path("/"), cache_dir() / "rust-web"
    if _complete(installed):
        root = installed
    elif not _complete(root):
        say(f"unpacking Debian's rustc-web into {root} (146 MB, once)")
        failed = _unpack(root)
        if failed:
            reasons.append("apt-get can't download Debian's rustc-web packages: " + failed)
            return None
    programs = root / "usr/bin"
    libraries = [*sorted(root.glob("usr/lib/*-linux-gnu")), root / "usr/lib/llvm-22/lib"]
    environment = {
        "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
        "RUSTC": str(programs / "rustc"),
        "CARGO": str(programs / "cargo"),
        "RUSTC_BOOTSTRAP": "1",
        "PATH": f"{root / 'usr/lib/llvm-22/bin'}:{programs}:{os.environ.get('PATH', '')}",
    }
    version = _output(environment["RUSTC"], "--version", env=environment)
    if not version:
        reasons.append(f"the compiler in {root} does not run")
        return None
    return Toolchain(
        (environment["CARGO"],),
        f"{version}, std from source",
        ("-Z", "build-std=std,panic_abort"),
        environment,
        root / "usr/lib/rustlib/src/rust",
    )


def _complete(root: Path) -> bool:
    """Whether compiler, cargo and the sources of the standard library are under `root`."""
    needed = ("usr/bin/rustc", "usr/bin/cargo", "usr/lib/rustlib/src/rust/library/std", "usr/lib/llvm-22/bin/lld")
    return all((root / path).exists() for path in needed)


def _unpack(root: Path) -> str:
    """Download the packages and unpack them into `root`; answers what failed, or nothing."""
    archives = root.with_name("rust-web-debs")
    fresh = root.with_name("rust-web-new")
    shutil.rmtree(fresh, ignore_errors=True)
    archives.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(["apt-get", "download", *_PACKAGES], cwd=archives, capture_output=True, text=True)
    if got.returncode:
        return (got.stderr.strip().splitlines() or ["no reason given"])[-1]
    for archive in sorted(archives.glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(archive), str(fresh)], check=True)
    shutil.rmtree(archives)
    fresh.rename(root)
    return ""
