"""``spinlab deploy``: the command line, in processes of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import nbformat
import pytest
from click.testing import CliRunner

from spinlab import App
from spinlab.cli import main
from spinlab.export import project
from tests.conftest import wat, wat_source
from tests.deploying.places import CLI, known, local, until
from tests.loading.projects import SIMPLE, application
from tests.servers import free_port


def run(
    folder: Path, *words: str, status: int = 0, said: str = "", environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    done = subprocess.run(
        [*CLI, *words],
        cwd=folder,
        env={**os.environ, **(environ or {})},
        input=said,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_folder_is_deployed_asked_and_deleted(beside: Path) -> None:
    application(beside / "app", SIMPLE, name="hello-app", hello="hi")
    listen = f"127.0.0.1:{free_port()}"
    done = run(beside, "deploy", "app", "--listen", listen)
    assert f"hello-app runs on this machine: http://{listen}" in done.stdout
    assert "copying the export" in done.stderr
    url = run(beside, "deploy", "url", "app/spin.toml").stdout.strip()
    assert httpx.get(url + "/hello", trust_env=False).text.strip() == "hi"
    assert "hello-app on this machine: running since " in run(beside / "app", "deploy", "status").stdout
    assert "serves http" in run(beside, "deploy", "logs", "-n", "1", "app").stdout
    tests = beside / "app" / "tests" / "requests.toml"
    tests.parent.mkdir()
    tests.write_text('[hi]\nrequest = "GET /hello"\nexpect.contains = ["hi"]\n')
    assert "1 test passed at here and local" in run(beside, "test", "app", "--here", "--at", "local").stdout
    kept = run(beside, "deploy", "delete", "app", said="n\n")
    assert "Delete hello-app on this machine?" in kept.stdout
    assert "running" in run(beside, "deploy", "status", "app").stdout
    assert "hello-app was ended and deleted" in run(beside, "deploy", "delete", "app", said="y\n").stdout
    assert "no deployment 'hello-app'" in run(beside, "deploy", "delete", "app", "--yes", status=1).stderr
    assert "is not deployed" in run(beside, "deploy", "status", "app", status=1).stdout
    assert "no deployment 'hello-app'" in run(beside, "test", "app", "--at", "local", status=2).stderr


def test_a_notebook_is_run_and_deployed(beside: Path) -> None:
    book = nbformat.v4.new_notebook()
    cells = ("%load_ext spinlab", f"%%spin wat hello --route /hello\n{wat_source('noted')}")
    book.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(book, beside / "calc.ipynb")
    done = run(beside, "deploy", "calc.ipynb", "--version", "1.2.3")
    assert "calc runs on this machine" in done.stdout
    place = local(beside, "calc")
    assert httpx.get(place.url() + "/hello", trust_env=False).text.strip() == "noted"
    assert known(place).version == "1.2.3"
    assert "version: 1.2.3" in run(beside, "deploy", "status", "calc.ipynb").stdout


def test_what_is_followed_ends_with_the_deployment(beside: Path) -> None:
    application(beside / "app", SIMPLE, hello="hi")
    run(beside, "deploy", "app")
    with subprocess.Popen(
        [*CLI, "deploy", "logs", "--follow", "app"], cwd=beside, stdout=subprocess.PIPE, text=True
    ) as follower:
        assert follower.stdout is not None
        assert "serves http" in follower.stdout.readline()
        run(beside, "deploy", "delete", "--yes", "app")
        assert "spinlab: ends" in follower.stdout.read()
        assert follower.wait(60) == 0


def test_an_export_with_a_script_and_a_variable_from_the_environment(beside: Path) -> None:
    with App("tables") as app:
        app.variables["token"] = {"required": True, "secret": True}
        app.add(wat(variables={"token": "{{ token }}"}, sqlite_databases=("default",)))
        app.script("CREATE TABLE t (n INTEGER);", name="migration.sql")
        project(app, beside / "app")
    told = run(beside, "deploy", "app", status=1).stderr
    assert "the variable token has no value" in told
    secret = {"SPIN_VARIABLE_TOKEN": "hunter2-hunter2"}
    done = run(beside, "deploy", "app", "--sqlite", "@app/migration.sql", environ=secret)
    run(beside, "deploy", "app", "--sqlite", "@app/migration.sql", environ=secret)  # it runs once
    assert "hunter2" not in done.stdout + done.stderr
    (beside / "token").write_text("hunter2-hunter2")
    run(beside, "deploy", "app", "--variable", "token=@token")


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("stattus",), 1, "did you mean spinlab deploy status?"),
        (("nowhere",), 1, "nowhere is not there"),
        ((), 1, "which application? there is no spin.toml here"),
        (("status",), 1, "which application?"),
        (("app", "--to", "moon"), 2, "'moon' is not one of 'local'"),
        (("app", "more"), 2, "unexpected 'more'"),
        (("app", "--plugin", "x"), 1, "that is for --to spin"),
        (("app", "--", "--build"), 1, "takes no words after --"),
        (("status", "app", "--only", "x"), 2, "status takes no --only"),
        (("app", "--yes"), 2, "--yes is for an action"),
        (("app", "--components", "official"), 1, "--components is for a notebook"),
        (("app/hello.wasm",), 1, "has no spin.toml"),
        (("nowhere.ipynb",), 1, "nowhere.ipynb is not there"),
        (("app", "--variable", "x"), 1, "key=value"),
        (("app", "--variable", "nothing=hunter2"), 1, "no variable 'nothing'"),
        (("app", "--with-data"), 1, "only an app of a notebook"),
    ],
)
def test_wrong_words_are_explained(
    beside: Path, words: tuple[str, ...], status: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(beside / "app", SIMPLE, hello="hi")
    monkeypatch.chdir(beside)
    done = CliRunner().invoke(main, ["deploy", *words])
    assert done.exit_code == status
    assert told in done.output
    assert "hunter2" not in done.output
    assert not list(beside.rglob("record.json"))


def test_two_at_once_do_not_get_into_each_others_way(beside: Path) -> None:
    application(beside / "app", SIMPLE, hello="hi")
    command = [*CLI, "deploy", "app"]
    both = [
        subprocess.Popen(command, cwd=beside, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=240) for one in both]
    ended = sorted(one.returncode for one in both)
    assert ended in ([0, 0], [0, 1]), told
    if ended == [0, 1]:
        assert any("by somebody else" in err for _, err in told)
    place = local(beside / "app")
    until(lambda: place.status().state == "running")
    assert len(list((place.folder / "versions").iterdir())) == 1
