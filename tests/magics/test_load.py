"""%spin load: an existing Spin application becomes functions of the notebook, in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loading.projects import SIMPLE, application, everything
from tests.magics.conftest import Kernel

pytestmark = pytest.mark.usefixtures("empty_session")


def test_functions_of_a_manifest_answer_in_the_notebook(kernel: Kernel, tmp_path: Path) -> None:
    everything(tmp_path)
    ran = kernel.run(f'%spin load "{tmp_path}"').ok()
    for shown in ("first", "second", "static response", "/fixed", "not served here: triggers of type kinesis"):
        assert shown in ran.text
        assert shown in ran.html
    assert "variable token has no value yet: %spin var token=..." in ran.text
    assert "second" in kernel.run("%spin get /z/1").ok().text
    assert "203" in kernel.run("%spin get /fixed").ok().text
    assert "/fixed" in kernel.run("%spin routes").ok().text
    kernel.run("%spin remove second").ok()
    assert "/z/..." not in kernel.run("%spin routes").ok().text


def test_an_export_comes_back_with_its_source_and_can_be_edited(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run("%%spin greet --route /greet\ndef handle(request):\n    return 'from a cell'").ok()
    kernel.run(f'%spin export "{tmp_path / "out"}"').ok()
    kernel.run("%spin remove greet").ok()
    kernel.run(f'%spin load "{tmp_path / "out"}" --app again').ok()
    assert "from a cell" in kernel.run("%spin get /greet").ok().text
    assert "return 'from a cell'" in kernel.run("%spin show greet").ok().text
    kernel.run("%%spin greet --route /greet\ndef handle(request):\n    return 'edited'").ok()
    assert "edited" in kernel.run("%spin get /greet").ok().text
    kernel.run(f'%spin load "{tmp_path / "out"}" --app as_it_is --as-is').ok()
    assert "WebAssembly" in kernel.run("%spin show greet").ok().text


def test_a_manifest_that_can_not_be_loaded_changes_nothing(kernel: Kernel, tmp_path: Path) -> None:
    application(tmp_path, SIMPLE.replace("source", "sauce"), hello="hi")
    ran = kernel.run(f'%spin load "{tmp_path}" --app other').error("ManifestError")
    assert "spin.toml line 11" in ran.traceback
    assert "did you mean source?" in ran.traceback
    assert "other" not in kernel.run("%spin app").ok().text
    kernel.run(f'%spin load "{tmp_path / "nowhere"}"').error("ManifestError")
