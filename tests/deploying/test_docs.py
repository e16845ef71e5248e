"""The page about deploying is run, in the order in which it is read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from spinlab import App, Function
from spinlab.export import project
from tests.deploying.places import cleared
from tests.deploying.test_terminal import run
from tests.magics.conftest import Kernel
from tests.servers import free_port

PAGE = Path(__file__).resolve().parents[2] / "docs" / "deploying.md"
SECTION = PAGE.read_text().partition("\n## Deploy: on this machine\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
TESTS = '["says hello"]\nrequest = "GET /hello"\nexpect.text = "hello"\n'


def test_the_cells_of_the_page_work_one_after_the_other(tmp_path: Path) -> None:
    shown: list[str] = []
    with cleared(tmp_path):
        kernel = Kernel({"JPY_SESSION_NAME": str(tmp_path / "page.ipynb")})
        try:
            kernel.run("%load_ext spinlab").ok()
            for text in (text for kind, text in BLOCKS if not kind):
                shown += [
                    kernel.run(cell).ok().text for cell in ([text] if text.startswith("%%") else text.splitlines())
                ]
        finally:
            kernel.close()
    told = "\n".join(shown)
    assert "notebook runs on this machine: http://127.0.0.1:" in told
    assert "running since" in told
    assert "serves http" in told
    assert "was ended and deleted" in shown[-1]


def test_the_commands_of_the_page_work_one_after_the_other(tmp_path: Path) -> None:
    with App("calculator") as app:
        app.add(Function("hello", 'def handle(request):\n    return "hello"', routes=("/hello",)))
        app.tests.loads(TESTS)
        project(app, tmp_path / "calculator")
    with cleared(tmp_path):
        for line in (line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()):
            words = shlex.split(line.replace("8080", str(free_port())))
            assert words[0] == "spinlab"
            run(tmp_path, *words[1:])
