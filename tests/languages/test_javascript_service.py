"""esbuild as a process that is kept: quick, interruptible, started again when it is gone, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import BuildError
from spinlab.function import Function
from spinlab.languages import BuildContext
from spinlab.languages.javascript import JAVASCRIPT, esbuild, service
from spinlab.languages.javascript.service import decoded, encoded
from spinlab.toolchains.process import ProgramError

pytestmark = pytest.mark.toolchain

VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(VALUES)
def test_values_survive_the_way(value: Any) -> None:
    assert decoded(encoded(value)) == value


def test_an_answer_that_is_cut_short_is_said() -> None:
    whole = encoded({"code": "text"})
    for end in range(len(whole)):
        with pytest.raises(ProgramError, match="cut short"):
            decoded(whole[:end])
    with pytest.raises(ProgramError, match="unknown kind 9"):
        decoded(b"\x09")


@pytest.fixture
def fresh() -> Iterator[None]:
    service.close()
    yield
    service.close()


def children() -> list[psutil.Process]:
    there = [p for p in psutil.Process().children() if p.status() != psutil.STATUS_ZOMBIE]
    return [p for p in there if "esbuild" in " ".join(p.cmdline())]


def check() -> None:
    assert esbuild.translate({"x.ts": "const x: number = 1"}).texts == {"x.ts": "const x = 1;\n"}


def test_one_process_answers_them_all(fresh: None) -> None:
    check()
    (process,) = children()
    check()
    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert children() == [process]


def test_it_is_started_again_when_it_was_killed(fresh: None) -> None:
    check()
    (process,) = children()
    process.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    with pytest.raises(BuildError, match="esbuild was killed"):
        check()
    check()


def test_an_interrupt_ends_it_at_once(fresh: None) -> None:
    check()
    (process,) = children()
    process.suspend()  # it will not answer any more
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        check()
    assert time.monotonic() - began < 5
    assert not process.is_running()
    assert children() == []
    check()


def test_it_ends_with_the_process_that_started_it() -> None:
    code = (
        "import os\nfrom tests.languages.test_javascript_service import check, children\n"
        "check()\nprint(children()[0].pid, flush=True)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    pid = int(done.stdout)
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)


def test_a_program_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProgramError) as caught:
        service.ask(tmp_path / "esbuild", "1", {"command": "ping"})
    assert caught.value.kind == "missing"
    service.close()


def test_a_program_that_says_something_else_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "esbuild"
    program.write_text("#!/bin/sh\necho no such option >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(ProgramError, match="no such option"):
        service.ask(program, "1", {"command": "ping"})
    service.close()


def test_it_sees_no_secret_of_the_environment(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "secret")
    check()
    assert "API_TOKEN" not in children()[0].environ()


def test_two_cells_at_once_are_each_what_they_are(fresh: None) -> None:
    found: dict[int, str] = {}

    def build(number: int) -> None:
        function = Function(f"f{number}", f"function handle() {{ return '{number}' }}", language="javascript")
        found[number] = JAVASCRIPT.build(function, BuildContext()).environment["SPINLAB_SOURCE"]

    threads = [threading.Thread(target=build, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f"return '{number}'" in text for number, text in found.items())
    assert len(found) == 6
