"""The same cell as a project of Spin's own Rust templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from spinlab.function import Function
from spinlab.languages.rust import locks, project
from spinlab.languages.rust.project import Project
from spinlab.manifest.ids import kebab
from spinlab.toolchains.rust import WASIP2

MANIFEST: Final = "Cargo.toml"
COMMAND: Final = f"cargo build --target {WASIP2} --release"
"""As in ``http-rust``. That of ``http-rust-p2`` makes a core module, which Spin alone turns into a component."""


def sources(function: Function, made: Project) -> dict[str, bytes]:
    """The project's own files: path -> bytes; the versions are those that it was built with."""
    manifest = made.manifest(package(function), project.SHORT, locks.resolved(made))
    return {MANIFEST: manifest.encode(), **made.exported}


def files(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """All files of the project: path -> bytes."""
    found = dict(sources)
    if f'path = "{project.SHORT}"' in sources[MANIFEST].decode():
        found.update({f"{project.SHORT}/{path}": data for path, data in project.short_files().items()})
    return dict(sorted(found.items()))


def package(function: Function) -> str:
    """The package's name."""
    return kebab(function.name)


def output(function: Function) -> str:
    """The component that `COMMAND` leaves: cargo calls a library as Rust would, and a program as it is."""
    name = package(function) if function.is_program else package(function).replace("-", "_")
    return f"target/{WASIP2}/release/{name}.wasm"
