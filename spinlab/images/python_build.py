"""Build a Python image: the bootstrap, the SDK and the packages through componentize-py."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from spinlab.errors import BuildError
from spinlab.images import packages
from spinlab.images.recipe import TZDATA, Recipe, sources
from spinlab.toolchains import cache, environments
from spinlab.toolchains.process import ProgramError, environment, run
from spinlab.toolchains.progress import Progress

USUAL = 20.0
"""Seconds that a build takes on two ordinary cores, for the progress display."""


def make(
    recipe: Recipe, requires: tuple[str, ...], trigger: str, scratch: Path, progress: Progress
) -> dict[str, object]:
    """Make `image.wasm` in `scratch` and give the facts about it."""
    home = recipe.toolchain(progress)
    begun = time.monotonic()
    what = f"building {title(recipe.wasi, requires, trigger)}"

    def tick() -> None:
        progress(what, min(0.95, (time.monotonic() - begun) / USUAL))

    tick()
    own, added = scratch / "own", scratch / "packages"
    with cache.complaining(scratch):
        for path, data in sources(recipe.wasi, trigger).items():
            (own / path).parent.mkdir(parents=True, exist_ok=True)
            (own / path).write_bytes(data)
        added.mkdir()
    packages.install(recipe, home, (*requires, TZDATA), added, tick)
    command = [str(environments.program(home, "componentize-py")), "-q"]
    command += recipe.command("boot", "image.wasm", own_world=True, trigger=trigger)
    # `own` first: the guest sees the folders as /0, /1 and so on, in this order.
    at = command.index("componentize") + 1
    command[at:at] = ["-p", "own", "-p", "packages"]
    try:
        run(command, cwd=scratch, env=environment({"VIRTUAL_ENV": str(home)}), tick=tick)
    except ProgramError as error:
        raise BuildError("componentize-py could not build the image", details=shorten(str(error))) from None
    listed = json.loads((own / "modules.json").read_bytes())
    progress(what, 1.0)
    shutil.rmtree(added, ignore_errors=True)
    return {
        "modules": listed["modules"],
        "names": listed["names"],
        "python": listed["python"],
        "magic": listed["magic"],
    }


def title(wasi: str, requires: tuple[str, ...], trigger: str) -> str:
    """What to call an image in a sentence."""
    kind = f"the Python image for {trigger}, WASI {wasi}" if trigger else f"the Python image for WASI {wasi}"
    return kind + (f" with {', '.join(requires)}" if requires else "")


def shorten(output: str) -> str:
    """A toolchain's output without its own backtrace."""
    text = output.partition("\nStack backtrace:")[0].partition("\nCaused by:")[0].strip()
    return text[-4000:]
