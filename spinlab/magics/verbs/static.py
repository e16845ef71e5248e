"""The verb that serves a folder: static."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from spinlab.errors import ManifestError
from spinlab.host import sources
from spinlab.magics.cell import OPTIONS, function_of
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.registration import register
from spinlab.magics.verbs.verb import verb
from spinlab.manifest.ids import nearest
from spinlab.manifest.model import Mount

HIDDEN = "**/.*"
"""What of a folder is left out: names that begin with a dot, and what is in such folders."""


def static(desk: Desk, given: Arguments) -> Any:
    """Serve the files of a folder as they are now; doing it again reads them anew."""
    path = Path(given["dir"]).expanduser()
    _check_folder(given, path)
    named = _named(given, path)
    function = function_of(named, "", origin=given["dir"], first_line=1, language_name="html")
    function = replace(function, files=((".", "/"),), exclude_files=(HIDDEN,), folder=str(path.resolve()))
    try:
        _check_content(given, function.folder)
        return register(desk, function, given)
    except ManifestError as error:  # too much, or a link that leads out
        word = given.word("dir")
        if word is not None and error.subject in (None, ("file", ".")):
            error.location = word.location
        raise


def _check_folder(given: Arguments, path: Path) -> None:
    shown = given["dir"]
    if path.is_dir():
        return
    if path.exists():
        raise given.refuse("dir", f"{shown} is a file", "name its folder, or mount it: %%spin html NAME --file FILE")
    siblings = sorted(p.name for p in path.parent.iterdir() if p.is_dir()) if path.parent.is_dir() else []
    near = closest(path.name, siblings)
    hint = f"did you mean {path.parent / near}?" if near else "a path is relative to the notebook"
    raise given.refuse("dir", f"there is no folder {shown!r}", hint)


def _check_content(given: Arguments, folder: str) -> None:
    if next(iter(sources.paths(Path(folder), [Mount(".", "/")], [HIDDEN])), None) is None:
        raise given.refuse("dir", f"there is no file in {given['dir']}", "hidden files are left out")


def _named(given: Arguments, path: Path) -> Arguments:
    """The arguments with a name: the one that was given, else the folder's."""
    name = given["name"] or nearest(path.resolve().name)
    if not name:
        raise given.refuse("dir", f"no name can be made of {given['dir']!r}", "add --name NAME")
    words = {**given.words, "name": given.words.get("name", given.words["dir"])}
    return Arguments({**given.values, "name": name}, words)


VERBS = (
    verb(
        "static",
        "Serve the files of a folder; doing it again reads them anew.",
        static,
        group="in and out",
        takes=(Positional("DIR", "The folder. Its hidden files are left out."),),
        options=(
            Option(("--name",), "The function's name; the folder's when left out.", "NAME"),
            *(option for option in OPTIONS if option.key != "file"),
        ),
        completes={"dir": "path", "name": "function"},
        notes="A folder answers with its index.html. --env FALLBACK_PATH=index.html answers with that for whatever is "
        "not there,\n--env CUSTOM_404_PATH=404.html is the page that says so, --env CACHE_CONTROL=max-age=3600 lets "
        "browsers keep files.",
    ),
)
