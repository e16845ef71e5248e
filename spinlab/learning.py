"""The lessons that come with spinlab, and a copy of them in a folder of the learner's own.

What a learner has changed is never written over: a file beside the copies remembers what each was when it was made.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

from spinlab.errors import OptionError, SpinError

RECORD = ".lessons.json"
"""In the learner's folder: file -> digest of what was copied."""

TEACHERS = "INSTRUCTORS.md"
"""What is copied with the solutions only."""

KINDS = (".ipynb", ".md")
"""What a lesson is made of."""


@dataclass(frozen=True)
class Lesson:
    """A lesson as lessons.toml tells it.

    Attributes:
        id: Two digits.
        file: Name of its notebook.
        title: In a few words.
        minutes: For a learner who does the exercises.
        goals: What one is able to do afterwards.
        needs: What it needs beyond spinlab.
    """

    id: str
    file: str
    title: str
    minutes: int
    goals: tuple[str, ...]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Copied:
    """What became of one file.

    Attributes:
        file: Its name in the folder.
        what: ``new``, ``the same``, ``updated``, ``replaced``, or ``kept``, since the learner changed it.
    """

    file: str
    what: str


def shipped() -> Path:
    """Where the lessons are: in the installed package, or in the checkout that is installed as editable."""
    package = Path(__file__).resolve().parent
    for folder in (package / "lessons", package.parent / "notebooks"):
        if (folder / "lessons.toml").is_file():
            return folder
    raise SpinError("the lessons are not here", hint="install spinlab from its wheel, or from a checkout with -e")


def lessons() -> tuple[Lesson, ...]:
    """All lessons, in their order."""
    said = tomli.loads((shipped() / "lessons.toml").read_text(encoding="utf-8"))
    return tuple(
        Lesson(x["id"], x["file"], x["title"], x["minutes"], tuple(x["goals"]), tuple(x["needs"]))
        for x in said["lesson"]
    )


def lesson(wanted: str) -> Lesson:
    """The lesson of a number, ``3`` or ``03``, or of the beginning of its file's name.

    Raises:
        OptionError: There is none.
    """
    known = lessons()
    for one in known:
        if one.id == wanted.zfill(2) or (wanted and one.file.removeprefix(f"{one.id}-").startswith(wanted.lower())):
            return one
    raise OptionError(f"there is no lesson {wanted}", hint="lessons: " + ", ".join(f"{x.id} {x.title}" for x in known))


def copy(folder: Path, *, force: bool = False, solutions: bool = False) -> tuple[Copied, ...]:
    """Copy the lessons; a file that the learner changed stays as it is.

    Parameters:
        folder: Where to; made when it is not there.
        force: Write over changed files as well.
        solutions: Copy the solutions too, into a folder of theirs, and what teachers need.

    Raises:
        OptionError: The folder can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        record = _recorded(folder)
        done = tuple(_copy(name, source, folder, record, force) for name, source in _files(solutions))
        (folder / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as error:
        raise OptionError(f"{folder} can't be written: {error.strerror}", hint="name another folder") from error
    return done


def workspace(folder: Path) -> Path:
    """A folder with a workspace of JupyterLab, called ``lessons``, that begins with the README as it reads."""
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    place = folder / ".jupyter-workspaces"
    viewer = "markdownviewer-widget:README.md"
    shown: dict[str, Any] = {
        "data": {
            "layout-restorer:data": {
                "main": {"dock": {"type": "tab-area", "currentIndex": 0, "widgets": [viewer]}, "current": viewer},
                "left": {"collapsed": False, "current": "filebrowser", "widgets": ["filebrowser"]},
            },
            viewer: {"data": {"path": "README.md", "factory": "Markdown Preview"}},
        },
        "metadata": {"id": "lessons"},
    }
    WorkspacesManager(str(place)).save("lessons", json.dumps(shown))
    return place


def lab(folder: Path, chosen: Lesson | None = None) -> list[str]:
    """The command that opens a lesson, or the overview, in JupyterLab; to be run in the folder."""
    command = [sys.executable, "-m", "jupyterlab"]
    if chosen is not None:
        return [*command, chosen.file]
    place = workspace(folder).resolve()
    return [*command, f"--LabApp.workspaces_dir={place}", "--LabApp.default_url=/lab/workspaces/lessons"]


def _files(solutions: bool) -> Iterator[tuple[str, Path]]:
    here = shipped()
    for path in sorted(here.iterdir()):
        if path.suffix in KINDS and path.is_file() and (solutions or path.name != TEACHERS):
            yield path.name, path
    if solutions:
        for path in sorted((here / "solutions").glob("*.ipynb")):
            yield f"solutions/{path.name}", path


def _copy(name: str, source: Path, folder: Path, record: dict[str, str], force: bool) -> Copied:
    data, target = source.read_bytes(), folder / name
    there = _digest(target.read_bytes()) if target.is_file() else ""
    fresh = _digest(data)
    if there == fresh:
        what = "the same"
    elif there and there != record.get(name) and not force:
        return Copied(name, "kept")
    else:
        what = "new" if not there else "updated" if there == record.get(name) else "replaced"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
    record[name] = fresh
    return Copied(name, what)


def _recorded(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
