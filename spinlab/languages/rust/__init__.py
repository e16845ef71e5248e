"""Rust: a cell becomes a Cargo project, built by the user's own toolchain with what was compiled before."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from spinlab.errors import BuildError, Location, OptionError, SourceError
from spinlab.function import Function
from spinlab.languages import ALIASES, Build, BuildContext, Progress, silent, templates
from spinlab.languages.rust import cargo, kept, official, project, said
from spinlab.languages.rust.project import Project
from spinlab.languages.rust.starters import COMPONENT, SERVICE, STARTERS
from spinlab.toolchains import component, rust
from spinlab.toolchains.diagnostics import broken
from spinlab.toolchains.find import Tool
from spinlab.toolchains.process import ProgramError
from spinlab.toolchains.rust import Rust

__all__ = ["LANGUAGE", "RustLanguage"]


class RustLanguage:
    """Rust cells: the short form, any source of spin-sdk, or one that is complete as it is.

    Parameters:
        targets: What may be built for, the preferred one first.
    """

    name = "rust"
    title = "Rust"
    aliases = ALIASES["rust"]
    extension = "rs"
    watch: tuple[str, ...] = ("src/**/*.rs", "Cargo.toml")

    def __init__(self, targets: Sequence[str] = rust.TARGETS) -> None:
        self.targets = targets

    def build(self, function: Function, context: BuildContext) -> Build:
        """Build the cell with cargo, unless the same was built before.

        A ``--module`` function is only checked, and gives a `Build` without a component.

        Raises:
            SourceError: The source can't run; points into it.
            BuildError: A crate is not there or does not compile, or the compiler came to no proper end.
            OptionError: An option does not fit.
            ToolMissing: There is no toolchain for WebAssembly.
        """
        begun = time.perf_counter()
        cells = {project.module_name(name): module for name, module in context.modules.items()}
        made = project.of(function, cells)
        _refuse_wasi(function, made)
        _refuse_trigger(function, made)
        program = made.source.form == "program"
        toolchain = rust.ensure([t for t in self.targets if not program or t != rust.BARE])
        key = _identity(made, toolchain)
        found = kept.read(key)
        if found is None:
            found = self._make(function, made, toolchain, context)
            kept.write(key, found)
        modules = tuple(sorted({module.function.name for module in made.modules} - {function.name}))
        files = {} if function.module else official.sources(function, made)
        return replace(found, files=files, modules=modules, seconds=time.perf_counter() - begun)

    def _make(self, function: Function, made: Project, toolchain: Rust, context: BuildContext) -> Build:
        try:
            outcome = cargo.build(made, toolchain, context.progress)
        except ProgramError as error:
            raise broken(error, "cargo") from None
        if outcome.wasm is None:
            raise said.failure(function, made, outcome)
        try:
            wasm = b"" if function.module else _component(outcome.wasm, made, toolchain, context)
        except BuildError as error:
            raise said.unlinked(function, made, error, outcome) from None
        remarks = said.warnings(function, made, outcome)
        if toolchain.target == rust.BARE and not function.module:
            remarks += (f"built without WASI, so println! and clocks do nothing: {rust.RUST.remedy}",)
        return Build(wasm, warnings=remarks, log=outcome.log)

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """The files of the same cell as a project of Spin's template ``http-rust`` (0.3) or ``http-rust-p2`` (0.2)."""
        return official.files(build.files) if build.files else None

    def build_command(self, function: Function, build: Build) -> str:
        """The command that builds the official project, in its folder."""
        return official.COMMAND

    def build_output(self, function: Function, build: Build) -> str:
        """The component that `build_command` leaves, in the project's folder."""
        return official.output(function)

    def starter(self, template: str = "http") -> str:
        """A cell to begin with.

        Raises:
            OptionError: There is none of that name.
        """
        if template not in STARTERS:
            raise templates.unknown(template, self.title)
        return STARTERS[template]

    def warm(self, progress: Progress = silent) -> None:
        """Get the toolchain and compile what most cells are built with, so that no cell waits for it.

        Raises:
            SpinError: Something can't be had.
        """
        rust.install(progress)
        context = BuildContext(progress=progress)
        for name, source in (("short", STARTERS["http"]), ("component", COMPONENT), ("service", SERVICE)):
            self.build(Function(f"warm-{name}", source, self.name), context)

    def tools(self) -> tuple[Tool, ...]:
        """What it needs."""
        return (rust.RUST,)


_OF_REDIS: Final = ("redis_component", "redis_subscriber")


def _refuse_trigger(function: Function, made: Project) -> None:
    """Say before anything is compiled that a handler does not take what starts the function."""
    source = made.source
    trigger = next(iter(function.triggers), "")
    at = Location(source.line)
    if source.attribute in _OF_REDIS and trigger != "redis":
        what = f"messages of --{trigger}" if trigger else "requests"
        raise SourceError(
            f"#[{source.attribute}] takes messages of Redis, and this function is started by {what}",
            hint="add --redis CHANNEL to the %%spin line" if not trigger else f"write --redis CHANNEL, not --{trigger}",
            location=at,
        )
    answers = source.form in ("short", "component", "service") and source.attribute not in _OF_REDIS
    if trigger and answers and not function.module:
        attribute = f"#[{source.attribute}]" if source.attribute else "fn handle(req: Request)"
        wanted = "#[redis_subscriber] on an async fn" if trigger == "redis" else "a guest for its world"
        raise SourceError(
            f"{attribute} answers requests, and this function is started by --{trigger}",
            hint=f"write {wanted}, or take --{trigger} away",
            location=at,
        )


def _refuse_wasi(function: Function, made: Project) -> None:
    """Refuse WASI 0.3 for what is 0.2 by itself."""
    if function.wasi != "0.2" and made.source.form in ("short", "component") and not function.module:
        error = OptionError(
            "this source is for WASI 0.2",
            hint="leave --wasi out; for WASI 0.3 write #[http_service] async fn with spin_sdk::http",
        )
        error.subject = ("wasi", function.wasi)
        raise error


def _component(wasm: bytes, made: Project, toolchain: Rust, context: BuildContext) -> bytes:
    """The component of what cargo has built; a program is run as it is."""
    if toolchain.target == rust.WASIP2 or made.source.form == "program":
        return wasm
    adapters = {}
    if toolchain.target == rust.WASIP1:
        adapters = {component.PREVIEW1: component.adapter("reactor", context.progress)}
    return component.new(wasm, adapters, context.progress)


def _identity(made: Project, toolchain: Rust) -> str:
    """What a build depends on."""
    parts = [toolchain.version, toolchain.target, made.manifest(cargo.PACKAGE, ""), project.short_identity()]
    digest = hashlib.sha256("\0".join(parts).encode())
    for path, data in sorted(made.files.items()):
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()


LANGUAGE = RustLanguage()
