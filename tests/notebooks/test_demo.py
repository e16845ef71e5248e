"""`make demo`: its kernel is quiet, unless it does not start."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).resolve().parents[2] / "notebooks" / "demo.py"


@pytest.fixture(scope="module")
def demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_the_kernel_says_of_itself_is_not_shown(
    demo: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with demo.kernel(tmp_path) as lab:
        assert lab.run("import os; os.write(2, b'about the kernel'); print('of a cell')") == "of a cell"
    assert capfd.readouterr().err == ""


def test_a_kernel_that_does_not_start_says_why(demo: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "ipykernel_launcher.py").write_text("raise SystemExit('nothing works here')")
    with pytest.raises(SystemExit, match=r"the kernel did not start: .*\n(.*\n)*nothing works here"):
        demo.Kernel(tmp_path)


def test_progress_is_shown_as_it_ended(demo: ModuleType, tmp_path: Path) -> None:
    with demo.kernel(tmp_path) as lab:
        shown = lab.run(
            "from IPython.display import display\n"
            "h = display('a tenth', display_id='p')\n"
            "print('said')\n"
            "h.update('all of it')"
        )
    assert shown == "'all of it'\nsaid"
