"""Packages in an image: there for the cell, built once however many ask, and refused when they are not pure Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from spinlab import images
from spinlab.errors import BuildError
from spinlab.http import Request
from tests.images.running import build, sandbox

pytestmark = pytest.mark.toolchain

ASK = """
import json, sys
from spinlab import images
told = []
image = images.python("0.2", ["idna==3.10"], lambda what, done=None: told.append(what))
print(json.dumps([image.digest, sorted(set(told)), "idna.core" in image.modules]))
"""
CELL = "import idna\ndef handle(request):\n    return idna.encode('pythön.org')\n"


def test_two_processes_that_ask_at_once_build_once(tmp_path: Path) -> None:
    images.python("0.2")  # the toolchain is there
    (tmp_path / "toolchains").symlink_to(images.cache_dir() / "toolchains")
    environment = {**os.environ, "SPINLAB_CACHE_DIR": str(tmp_path)}
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, text=True, env=environment) for _ in "ab"
    ]
    answers = [json.loads(process.communicate(timeout=300)[0]) for process in asking]
    assert answers[0][0] == answers[1][0]
    assert answers[0][2]
    built = [any("building" in what for what in told) for _, told, _ in answers]
    assert sorted(built) == [False, True]
    assert len(list((tmp_path / "images").glob("*.wasm"))) == 1
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_required_package_can_be_imported() -> None:
    with sandbox(build(CELL, "0.2", requires=("idna==3.10",))) as running:
        response = running.handle(Request())
    assert response.body == b"xn--pythn-mua.org"


@pytest.mark.parametrize(("package", "named"), [("markupsafe==2.1.5", "markupsafe"), ("jinja2==3.1.4", "MarkupSafe")])
def test_a_package_with_compiled_parts_is_refused_with_its_name(package: str, named: str) -> None:
    with pytest.raises(BuildError) as caught:
        images.python("0.2", [package])
    assert named.lower() in caught.value.message.lower()
    assert "pure Python" in caught.value.hint or "pure Python" in caught.value.message
