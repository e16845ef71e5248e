"""The verb that makes a function of a ready component or core module: add."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from spinlab.engine.recognize import kind
from spinlab.errors import ComponentError, ManifestError
from spinlab.languages import Progress
from spinlab.loading.download import LARGEST, check_digest, fetched
from spinlab.magics.cell import OPTIONS, function_of
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.registration import register
from spinlab.magics.verbs.verb import verb
from spinlab.widgets.display import Display

_TEXT = (".wat", ".wast")
_PIECE = 1 << 22


def add(desk: Desk, given: Arguments) -> Display:
    """Make a function of a component's or core module's file, or replace it."""
    source = given["source"]
    if source is None:
        raise given.refuse("name", "the file is missing", f"%spin add {given['name']} --source FILE.wasm")
    with desk.progress() as progress:
        data = _fetched(given, progress) if _is_url(source) else _read(given, progress)
    try:
        kind(data)
        origin = source.rpartition("/")[2].partition("?")[0] if _is_url(source) else Path(source).name
        function = function_of(given, data, origin=origin, first_line=1, language_name="wasm")
        return register(desk, function, given)
    except ComponentError as error:
        _point(error, given)
        raise


def _is_url(source: str) -> bool:
    return "://" in source


def _point(error: ComponentError, given: Arguments) -> None:
    word = given.word("source")
    if error.location is None and word is not None:
        error.location = word.location


def _fetched(given: Arguments, progress: Progress) -> bytes:
    """The bytes of a URL.

    Raises:
        OptionError: It has no digest, can't be fetched, or is something else; points at the word.
    """
    if given["digest"] is None:
        raise given.refuse("source", "a URL needs the digest of what it gives", _DIGEST)
    try:
        return fetched(given["source"], given["digest"], progress)
    except ManifestError as error:
        raise given.refuse("digest" if "digest" in error.message else "source", error.message, error.hint) from None


_DIGEST = "add --digest sha256:HEX; its publisher tells it, and sha256sum FILE prints it for a file"


def _read(given: Arguments, progress: Progress) -> bytes:
    """The bytes of the file.

    Raises:
        OptionError: It can't be read, or is text; points at its name.
    """
    shown = given["source"]
    path = Path(shown).expanduser()
    if path.suffix.lower() in _TEXT:
        raise given.refuse("source", f"{shown} is WebAssembly text", f"put it into a cell: %%spin wat {given['name']}")
    if not path.exists():
        raise given.refuse("source", f"there is no file {shown!r}", _nearby(path))
    if not path.is_file():
        raise given.refuse("source", f"{shown} is not a file", _nearby(path / "x"))
    try:
        with path.open("rb") as file:
            return _checked(_pieces(file, given, path.stat().st_size, progress), given)
    except OSError as error:
        raise given.refuse("source", f"{shown} can't be read: {error.strerror or error}") from None


def _pieces(file: BinaryIO, given: Arguments, size: int, progress: Progress) -> bytes:
    if size > LARGEST:
        raise given.refuse(
            "source", f"{given['source']} is too large for a component", f"at most {LARGEST >> 20} MiB; most have a few"
        )
    data = bytearray(file.read(_PIECE))
    try:
        kind(data)  # before the rest of a large file is read
    except ComponentError as error:
        _point(error, given)
        raise
    while piece := file.read(_PIECE):
        data += piece
        progress(f"reading {given['source']}", min(1.0, len(data) / size))
    return bytes(data)


def _checked(data: bytes, given: Arguments) -> bytes:
    wanted = given["digest"]
    if wanted is not None:
        try:
            check_digest(wanted)
        except ManifestError as error:
            raise given.refuse("digest", error.message, error.hint) from None
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if found != wanted:
            raise given.refuse("digest", f"{given['source']} has another digest: {found}", "is it the right file?")
    return data


def _nearby(path: Path) -> str:
    """Which file was most likely meant."""
    folder = path.parent
    here = sorted(p.name for p in folder.glob("*.wasm")) if folder.is_dir() else []
    near = closest(path.name, here)
    if near:
        return f"did you mean {folder / near}?"
    where = "a path is relative to the notebook"
    return f"there are: {', '.join(str(folder / n) for n in here[:5])}" if here else where


VERBS = (
    verb(
        "add",
        "Make a function of a ready .wasm, a component or core module; adding it again replaces it.",
        add,
        group="in and out",
        takes=(Positional("NAME", "The function's name, in kebab or snake case."),),
        options=(
            Option(("--source",), "Its file, or its URL with --digest.", "FILE-OR-URL"),
            Option(("--digest",), "What its bytes must have; a URL needs it.", "sha256:HEX"),
            *OPTIONS,
        ),
        completes={"name": "function"},
    ),
)
