"""Packages of npm, pinned, each set in a folder of its own in the cache; their install scripts are not run."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from spinlab.errors import BuildError, CacheError, OptionError, SpinError, ToolMissing
from spinlab.toolchains import cache, find
from spinlab.toolchains.find import NODE
from spinlab.toolchains.process import ProgramError, environment, run
from spinlab.toolchains.progress import Progress, silent

READY: Final = "ready"
OLDEST: Final = 10
"""The lowest major version of a system's npm that is used."""
_NAME = r"(?:@[a-z0-9~][\w.~-]*/)?[a-z0-9~][\w.~-]*"
_PIN = re.compile(rf"{_NAME}@\d[\w.+-]*", re.ASCII | re.IGNORECASE)
_ANY = re.compile(rf"{_NAME}(?:@[\w.^~<>=|* +-]+)?", re.ASCII | re.IGNORECASE)
_ABSENT = re.compile(r"E404|ENOTFOUND_PACKAGE|is not in this registry|404 Not Found", re.IGNORECASE)
_VERSION = re.compile(r"ETARGET|No matching version found for (\S+)", re.IGNORECASE)
_CONFLICT = re.compile(r"ERESOLVE|could not resolve dependency|conflicting peer", re.IGNORECASE)


def is_pin(text: str) -> bool:
    """Whether a requirement names one exact version, such as ``esbuild@0.25.8``."""
    return _PIN.fullmatch(text) is not None


def path_of(name: str, packages: Sequence[str]) -> Path:
    """Where the folder is, or will be."""
    identity = "\0".join(sorted(packages)).encode()
    return cache.place("npm", f"{name}-{hashlib.sha256(identity).hexdigest()[:12]}", READY)


def ensure(name: str, packages: Sequence[str], progress: Progress = silent) -> Path:
    """A folder with `node_modules` for the packages, made at the first need.

    Parameters:
        name: What it is called in the cache.
        packages: Such as ``esbuild@0.25.8``; without a version, whichever is newest when the folder is made.
        progress: Told while it is made.

    Raises:
        OptionError: One is not the name of a package.
        BuildError: A package or version does not exist, or two can't be had together.
        ToolMissing: npm can't be had, or has no connection.
        CacheError: There is no room.
    """
    for package in packages:
        if not _ANY.fullmatch(package):
            raise OptionError(f"{package!r} is not a package of npm", hint="write its name and version: left-pad@1.3.0")
    home = path_of(name, packages)
    if (home / READY).exists():
        return home
    with cache.locked(home.name, lambda: progress("another process gets the packages", None)):
        if not (home / READY).exists():
            shutil.rmtree(home, ignore_errors=True)
            try:
                _make(packages, home, progress)
            except BaseException:
                shutil.rmtree(home, ignore_errors=True)
                raise
    return home


def versions(home: Path) -> dict[str, str]:
    """Package -> version of all that was installed in a folder, from its lock file."""
    lock = json.loads((home / "package-lock.json").read_bytes())
    found: dict[str, str] = {}
    for path, facts in lock.get("packages", {}).items():
        name = path.rpartition("node_modules/")[2]
        if name and "version" in facts:
            found.setdefault(name, facts["version"])
    return found


def esbuild(home: Path) -> Path:
    """esbuild's own program in a folder that has it; no node is needed to run it.

    Raises:
        ToolMissing: There is none for this kind of machine.
    """
    names = ("esbuild.exe",) if os.name == "nt" else ("bin/esbuild",)
    for platform in sorted((home / "node_modules" / "@esbuild").glob("*")):
        for name in names:
            if (platform / name).exists():
                return platform / name
    raise ToolMissing("esbuild has no program for this kind of machine", hint="use JavaScript without packages")


def unpacked(package: str, paths: Sequence[str], progress: Progress = silent) -> Path:
    """A folder with some files of a pinned package, without what it depends on.

    Parameters:
        package: Such as ``@bytecodealliance/jco@1.35.0``.
        paths: Of the files inside the package.

    Raises:
        BuildError: The package does not exist, or has no such file.
        ToolMissing: npm can't be had, or has no connection.
    """
    home = path_of("files", (package, *paths))
    if (home / READY).exists():
        return home
    what = f"getting {package}"
    progress(what, None)
    with cache.locked(home.name, lambda: progress(what, None)), cache.scratch() as scratch:
        if (home / READY).exists():
            return home
        _npm(["pack", "--silent", package], scratch, progress, lambda: progress(what, None), (package,))
        archive = next(scratch.glob("*.tgz"))
        shutil.rmtree(home, ignore_errors=True)
        with cache.complaining(home), tarfile.open(archive) as files:
            home.mkdir(mode=0o700)
            for path in paths:
                _extract(files, f"package/{path}", home / PurePosixPath(path).name, package)
            (home / READY).touch()
    return home


def _extract(files: tarfile.TarFile, path: str, target: Path, package: str) -> None:
    try:
        content = files.extractfile(path)
    except KeyError:
        content = None
    if content is None:
        raise BuildError(f"{package} has no file {path.partition('/')[2]}")
    with content:
        target.write_bytes(content.read())


def _make(packages: Sequence[str], home: Path, progress: Progress) -> None:
    what = f"getting {' and '.join(packages)} from npm"
    progress(what, None)
    with cache.complaining(home):
        home.mkdir(mode=0o700)
        (home / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    arguments = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--save-exact"]
    _npm([*arguments, *packages], home, progress, lambda: progress(what, None), packages)
    (home / READY).touch()


def run_npm(arguments: Sequence[str], cwd: Path, progress: Progress = silent) -> str:
    """Run npm in a folder and give what it printed.

    Raises:
        ProgramError: It failed.
        ToolMissing: It can't be had.
    """
    return _run(arguments, cwd, progress, lambda: None)


def _npm(
    arguments: Sequence[str], cwd: Path, progress: Progress, tick: Callable[[], None], packages: Sequence[str]
) -> str:
    try:
        return _run(arguments, cwd, progress, tick)
    except ProgramError as error:
        raise _told(error, packages) from None


def _run(arguments: Sequence[str], cwd: Path, progress: Progress, tick: Callable[[], None]) -> str:
    """Run npm: the system's when it is new enough, else the one that comes with PyPI's node."""
    command, folder = _command(progress)
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PATH", ""))))
    env = environment({"PATH": path}, network=True, own=("NPM_CONFIG_",))
    return run([*command, *arguments], cwd=cwd, env=env, tick=tick)


def _command(progress: Progress) -> tuple[list[str], Path]:
    """What starts npm, and the folder of the node that it runs on."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node and os.name != "nt":
        version = find.version_of(find.ask(npm))
        if version and version[0] >= OLDEST:
            return [npm], Path(node).parent
    program = find.own(NODE, progress)
    inside = program.parent if os.name == "nt" else program.parent.parent
    script = next((p for p in inside.glob("**/npm/bin/npm-cli.js")), None)
    if script is None:
        raise ToolMissing(f"{NODE.pins[0]} brings no npm", hint="install Node.js 20 or later")
    return [str(program), str(script)], program.parent


def _told(error: ProgramError, packages: Sequence[str]) -> SpinError:
    """npm's failure in words."""
    text = error.output
    named = next((p for p in packages if p in text), " ".join(packages))
    made: SpinError
    if error.kind == "disk":
        made = CacheError("there is no room on the disk for packages of npm", hint="make room and run the cell again")
    elif _VERSION.search(text):
        made = BuildError(
            f"there is no such version of a package: {named}", hint="leave the version out for the newest"
        )
    elif _ABSENT.search(text):
        made = BuildError(f"there is no such package in npm: {named}", hint="is its name spelled right?")
    elif _CONFLICT.search(text):
        made = BuildError(f"these packages can't be had together: {' '.join(packages)}", hint="choose other versions")
    elif error.kind in ("killed", "memory", "crashed"):
        made = BuildError(f"npm {error.why}")
    else:
        made = ToolMissing(
            f"npm could not get {' '.join(packages)}",
            hint="is there a connection to a package registry? once they are here, none is needed",
            details=text[-2000:],
        )
    made.log = text
    return made
