"""Rust's toolchain is found by what it builds for; what is missing is named with the command that adds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.errors import ToolMissing
from spinlab.toolchains import find, rust

pytestmark = pytest.mark.toolchain


def test_the_best_target_decides() -> None:
    found = rust.ensure()
    assert found.target == next(t for t in rust.TARGETS if rust.rust((t,)))
    assert found.number >= rust.MINIMUM
    assert found.cargo.exists()
    assert found.rustc.exists()


def test_it_is_a_tool_like_others() -> None:
    found = find.find(rust.RUST)
    assert found is not None
    assert found.fits
    assert found.path == rust.ensure().cargo
    assert rust.RUST.remedy == "rustup target add wasm32-wasip2"


def test_without_any_toolchain_nothing_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(rust, "_is_whole", lambda root: False)
    assert rust.rust() is None
    assert find.find(rust.RUST) is None
    with pytest.raises(ToolMissing, match="cargo is not here"):
        rust.ensure()
    with pytest.raises(ToolMissing, match="no Rust toolchain builds for wasm32-wasip2 here") as caught:
        rust.install()
    assert "rustup" in caught.value.hint
    assert "Debian" in caught.value.details


def test_a_toolchain_that_is_too_old_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rust, "MINIMUM", (99, 0))
    monkeypatch.setattr(rust, "unpacked", lambda: None)
    assert rust.rust() is None
    with pytest.raises(ToolMissing, match=r"is here, 99\.0 or later is needed"):
        rust.ensure()
