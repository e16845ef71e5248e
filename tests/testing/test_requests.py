"""Requests as tests: what is kept, its TOML, who is asked, and what is told."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

import spinlab
from spinlab import App
from spinlab.errors import ManifestError, OptionError, SourceError
from spinlab.export import project
from spinlab.server import Server
from spinlab.testing.requests.grammar import dumps, load, loads
from spinlab.testing.requests.junit import junit
from spinlab.testing.requests.kept import FILE, Expected, RequestTest
from spinlab.testing.requests.places import Remote
from tests.testing.calculator import calculator

# ---- the grammar


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "there is no test in it"),
        ('\n["a"]\nrequest = "GET /"\nexpect.status = \n', 4, "this is no TOML"),
        ('["a"]\nrequest = "GET /"\n["a"]\n', 3, "this is no TOML"),
        ('[a]\nrequest = "GET /"\nbody = """\n[b]\nrequest\n"""\n[b]\nexpect = {}\n', 7, "'b' sends no request"),
        ('[a]\nrequest = "GET"\n', 2, "not a method and a path"),
        ('[a]\nrequest = "GET add"\n', 2, "a path starts with /"),
        ('[a]\n\nrequest = "G@T /"\n', 3, "not an HTTP method"),
        ('[a]\nrequest = "GET /"\nheaders."x y" = "1"\n', 3, "not the name of a header"),
        ('[a]\nrequest = "GET /"\nheaders.x = 1\n', 3, "text"),
        ('[a]\nrequest = "GET /"\nexpect.status = "200"\n', 3, "a number"),
        ('[a]\nrequest = "GET /"\nexpect.status = true\n', 3, "a number"),
        ('[a]\nrequest = "GET /"\nexpect.status = 99\n', 3, "not an HTTP status"),
        ('[a]\nrequest = "GET /"\nexpect.json = "{1}"\n', 3, "not JSON"),
        ('[a]\nrequest = "GET /"\nexpect.json = 2020-01-01\n', 3, "not JSON"),
        ('[a]\nrequest = "GET /"\nexpect.jsn = "1"\n', 3, "expect.jsn is nothing"),
        ('[a]\nrequest = "GET /"\n# so\nstatus = 200\n', 4, "status is nothing"),
        ('[a]\nrequest = "GET /"\nbody = "1"\njson = "1"\n', 4, "exclude each other"),
        ('[a]\nrequest = "GET /"\nbody-base64 = "?"\n', 3, "no base64"),
        ('a = "GET /"\n', 1, "a stands in no test"),
        ('["a\\nb"]\nrequest = "GET /"\n', 1, "can't be the name"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        loads(text)
    assert message in caught.value.message
    assert caught.value.location is not None
    assert caught.value.location.line == line


def test_a_misspelt_key_is_told_the_right_one() -> None:
    with pytest.raises(SourceError) as caught:
        loads('[a]\nrequest = "GET /"\nstatus = 200\n')
    assert caught.value.hint == "did you mean expect.status?"


def test_an_error_of_a_file_names_the_file_and_the_line(tmp_path: Path) -> None:
    file = tmp_path / "requests.toml"
    file.write_text('[a]\nrequest = "GET /"\nexpect.status = 1000\n')
    with pytest.raises(ManifestError, match=r"requests\.toml, line 3: 1000 is not an HTTP status"):
        load(file)
    file.write_bytes(b"\xff")
    with pytest.raises(ManifestError, match="UTF-8"):
        load(file)
    with pytest.raises(ManifestError, match="can't be read"):
        load(tmp_path / "none.toml")


def test_without_expect_the_status_is_200_and_an_empty_one_expects_an_answer() -> None:
    assert loads('[a]\nrequest = "GET /"\n')[0].expected == Expected(status=200)
    assert loads('[a]\nrequest = "GET /"\nexpect = {}\n')[0].expected == Expected()


_words = st.text(st.characters(codec="utf-8"), max_size=20)
_values = _words.filter(lambda text: not any(c in text for c in "\r\n\0"))
_headers = st.lists(st.tuples(st.sampled_from(["a", "x-b", "content-type"]), _values), max_size=3)
_names = _words.filter(lambda text: bool(text.strip()) and text.isprintable())


@given(
    st.lists(
        st.builds(
            RequestTest,
            name=_names,
            method=st.sampled_from(["GET", "POST", "PURGE"]),
            path=st.sampled_from(["/", "/a?b='c\"", "/ü"]),
            headers=_headers.map(lambda found: tuple(sorted(found, key=lambda x: x[0]))),
            body=st.binary(max_size=20) | _words.map(str.encode),
            expected=st.builds(
                Expected,
                status=st.none() | st.integers(100, 599),
                headers=_headers.map(lambda found: tuple(sorted(found, key=lambda x: x[0]))),
                text=st.none() | _words,
                contains=st.lists(_words, max_size=3).map(tuple),
                json=st.none() | st.sampled_from(["null", '{"a": [1, 2.5, "\'"]}', '"ü"']),
            ),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda test: test.name,
    )
)
def test_what_is_written_reads_the_same(tests: list[RequestTest]) -> None:
    assert loads(dumps(tests)) == tuple(tests)


# ---- what is kept


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with calculator() as made:
        yield made


def test_a_test_of_an_unknown_name_is_answered_with_the_nearest(app: App) -> None:
    with pytest.raises(OptionError) as caught:
        app.tests.run("adds tow numbers")
    assert "adds two numbers" in caught.value.hint


def test_an_app_without_tests_says_how_to_keep_one() -> None:
    with App("empty") as app, pytest.raises(OptionError) as caught:
        app.tests.run()
    assert "--keep NAME" in caught.value.hint


def test_a_test_with_a_secret_is_not_kept() -> None:
    with App("keeps") as app:
        app.variables["key"] = {"secret": True}
        app.services.variables.set("key", "correct horse battery")
        for test in (
            RequestTest("a", headers=(("authorization", "Bearer correct horse battery"),)),
            RequestTest("b", method="POST", body=b'{"key": "correct horse battery"}'),
            RequestTest("c", path="/?key=correct%20horse%20battery"),
        ):
            with pytest.raises(OptionError, match="secret"):
                app.tests.keep(RequestTest("fine"), test)
        assert not app.tests


def test_current_app_has_the_tests() -> None:
    assert spinlab.current_app().tests == {}


# ---- asking


def test_the_kernel_and_spinlab_up_of_the_export_answer_alike(app: App) -> None:
    report = app.tests.run(up=True)
    assert report.passed, report
    assert report.places == ("kernel", "spinlab up")
    assert report.differing() == ()
    assert "✓ 3 tests passed at kernel and spinlab up" in repr(report)


def test_an_export_has_the_tests_and_a_load_has_them_again(app: App, tmp_path: Path) -> None:
    written = project(app, tmp_path / "app")
    assert FILE in written.files
    assert "spinlab test" in (tmp_path / "app" / "README.md").read_text()
    with spinlab.load(tmp_path / "app", state_dir=None) as again:
        assert dict(again.tests) == dict(app.tests)
        assert project(again, tmp_path / "again", name=app.name).files == written.files


def test_an_export_of_some_functions_has_the_tests_that_they_answer(app: App, tmp_path: Path) -> None:
    app.add(spinlab.Function("other", "def handle(request): return 'x'", routes=("/other",)))
    app.tests.keep(RequestTest("asks the other", path="/other?x=1"))
    try:
        project(app, tmp_path / "app", only=("other",))
        assert [test.name for test in load(tmp_path / "app" / FILE)] == ["asks the other"]
    finally:
        app.tests.forget("asks the other")
        app.remove("other")


def test_tests_that_cannot_be_read_do_not_keep_an_application_from_loading(app: App, tmp_path: Path) -> None:
    project(app, tmp_path / "app")
    (tmp_path / "app" / FILE).write_text("[broken\n")
    with pytest.warns(UserWarning, match=r"tests are left out: .*requests\.toml, line 1"):
        again = spinlab.load(tmp_path / "app", state_dir=None)
    with again:
        assert again.get("/add/1/2").json() == {"sum": 3}
        assert not again.tests


class _Other(BaseHTTPRequestHandler):
    """Somebody's server that answers otherwise, and says what it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.endswith("/moved"):
            self._answer(302, b"", {"location": "/elsewhere"})
        elif self.path.endswith("/hangs-up"):
            self.close_connection = True
        else:
            self._answer(
                200, f"{self.path} {self.headers.get('host')} {sorted(map(str.lower, self.headers))}".encode(), {}
            )

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: nobody reads it."""


@pytest.fixture
def other() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Other)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_answers_that_differ_stand_side_by_side(app: App, other: str) -> None:
    report = app.tests.run("adds two numbers", urls=[other])
    assert not report.passed
    assert [outcome.place for outcome in report.failed] == [other]
    text = repr(report)
    assert "✗ 1 of 1 test failed" in text
    assert "adds two numbers was answered differently:" in text
    side_by_side = text.partition("answered differently:\n")[2]
    assert [line.split()[0] for line in side_by_side.splitlines()] == ["kernel", other]
    assert '{"sum": 3}' in side_by_side.splitlines()[0]
    assert "/add/1/2 127.0.0.1" in side_by_side.splitlines()[1]
    html = report._repr_mimebundle_()["text/html"]
    assert "✗ failed" in html
    assert "✓ passed" in html


def test_an_address_gets_the_request_as_it_is(other: str) -> None:
    with Remote(f"{other}/base/") as remote:
        answer = remote.get("/a%2Fb/ü?x=%41", headers={"x-mine": "1"})
        assert answer.text == f"/base/a%2Fb/%C3%BC?x=%41 {other.removeprefix('http://')} ['host', 'x-mine']"
        assert remote.get("/", headers={"host": "app.example.com"}).text.split()[1] == "app.example.com"
        assert remote.get("/moved").status == 302


def test_an_address_that_gives_no_answer_fails_the_test_and_says_why(app: App, other: str) -> None:
    app.tests.keep(RequestTest("hangs up", path="/hangs-up", expected=Expected()))
    try:
        report = app.tests.run("hangs up", kernel=False, urls=[other])
    finally:
        app.tests.forget("hangs up")
    assert not report.passed
    assert report.outcomes[0].response is None
    assert f"{other} does not answer" in report.outcomes[0].error
    assert "✗ no answer" in repr(report)


@pytest.mark.parametrize("url", ["app.example.com", "ftp://x", "http://", "http://x/?a=1", "http://[", "/x"])
def test_what_is_no_address_is_refused(app: App, url: str) -> None:
    with pytest.raises(OptionError):
        app.tests.run(urls=[url])


def test_true_is_not_1_and_1_is_the_number_1_0(app: App) -> None:
    source = "def handle(request): return {'a': True, 'b': 1}"
    with App("values") as made:
        made.add(spinlab.Function("v", source, routes=("/v",)))
        made.tests.loads(
            '[a]\nrequest = "GET /v"\nexpect.json = \'{"b": 1.0, "a": true}\'\n'
            '[b]\nrequest = "GET /v"\nexpect.json = \'{"b": 1, "a": 1}\'\n'
        )
        assert [outcome.passed for outcome in made.tests.run().outcomes] == [True, False]


def test_a_hostile_body_acts_neither_in_text_nor_in_html(tmp_path: Path) -> None:
    source = "def handle(request): return '\\x1b[2J<img src=x onerror=alert(1)>\\ud83d'.encode('utf-8', 'replace')"
    with App("hostile") as made:
        made.add(spinlab.Function("h", source, routes=("/h",)))
        made.tests.keep(RequestTest("<b>bold</b>", path="/h", expected=Expected(text="fine")))
        report = made.tests.run()
    bundle = report._repr_mimebundle_()
    assert "\x1b" not in bundle["text/plain"]
    assert "<img" not in bundle["text/html"]
    assert "<b>" not in bundle["text/html"]
    parsed = ElementTree.fromstring(junit(report))
    assert parsed.find(".//testcase").attrib["name"] == "<b>bold</b>"  # type: ignore[union-attr]
    assert parsed.find(".//failure") is not None


# ---- the command line


def spinlab_test(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spinlab.cli", "test", *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def folder(app: App, tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = project(app, tmp_path_factory.mktemp("exported") / "calculator")
    return written.folder


def test_spinlab_test_ends_with_0_and_writes_junit(folder: Path, tmp_path: Path) -> None:
    ran = spinlab_test(str(folder), "--junit", str(tmp_path / "reports" / "report.xml"))
    assert ran.returncode == 0, ran.stderr
    assert "✓ 3 tests passed at here" in ran.stdout
    suites = ElementTree.parse(tmp_path / "reports" / "report.xml").getroot()
    assert [suite.attrib["tests"] for suite in suites] == ["3"]
    assert [case.attrib["name"] for case in suites.iter("testcase")] == ["adds two numbers", "refuses words", "echoes"]
    assert suites.find(".//failure") is None
    assert not (folder / ".spin").exists()


def test_spinlab_test_of_an_address_asks_only_that_and_ends_with_1(
    folder: Path, other: str, tmp_path: Path, app: App
) -> None:
    ran = spinlab_test(str(folder), "adds two numbers", "--url", other, "--junit", str(tmp_path / "report.xml"))
    assert ran.returncode == 1, ran.stderr
    assert f"✗ 1 of 1 test failed at {other}" in ran.stdout
    suite = ElementTree.parse(tmp_path / "report.xml").getroot()[0]
    assert (suite.attrib["name"], suite.attrib["failures"], suite.attrib["errors"]) == (other, "1", "0")
    server = Server(lambda _label: app, port=0)
    server.start()
    try:
        assert spinlab_test(str(folder), "--url", server.url).returncode == 0
    finally:
        server.stop()


def test_spinlab_up_and_here_get_variables_and_tables_and_leave_no_state(tmp_path: Path) -> None:
    source = """\
from spin_sdk import sqlite, variables


def handle(request):
    with sqlite.open_default() as db:
        rows = db.execute("SELECT name FROM people", []).rows
    return f"{rows[0].values[0].value} {variables.get('greeting')}"
"""
    with App("people") as app:
        app.variables["greeting"] = {"required": True}
        made = spinlab.Function(
            "people", source, routes=("/",), sqlite_databases=("default",), variables={"greeting": "{{ greeting }}"}
        )
        app.add(made)
        app.tests.keep(RequestTest("ada", expected=Expected(text="ada hello there")))
        project(app, tmp_path / "app")
    (tmp_path / "tables.sql").write_text("CREATE TABLE people(name TEXT); INSERT INTO people VALUES ('ada');")
    options = ("--variable", "greeting=hello there", "--sqlite", f"@{tmp_path}/tables.sql")
    ran = spinlab_test(str(tmp_path / "app"), "--up", "--here", *options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 test passed at here and spinlab up" in ran.stdout
    assert not (tmp_path / "app" / ".spin").exists()
    assert spinlab_test(str(tmp_path / "app"), *options[:2]).returncode == 1


def test_an_address_with_a_certificate_of_nobody_is_asked_when_insecure(app: App, tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("127.0.0.1")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    server = Server(lambda _label: app, port=0, tls=(str(cert), str(key)))
    server.start()
    try:
        url = f"https://127.0.0.1:{server.port}"
        refused = app.tests.run("adds two numbers", kernel=False, urls=[url])
        assert "certificate" in refused.outcomes[0].error.lower()
        assert app.tests.run("adds two numbers", kernel=False, urls=[url], insecure=True).passed
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--junit", "/dev/null/report.xml"), "can't be written"),
        (("--variable", "x"), "'key=value'"),
        (("no such test",), "no test is called 'no such test'"),
        (("--url", "example.com"), "'example.com' is not an address"),
    ],
)
def test_spinlab_test_that_cannot_run_ends_with_2(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    ran = spinlab_test(str(folder), *arguments)
    assert ran.returncode == 2
    assert told in ran.stderr


def test_spinlab_test_names_the_line_of_a_broken_file_and_a_folder_without_tests(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "spin.toml").write_bytes((folder / "spin.toml").read_bytes())
    ran = spinlab_test(str(tmp_path), "--url", "http://127.0.0.1:1")
    assert (ran.returncode, "has no tests" in ran.stderr) == (2, True)
    (tmp_path / "tests").mkdir()
    (tmp_path / FILE).write_text('[a]\nrequest = "GET /"\nexpect.status = 7\n')
    ran = spinlab_test(str(tmp_path), "--url", "http://127.0.0.1:1")
    assert ran.returncode == 2
    assert "requests.toml, line 3: 7 is not an HTTP status" in ran.stderr
