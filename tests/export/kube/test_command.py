"""`spinlab kube scaffold` in a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from spinlab.export.kube.command import kube
from spinlab.manifest import Application, Component, Manifest, Variable, dump, http_trigger
from spinlab.scaffolding import CHOICES

IMAGE = "registry.example.com/team/calculator:1.0"


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(kube, ["scaffold", *arguments], env=env)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    manifest = Manifest(
        Application("calculator"),
        variables={"token": Variable(required=True, secret=True), "level": Variable("1")},
        triggers={"http": (http_trigger("/add", "add"),)},
        components={"add": Component("add.wasm")},
    )
    (tmp_path / "spin.toml").write_text(dump(manifest))
    return tmp_path


def test_it_prints_what_the_plugin_prints() -> None:
    done = run("-f", IMAGE, "-r", "3", "-v", "debug=true", "-s", "one", "--component", "add")
    assert done.exit_code == 0, done.output
    spec = yaml.safe_load(done.stdout)["spec"]
    assert spec == {
        "image": IMAGE,
        "executor": "containerd-shim-spin",
        "replicas": 3,
        "variables": [{"name": "debug", "value": "true"}],
        "components": ["add"],
        "imagePullSecrets": [{"name": "one"}],
    }


def test_out_writes_a_file_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    done = run("-f", IMAGE, "-o", str(file))
    assert done.exit_code == 0, done.output
    assert f"Application manifest saved to {file}" in done.stderr
    assert done.stdout == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(file.read_text())["kind"] == "SpinApp"


def test_a_manifest_says_which_variables_are_secret_and_which_components_there_are(project: Path) -> None:
    done = run(
        "-f", IMAGE, "--app", str(project), "-v", "token", "-v", "level=2", env={"SPIN_VARIABLE_TOKEN": "hunter2"}
    )
    assert done.exit_code == 0, done.output
    app, secret = yaml.safe_load_all(done.stdout)
    assert "hunter2" not in done.stdout
    assert app["spec"]["variables"][0] == {"name": "level", "value": "2"}
    assert app["spec"]["variables"][1]["valueFrom"]["secretKeyRef"]["name"] == secret["metadata"]["name"]
    wrong = run("-f", IMAGE, "--app", str(project), "--component", "ad")
    assert wrong.exit_code == 1
    assert "did you mean add?" in wrong.output


def test_what_is_wrong_is_one_message_and_exit_status_1() -> None:
    done = run("-f", "registry.example.com/Calculator")
    assert done.exit_code == 1
    assert done.output == (
        "Error: invalid image reference provided: 'registry.example.com/Calculator'\n"
        "a repository has no capitals: registry.example.com/calculator\n"
    )
    assert run("-r", "2").exit_code == 1
    assert run("-f", IMAGE, "--bogus").exit_code == 2
    assert "is not a valid integer" in run("-f", IMAGE, "-r", "two").output


def test_help_has_every_option() -> None:
    text = run("--help").output
    assert all(name in text for choice in CHOICES for name in choice.names)
