"""Build an image with its official toolchain, once, and keep it by what went into it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from spinlab.errors import BuildError, OptionError
from spinlab.folders import cache_dir, shared
from spinlab.images import javascript_build, packages, python_build
from spinlab.images.recipe import HERE, RECIPES, key
from spinlab.images.worlds import WORLDS, world_of
from spinlab.toolchains import cache
from spinlab.toolchains.progress import Progress, silent

SHIPPED = HERE / "built"
"""Images that came with the installed package; a checkout has none."""

JAVASCRIPT = "javascript"
PYTHON = "python"
TITLES = {PYTHON: "Python", JAVASCRIPT: "JavaScript"}

Make = Callable[[Path, Progress], dict[str, object]]
"""Makes `image.wasm` in a folder and gives the facts about it."""


@dataclass(frozen=True)
class Image:
    """A built image.

    Attributes:
        path: The component's file.
        digest: Its sha256 in hex: the identity.
        wasi: ``0.2`` or ``0.3``.
        modules: Every module that can be imported in it; of JavaScript the interfaces of the host.
        size: In bytes.
        requires: The packages in it, pinned.
        names: Module of the SDK -> what it offers.
        python: The version of CPython inside.
        magic: What marks its compiled code, in hex.
        seconds: How long it took to build.
        kind: The language that it runs: ``python`` or ``javascript``.
        trigger: Whose messages it takes; empty for requests.
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
    kind: str = PYTHON
    trigger: str = ""

    @property
    def title(self) -> str:
        """What to call it, for people."""
        extra = f" + {', '.join(self.requires)}" if self.requires else ""
        started = f", {self.trigger}" if self.trigger else ""
        return f"{TITLES.get(self.kind, self.kind)}, WASI {self.wasi}{started}{extra}"

    def read(self) -> bytes:
        """The component's bytes; the same object each time."""
        with _lock:
            if self.path not in _bytes:
                _bytes[self.path] = self.path.read_bytes()
            return _bytes[self.path]


_lock = threading.Lock()
_bytes: dict[Path, bytes] = {}
_known: dict[str, Image] = {}


def python(wasi: str = "0.2", requires: Iterable[str] = (), progress: Progress = silent, *, trigger: str = "") -> Image:
    """The Python image for a version of WASI and a set of packages, built at the first need.

    Parameters:
        wasi: ``0.2`` or ``0.3``.
        requires: Pinned packages, such as ``idna==3.10``.
        progress: Told what is being done.
        trigger: Whose messages it takes, such as ``redis``; by default requests.

    Raises:
        OptionError: There is no such version, none for the trigger, or a requirement is not pinned.
        BuildError: The toolchain failed, or a package has compiled parts.
        ToolMissing: The toolchain can't be had.
        CacheError: The cache can't be written.
    """
    if wasi not in RECIPES:
        raise OptionError(f"there is no Python image for WASI {wasi}", hint="write --wasi 0.2 or --wasi 0.3")
    if trigger and world_of(trigger, wasi) is None:
        others = [f"--wasi {other}" for other in RECIPES if world_of(trigger, other) is not None]
        hint = f"write {' or '.join(others)}" if others else "write it in Rust, or as a .wasm built for its world"
        raise OptionError(f"there is no Python image for {trigger} on WASI {wasi}", hint=hint)
    wanted = packages.normal(requires)
    what = python_build.title(wasi, wanted, trigger)
    make = partial(python_build.make, RECIPES[wasi], wanted, trigger)
    return _obtain(PYTHON, wasi, wanted, what, make, progress, trigger)


def javascript(progress: Progress = silent) -> Image:
    """The JavaScript image, built at the first need.

    Parameters:
        progress: Told what is being done.

    Raises:
        BuildError: The toolchain failed.
        ToolMissing: The toolchain can't be had.
        CacheError: The cache can't be written.
    """
    return _obtain(JAVASCRIPT, "0.2", (), "the JavaScript image", javascript_build.make, progress)


def _obtain(
    kind: str, wasi: str, requires: tuple[str, ...], what: str, make: Make, progress: Progress, trigger: str = ""
) -> Image:
    name = _name(kind, wasi, requires, trigger)
    found = _known.get(name)
    if found is not None and found.path.exists():
        return found
    image = next(filter(None, (load(folder, name) for folder in _folders())), None)
    if image is None:
        with cache.locked(f"image-{name}", lambda: progress(f"another process builds {what}", None)):
            image = load(cache.folder("images"), name)
            if image is None:
                about = {"kind": kind, "wasi": wasi, "requires": requires, "trigger": trigger}
                image = _build(about, make, name, progress)
    _known[name] = image
    return image


def _name(kind: str, wasi: str, requires: tuple[str, ...], trigger: str = "") -> str:
    """What an image is stored under."""
    return javascript_build.key() if kind == JAVASCRIPT else key(wasi, requires, trigger)


def _folders() -> tuple[Path, ...]:
    """Where images are: with the package, in the cache for all users, in the user's own."""
    return tuple(filter(None, (SHIPPED, shared("images"), cache_dir() / "images")))


def of_trigger(trigger: str, wasi: Collection[str] = ()) -> list[tuple[str, str]]:
    """WASI and trigger of each image that there is for a trigger.

    Parameters:
        trigger: Its name, or ``all``.
        wasi: Versions, when it shall not be all.

    Raises:
        OptionError: There is none.
    """
    found = [(at, name) for name, at in WORLDS if trigger in (name, "all") and (not wasi or at in wasi)]
    if not found:
        there = ", ".join(dict.fromkeys(name for name, _ in WORLDS))
        raise OptionError(f"there is no such image for the trigger {trigger}", hint=f"there are those for {there}")
    return found


def build_all(progress: Progress = silent) -> tuple[Image, ...]:
    """Every image without packages, built where it is not there yet."""
    return (*(python(wasi, (), progress) for wasi in RECIPES), javascript(progress))


def list_images() -> tuple[Image, ...]:
    """Every image that is built: those that came with the package and those in the cache."""
    found = (load(folder, path.stem, check=False) for folder in _folders() for path in sorted(folder.glob("*.json")))
    return tuple(image for image in found if image is not None)


def find(wasi: str, requires: Iterable[str] = (), kind: str = PYTHON, trigger: str = "") -> Image | None:
    """The image that `python` or `javascript` would give, when it is built already."""
    name = _name(kind, wasi, packages.normal(requires), trigger)
    found = (load(folder, name, check=False) for folder in _folders())
    return next((image for image in found if image is not None and image.path.exists()), None)


def is_current(image: Image) -> bool:
    """Whether this version of spinlab would still use the image."""
    try:
        return _name(image.kind, image.wasi, image.requires, image.trigger) == image.path.stem
    except KeyError:  # of a version of WASI or a trigger that there was once
        return False


def prune() -> tuple[Image, ...]:
    """Remove the images in the user's cache that an earlier version of spinlab made; answers which."""
    own = cache_dir() / "images"
    old = tuple(i for i in list_images() if not is_current(i) and i.path.parent == own)
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
            kind=facts.get("kind", PYTHON),
            trigger=facts.get("trigger", ""),
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


def _build(about: Mapping[str, object], make: Make, name: str, progress: Progress) -> Image:
    """Build an image and store it as `name` in the cache."""
    begun = time.monotonic()
    with cache.scratch() as scratch:
        facts = make(scratch, progress)
        component = scratch / "image.wasm"
        facts |= {**about, "size": component.stat().st_size}
        facts |= {"digest": _digest(component), "seconds": round(time.monotonic() - begun, 1)}
        store = cache.folder("images")
        with cache.complaining(store):
            (scratch / "facts.json").write_text(json.dumps(facts, sort_keys=True), encoding="utf-8")
            os.replace(component, store / f"{name}.wasm")
            os.replace(scratch / "facts.json", store / f"{name}.json")
    image = load(store, name)
    if image is None:
        raise BuildError("the image that was just built can't be read back", hint="is the disk full?")
    return image


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as component:
        while block := component.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
