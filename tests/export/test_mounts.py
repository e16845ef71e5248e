"""Files are found for a component as Spin finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.errors import ManifestError
from spinlab.export.mounts import mounted_files
from spinlab.manifest import Component, Mount


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in ("a.txt", "assets/one.png", "assets/deep/two.png", "assets/deep/.hidden", "assets/secret/key"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return tmp_path


def found(root: Path, *files: str | Mount, exclude: tuple[str, ...] = ()) -> dict[str, str]:
    component = Component("x.wasm", files=files, exclude_files=exclude)
    return {path: data.decode() for path, data in mounted_files(root, component).items()}


def test_a_file_stands_at_its_own_path(root: Path) -> None:
    assert found(root, "a.txt") == {"/a.txt": "a.txt"}


def test_a_folder_brings_everything_below_it(root: Path) -> None:
    assert set(found(root, "assets")) == {
        "/assets/one.png",
        "/assets/deep/two.png",
        "/assets/deep/.hidden",
        "/assets/secret/key",
    }


def test_a_mount_moves_a_folder_or_a_file(root: Path) -> None:
    assert found(root, Mount("assets/deep", "/")) == {
        "/two.png": "assets/deep/two.png",
        "/.hidden": "assets/deep/.hidden",
    }
    assert found(root, Mount("a.txt", "/x/b.txt")) == {"/x/b.txt": "a.txt"}


def test_a_glob_keeps_the_paths(root: Path) -> None:
    assert set(found(root, "assets/**/*.png")) == {"/assets/one.png", "/assets/deep/two.png"}


def test_excluded_files_stay_away(root: Path) -> None:
    assert set(found(root, "assets", exclude=("**/secret/*", "*.png"))) == {"/assets/deep/.hidden"}


@pytest.mark.parametrize("entry", ["nope.txt", "..", "assets/.", "../*", Mount("nope", "/"), Mount("../x", "/")])
def test_what_is_not_there_or_not_inside_is_refused(root: Path, entry: str | Mount) -> None:
    with pytest.raises(ManifestError):
        found(root / "assets" / "deep", entry)
