"""The rules that the files of a Binder follow, each broken one as a sentence.

Sources: repo2docker's documentation of its configuration files, and what went wrong with images of others: a Python
that changed under them, a ``postBuild`` that failed and was not noticed, a ``start`` that did not hand over.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomli
import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""Those that repo2docker has locked environments for (2026.4)."""
EXTRAS = ("proxy", "lessons")
"""Extras of spinlab that the image has."""
LAST = 'exec "$@"'


def problems(folder: Path) -> list[str]:
    """What is wrong with the files in a ``binder`` folder, beside which pyproject.toml and notebooks/ lie."""
    return [*_python(folder), *_requirements(folder), *_scripts(folder), *_badges(folder.parent)]


def python_version(folder: Path) -> str:
    """What runtime.txt pins, such as ``3.12``; empty when it does not."""
    path = folder / "runtime.txt"
    found = re.fullmatch(r"python-(\d+\.\d+)\n?", path.read_text() if path.exists() else "")
    return found[1] if found else ""


def _python(folder: Path) -> Iterator[str]:
    for path in (*folder.glob("*.yml"), *folder.glob("*.yaml")):
        yield from _environment(path)
    if (folder / "environment.yml").exists():
        return  # conda's file wins, the others are not read
    pinned = python_version(folder)
    if not pinned:
        yield "runtime.txt does not pin Python: write python-3.12"
    elif pinned not in PYTHONS:
        yield f"runtime.txt: the builder has no Python {pinned}, only {', '.join(PYTHONS)}"
    elif pinned not in SpecifierSet(_project(folder.parent)["requires-python"]):
        yield f"runtime.txt: spinlab does not run on Python {pinned}"


def _environment(path: Path) -> Iterator[str]:
    try:
        said = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        yield f"{path.name} is not YAML: {str(error).splitlines()[0]}"
        return
    if path.stem != "environment":
        return
    wanted = said.get("dependencies") if isinstance(said, dict) else None
    if not any(isinstance(one, str) and re.fullmatch(r"python=\d+\.\d+.*", one) for one in wanted or ()):
        yield f"{path.name} does not pin Python: write python=3.12 among its dependencies"


def _requirements(folder: Path) -> Iterator[str]:
    if not (folder / "requirements.txt").exists():
        yield "there is no requirements.txt"
        return
    lines = _lines(folder / "requirements.txt")
    if "-c constraints.txt" not in lines:
        yield "requirements.txt does not read constraints.txt, so that each build may get other packages"
    pins: dict[str, str] = {}
    for line in _lines(folder / "constraints.txt"):
        found = re.fullmatch(r"([a-z0-9-]+)==([\w.+!]+)(?: *;.*)?", line)
        if found is None:
            yield f"constraints.txt: {line} is no pin"
        else:
            pins[found[1]] = found[2]
    for text in (*(line for line in lines if not line.startswith("-")), *_needed(folder.parent)):
        yield from _pinned(text, pins)


def _pinned(text: str, pins: dict[str, str]) -> Iterator[str]:
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        yield f"requirements.txt: {text} is no package"
        return
    if wanted.url:
        yield f"requirements.txt: {text} comes from an address; put a wheel beside it instead"
    name = re.sub(r"[-_.]+", "-", wanted.name).lower()
    if wanted.marker is not None and not wanted.marker.evaluate():
        return
    if name not in pins:
        yield f"constraints.txt does not pin {name}; run: python binder/lock.py"
    elif not wanted.specifier.contains(pins[name], prereleases=True):
        yield f"constraints.txt pins {name} {pins[name]}, and {text} is wanted; run: python binder/lock.py"


def _needed(root: Path) -> list[str]:
    project = _project(root)
    extras = project.get("optional-dependencies", {})
    return [*project["dependencies"], *(one for extra in EXTRAS for one in extras[extra])]


def _project(root: Path) -> dict[str, Any]:
    return dict(tomli.loads((root / "pyproject.toml").read_text())["project"])


def _lines(path: Path) -> list[str]:
    text = path.read_text() if path.exists() else ""
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]


def _scripts(folder: Path) -> Iterator[str]:
    for name in ("postBuild", "start"):
        path = folder / name
        if not path.exists():
            yield f"there is no {name}"
            continue
        text = path.read_bytes().decode()
        if not text.startswith("#!"):
            yield f"{name} does not say in its first line what runs it"
        if "\r" in text:
            yield f"{name} has the line ends of Windows"
        if not os.access(path, os.X_OK):
            yield f"{name} can't be executed: chmod +x binder/{name}"
        if "set -euo pipefail" not in _lines(path)[:1]:
            yield f"{name} goes on after a failure: its first command is not set -euo pipefail"
        checked = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
        if checked.returncode:
            yield f"{name}: {checked.stderr.strip()}"
    if (folder / "start").exists() and _lines(folder / "start")[-1:] != [LAST]:
        yield f"start does not hand over to the server: its last line is not {LAST}"


def _badges(root: Path) -> Iterator[str]:
    readme = (root / "notebooks" / "README.md").read_text()
    for lesson in tomli.loads((root / "notebooks" / "lessons.toml").read_text())["lesson"]:
        address = f"urlpath=lab/tree/notebooks/{lesson['file']}"
        if address not in readme:
            yield f"notebooks/README.md has no badge with {address}"
        if not (root / "notebooks" / lesson["file"]).exists():
            yield f"the badge of lesson {lesson['id']} opens a notebook that is not there"
