"""What the page for teachers says is so: commands that exist, settings that work, figures that were measured."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from benchmarks.classroom import Student
from spinlab.cli import main
from spinlab.folders import VARIABLE, cache_dir

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "teaching.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CONFIG = next(text for kind, text in BLOCKS if "get_config" in text)
HELLO = "%%spin hello --route /hello\ndef handle(request):\n    return 'hi'"


@pytest.fixture
def student(tmp_path: Path) -> Iterator[Student]:
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_config.py").write_text(CONFIG)
    environ = {**os.environ, VARIABLE: str(cache_dir()), "IPYTHONDIR": str(tmp_path / "ipython")}
    with Student(tmp_path / "student", environ=environ) as made:
        yield made


def test_the_setting_keeps_other_users_from_a_kernels_listener(student: Student) -> None:
    with student.kernel() as kernel:
        kernel.run("%load_ext spinlab")
        kernel.run(HELLO)
        port = kernel.run("from spinlab.session import session; print(session.ensure_server().port)").strip()
        assert httpx.get(f"http://127.0.0.1:{port}/hello").status_code == 401
        shown = kernel.run("%spin url")
        token = re.search(r"spinlab-token=([\w-]+)", shown)
        assert token, shown
        answer = httpx.get(f"http://127.0.0.1:{port}/hello", params={"spinlab-token": token[1]}, follow_redirects=True)
        assert answer.text == "hi"


def commands() -> Iterator[list[str]]:
    for kind, text in BLOCKS:
        for line in text.splitlines() if kind == "sh" else ():
            words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)]
            if words[:1] == ["spinlab"]:
                yield words[1:]


def test_every_command_exists() -> None:
    found = list(commands())
    assert found
    for name, *options in found:
        told = CliRunner().invoke(main, [name, "--help"])
        assert told.exit_code == 0, told.output
        for option in options:
            assert not option.startswith("-") or option in told.output
