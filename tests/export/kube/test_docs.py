"""What the page about deploying shows of SpinKube is run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

from spinlab.manifest import Application, Component, Manifest, http_trigger
from spinlab.scaffolding import OUR_OWN
from spinlab.targets import find, judge
from spinlab.targets.asking import of_manifest
from spinlab.targets.telling import lines
from tests.export.kube import crds
from tests.magics.conftest import Kernel
from tests.targets.test_judging import FINAL, component

PAGE = Path(__file__).resolve().parents[3] / "docs" / "deploying.md"
SECTION = PAGE.read_text().partition("\n## SpinKube\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)


def test_the_cells_of_the_page_work_one_after_the_other(tmp_path: Path) -> None:
    kernel = Kernel({"JPY_SESSION_NAME": str(tmp_path / "page.ipynb")})
    shown: list[str] = []
    try:
        kernel.run(f"%load_ext spinlab\n%cd {tmp_path}").ok()
        for text in (text for kind, text in BLOCKS if not kind):
            for cell in [text] if text.startswith("%%") else text.splitlines():
                ran = kernel.run(cell).ok()
                shown.append(ran.outputs[-1]["text/plain"])
    finally:
        kernel.close()
    assert "SpinKube's quick start (shim 0.24.0)    yes" in shown[1]
    assert "MiB of compiled code" in shown[2]
    kinds = [one["kind"] for one in yaml.safe_load_all(shown[2])]
    assert kinds == ["SpinApp", "Ingress"]


def test_the_commands_of_the_page_write_what_the_crds_take(tmp_path: Path) -> None:
    written: list[str] = []
    for line in (line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()):
        command = [sys.executable, "-m", "spinlab.cli", *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        written.append(done.stdout or (tmp_path / "calculator.yaml").read_text())
    found = [one for text in written for one in yaml.safe_load_all(text)]
    ours = [one for one in found if one["kind"] in crds.FILES]
    assert len(ours) == len(written) + 1 == 5
    assert [refusal for one in ours for refusal in crds.refusals(one)] == []


def test_the_answer_that_the_page_shows_is_the_one_that_is_given() -> None:
    manifest = Manifest(
        Application("app"),
        triggers={"http": (http_trigger("/...", "hello"),)},
        components={"hello": Component("hello.wasm")},
    )
    data = component((FINAL,))
    asked = of_manifest(manifest, lambda _name, _component: data, languages={"hello": ("python", 0)})
    [shown] = [text for kind, text in BLOCKS if kind == "text"]
    assert shown.splitlines() == list(lines([judge(asked, find("spinkube"))]))


def test_every_option_of_our_own_is_on_the_page() -> None:
    missing = [
        choice.names[0]
        for choice in OUR_OWN
        if not any(f"{name} " in SECTION or f"{name}`" in SECTION or f"{name}]" in SECTION for name in choice.names)
    ]
    assert missing == ["--ingress-class", "--tls-secret"]
