"""The folder where all is kept: for this user only, locked, and told when it can't be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spinlab.errors import CacheError
from spinlab.toolchains import cache


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_folders_are_for_this_user_only(folder: Path) -> None:
    made = cache.folder("images")
    if os.name == "posix":
        assert made.stat().st_mode & 0o077 == 0


def test_a_cache_that_can_not_be_made_is_told_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(CacheError) as caught:
        cache.folder("images")
    assert "SPINLAB_CACHE_DIR" in caught.value.hint


def test_what_is_made_aside_is_gone_afterwards(folder: Path) -> None:
    with cache.scratch() as place:
        (place / "x").write_text("y")
    assert not place.exists()


def test_one_waits_for_the_other(folder: Path) -> None:
    told: list[int] = []

    class Enough(Exception):
        pass

    def waiting() -> None:
        told.append(1)
        raise Enough

    with cache.locked("x"), pytest.raises(Enough), cache.locked("x", waiting):
        pass
    assert told == [1]
    with cache.locked("x"):
        pass
