"""`%spin kube scaffold` and `%spin targets` in a real kernel."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

pytestmark = pytest.mark.usefixtures("empty_session")

IMAGE = "registry.example.com/team/teapot:1.0"


def test_scaffold_shows_the_resources_and_touches_no_cluster(kernel: Kernel) -> None:
    register(kernel)
    ran = kernel.run(f"%spin kube scaffold -f {IMAGE} -r 1 --component teapot --probes").ok()
    spec = yaml.safe_load(ran.text)["spec"]
    assert (spec["image"], spec["replicas"], spec["components"]) == (IMAGE, 1, ["teapot"])
    assert "readiness" in spec["checks"]


def test_a_secret_of_the_app_is_in_no_output_and_in_the_file(kernel: Kernel, tmp_path: Path) -> None:
    register(kernel)
    kernel.run("import os; os.environ['POT_TOKEN'] = 'hunter2-pot'").ok()
    kernel.run("%spin var pot_token --from-env POT_TOKEN").ok()
    line = f"%spin kube scaffold -f {IMAGE} -v pot_token"
    ran = kernel.run(line).ok()
    clear, coded = "hunter2-pot", base64.b64encode(b"hunter2-pot").decode()
    assert clear not in ran.text + ran.html
    assert coded not in ran.text + ran.html
    assert "-o FILE writes it" in ran.text
    file = tmp_path / "pot.yaml"
    told = kernel.run(f"{line} -o {file}").ok().text
    assert f"kubectl apply -f {file}" in told
    app, secret = yaml.safe_load_all(file.read_text())
    assert clear not in yaml.safe_dump(app)
    assert secret["data"] == {"pot_token": coded}
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_is_wrong_is_an_error_with_what_to_write(kernel: Kernel) -> None:
    register(kernel)
    assert "did you mean %spin kube scaffold?" in kernel.run("%spin kube scafold").error("OptionError").traceback
    ran = kernel.run("%spin kube scaffold -f registry.example.com/Pot").error("ExportError")
    assert "a repository has no capitals" in ran.traceback
    assert "did you mean teapot?" in kernel.run(f"%spin kube scaffold -f {IMAGE} --component teapt").traceback
    ran = kernel.run(f"%spin kube scaffold -f {IMAGE} -v a=hunter2 -r two").error("OptionError")
    assert "a whole number is needed" in ran.traceback
    assert "hunter2" not in ran.traceback


def test_help_lists_every_option(kernel: Kernel) -> None:
    text = kernel.run("%spin kube --help").ok().stdout
    assert all(name in text for name in ("--from, -f REF", "--autoscaler KIND", "--measured", "--host NAME"))


def test_targets_says_where_the_app_runs(kernel: Kernel) -> None:
    register(kernel, options="--sqlite default --route /pot")
    ran = kernel.run("%spin targets").ok()
    assert "SpinKube's quick start (shim 0.24.0)    yes" in ran.text
    assert "SQLite databases, which are not there" in ran.text
    assert "keep its data in a key-value store" in ran.html
    assert ran.html.count("<tr") == 11
    only = kernel.run("%spin targets --target spin-3.4").ok().text
    assert only.split() == ["Spin", "3.4", "yes"]
    assert "did you mean spinkube?" in kernel.run("%spin targets --target spinkub").error("OptionError").traceback
