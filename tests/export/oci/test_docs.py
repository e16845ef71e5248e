"""What the page about deploying shows of registries is run, against a registry on this machine."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loading.upping import Up
from tests.magics.conftest import Kernel
from tests.servers.registry import registry

PAGE = Path(__file__).resolve().parents[3] / "docs" / "deploying.md"
SECTION = PAGE.read_text().partition("\n## A registry\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
HOST = "registry.example.com"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The registry that stands for the page's."""
    with registry(tmp_path_factory.mktemp("registry")) as port:
        yield f"localhost:{port}"


def test_the_commands_of_the_page_work_one_after_the_other(tmp_path: Path, here: str) -> None:
    kernel = Kernel({"JPY_SESSION_NAME": str(tmp_path / "page.ipynb")})
    try:
        kernel.run(f"%load_ext spinlab\n%cd {tmp_path}").ok()
        shown = "\n".join(_cells(kernel, text, here) for kind, text in BLOCKS if not kind)
    finally:
        kernel.close()
    assert "1 new component for a node to compile" in shown
    lines = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
    for line in lines:
        words = shlex.split(f"{line.replace(HOST, here)} --insecure")
        if words[1] != "up":
            command = [sys.executable, "-m", "spinlab.cli", *words[1:]]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
            continue
        up = Up(tmp_path, *words[2:])
        assert up.get("/hello").text == "hello"
        assert up.stop() == 0
    assert [line.split()[1] for line in lines] == ["registry", "registry", "up"]


def _cells(kernel: Kernel, text: str, here: str) -> str:
    lines = [text] if text.startswith("%%") else text.splitlines()
    shown = ""
    for line in lines:
        insecure = " --insecure" if HOST in line else ""
        shown += kernel.run(line.replace(HOST, here) + insecure).ok().text
    return shown
