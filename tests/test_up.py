"""`spinlab up` serves existing applications with the options and the output of `spin up`: real processes."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from spinlab import App, Function
from spinlab.export import project
from tests import guests
from tests.conftest import wat, wat_source
from tests.loading.projects import SIMPLE, application, everything
from tests.loading.upping import COMMAND, Up, environment, refused
from tests.servers import certificate, free_port

# ---- wrong options first


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["hello"], "Did you mean `spinlab up -f hello`?"),
        (["-f", "nowhere"], "File or directory 'nowhere' not found"),
        (["-f", "localhost:1/some/app:1"], "the registry can't be reached"),
        (["-f", "ghcr.io/Some/app:1"], "a repository has no capitals"),
        (["-f", "empty"], "Directory empty does not contain a file named 'spin.toml'"),
        (["--listen", "3000"], "'3000' is not an address"),
        (["--listen", "localhost:99999"], "'localhost:99999' is not an address"),
        (["--listen", "nobody.invalid:1"], "'nobody.invalid' has no address"),
        (["--env", "A"], "Key/Values must be of the form `key=value`"),
        (["--key-value", "=1"], "Key/Values must be of the form `key=value`"),
        (["--variable", "a"], "variables must be in the form 'key=value' or '@file'"),
        (["--variable", "@vars.yaml"], "variable files must end in .json or .toml"),
        (["--variable", "@vars.json"], 'Failed to read "vars.json"'),
        (["--variable", "a=@nowhere"], 'Failed to read "nowhere"'),
        (["--sqlite", "@"], "database configuration is empty"),
        (["--sqlite", "@:x"], "file path is empty"),
        (["--sqlite", "@x: "], "database label is empty"),
        (["--sqlite", "@nowhere.sql"], 'Failed to read "nowhere.sql"'),
        (["--tls-cert", "x.pem"], "--tls-cert and --tls-key belong together"),
        (["--tls-cert", "x.pem", "--tls-key", "y.pem"], "x.pem can't be read"),
        (["-q", "--follow", "hello"], "--quiet and --follow exclude each other"),
        (["--follow", "other"], "specified in --follow do not exist in the application"),
        (["-c", "other"], 'Specified component "other" not found in application'),
        (["--format", "yaml"], "'yaml' is not one of"),
        (["--max-instance-memory", "0"], "--max-instance-memory"),
        (["--request-timeout", "soon"], "expected a time such as 30s or 500ms"),
        (["--runtime-config-file", "nowhere.toml"], "nowhere.toml"),
        (["--profile", "debug"], "--profile: build profiles are not served yet"),
        (["--direct-mounts"], "--direct-mounts: files are read once"),
        (["--from-registry", "x y"], "'x y' is no repository"),
        (["--liste", "127.0.0.1:0"], "No such option"),
    ],
)
def test_a_wrong_option_is_refused_by_name(tmp_path: Path, arguments: list[str], told: str) -> None:
    application(tmp_path, SIMPLE, hello="hi")
    (tmp_path / "empty").mkdir()
    assert told in refused(tmp_path, *arguments)


def test_a_value_that_can_not_be_read_is_not_told(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE, hello="hi")
    (tmp_path / "vars.json").write_text('{"token": "hunter2-hunter2" oops}')
    (tmp_path / "list.json").write_text('{"token": ["hunter2-hunter2"]}')
    for file in ("vars.json", "list.json"):
        told = refused(tmp_path, "--variable", f"@{file}")
        assert "Failed to parse JSON" in told
        assert "hunter2" not in told


def test_a_manifest_that_spin_would_refuse_is_shown_with_its_line(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE.replace('component = "hello"', 'component = "hallo"'), hello="hi")
    assert 'names component "hallo", which is not in the manifest' in refused(tmp_path)
    (tmp_path / "spin.toml").write_text("spin_manifest_version = 2\n[application\n")
    assert "spin.toml is not valid TOML" in refused(tmp_path)


def test_a_folder_without_a_manifest_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    told = refused(tmp_path)
    assert "Default file 'spin.toml' not found" in told
    assert "--from" in told


def test_a_taken_port_is_told_in_spins_words(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE, hello="hi")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused(tmp_path, "--listen", f"127.0.0.1:{port}")
        assert (
            f"127.0.0.1:{port} is already in use. To have Spin search for a free port, use the --find-free-port option."
            in told
        )
        with Up(tmp_path, "--find-free-port", listen=f"127.0.0.1:{port}") as up:
            assert port < int(up.url.rpartition(":")[2]) < port + 100
            assert up.get("/hello").status_code == 200


def test_a_required_variable_without_a_value_stops_the_start(tmp_path: Path) -> None:
    text = "[variables]\nneeded = { required = true }\n" + SIMPLE
    assert "needed" in refused(application(tmp_path, text, hello="hi"))
    with Up(tmp_path, "--variable", "needed=1") as up:
        assert up.get("/hello").status_code == 200


# ---- the start and the end


def plain(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_first_lines_are_spins(tmp_path: Path) -> None:
    everything(tmp_path)
    text = (tmp_path / "spin.toml").read_text().replace("[[trigger.redis]]", "[[trigger.other]]")
    (tmp_path / "spin.toml").write_text(
        text.replace("token = { required = true, secret = true }", 'token = { default = "" }')
    )
    port = free_port()
    process = plain(tmp_path, "--listen", f"localhost:{port}")
    assert process.stdout is not None
    url = f"http://127.0.0.1:{port}"
    lines = [process.stdout.readline() for _ in range(9)]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "".join(lines) == (
        f"\nServing {url}\n"
        "Available Routes:\n"
        f"  http-trigger1: {url}/fixed\n"
        f"  http-trigger2-component: {url}/inline\n"
        f"  first: {url}/a/b\n"
        "    The first one\n"
        f"  second: {url}/z (wildcard)\n"
        f"  first: {url}/:name\n"
    )
    assert 'Logging component stdio to ".spin/logs/"' in err
    assert "Warning: not served here: triggers of type kinesis" in err
    assert process.returncode == 0


def test_json_names_the_address_and_the_routes(tmp_path: Path) -> None:
    text = SIMPLE.replace('source = "hello.wasm"', 'source = "hello.wasm"\ndescription = "Says hi"')
    with Up(application(tmp_path, text, hello="hi")) as up:
        route = {"id": "hello", "route": "/hello", "wildcard": True, "description": "Says hi"}
        assert up.said == {"base_url": up.url, "routes": [route]}
        assert up.get("/hello/x").text.strip() == "hi"
        assert up.get("/.well-known/spin/health").text == "OK"
        assert up.get("/else").status_code == 404


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_without_an_error(tmp_path: Path, number: int) -> None:
    with Up(application(tmp_path, SIMPLE, hello="hi")) as up:
        assert up.get("/hello").status_code == 200
        assert up.stop(number) == 0
        assert "Traceback" not in up.stderr
        with pytest.raises(httpx.ConnectError):
            up.get("/hello")


def test_a_component_alone_needs_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "x.wat").write_text(wat_source("alone"))
    with Up(tmp_path, "-f", "x.wat") as up:
        assert up.get("/any/where").text.strip() == "alone"
        assert up.said["routes"] == [{"id": "http-trigger1-component", "route": "/", "wildcard": True}]
        assert up.stop() == 0
    assert [p.name for p in tmp_path.iterdir()] == ["x.wat"]


def test_the_address_may_come_from_the_environment(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE, hello="hi")
    port = free_port()
    process = subprocess.Popen(
        COMMAND,
        cwd=tmp_path,
        env=environment({"SPIN_HTTP_LISTEN_ADDR": f"127.0.0.1:{port}"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert f"Serving http://127.0.0.1:{port}\n" in [process.stdout.readline(), process.stdout.readline()]
    process.terminate()
    assert process.wait(60) == 0
    process.stdout.close()


def test_a_folder_or_a_file_can_be_named(tmp_path: Path) -> None:
    application(tmp_path / "app", SIMPLE, hello="hi")
    for named in ("app", "app/spin.toml"):
        with Up(tmp_path, "--from", named) as up:
            assert up.get("/hello").text.strip() == "hi"
    assert (tmp_path / "app/.spin/logs").is_dir()


def test_only_the_chosen_component_is_served(tmp_path: Path) -> None:
    with Up(everything(tmp_path), "-c", "second", "--variable", "token=x") as up:
        assert [route["id"] for route in up.said["routes"]] == ["second"]
        assert up.get("/fixed").status_code == 404


def test_options_without_an_effect_say_so(tmp_path: Path) -> None:
    with Up(application(tmp_path, SIMPLE, hello="hi"), "--disable-pooling", "--temp", "x") as up:
        assert up.says("--disable-pooling has no effect here")
        assert up.says("--temp has no effect here: files are kept in memory")


def test_components_are_built_first_when_that_is_asked(tmp_path: Path) -> None:
    text = SIMPLE + '[component.hello.build]\ncommand = "cp made/x.wasm hello.wasm"\n'
    application(tmp_path, text, x="built")
    (tmp_path / "made").mkdir()
    (tmp_path / "x.wasm").rename(tmp_path / "made/x.wasm")
    assert "component hello is not there" in refused(tmp_path)
    with Up(tmp_path, "--build") as up:
        assert up.get("/hello").text.strip() == "built"
        assert up.says("Finished building all Spin components")
    (tmp_path / "spin.toml").write_text((tmp_path / "spin.toml").read_text().replace("cp made/x.wasm", "false"))
    assert "Build command for component hello failed with status 1" in refused(tmp_path, "--build")


# ---- what components do


NOTEBOOK = """
import os, sys

def handle(request):
    print("asked for", request.path)
    print("to stderr", file=sys.stderr)
    if request.path.endswith("fail"):
        raise ValueError("oh no")
    if request.path.endswith("write"):
        open("/d/new.txt", "w").write("new")
        return open("/d/new.txt").read()
    return os.environ["MODE"] + " " + open("/d/word.txt").read()
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Path]]:
    """A notebook's app, and the folder that it was exported to."""
    folder = tmp_path_factory.mktemp("exported")
    (folder / "data").mkdir()
    (folder / "data/word.txt").write_text("word")
    app = App("exported")
    mounts = {"files": (("data", "/d"),), "folder": str(folder), "environment": {"MODE": "plain"}}
    app.add(Function("say", NOTEBOOK, routes=("/say/...",), **mounts))  # type: ignore[arg-type]
    app.add(Function("later", "async def handle(request):\n    return 'later'\n", wasi="0.3", routes=("/later",)))
    app.add(wat("text", "/text"))
    project(app, folder / "out")
    yield app, folder / "out"
    app.close()


def test_an_exported_app_gives_the_answers_of_the_notebook(exported: tuple[App, Path]) -> None:
    app, folder = exported
    with Up(folder) as up:
        for path in ("/say/x", "/later", "/text", "/nowhere", "/say/fail"):
            here, there = app.get(path), up.get(path)
            assert (there.status_code, there.content) == (here.status, here.body)


def test_output_goes_to_files_and_to_the_terminal(exported: tuple[App, Path], tmp_path: Path) -> None:
    _, folder = exported
    logs = tmp_path / "logs"
    with Up(folder, "-L", str(logs)) as up:
        assert up.get("/say/one").status_code == 200
        assert up.get("/say/fail").status_code == 500
        assert up.stop() == 0
        assert up.says("asked for /say/one\n")
        assert up.says("ValueError: oh no")
    assert (logs / "say_stdout.txt").read_text() == "asked for /say/one\nasked for /say/fail\n"
    assert (logs / "say_stderr.txt").read_text().startswith("to stderr\nto stderr\n")
    with Up(folder, "-L", str(logs), "--truncate-logs", "--quiet") as up:
        assert up.get("/say/two").status_code == 200
        assert up.stop() == 0
        assert "asked for" not in up.stderr
    assert (logs / "say_stdout.txt").read_text() == "asked for /say/two\n"
    with Up(folder, "--log-dir", "", "--follow", "later") as up:
        assert up.get("/say/three").status_code == 200
        assert up.stop() == 0
        assert "asked for" not in up.stderr
        assert "Logging" not in up.stderr


def test_environment_from_the_command_line_goes_before_the_manifest(exported: tuple[App, Path]) -> None:
    _, folder = exported
    with Up(folder, "-e", "MODE=given", "--env", "OTHER=x=y") as up:
        assert up.get("/say/x").text == "given word"


def test_mounted_files_are_changed_only_when_that_is_allowed(exported: tuple[App, Path]) -> None:
    _, folder = exported
    with Up(folder) as up:
        assert up.get("/say/write").status_code == 500
    with Up(folder, "--allow-transient-write") as up:
        assert up.get("/say/write").text == "new"
    assert not list(folder.rglob("new.txt"))


def test_variables_and_stores_are_filled_from_the_command_line(tmp_path: Path) -> None:
    text = """
[variables]
one = { required = true }
two = { default = "2" }
secret = { required = true, secret = true }
[[trigger.http]]
route = "/..."
component = "stores"
[component.stores]
source = "stores.wasm"
key_value_stores = ["default"]
sqlite_databases = ["default"]
[component.stores.variables]
one = "{{ one }}!"
two = "{{ two }}"
secret = "{{ secret }}"
"""
    application(tmp_path, text)
    (tmp_path / "stores.wasm").write_bytes(guests.component("stores2"))
    (tmp_path / "secret.txt").write_text("hunter2-hunter2")
    (tmp_path / "more.toml").write_text('one = "from a file"\n')
    (tmp_path / "up.sql").write_text("CREATE TABLE IF NOT EXISTS t (x);\nINSERT INTO t VALUES (7);\n")
    options = ("--variable", "@more.toml", "--variable", "secret=@secret.txt", "--key-value", "k=v=w")
    asked = "variable\tone\nvariable\ttwo\nkv open\tdefault\nkv get\tk\n"
    asked += "sqlite open\tdefault\nsqlite execute\tSELECT x FROM t"
    with Up(tmp_path, *options, "--sqlite", "@up.sql", "--sqlite", "INSERT INTO t VALUES (8)") as up:
        answer = up.post("/", asked).text.splitlines()
        assert answer[:2] == ['Ok("from a file!")', 'Ok("2")']
        assert answer[3] == f"Ok(Some({list(b'v=w')}))"
        assert "Integer(7)" in answer[5]
        assert "Integer(8)" in answer[5]
        assert up.says("Storing default key-value data to")
        assert up.post("/", "variable\tsecret").text == 'Ok("hunter2-hunter2")'
        assert up.stop() == 0
        assert "hunter2" not in up.stderr
    with sqlite3.connect(tmp_path / ".spin/sqlite_key_value.db") as kept:
        assert kept.execute("SELECT store, key, value FROM spin_key_value").fetchall() == [("default", "k", b"v=w")]
    kept.close()
    with Up(tmp_path, *options, "--state-dir", "", "--sqlite", "@up.sql") as up:
        assert up.says("a temporary in-memory database")
        assert (
            up.post("/", "sqlite open\tdefault\nsqlite execute\tSELECT count(*) FROM t").text.count("Integer(1)") == 1
        )
    wrong = ("--variable", "one=1", "--variable", "secret=1")
    assert "a registered database named 'other' was expected but not found" in refused(
        tmp_path, *wrong, "--sqlite", "@up.sql:other"
    )
    assert "syntax error" in refused(tmp_path, *wrong, "--sqlite", "SELEKT 1")


@pytest.mark.parametrize("guest", ["echo2", "echo3"])
def test_rust_components_of_both_generations_answer(tmp_path: Path, guest: str) -> None:
    (tmp_path / "echo.wasm").write_bytes(guests.component(guest))
    with Up(tmp_path, "-f", "echo.wasm") as up:
        assert up.post("/", "x" * 300_000).text == "x" * 300_000


def test_a_client_sees_the_paths_and_cookies_that_spin_shows(tmp_path: Path) -> None:
    (tmp_path / "echo.wasm").write_bytes(guests.component("echo2"))
    with Up(tmp_path, "-f", "echo.wasm") as up:
        sent = {"authorization": "token abc", "cookie": "a=1; _xsrf=2", "spin-path-info": "mine"}
        told = up.get("/describe?token=1&x=2", headers=sent).text.splitlines()
        assert told[0] == "GET /describe?token=1&x=2"
        assert {"authorization: token abc", "cookie: a=1", "spin-path-info: mine"} <= set(told)
        assert up.get("/.app/other/describe").status_code == 200


# ---- who may ask


def test_a_foreign_host_is_refused_on_loopback_unless_it_is_allowed(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE, hello="hi")
    with Up(tmp_path) as up:
        answer = up.get("/hello", headers={"host": "evil.example"})
        assert answer.status_code == 421
        assert "--allow-host evil.example" in answer.text
        assert up.get("/hello", headers={"host": f"tests.localhost:{up.url.rpartition(':')[2]}"}).status_code == 200
        foreign = {"origin": "https://evil.example"}
        assert up.post("/hello", "", headers=foreign).status_code == 403
    with Up(tmp_path, "--allow-host", "good.example", "--allow-origin", "https://evil.example") as up:
        assert up.get("/hello", headers={"host": "good.example"}).status_code == 200
        assert up.post("/hello", "", headers=foreign).status_code == 200


def test_a_public_address_is_warned_of_and_open_to_all(tmp_path: Path) -> None:
    with Up(application(tmp_path, SIMPLE, hello="hi"), listen="0.0.0.0:0") as up:
        assert up.says("Warning: every machine that reaches 0.0.0.0:")
        url = up.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/hello", headers={"host": "any.example"}).status_code == 200
        foreign = {"origin": "https://other.example", "host": "any.example"}
        assert httpx.post(f"{url}/hello", headers=foreign).status_code == 200


def test_tls_is_spoken_with_a_certificate(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path / "tls")
    (tmp_path / "echo.wasm").write_bytes(guests.component("echo2"))
    with Up(tmp_path, "-f", "echo.wasm", environ={"SPIN_TLS_CERT": str(cert), "SPIN_TLS_KEY": str(key)}) as up:
        assert up.url.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=str(cert))
        url = up.url.replace("127.0.0.1", "localhost")
        told = httpx.get(f"{url}/describe", verify=trusting, timeout=60).text
        assert f"https {url.removeprefix('https://')}" in told
        assert f"spin-full-url: {url}/describe" in told
        assert httpx.post(url, content=b"x" * 500_000, verify=trusting, timeout=60).content == b"x" * 500_000
        with pytest.raises(httpx.HTTPError):
            httpx.get(up.url.replace("https", "http"), timeout=10)
        assert up.stop() == 0
    told = refused(tmp_path, "-f", "echo.wasm", "--tls-cert", str(key), "--tls-key", str(cert))
    assert "are no certificate and its key" in told


# ---- long requests


def test_a_request_may_take_as_long_as_it_wants_unless_that_is_bounded(tmp_path: Path) -> None:
    source = "import time\n\ndef handle(request):\n    time.sleep(60)\n"
    app = App("slow")
    app.add(Function("slow", source, routes=("/",)))
    project(app, tmp_path)
    app.close()
    with Up(tmp_path, "--request-timeout", "300ms") as up:
        assert up.get("/").status_code == 504
        assert up.says("stopped at the timeout limit of 0.3 s")
    with Up(tmp_path) as up, httpx.Client(timeout=1) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(up.url)
        began = time.monotonic()
        assert up.stop() == 0
        assert time.monotonic() - began < 50  # it does not wait for the request


def test_no_process_is_left(tmp_path: Path) -> None:
    with Up(application(tmp_path, SIMPLE, hello="hi")) as up:
        group = os.getpgid(up.process.pid)
        assert up.stop() == 0
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(up.process.pid)], capture_output=True, text=True)
    assert group
    assert listed.stdout == ""
