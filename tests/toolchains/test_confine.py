"""A confined program writes where it may, reads what it may, and connects to nobody."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from spinlab.toolchains import confine

needs_landlock = pytest.mark.skipif(not confine.version(), reason="this kernel can't confine programs")
HOME = Path.home()


def run(script: str, *, read: tuple[Path, ...] = (), write: tuple[Path, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = confine.confined([sys.executable, "-I", "-c", script], read=(*PYTHON, *read), write=write)
    return subprocess.run(command, capture_output=True, text=True)


PYTHON = (Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent)


@needs_landlock
def test_it_writes_in_its_folder_and_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    done = run(f"open({str(inside / 'a')!r}, 'w').write('x'); open({str(outside / 'a')!r}, 'w')", write=(inside,))
    assert "PermissionError" in done.stderr
    assert (inside / "a").read_text() == "x"
    assert list(outside.iterdir()) == []


@needs_landlock
def test_it_reads_of_the_home_what_it_may() -> None:
    private, shared = HOME / f".spinlab-private-{os.getpid()}", HOME / f".spinlab-shared-{os.getpid()}"
    private.write_text("private")
    shared.write_text("shared")
    try:
        assert run(f"print(open({str(shared)!r}).read())", read=(shared,)).stdout == "shared\n"
        assert "PermissionError" in run(f"open({str(private)!r})", read=(shared,)).stderr
    finally:
        private.unlink()
        shared.unlink()


@needs_landlock
def test_it_does_not_see_the_environment_of_who_started_it(tmp_path: Path) -> None:
    assert "PermissionError" in run(f"open('/proc/{os.getpid()}/environ').read()").stderr


@pytest.mark.skipif(confine.version() < 4, reason="this kernel can't keep programs from the network")
def test_it_connects_to_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert "PermissionError" in run(f"import socket; socket.create_connection(('127.0.0.1', {port}))").stderr


@needs_landlock
def test_what_it_starts_is_confined_as_well(tmp_path: Path) -> None:
    script = f"import subprocess; subprocess.run(['touch', {str(tmp_path / 'a')!r}], check=True)"
    assert run(script).returncode != 0
    assert not (tmp_path / "a").exists()


def test_where_nothing_can_be_confined_the_command_stays_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "version", lambda: 0)
    assert confine.confined(["a", "b"], read=(), write=()) == ["a", "b"]
    assert "nothing keeps it" in confine.limits()
