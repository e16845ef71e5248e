"""Images that are kept: found again, and told when they are not what was stored."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from spinlab.images import builder, cache_dir, list_images


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _store(folder: Path, name: str = "abc", data: bytes = b"component") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.wasm").write_bytes(data)
    facts = {
        "digest": hashlib.sha256(data).hexdigest(),
        "wasi": "0.2",
        "modules": ["json"],
        "names": {"spin_sdk": ["http"]},
        "size": len(data),
        "requires": [],
        "python": "3.12.1",
        "magic": "cb0d0d0a",
        "seconds": 1.0,
    }
    (folder / f"{name}.json").write_text(json.dumps(facts))
    return folder / f"{name}.wasm"


def test_the_cache_is_where_the_variable_says(folder: Path) -> None:
    assert cache_dir() == folder
    assert not folder.exists()
    assert list_images() == ()


def test_a_stored_image_is_found_again(folder: Path) -> None:
    path = _store(folder / "images")
    image = builder.load(folder / "images", "abc")
    assert image is not None
    assert image.read() == path.read_bytes()
    assert image.read() is image.read()
    assert image.modules == {"json"}
    assert [found.digest for found in list_images()] == [image.digest]


@pytest.mark.parametrize("damage", ["cut", "replaced", "gone", "facts"])
def test_an_image_that_is_not_what_was_stored_is_not_used(folder: Path, damage: str) -> None:
    path = _store(folder / "images")
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == "replaced":
        path.write_bytes(b"xomponent")
    elif damage == "gone":
        path.unlink()
    else:
        path.with_suffix(".json").write_text('{"digest": ')
    assert builder.load(folder / "images", "abc") is None
