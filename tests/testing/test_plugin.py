"""The pytest plugin in a pytest of its own, and what docs/testing.md shows, in a kernel and a terminal."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import tomli

from spinlab.export import project
from spinlab.server import Server
from tests.magics.conftest import Kernel
from tests.testing.calculator import SOURCE, calculator

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "testing.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Pytest with no other plugin, as where spinlab is installed without those of this repository."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "spinlab.testing.plugin", "-p", "no:cacheprovider"]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environ.pop("PYTEST_ADDOPTS", None)
    return subprocess.run([*command, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an export in ``calculator``."""
    with calculator() as app:
        project(app, tmp_path / "calculator")
    return tmp_path


def test_the_plugin_is_an_entry_point_and_imports_nothing_of_ours() -> None:
    points = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    assert points == {"spinlab": "spinlab.testing.plugin"}
    code = (
        "import pytest, sys; before = set(sys.modules); import spinlab.testing.plugin; print(set(sys.modules) - before)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert "spinlab.testing.plugin" in loaded
    assert not [name for name in ("spinlab.app", "wasmtime", "httpx", "nbformat", "IPython") if f"'{name}'" in loaded]


def test_the_fixtures_are_those_of_a_notebook(tmp_path: Path) -> None:
    cells = ["%load_ext spinlab", f"%%spin add --route /add/:a/:b\n{SOURCE}", "%spin get /add/1/2 --keep sum"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(book, tmp_path / "sums.ipynb")
    (tmp_path / "pytest.ini").write_text("[pytest]\nspinlab = sums.ipynb\n")
    (tmp_path / "test_it.py").write_text(
        "def test_app(app):\n    assert list(app.tests) == ['sum']\n\n"
        "def test_client(client):\n    assert client.get('/add/2/3').json() == {'sum': 5}\n"
    )
    ran = run_pytest(tmp_path)
    assert "2 passed" in ran.stdout, ran.stdout


def test_the_client_asks_the_address(folder: Path) -> None:
    (folder / "test_it.py").write_text("def test_it(client):\n    assert client.get('/add/2/3').json() == {'sum': 5}\n")
    with calculator() as app:
        server = Server(lambda _label: app, port=0)
        server.start()
        try:
            assert "1 passed" in run_pytest(folder, "--spinlab-url", server.url, "test_it.py").stdout
            app.remove("add")
            assert "1 failed" in run_pytest(folder, "--spinlab-url", server.url, "test_it.py").stdout
        finally:
            server.stop()


def test_without_an_application_the_tests_fail_and_say_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(app):\n    pass\n")
    ran = run_pytest(tmp_path)
    assert "1 error" in ran.stdout
    assert "pytest --spinlab PATH" in ran.stdout


# ---- docs/testing.md


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kernel, Path]]:
    """A kernel beside an empty folder."""
    folder = tmp_path_factory.mktemp("page")
    kernel = Kernel({"JPY_SESSION_NAME": str(folder / "page.ipynb")})
    kernel.run(f"%load_ext spinlab\n%cd {folder}").ok()
    yield kernel, folder
    kernel.close()


def test_what_the_page_shows_works_from_top_to_bottom(page: tuple[Kernel, Path]) -> None:
    kernel, folder = page
    shown, ran = "", 0
    for kind, text in BLOCKS:
        if not kind:
            shown += kernel.run(text).ok().text
        elif text.startswith("# test_calculator.py"):
            (folder / "test_calculator.py").write_text(text)
        elif kind == "python":
            shown += kernel.run(text).ok().text
        else:
            for line in text.splitlines():
                program, *words = shlex.split(line)
                if program == "pytest":
                    assert "5 passed" in run_pytest(folder, *words).stdout
                else:
                    subprocess.run([sys.executable, "-m", "spinlab.cli", *words], cwd=folder, check=True)
                ran += 1
    assert ran == 4
    for told in (
        "kept as the test 'refuses words'",
        "✓ 2 tests passed at kernel",
        "✓ 3 tests passed at kernel and spinlab up",
        "True []",
        "status: 500 -> 404",
        "kept as the test 'no price yet'",
        "True 404 ['key-value.open', 'key-value.get']",
    ):
        assert told in shown
    assert (folder / "report.xml").is_file()
    assert kernel.run("%spin load calculator --app again\n").ok().text
    assert "4 tests passed" in kernel.run("%spin test").ok().text
