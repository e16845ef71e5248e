"""What goes along with a deployment, and what does not: variables, secrets, state, SQL, the environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.deploying import deploying, release
from spinlab.deploying.files import digest, files
from spinlab.deploying.local.child import Log
from spinlab.deploying.local.surroundings import environment
from spinlab.errors import DeployError
from tests.conftest import wat
from tests.deploying.places import environment_of, get, known, local, put
from tests.loading.projects import SIMPLE, application

SECRET = "hunter2-hunter2"
ASKING = """\
from spin_sdk import variables
def handle(request):
    print("it is", variables.get("token"), flush=True)
    return variables.get("token")[::-1] + variables.get("site")
"""
STORING = """\
from spin_sdk import key_value, sqlite
def handle(request):
    with key_value.open_default() as store:
        said = store.get("said") or b"nothing"
        store.set("said", b"kept")
    with sqlite.open_default() as db:
        db.execute("INSERT INTO t VALUES (1)", [])
        return f"{said.decode()} {len(db.execute('SELECT * FROM t', []).rows)}"
"""


def asking() -> Function:
    """A function that tells a secret, backwards, and tries to log it."""
    templates = {"token": "{{ token }}", "site": "{{ site }}"}
    return Function("ask", ASKING, routes=("/hello",), variables=templates)


def test_secrets_reach_it_and_stand_nowhere(app: App, beside: Path) -> None:
    app.variables["token"] = {"required": True, "secret": True}
    app.variables["site"] = {"default": "nowhere"}
    app.services.variables.set("token", SECRET)
    app.add(asking())
    place = local(beside)
    done = put(app, place, {"site": " there"})
    assert get(place) == SECRET[::-1] + " there"
    assert any("it is ***" in line for line in place.logs())
    found = known(place)
    listed = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert str(place.folder) in listed
    for text in (listed, "\n".join(place.logs()), repr(done), repr(place.status()), environment_of(found.keeper.pid)):
        assert SECRET not in text
    for path in place.folder.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    for path in (place.folder / "record.json", place.folder / "log.txt"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_variable_without_a_value_and_an_unknown_one_are_told(app: App, beside: Path) -> None:
    app.variables["token"] = {"required": True, "secret": True}
    app.variables["site"] = {"default": "nowhere"}
    app.add(asking())
    place = local(beside)
    with pytest.raises(DeployError, match="variable token has no value") as raised:
        put(app, place)
    assert "SPIN_VARIABLE_TOKEN" in raised.value.hint
    with pytest.raises(DeployError, match="no variable 'tokn'"):
        put(app, place, {"tokn": SECRET})
    assert not place.folder.exists()


def test_a_value_that_no_environment_holds_is_refused_without_it() -> None:
    with pytest.raises(DeployError, match="token holds a null") as raised:
        environment({"token": f"{SECRET}\0"})
    assert SECRET not in str(raised.value)
    with pytest.raises(DeployError, match="token is longer"):
        environment({"token": SECRET * 20_000})
    assert environment({"token": "x" * 131_000})["SPIN_VARIABLE_TOKEN"].startswith("x")


def test_nothing_of_jupyter_and_only_what_is_needed_goes_along() -> None:
    here = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "SPINLAB_CACHE_DIR": "/c",
        "AWS_SECRET_ACCESS_KEY": "k",
        "MY_TOKEN": "t",
        "JUPYTER_TOKEN": "t",
        "JPY_API_TOKEN": "t",
        "JUPYTERHUB_API_TOKEN": "t",
        "SPIN_VARIABLE_OTHER": "o",
    }
    assert set(environment({"a": "1"}, environ=here)) == {"PATH", "LC_ALL", "SPINLAB_CACHE_DIR", "SPIN_VARIABLE_A"}
    assert "AWS_SECRET_ACCESS_KEY" in environment({}, {"sqs"}, here)


def test_state_is_kept_from_version_to_version_and_a_script_runs_once(app: App, beside: Path) -> None:
    app.add(
        Function("store", STORING, routes=("/hello",), key_value_stores=("default",), sqlite_databases=("default",))
    )
    app.script("CREATE TABLE t (n INTEGER);", name="tables.sql")
    app.kv().set("said", b"brought")
    place = local(beside, with_data=True)
    put(app, place)
    assert get(place) == "brought 1"
    with pytest.raises(DeployError, match="has stores already"):
        put(app, place)
    app.add(wat(route="/other"))
    put(app, local(beside))
    assert get(place) == "kept 2"
    (beside / "more.sql").write_text("CREATE TABLE u (n INTEGER);")
    for _ in range(2):  # once again would fail
        put(app, local(beside, sqlite=[f"@{beside / 'more.sql'}"]))
    assert "are lost" in place.losing()


def test_what_is_not_mounted_nor_built_does_not_go_along(beside: Path) -> None:
    text = SIMPLE.replace('"hello.wasm"', '"target/hello.wasm"') + 'files = ["node_modules/a.txt"]\n'
    folder = application(beside / "app", text, hello="hi")
    for path in ("target/other.o", "node_modules/a.txt", "node_modules/b.txt", ".git/config", ".spin/x"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(path)
    (folder / "hello.wasm").rename(folder / "target" / "hello.wasm")
    before = digest(folder)
    assert set(files(folder)) == {"spin.toml", "target/hello.wasm", "node_modules/a.txt"}
    (folder / "node_modules" / "b.txt").write_text("changed")
    assert digest(folder) == before
    (folder / "node_modules" / "a.txt").write_text("changed")
    assert digest(folder) != before
    place = local(beside)
    with release.of_source(folder) as made:
        deploying.deploy(made, place)
    assert get(place).strip() == "hi"


def test_a_log_that_grows_begins_anew(beside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinlab.deploying.local.child.LARGEST", 1000)
    log = Log(beside / "log.txt")
    for number in range(100):
        log.line(f"line {number}")
    assert (beside / "log.txt").stat().st_size < 1100
    assert "line 99" in (beside / "log.txt").read_text()
    assert (beside / "log.1.txt").is_file()
    assert len(list(beside.glob("log*"))) == 2
