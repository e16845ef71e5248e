"""Building the JavaScript image: what goes into it, and that an interrupt leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from spinlab import images
from spinlab.images import builder, javascript_build
from spinlab.toolchains import npm


def test_the_image_is_kept_by_what_goes_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = javascript_build.key()
    assert before == javascript_build.key()
    sources = {**javascript_build.sources(), "image/boot.js": b"other"}
    monkeypatch.setattr(javascript_build, "sources", lambda: sources)
    assert javascript_build.key() != before


def test_every_interface_of_the_world_is_one_that_cells_can_import() -> None:
    world = javascript_build.sources()["wit/image.wit"].decode()
    imported = {line.split()[1].rstrip(";") for line in world.splitlines() if line.strip().startswith("import ")}
    assert {name for name in imported if not name.startswith("wasi:")} == set(javascript_build.provided())


def test_all_pins_are_exact() -> None:
    assert all(npm.is_pin(pin) for pin in javascript_build.PINS)


@pytest.mark.toolchain
def test_an_interrupt_while_it_is_built_leaves_no_process_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(builder, "_known", {})  # as in a process that has not needed it yet
    ticks = 0

    def interrupt(_what: str, _done: float | None = None) -> None:
        nonlocal ticks
        ticks += 1
        if ticks > 4:
            raise KeyboardInterrupt

    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(KeyboardInterrupt):
        images.javascript(interrupt)
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not [child for child in left if child.status() != psutil.STATUS_ZOMBIE]
    assert not list((tmp_path / "images").glob("*")) if (tmp_path / "images").exists() else True
    assert not list((tmp_path / "npm").glob("*/ready"))
    assert not any(os.scandir(tmp_path / "tmp")) if (tmp_path / "tmp").exists() else True


@pytest.mark.toolchain
def test_the_image_is_listed_and_current() -> None:
    image = images.javascript()
    assert image.kind == "javascript"
    assert image.title == "JavaScript, WASI 0.2"
    assert images.is_current(image)
    assert image.digest in {listed.digest for listed in images.list_images()}
    assert images.find("0.2", kind="javascript") is not None
    assert set(javascript_build.provided()) == image.modules
