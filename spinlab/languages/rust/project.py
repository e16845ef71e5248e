"""The Cargo project of a cell: the same for the builds here and for an export."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from spinlab.errors import SourceError
from spinlab.function import Function
from spinlab.languages import text_of
from spinlab.languages.rust import crates
from spinlab.languages.rust import source as sources
from spinlab.languages.rust.crates import Crate
from spinlab.languages.rust.source import Source

LIB: Final = "src/lib.rs"
MAIN: Final = "src/main.rs"
SHORT: Final = "short"
_FOLDER: Final = Path(__file__).parent / "short"

PROFILE: Final = """\
[profile.release]
opt-level = "s"
lto = true
codegen-units = 1
strip = true
panic = "abort"
"""

_EXPORT: Final = """
#[allow(unused_imports)]
use short::*;
short::export!({handler});
"""


@dataclass(frozen=True)
class Module:
    """A ``--module`` cell that a cell uses.

    Attributes:
        function: The cell.
        path: Its file in the project.
        source: What it says.
    """

    function: Function
    path: str
    source: Source


@dataclass(frozen=True)
class Project:
    """A cell as a Cargo project.

    Attributes:
        source: The cell.
        crates: What it is built with, without the short form's.
        modules: The ``--module`` cells it uses.
        root: Its first file as it is called here, so that a panic names the function; in an export as cargo has it.
        text: What that file says: the cell, and in the short form what makes it a handler.
        short: Whether it is built with the short form's crate.
    """

    source: Source
    crates: tuple[Crate, ...]
    modules: tuple[Module, ...]
    root: str
    text: str
    short: bool

    @property
    def edition(self) -> str:
        """The edition of the language, as Spin's templates have it."""
        return "2024" if self.source.form == "service" else "2021"

    @property
    def files(self) -> dict[str, bytes]:
        """The sources as they are built here: path in the project -> bytes."""
        return {self.root: self.text.encode(), **{m.path: m.source.text.encode() for m in self.modules}}

    @property
    def exported(self) -> dict[str, bytes]:
        """The sources as an export has them."""
        first = MAIN if self.source.form == "program" else LIB
        return {first if path == self.root else path: data for path, data in self.files.items()}

    @property
    def set(self) -> str:
        """What all cells with the same crates have in common."""
        lines = "\n".join(crate.line() for crate in self.crates)
        return hashlib.sha256(f"{self.edition}\n{self.short}\n{lines}".encode()).hexdigest()[:12]

    def manifest(self, name: str, short: str, resolved: Mapping[str, str] | None = None, *, root: str = "") -> str:
        """Its ``Cargo.toml``.

        Parameters:
            name: Of the package.
            short: Where the short form's crate is.
            root: Where the first file is, when it is not where cargo looks for it.
            resolved: Name of a crate -> the version it has, for those of which any will do.
        """
        listed = [*self.crates, *([Crate(SHORT, path=short)] if self.short else [])]
        lines = [crate.line((resolved or {}).get(crate.name, "")) for crate in sorted(listed, key=lambda c: c.name)]
        package = f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "{self.edition}"\n'
        at = f'path = "{root}"\n' if root else ""
        made = f'[lib]\n{at}crate-type = ["cdylib"]\n'
        if self.source.form == "program":
            made = f'[[bin]]\nname = "{name}"\n{at}' if root else ""
        return "\n".join((package, made, "[dependencies]", *lines, "", PROFILE, "[workspace]", ""))


def of(function: Function, cells: Mapping[str, Function]) -> Project:
    """The project of a cell, or of a module by itself.

    Parameters:
        cells: Name of a Rust module -> the ``--module`` cell of that name.

    Raises:
        SourceError: The cell has no handler, or isn't UTF-8.
        OptionError: What it requires is no crate.
    """
    text = text_of(function)
    program = function.is_program
    source = sources.module(text) if function.module else sources.read(text, function.name, program=program)
    name = module_name(function.name)
    others = {known: cell for known, cell in cells.items() if cell.name != function.name}
    found = list(_modules(source, others, f"src/{name}" if function.module else "src"))
    asked = (*function.requires, *(option for module in found for option in module.function.requires))
    listed = crates.of(source, dict.fromkeys(asked), (module.source for module in found))
    if function.module:
        own = Module(function, f"src/{name}.rs", source)
        text = f"#![allow(dead_code)]\npub mod {name};\n"
        return Project(source, listed, (own, *found), LIB, text, _names_short(own, *found))
    body = text if text.endswith("\n") else text + "\n"
    if source.form == "short":
        body += _EXPORT.format(handler="async handle" if source.asynchronous else "handle")
    short = source.form == "short" or SHORT in source.crates or _names_short(*found)
    return Project(source, listed, tuple(found), f"src/{name}.rs", body, short)


def module_name(name: str) -> str:
    """The name of a cell as Rust writes it."""
    return name.replace("-", "_")


def _names_short(*modules: Module) -> bool:
    return any(SHORT in module.source.crates for module in modules)


def _modules(source: Source, cells: Mapping[str, Function], folder: str) -> Iterator[Module]:
    """The cells that a source has as modules, and those that they have; each under its own folder, as Rust looks."""
    for name in source.modules:
        cell = cells.get(name)
        if cell is None:
            continue  # the compiler says where it is missed
        try:
            text = text_of(cell)
        except SourceError as error:  # its place is in another cell than the one that is built
            raise SourceError(f"the module {cell.name}: {error.message}", hint=error.hint) from None
        module = Module(cell, f"{folder}/{name}.rs", sources.module(text))
        yield module
        rest = {known: other for known, other in cells.items() if known != name}
        yield from _modules(module.source, rest, f"{folder}/{name}")


@cache
def short_files() -> Mapping[str, bytes]:
    """The short form's crate: path in its folder -> bytes."""
    paths: Iterable[Path] = (_FOLDER / "Cargo.toml", *sorted((_FOLDER / "src").iterdir()))
    return {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in paths}


@cache
def short_identity() -> str:
    """What tells one version of the short form's crate from another."""
    digest = hashlib.sha256()
    for path, data in short_files().items():
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:12]
