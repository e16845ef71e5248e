"""``--to spin``: that ``spin`` is called as its own documentation says.

There is no real ``spin`` here. What stands on the path in its place writes down what it is called with and says what
the documentation shows; so these tests say how we call it and read it, and nothing of what Spin or a plugin does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from spinlab import App
from spinlab.deploying import deploying
from spinlab.deploying.destination import Destination
from spinlab.errors import DeployError, OptionError, ToolMissing
from tests.conftest import wat
from tests.deploying.places import put

STANDS_FOR_SPIN = """\
#!{python}
import json, os, sys
with open({calls!r}, "a") as calls:
    calls.write(json.dumps([sys.argv[1:], sorted(os.listdir(".")), sorted(os.environ)]) + "\\n")
words = sys.argv[1:]
if words == ["--version"]:
    print("spin 4.1.0 (0000000 2026-01-01)")
elif words[:1] == ["deploy"] or words[1:2] == ["deploy"]:
    if "--fail" in words:
        print("Error: you have to log in")
        raise SystemExit(3)
    print("App Routes:\\n- hello: https://0123.example.app/hello (wildcard)\\n\\x1b[32mOK\\x1b[0m https://0123.example.app")
elif words[:3] == ["aka", "app", "status"]:
    print("Name: tests\\nURLs: https://0123.example.app")
elif words[:2] == ["aka", "logs"]:
    print("one\\ntwo\\nthree")
elif words[:3] == ["aka", "app", "delete"]:
    print("Deleted app successfully.")
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path with what stands for spin; the file of its calls."""
    found = tmp_path / "calls"
    program = tmp_path / "bin" / "spin"
    program.parent.mkdir()
    program.write_text(STANDS_FOR_SPIN.format(python=sys.executable, calls=str(found)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("JUPYTER_TOKEN", "secret-of-jupyter")
    monkeypatch.delenv("SPIN_DEPLOY_PLUGIN", raising=False)
    return found


def spin(folder: Path, *rest: str, **options: str) -> Destination:
    """The destination."""
    return deploying.destination("spin", "tests", folder, options=options, rest=rest)


def made(calls: Path) -> list[list[list[str]]]:
    """Arguments, files around and names of the environment of each call."""
    return [json.loads(line) for line in calls.read_text().splitlines()]


def test_it_is_called_in_the_export_with_further_words(app: App, tmp_path: Path, calls: Path) -> None:
    app.add(wat())
    done = put(app, spin(tmp_path, "--no-confirm", "--create-name", "tests", plugin="aka"))
    (words, files, environ) = made(calls)[-1]
    assert words == ["aka", "deploy", "--no-confirm", "--create-name", "tests"]
    assert "spin.toml" in files
    assert "JUPYTER_TOKEN" not in environ
    assert done.url == "https://0123.example.app"
    assert any("OK https" in line for line in done.lines)


def test_the_plugin_of_the_environment_is_spins_own_matter(
    app: App, tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPIN_DEPLOY_PLUGIN", "aka")
    app.add(wat())
    put(app, spin(tmp_path))
    assert made(calls)[-1][0] == ["deploy"]


def test_status_logs_url_and_delete_are_those_of_the_plugin(app: App, tmp_path: Path, calls: Path) -> None:
    app.add(wat())
    place = spin(tmp_path, plugin="aka")
    put(app, place)
    later = spin(tmp_path)
    status = later.status()
    assert (status.state, status.url) == ("running", "https://0123.example.app")
    assert ("spin", "Name: tests") in status.more
    assert list(later.logs(last=2)) == ["two", "three"]
    with pytest.raises(OptionError) as raised:
        later.logs(follow=True)
    assert raised.value.hint == "spin aka logs --app-name tests"
    assert later.url() == "https://0123.example.app"
    assert later.delete() == "Deleted app successfully."
    assert [call[0][:3] for call in made(calls)[-3:]] == [
        ["aka", "app", "status"],
        ["aka", "logs", "--app-name"],
        ["aka", "app", "delete"],
    ]
    assert later.status().state == "absent"
    with pytest.raises(DeployError, match="was not deployed"):
        later.delete()


def test_what_another_plugin_can_do_is_not_guessed(app: App, tmp_path: Path, calls: Path) -> None:
    app.add(wat())
    put(app, spin(tmp_path, plugin="cloud"))
    with pytest.raises(DeployError, match="not known here") as raised:
        spin(tmp_path).status()
    assert "spin cloud --help" in raised.value.hint
    assert spin(tmp_path).url() == "https://0123.example.app"


def test_what_it_said_is_in_the_error(app: App, tmp_path: Path, calls: Path) -> None:
    app.add(wat())
    with pytest.raises(DeployError, match="status 3") as raised:
        put(app, spin(tmp_path, "--fail", plugin="aka"))
    assert "you have to log in" in raised.value.details
    assert "spin plugins install aka" in raised.value.hint


def test_a_place_that_can_not_run_it_is_named_before_it_is_called(app: App, tmp_path: Path, calls: Path) -> None:
    app.add(wat(sqlite_databases=("default",)))
    with pytest.raises(DeployError, match="SQLite databases"):
        put(app, spin(tmp_path, plugin="aka"))
    assert not calls.exists()
    put(app, spin(tmp_path, plugin="aka"), force=True)
    assert made(calls)[-1][0] == ["aka", "deploy"]


def test_no_plugin_and_a_wrong_one_are_told(app: App, tmp_path: Path, calls: Path) -> None:
    app.add(wat())
    with pytest.raises(OptionError, match="none is chosen"):
        put(app, spin(tmp_path))
    with pytest.raises(OptionError, match="no name of a plugin"):
        put(app, spin(tmp_path, plugin="--help"))
    assert not calls.exists()


def test_without_spin_the_remedy_is_told(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    app.add(wat())
    with pytest.raises(ToolMissing, match="no program spin") as raised:
        put(app, spin(tmp_path, plugin="aka"))
    assert "--to local needs none" in raised.value.hint
