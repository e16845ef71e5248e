"""Running a toolchain: its output, its end, and an end before its time."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from spinlab.toolchains.process import KEPT, ProgramError, call, environment, kind_of, run


def test_the_output_of_a_program_is_given(tmp_path: Path) -> None:
    assert run([sys.executable, "-c", "print('é')"], cwd=tmp_path, env={"PYTHONIOENCODING": "utf-8"}).split() == ["é"]


def test_a_program_that_fails_gives_its_output_as_the_error(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="broken"):
        run([sys.executable, "-c", "import sys; sys.exit('broken')"], cwd=tmp_path, env={})


def test_only_what_a_toolchain_needs_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_TOKEN", "HTTP_TOKEN", "PIP_INDEX_URL", "HTTPS_PROXY", "SPIN_VARIABLE_PASSWORD"):
        monkeypatch.setenv(name, "x")
    assert set(environment({})) <= {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE"}
    assert "HTTPS_PROXY" in environment({}, network=True)
    assert "HTTP_TOKEN" not in environment({}, network=True)
    assert "PIP_INDEX_URL" not in environment({}, network=True)
    assert environment({"A": "b"}, own=("PIP_",))["PIP_INDEX_URL"] == "x"


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


def test_output_and_errors_are_kept_apart_and_the_status_is_given(tmp_path: Path) -> None:
    program = "import sys; print(sys.stdin.read()); print('wrong', file=sys.stderr); sys.exit(3)"
    done = call([sys.executable, "-c", program], cwd=tmp_path, env={}, input=b"given")
    assert (done.code, done.out.split(), done.err.split()) == (3, [b"given"], [b"wrong"])


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="no-such-program") as caught:
        run(["no-such-program"], cwd=tmp_path, env={})
    assert caught.value.kind == "missing"


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize(("signal", "kind"), [(9, "killed"), (11, "crashed"), (6, "crashed")])
def test_a_program_that_did_not_end_by_itself_is_told_from_one_that_failed(
    tmp_path: Path, signal: int, kind: str
) -> None:
    with pytest.raises(ProgramError) as caught:
        run([sys.executable, "-c", f"import os; os.kill(os.getpid(), {signal})"], cwd=tmp_path, env={})
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("error: could not write: No space left on device (os error 28)", "disk"),
        ("error: unable to create 'x': NoSpaceLeft", "disk"),
        ("LLVM ERROR: out of memory", "memory"),
        ("memory allocation of 4096 bytes failed", "memory"),
        ("main.c:1:1: error: expected a ;", "failed"),
    ],
)
def test_what_ran_out_is_read_from_the_output(output: str, kind: str) -> None:
    assert kind_of(1, output) == kind


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        run([sys.executable, "-c", "import time; time.sleep(60)"], cwd=tmp_path, env={}, timeout=0.1)
    assert caught.value.kind == "timeout"


def test_a_program_that_takes_too_much_memory_is_ended(tmp_path: Path) -> None:
    program = "import time; held = bytearray(b'x') * (200 << 20); time.sleep(60)"
    with pytest.raises(ProgramError) as caught:
        run([sys.executable, "-c", program], cwd=tmp_path, env={}, memory=100 << 20)
    assert caught.value.kind == "memory"


def test_the_middle_of_a_long_output_is_left_out(tmp_path: Path) -> None:
    program = f"import sys; sys.stdout.write('first' + 'x' * {KEPT} + 'last')"
    text = run([sys.executable, "-c", program], cwd=tmp_path, env={})
    assert text.startswith("first")
    assert text.endswith("last")
    assert "9 bytes left out" in text


def test_a_program_that_prints_without_end_is_ended(tmp_path: Path) -> None:
    program = "import sys\nwhile True: sys.stdout.write('x' * 100000)"
    with pytest.raises(ProgramError) as caught:
        run([sys.executable, "-c", program], cwd=tmp_path, env={})
    assert caught.value.kind == "output"


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd")
def test_what_a_program_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    child = "import time; time.sleep(60)"
    parent = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {child!r}]).pid)"
    pid = int(run([sys.executable, "-c", parent], cwd=tmp_path, env={}))
    for _ in range(100):
        if not _alive(pid):
            return
        time.sleep(0.05)
    pytest.fail("the child is still there")
