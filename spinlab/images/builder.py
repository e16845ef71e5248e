"""Build a Python image with the official toolchain, once, and keep it by what went into it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from spinlab.errors import BuildError, OptionError
from spinlab.folders import cache_dir
from spinlab.images import packages
from spinlab.images.recipe import HERE, RECIPES, TZDATA, Recipe, key, sources
from spinlab.toolchains import cache, environments
from spinlab.toolchains.process import ProgramError, environment, run
from spinlab.toolchains.progress import Progress, silent

SHIPPED = HERE / "built"
"""Images that came with the installed package; a checkout has none."""

USUAL = 20.0
"""Seconds that a build takes on two ordinary cores, for the progress display."""


@dataclass(frozen=True)
class Image:
    """A built image.

    Attributes:
        path: The component's file.
        digest: Its sha256 in hex: the identity.
        wasi: ``0.2`` or ``0.3``.
        modules: Every module that can be imported in it.
        size: In bytes.
        requires: The packages in it, pinned.
        names: Module of the SDK -> what it offers.
        python: The version of CPython inside.
        magic: What marks its compiled code, in hex.
        seconds: How long it took to build.
    """

    path: Path
    digest: str
    wasi: str
    modules: frozenset[str]
    size: int
    requires: tuple[str, ...] = ()
    names: dict[str, frozenset[str]] | None = None
    python: str = ""
    magic: str = ""
    seconds: float = 0.0

    def read(self) -> bytes:
        """The component's bytes; the same object each time."""
        with _lock:
            if self.path not in _bytes:
                _bytes[self.path] = self.path.read_bytes()
            return _bytes[self.path]


_lock = threading.Lock()
_bytes: dict[Path, bytes] = {}
_known: dict[str, Image] = {}


def python(wasi: str = "0.2", requires: Iterable[str] = (), progress: Progress = silent) -> Image:
    """The Python image for a version of WASI and a set of packages, built at the first need.

    Parameters:
        wasi: ``0.2`` or ``0.3``.
        requires: Pinned packages, such as ``idna==3.10``.
        progress: Told what is being done.

    Raises:
        OptionError: There is no such version, or a requirement is not pinned.
        BuildError: The toolchain failed, or a package has compiled parts.
        ToolMissing: The toolchain can't be had.
        CacheError: The cache can't be written.
    """
    if wasi not in RECIPES:
        raise OptionError(f"there is no Python image for WASI {wasi}", hint="write --wasi 0.2 or --wasi 0.3")
    wanted = packages.normal(requires)
    name = key(wasi, wanted)
    found = _known.get(name)
    if found is not None and found.path.exists():
        return found
    image = load(SHIPPED, name) or load(cache.folder("images"), name)
    if image is None:
        with cache.locked(f"image-{name}", lambda: progress("another process builds the Python image", None)):
            image = load(cache.folder("images"), name) or build(RECIPES[wasi], wanted, name, progress)
    _known[name] = image
    return image


def build_all(progress: Progress = silent) -> tuple[Image, ...]:
    """Both Python images without packages, built where they are not there yet."""
    return tuple(python(wasi, (), progress) for wasi in RECIPES)


def list_images() -> tuple[Image, ...]:
    """Every image that is built: those that came with the package and those in the cache."""
    folders = [folder for folder in (SHIPPED, cache_dir() / "images") if folder.is_dir()]
    found = (load(folder, path.stem, check=False) for folder in folders for path in sorted(folder.glob("*.json")))
    return tuple(image for image in found if image is not None)


def find(wasi: str, requires: Iterable[str] = ()) -> Image | None:
    """The image that `python` would give, when it is built already."""
    name = key(wasi, packages.normal(requires))
    found = (load(folder, name, check=False) for folder in (SHIPPED, cache_dir() / "images"))
    return next((image for image in found if image is not None and image.path.exists()), None)


def is_current(image: Image) -> bool:
    """Whether this version of spinlab would still use the image."""
    return key(image.wasi, image.requires) == image.path.stem


def prune() -> tuple[Image, ...]:
    """Remove the images in the cache that an earlier version of spinlab made; answers which."""
    old = tuple(i for i in list_images() if not is_current(i) and i.path.parent != SHIPPED)
    for image in old:
        for path in (image.path, image.path.with_suffix(".json")):
            path.unlink(missing_ok=True)
    return old


def load(folder: Path, name: str, *, check: bool = True) -> Image | None:
    """The image stored as `name` in `folder`; None when it is not there, or not what was stored."""
    path = folder / f"{name}.wasm"
    try:
        facts = json.loads((folder / f"{name}.json").read_bytes())
        image = Image(
            path=path,
            digest=facts["digest"],
            wasi=facts["wasi"],
            modules=frozenset(facts["modules"]),
            size=facts["size"],
            requires=tuple(facts["requires"]),
            names={module: frozenset(names) for module, names in facts["names"].items()},
            python=facts["python"],
            magic=facts["magic"],
            seconds=facts["seconds"],
        )
        data = path.read_bytes() if check else b""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if check and hashlib.sha256(data).hexdigest() != image.digest:
        return None
    if check:
        with _lock:
            _bytes[path] = data
    return image


def build(recipe: Recipe, requires: tuple[str, ...], name: str, progress: Progress) -> Image:
    """Build an image and store it as `name` in the cache."""
    home = recipe.toolchain(progress)
    with cache.scratch() as scratch:
        facts = make(recipe, home, requires, scratch, progress)
        store = cache.folder("images")
        with cache.complaining(store):
            (scratch / "facts.json").write_text(json.dumps(facts, sort_keys=True), encoding="utf-8")
            os.replace(scratch / "image.wasm", store / f"{name}.wasm")
            os.replace(scratch / "facts.json", store / f"{name}.json")
    image = load(store, name)
    if image is None:
        raise BuildError("the image that was just built can't be read back", hint="is the disk full?")
    return image


def make(recipe: Recipe, home: Path, requires: tuple[str, ...], scratch: Path, progress: Progress) -> dict[str, object]:
    """Make `image.wasm` in `scratch` and give the facts about it."""
    begun = time.monotonic()
    what = f"building the Python image for WASI {recipe.wasi}" + (f" with {', '.join(requires)}" if requires else "")

    def tick() -> None:
        progress(what, min(0.95, (time.monotonic() - begun) / USUAL))

    tick()
    own, added = scratch / "own", scratch / "packages"
    with cache.complaining(scratch):
        for path, data in sources(recipe.wasi).items():
            (own / path).parent.mkdir(parents=True, exist_ok=True)
            (own / path).write_bytes(data)
        added.mkdir()
    packages.install(recipe, home, (*requires, TZDATA), added, tick)
    command = [str(environments.program(home, "componentize-py")), "-q"]
    command += recipe.command("boot", "image.wasm", own_world=True)
    # `own` first: the guest sees the folders as /0, /1 and so on, in this order.
    at = command.index("componentize") + 1
    command[at:at] = ["-p", "own", "-p", "packages"]
    try:
        run(command, cwd=scratch, env=environment({"VIRTUAL_ENV": str(home)}), tick=tick)
    except ProgramError as error:
        raise BuildError("componentize-py could not build the image", details=shorten(str(error))) from None
    listed = json.loads((own / "modules.json").read_bytes())
    progress(what, 1.0)
    digest = hashlib.sha256()
    with (scratch / "image.wasm").open("rb") as component:
        while block := component.read(1 << 20):
            digest.update(block)
    shutil.rmtree(added, ignore_errors=True)
    return {
        "digest": digest.hexdigest(),
        "wasi": recipe.wasi,
        "requires": requires,
        "size": (scratch / "image.wasm").stat().st_size,
        "modules": listed["modules"],
        "names": listed["names"],
        "python": listed["python"],
        "magic": listed["magic"],
        "seconds": round(time.monotonic() - begun, 1),
    }


def shorten(output: str) -> str:
    """A toolchain's output without its own backtrace."""
    text = output.partition("\nStack backtrace:")[0].partition("\nCaused by:")[0].strip()
    return text[-4000:]
