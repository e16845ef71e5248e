"""%spin doctor LANGUAGE, and cells whose tool is missing, in a kernel where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.magics.conftest import Kernel


@pytest.fixture(scope="module")
def poor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel with an empty cache, nothing on its PATH, and no package index."""
    folder = tmp_path_factory.mktemp("poor")
    (folder / "bin").mkdir()
    made = Kernel(
        {
            "SPINLAB_CACHE_DIR": str(folder / "cache"),
            "PATH": str(folder / "bin"),
            "HOME": str(folder),
            "CARGO_HOME": str(folder),
            "RUSTUP_HOME": str(folder),
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "0",
        }
    )
    made.run("%load_ext spinlab").ok()
    yield made
    made.close()


def test_doctor_says_what_a_language_needs_and_what_adds_it(poor: Kernel) -> None:
    shown = poor.run("%spin doctor c").ok().text
    assert "zig (compiles C, C++ and Zig)" in shown
    assert "-> %spin doctor zig --install" in shown
    assert "100 MB" in shown
    assert "needs no tool" in poor.run("%spin doctor wat").ok().text
    assert "zig" in poor.run("%spin doctor zig").ok().text
    assert "-> spinlab images build 0.2" in poor.run("%spin doctor python").ok().text


def test_what_doctor_does_not_know_is_pointed_at(poor: Kernel) -> None:
    shown = poor.run("%spin doctor pyhton").error("OptionError").traceback
    assert "did you mean python?" in shown
    assert "wasm-tools" in shown
    assert "LANGUAGE --install" in poor.run("%spin doctor --install").error("OptionError").traceback


def test_an_installation_that_fails_says_why(poor: Kernel) -> None:
    shown = poor.run("%spin doctor c --install").error("ToolMissing").traceback
    assert "pip could not get ziglang==" in shown
    assert "package index" in shown


def test_a_cell_whose_tool_is_missing_says_the_same(poor: Kernel) -> None:
    source = '#include "spin.h"\nvoid handle(spin_request *req, spin_response *res) {}'
    shown = poor.run(f"%%spin c x --private\n{source}").error("ToolMissing").traceback
    assert "ziglang==" in shown
    assert "hint:" in shown
    assert "what is here: %spin doctor c" in shown


@pytest.mark.parametrize("language", ["rust", "go"])
def test_a_compiler_that_is_not_here_is_named_with_what_adds_it(poor: Kernel, language: str) -> None:
    told = poor.run(f"%spin doctor {language}").ok().text
    assert "missing" in told or "got at the first need" in told
    remedy = told.rpartition("-> ")[2].strip()
    assert remedy
    left_out = poor.run(f"%%spin {language} x --if-here\nanything").ok().text
    assert "add it with:" in left_out


def test_a_cell_that_may_be_left_out_says_so_and_the_notebook_goes_on(poor: Kernel) -> None:
    shown = poor.run("%%spin c x --if-here\nanything at all").ok().text
    assert "x is left out for now: C needs what is not here" in shown
    assert "add it with: %spin doctor zig --install" in shown
    assert "no functions yet" in poor.run("%spin").ok().text


def test_a_tool_that_is_too_old_is_named_with_what_is_needed(poor: Kernel) -> None:
    folder = Path(poor.run("import os\nprint(os.environ['PATH'])").ok().text.strip())
    program = folder / "zig"
    program.write_text("#!/bin/sh\necho 0.9.1\n")
    os.chmod(program, 0o755)
    shown = poor.run("%spin doctor zig").ok().text
    assert "0.9.1" in shown
    assert "0.17.0 or later" in shown
    program.unlink()
