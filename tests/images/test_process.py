"""Running a toolchain: its output, its end, and an end before its time."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from spinlab.images.process import ProgramError, environment, run


def test_the_output_of_a_program_is_given(tmp_path: Path) -> None:
    assert run([sys.executable, "-c", "print('é')"], cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"}).split() == ["é"]


def test_a_program_that_fails_gives_its_output_as_the_error(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="broken"):
        run([sys.executable, "-c", "import sys; sys.exit('broken')"], cwd=tmp_path, env={})


def test_only_what_a_toolchain_needs_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setenv("PIP_INDEX", "y")
    assert "SECRET_TOKEN" not in environment({})
    assert "PIP_INDEX" not in environment({})
    assert environment({"A": "b"}, network=True)["PIP_INDEX"] == "y"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_an_interrupt_ends_the_program_and_its_children(tmp_path: Path) -> None:
    child = "import time, pathlib; pathlib.Path('child').write_text(str(__import__('os').getpid())); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"

    def interrupt() -> None:
        if (tmp_path / "child").exists() and (tmp_path / "child").read_text():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([sys.executable, "-c", parent], cwd=tmp_path, env=environment({}), tick=interrupt)
    pid = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _alive(pid):
            return
        time.sleep(0.05)
    pytest.fail("the child is still there")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
