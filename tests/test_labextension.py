"""The labextension in the built wheel: installed, listed, and gone without a trace."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import spinlab

PLACE = f"spinlab-{spinlab.__version__}.data/data/share/jupyter/labextensions/spinlab/"
SOURCES = Path(__file__).resolve().parent.parent / "labextension"


def test_the_wheel_has_the_built_extension_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [n for n in archive.namelist() if "labextension" in n]
        about = json.loads(archive.read(PLACE + "package.json"))
        bundled = [n for n in names if n.endswith(".js")]
        content = b"".join(archive.read(n) for n in bundled)
    assert all(n.startswith(PLACE) for n in names)
    assert PLACE + about["jupyterlab"]["_build"]["load"] in names
    assert re.search(r"static/remoteEntry\.\w+\.js$", about["jupyterlab"]["_build"]["load"])
    assert PLACE + "install.json" in names
    assert not [n for n in names if n.endswith(".map")]
    assert not re.search(rb"^//# sourceMappingURL", content, re.MULTILINE)
    assert len(content) < 500_000  # Lab's own packages and grammars are not bundled
    schemas = {Path(n).stem for n in names if "/schemas/spinlab/" in n and n.endswith(".json")}
    assert schemas >= {p.stem for p in (SOURCES / "schema").glob("*.json")} >= {"highlight", "errors"}


def test_there_is_one_version_and_one_licence() -> None:
    about = json.loads((SOURCES / "package.json").read_text())
    assert about["version"] == spinlab.__version__
    assert about["license"] == "Apache-2.0"


def test_the_lock_file_names_no_registry() -> None:
    text = (SOURCES / "yarn.lock").read_text() + (SOURCES / ".yarnrc.yml").read_text()
    assert not re.findall(r"https?://\S+|registry\.\S+", text)


@pytest.mark.parametrize("jupyterlab", ["jupyterlab==4.0.0", "jupyterlab>=4,<5"])
def test_an_installed_wheel_is_enabled_and_an_uninstalled_one_leaves_nothing(
    wheel: Path, tmp_path: Path, jupyterlab: str
) -> None:
    home = tmp_path / "env"
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON")}
    clean |= {"HOME": str(tmp_path), "JUPYTER_NO_CONFIG": "1", "JUPYTER_PREFER_ENV_PATH": "1"}

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)

    def uv(*command: str) -> None:
        subprocess.run([sys.executable, "-m", "uv", "--quiet", *command], check=True, cwd=tmp_path)

    python = str(home / "bin" / "python")
    uv("venv", "--python", sys.executable, str(home))
    uv("pip", "install", "--python", python, jupyterlab, "setuptools<80")
    before = {p for p in (home / "share").rglob("*") if p.is_file()}
    uv("pip", "install", "--python", python, "--no-deps", str(wheel))
    listed = run(str(home / "bin" / "jupyter"), "labextension", "list")
    assert re.search(rf"spinlab v{re.escape(spinlab.__version__)} +enabled +OK \(python, spinlab\)", listed), listed
    assert "incompatible" not in listed.lower()
    run(sys.executable, "-m", "pip", "--python", python, "uninstall", "--yes", "spinlab")
    assert "spinlab" not in run(str(home / "bin" / "jupyter"), "labextension", "list")
    assert {p for p in (home / "share").rglob("*") if p.is_file()} == before
    assert not (home / "share" / "jupyter" / "labextensions" / "spinlab").exists()
