"""The ports that notebooks had, in one file for all kernels of a user."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from spinlab.server.ports import KEPT, Ports, this_notebook


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return Ports(tmp_path / "state" / "ports.json")


def test_a_notebook_finds_the_port_that_it_had(ports: Ports) -> None:
    assert ports.of("/home/ada/a.ipynb") is None
    ports.keep("/home/ada/a.ipynb", 3000)
    ports.keep("/home/ada/b.ipynb", 3001)
    again = Ports(ports.path)
    assert (again.of("/home/ada/a.ipynb"), again.of("/home/ada/b.ipynb")) == (3000, 3001)
    ports.keep("/home/ada/a.ipynb", 3002)
    assert again.of("/home/ada/a.ipynb") == 3002


def test_the_file_is_private_and_names_no_notebook(ports: Ports) -> None:
    ports.keep("/home/ada/secret plans.ipynb", 3000)
    assert stat.S_IMODE(ports.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(ports.path.parent.stat().st_mode) == 0o700
    assert "plans" not in ports.path.read_text()


def test_the_oldest_ones_are_forgotten(ports: Ports) -> None:
    for number in range(KEPT + 5):
        ports.keep(f"{number}.ipynb", 3000 + number)
    assert ports.of("4.ipynb") is None
    assert ports.of("5.ipynb") == 3005
    assert ports.path.stat().st_size < 64 * 1024


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"a": 1', "[" * 100_000, '{"x": "3000"}', '{"x": 70000}', "\0\xff"]
)
def test_a_broken_file_is_as_good_as_none(ports: Ports, text: str) -> None:
    ports.path.parent.mkdir()
    ports.path.write_bytes(text.encode("latin-1"))
    assert ports.of("a.ipynb") is None
    ports.keep("a.ipynb", 3000)
    assert ports.of("a.ipynb") == 3000


def test_a_folder_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ports = Ports(tmp_path / "file" / "ports.json")
    ports.keep("a.ipynb", 3000)
    assert ports.of("a.ipynb") is None


def test_many_kernels_at_once_lose_nothing(ports: Ports) -> None:
    script = (
        "import sys; from pathlib import Path; from spinlab.server.ports import Ports\n"
        "ports = Ports(Path(sys.argv[1]))\n"
        "for n in range(10): ports.keep(f'{sys.argv[2]}-{n}', 3000 + n)\n"
    )
    kernels = [subprocess.Popen([sys.executable, "-c", script, str(ports.path), str(k)]) for k in range(4)]
    assert [kernel.wait(60) for kernel in kernels] == [0] * 4
    assert all(ports.of(f"{k}-{n}") == 3000 + n for k in range(4) for n in range(10))


def test_a_notebook_is_told_by_its_path_else_by_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert this_notebook({"JPY_SESSION_NAME": "/home/ada/a.ipynb"}) == "/home/ada/a.ipynb"
    assert this_notebook({"JPY_SESSION_NAME": "a.ipynb"}) == str(tmp_path / "a.ipynb")
    assert this_notebook({}).rstrip("/") == str(tmp_path)
