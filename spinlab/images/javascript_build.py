"""Build the JavaScript image: the bootstrap and Spin's interfaces through ComponentizeJS."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from spinlab.errors import BuildError
from spinlab.toolchains import find, npm
from spinlab.toolchains.cache import complaining
from spinlab.toolchains.diagnostics import broken
from spinlab.toolchains.process import ProgramError, environment, run
from spinlab.toolchains.progress import Progress, silent

HERE: Final = Path(__file__).parent / "javascript"
SPIN: Final = Path(__file__).parent.parent / "bridge" / "wit" / "deps"
INTERFACES: Final = ("fermyon-spin-2.0.0", "spin-postgres-3.0.0")
"""Folders of Spin's WIT that the image's world names."""

PINS: Final = (
    "@bytecodealliance/componentize-js@0.23.0",
    "@bytecodealliance/jco@1.35.0",
    "@bytecodealliance/wizer@10.0.0",
    "oxc-parser@0.76.0",
)
"""ComponentizeJS with StarlingMonkey, and what it is made of where that decides about the result."""

USUAL: Final = 20.0
"""Seconds that a build takes on two ordinary cores, for the progress display."""

_BUILD = """\
const [library, entry, wit, world, output] = process.argv.slice(2);
const { componentize } = await import(library);
const { writeFile } = await import("node:fs/promises");
const { component } = await componentize({ sourcePath: entry, witPath: wit, worldName: world });
await writeFile(output, component);
"""


def toolchain(progress: Progress = silent) -> Path:
    """The folder of ComponentizeJS, got at the first need."""
    return npm.ensure("componentize-js", PINS, progress)


def forget_toolchain() -> int:
    """Remove ComponentizeJS, which only building needs; answers how many bytes that were."""
    home = npm.path_of("componentize-js", PINS)
    size = sum(path.lstat().st_size for path in home.rglob("*") if path.is_file()) if home.exists() else 0
    shutil.rmtree(home, ignore_errors=True)
    return size


@cache
def sources() -> Mapping[str, bytes]:
    """What goes into the image beside the engine: path -> bytes."""
    found = {f"image/{path.name}": path.read_bytes() for path in sorted(HERE.glob("*.js"))}
    found |= {f"wit/{path.relative_to(HERE / 'wit').as_posix()}": path.read_bytes() for path in HERE.rglob("*.wit")}
    for folder in INTERFACES:
        found |= {f"wit/deps/{folder}/{path.name}": path.read_bytes() for path in sorted((SPIN / folder).glob("*.wit"))}
    return found


def key() -> str:
    """What the image is stored under: everything that goes into it, hashed."""
    hasher = hashlib.sha256()
    for text in (*PINS, _BUILD):
        hasher.update(text.encode() + b"\0")
    for path, data in sorted(sources().items()):
        hasher.update(path.encode() + b"\0" + len(data).to_bytes(8, "big") + data)
    return hasher.hexdigest()[:32]


def provided() -> tuple[str, ...]:
    """The host's interfaces that a cell can import by name."""
    text = sources()["image/interfaces.js"].decode()
    return tuple(sorted(re.findall(r'^  "([\w:/.-]+@[\d.]+)": \w+,$', text, re.MULTILINE)))


def make(scratch: Path, progress: Progress) -> dict[str, object]:
    """Make `image.wasm` in `scratch` and give the facts about it."""
    home = toolchain(progress)
    node = find.ensure(find.NODE, progress)
    begun = time.monotonic()

    def tick() -> None:
        progress("building the JavaScript image", min(0.95, (time.monotonic() - begun) / USUAL))

    tick()
    with complaining(scratch):
        for path, data in {**sources(), "build.mjs": _BUILD.encode()}.items():
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (scratch / path).write_bytes(data)
    library = home / "node_modules" / "@bytecodealliance" / "componentize-js" / "src" / "componentize.js"
    # The entry's path is what stands in stacks, so it is a relative one.
    command = [str(node), "build.mjs", library.as_uri(), "image/boot.js", str(scratch / "wit"), "image", "image.wasm"]
    try:
        run(command, cwd=scratch, env=environment({"TMPDIR": str(scratch), "TEMP": str(scratch)}), tick=tick)
    except ProgramError as error:
        if error.kind != "failed":
            raise broken(error, "ComponentizeJS") from None
        raise BuildError("ComponentizeJS could not build the image", details=error.output[-4000:]) from None
    progress("building the JavaScript image", 1.0)
    return {"modules": provided(), "names": {}, "python": "", "magic": ""}
