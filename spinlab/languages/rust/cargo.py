"""Run cargo: one folder of compiled crates for each toolchain, shared by all cells of all notebooks."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spinlab.errors import BuildError
from spinlab.languages import Progress
from spinlab.languages.rust import locks, project
from spinlab.languages.rust.project import Project
from spinlab.toolchains import cache, confine
from spinlab.toolchains.find import ask
from spinlab.toolchains.process import Completed, call, environment
from spinlab.toolchains.rust import OWN, Rust

PACKAGE: Final = "cell"
SLOTS: Final = 3
PATIENCE: Final = 180.0
"""Seconds that a build waits for another one before it goes on in a folder of its own."""

_SECRET: Final = re.compile(r"TOKEN|CREDENTIAL|PASSWORD|SECRET", re.IGNORECASE)
_STEP: Final = re.compile(rb"^\s*(Compiling|Downloaded|Downloading|Locking|Updating)\s+(\S+)[^\n]*$", re.MULTILINE)
_VERBS: Final = {b"Compiling": "compiling", b"Downloaded": "getting", b"Downloading": "getting"}
_NOT_FETCHED: Final = "--offline was specified"

Message = Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What cargo made of a project.

    Attributes:
        done: How it ended.
        messages: What it and the compiler said, in their structured form.
        fetched: Whether it ended before anything was compiled.
        wasm: What was built; None when it failed.
        lock: Which version of each crate it was built with.
    """

    done: Completed
    messages: tuple[Message, ...]
    fetched: bool
    wasm: bytes | None
    lock: str

    @property
    def log(self) -> str:
        """All that was written, for people."""
        said = [str(m["message"].get("rendered") or "") for m in self.messages if m.get("reason") == "compiler-message"]
        return "".join((*said, self.done.err.decode("utf-8", "replace")))


def build(made: Project, rust: Rust, progress: Progress) -> Outcome:
    """Build a project.

    Raises:
        BuildError: Other builds never came to an end.
        CacheError: There is no room.
        ProgramError: cargo can't be started.
    """
    with _folder(rust, progress) as folder:
        return _Bench(folder, made, rust, progress).build()


@contextmanager
def _folder(rust: Rust, progress: Progress) -> Iterator[Path]:
    """A folder to build in that nobody else uses."""
    identity = hashlib.sha256(f"{rust.version}\0{rust.target}".encode()).hexdigest()[:12]
    for slot in range(SLOTS):
        until = time.monotonic() + PATIENCE

        def waiting(until: float = until) -> None:
            progress("another Rust cell is being built", None)
            if time.monotonic() > until:
                raise _Enough

        try:
            lock = cache.locked(f"rust-{identity}-{slot}", waiting)
            lock.__enter__()
        except _Enough:
            continue
        try:
            yield cache.folder("rust", identity, str(slot))
        finally:
            lock.__exit__(None, None, None)
        return
    raise BuildError("other Rust cells are being built and come to no end", hint="interrupt or restart their kernels")


class _Enough(Exception):
    """Waited long enough."""


class _Bench:
    """One build in a folder that is ours for as long."""

    def __init__(self, folder: Path, made: Project, rust: Rust, progress: Progress) -> None:
        self.folder = folder
        self.made = made
        self.rust = rust
        self.home = folder / "sets" / made.set
        self.short = folder / f"short-{project.short_identity()}"
        self._progress = progress
        self._said = "compiling"

    def build(self) -> Outcome:
        """Write the project, get its crates, and build it."""
        with cache.complaining(self.folder):
            self._write()
        lock = locks.path(self.made)
        had_lock = locks.restore(lock, self.home)
        fetched = lock.with_suffix(f".{self.rust.target}")
        if self._has_crates and not (had_lock and fetched.exists()):
            done = self._fetch()
            if done.code:
                return self._outcome(done, fetched=False)
        done = self._compile()
        if done.code and self._has_crates and _NOT_FETCHED in done.text:  # somebody has emptied cargo's own cache
            again = self._fetch()
            done = again if again.code else self._compile()
        outcome = self._outcome(done, fetched=True)
        if self._has_crates and not done.code:
            locks.keep(lock, outcome.lock)
            fetched.touch()
        return outcome

    @property
    def _has_crates(self) -> bool:
        """Whether anything comes from a registry."""
        return bool(self.made.crates or self.rust.arguments)

    def _write(self) -> None:
        files = {self.home / path: data for path, data in self.made.files.items()}
        files[self.home / "Cargo.toml"] = self._manifest().encode()
        if self.made.short:
            files.update({self.short / path: data for path, data in project.short_files().items()})
        source = self.home / "src"
        for stale in [path for path in source.rglob("*.rs") if path not in files] if source.exists() else []:
            stale.unlink()
        for path, data in files.items():
            if not path.exists() or path.read_bytes() != data:  # a new time of change means a new build
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        (self.folder / "tmp").mkdir(exist_ok=True)

    def _manifest(self) -> str:
        return self.made.manifest(PACKAGE, self.short.as_posix(), root=self.made.root)

    def _fetch(self) -> Completed:
        """Get the crates; nothing of theirs is run."""
        base = locks.base(self.made)
        if base and not (self.home / locks.LOCK).exists():
            done = self._cargo(["generate-lockfile"], network=True)
            if done.code:
                return done
            locks.put_back(base, self.home)
        host = re.search(r"^host: (\S+)", ask(str(self.rust.rustc), "-vV"), re.MULTILINE)
        targets = [self.rust.target, *([host[1]] if host else [])]
        wanted = [word for target in targets for word in ("--target", target)]
        return self._cargo(["fetch", *wanted, *self.rust.arguments], network=True)

    def _compile(self) -> Completed:
        """Build; what the crates bring to be run is kept from the network, from secrets and from other folders."""
        command = ["build", "--release", "--offline", "--message-format=json", "--target", self.rust.target]
        command += ["--target-dir", str(self.folder / "target"), *self.rust.arguments]
        return self._cargo(command, network=False)

    def _cargo(self, arguments: list[str], *, network: bool) -> Completed:
        command: list[str | os.PathLike[str]] = [self.rust.cargo, *arguments]
        if not network and self.made.crates:
            command = confine.confined(command, read=self._readable(), write=[self.folder])
        own = {
            **self.rust.environment,
            "RUSTC": str(self.rust.rustc),
            "CARGO_TERM_COLOR": "never",
            "CARGO_TERM_PROGRESS_WHEN": "never",
            "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(self._rustflags()),
        }
        if not network:
            own["TMPDIR"] = str(self.folder / "tmp")
        env = environment(own, network=network, own=OWN)
        if not network:
            env = {name: value for name, value in env.items() if not _SECRET.search(name)}
        return call(command, cwd=self.home, env=env, tick=self._tick, listen=self._listen)

    def _rustflags(self) -> list[str]:
        """Keep this machine's paths out of what is built."""
        paths = {str(self.folder): "."}  # the same for all cells, so that they can share what was compiled
        for registry in sorted((cargo_home() / "registry" / "src").glob("*")) if self._has_crates else ():
            paths[str(registry)] = "crates"
        paths[str(self.rust.root / "lib/rustlib/src/rust")] = "rust"
        return [f"--remap-path-prefix={old}={new}" for old, new in paths.items()]

    def _readable(self) -> list[Path]:
        """What a build needs of the user's home: programs and crates, but not cargo's credentials."""
        programs = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
        own = [cargo_home() / name for name in ("registry", "git", "bin", "config", "config.toml")]
        return [self.rust.root, *own, *programs]

    def _tick(self) -> None:
        self._progress(self._said, None)

    def _listen(self, text: bytes) -> None:
        steps = _STEP.findall(text)
        if steps:
            verb, crate = steps[-1]
            name = "the cell" if crate == PACKAGE.encode() else crate.decode("utf-8", "replace")
            self._said = f"{_VERBS[verb]} {name}" if verb in _VERBS else "looking for crates"

    def _outcome(self, done: Completed, *, fetched: bool) -> Outcome:
        messages = tuple(_messages(done.out))
        wasm = None if done.code else _artifact(messages)
        lock = self.home / locks.LOCK
        text = lock.read_text(encoding="utf-8") if lock.exists() else ""
        return Outcome(done, messages, fetched, wasm, text)


def cargo_home() -> Path:
    """Where cargo keeps what it has fetched."""
    chosen = os.environ.get("CARGO_HOME")
    return Path(chosen) if chosen else Path.home() / ".cargo"


def _messages(out: bytes) -> Iterator[Message]:
    for line in out.splitlines():
        if line.startswith(b"{"):
            try:
                message = json.loads(line)
            except ValueError:
                continue  # of a very long output the middle is left out
            if isinstance(message, dict):
                yield message


def _artifact(messages: tuple[Message, ...]) -> bytes | None:
    """What was built of the cell itself."""
    for message in reversed(messages):
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == PACKAGE:
            for name in message["filenames"]:
                if name.endswith(".wasm"):
                    return Path(name).read_bytes()
    return None
