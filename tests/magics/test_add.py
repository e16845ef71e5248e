"""%spin add: a ready component becomes a function, in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.engine import wat_to_wasm
from tests.magics.conftest import Kernel
from tests.magics.teapots import TEAPOT, answering

pytestmark = pytest.mark.usefixtures("empty_session")


@pytest.fixture
def component(tmp_path: Path) -> Path:
    path = tmp_path / "tea pot.wasm"
    path.write_bytes(wat_to_wasm(TEAPOT))
    return path


def add(path: Path, options: str = "", name: str = "pot") -> str:
    return f'%spin add {name} --source "{path}" {options}'


def test_a_component_answers_with_the_options_of_a_cell(kernel: Kernel, component: Path) -> None:
    card = kernel.run(add(component, "--route /tea --kv default --env A=b --timeout 3s")).ok()
    assert "WebAssembly" in card.text
    assert "key-value store default" in card.text
    assert "418" in kernel.run("%spin get /tea").ok().text
    component.write_bytes(wat_to_wasm(answering(201)))
    assert "revision 2" in kernel.run(add(component, "--route /tea")).ok().text
    assert "201" in kernel.run("%spin get /tea").ok().text
    kernel.run("%spin undo pot").ok()
    assert "418" in kernel.run("%spin get /tea").ok().text


def test_a_file_that_is_not_there_is_named_with_the_nearest(kernel: Kernel, component: Path) -> None:
    ran = kernel.run(add(component.with_name("teapot.wasm"))).error("OptionError")
    assert "there is no file" in ran.traceback
    assert f"did you mean {component}?" in ran.traceback
    assert "^^^" in ran.traceback
    assert "is not a file" in kernel.run(add(component.parent)).error("OptionError").traceback
    assert "the file is missing" in kernel.run("%spin add pot").error("OptionError").traceback


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"\x7fELF\x02\x01\x01", "an ELF file"),
        (b"PK\x03\x04 a wheel", "a zip archive"),
        (b"<html>not found", "perhaps an error page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"\0asm\x01\0\0\0", "a core module"),
    ],
)
def test_a_foreign_file_is_refused_with_what_it_is(kernel: Kernel, component: Path, content: bytes, said: str) -> None:
    kernel.run(add(component)).ok()
    component.write_bytes(content)
    ran = kernel.run(add(component)).error("ComponentError")
    assert said in ran.traceback
    assert "hint:" in ran.traceback
    assert "^^^" in ran.traceback
    assert "418" in kernel.run("%spin get /pot").ok().text


def test_a_file_that_is_cut_short_is_refused_wherever_it_ends(kernel: Kernel, component: Path) -> None:
    whole = component.read_bytes()
    for size in (6, 9, len(whole) // 3, len(whole) - 1):
        component.write_bytes(whole[:size])
        ran = kernel.run(add(component))
        assert ran.status == "error", size
        assert ran.ename in ("ComponentError", "HandlerError"), (size, ran.traceback)
        assert "hint:" in ran.traceback, (size, ran.traceback)


def test_text_is_for_a_cell_and_bytes_are_for_add(kernel: Kernel, component: Path) -> None:
    text = component.with_suffix(".wat")
    text.write_text(TEAPOT)
    assert "%%spin wat pot" in kernel.run(add(text)).error("OptionError").traceback
    for body in ("(component)", ""):
        ran = kernel.run(f"%%spin wasm pot\n{body}").error("SourceError")
        assert "a .wasm is bytes, not text" in ran.traceback
        assert "%spin add pot --source FILE.wasm" in ran.traceback


def test_it_is_listed_and_completed(kernel: Kernel) -> None:
    assert "  add " in kernel.run("%spin help").ok().text
    assert "--source" in kernel.run("%spin add --help").ok().stdout
    matches, _ = kernel.complete("%spin add pot --so")
    assert matches == ["--source"]
    assert "--requires" in kernel.run("%%spin --help").ok().stdout
