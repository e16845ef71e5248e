"""Tools: one on the PATH that fits, our own, and the command that adds one that is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from spinlab.errors import ToolMissing
from spinlab.toolchains import find
from spinlab.toolchains.find import Tool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def _program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


TOOL = Tool("frob", "frobs", programs=("frob-9", "frob"), minimum=(2, 1), below=(3,), command="apt install frob")


def test_a_tool_on_the_path_is_found_with_its_version(here: Path) -> None:
    path = _program(here, "frob", "echo frob version 2.4.1 of today")
    found = find.find(TOOL)
    assert found is not None
    assert (found.path, found.version, found.fits, found.own) == (path, "2.4.1", True, False)
    assert find.ensure(TOOL) == path


def test_of_two_the_one_that_fits_is_taken(here: Path) -> None:
    _program(here, "frob-9", "echo 9.0.0")
    path = _program(here, "frob", "echo 2.1.0")
    assert find.ensure(TOOL) == path


@pytest.mark.parametrize("version", ["2.0.9", "3.0.0", "1"])
def test_a_version_that_does_not_fit_is_told_with_what_is_needed(here: Path, version: str) -> None:
    _program(here, "frob", f"echo {version}")
    with pytest.raises(ToolMissing, match=r"2\.1 or later, before 3 is needed") as caught:
        find.ensure(TOOL)
    assert "apt install frob" in caught.value.hint


def test_a_tool_that_is_not_here_is_told_with_the_command_that_adds_it(here: Path) -> None:
    with pytest.raises(ToolMissing, match="frob is not here") as caught:
        find.ensure(TOOL)
    assert caught.value.hint == "add it with: apt install frob"


def test_a_tool_that_crashes_when_it_is_asked_does_not_fit(here: Path) -> None:
    _program(here, "frob", "kill -11 $$")
    found = find.find(TOOL)
    assert found is not None
    assert not found.fits


def test_a_new_version_of_a_tool_is_seen(here: Path) -> None:
    path = _program(here, "frob", "echo 2.1.0")
    find.ensure(TOOL)
    path.unlink()
    _program(here, "frob", "echo 2.10.0")
    found = find.find(TOOL)
    assert found is not None
    assert found.version == "2.10.0"


def test_every_tool_says_how_it_comes_here() -> None:
    for name, tool in find.TOOLS.items():
        assert name == tool.name
        assert tool.pins or tool.command
        assert bool(tool.pins) == (tool.inside is not None)
