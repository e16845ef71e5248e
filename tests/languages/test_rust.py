"""Rust in its short form: what a cell sees of a request, what it answers, and what it asks of the host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function, Request, Response
from spinlab.errors import OptionError, SourceError
from spinlab.http import Headers
from spinlab.languages import BuildContext
from spinlab.languages.rust import RustLanguage
from spinlab.toolchains import component, rust
from tests.languages.compiled import answer, error, serving

pytestmark = pytest.mark.toolchain

needs_wasi = pytest.mark.skipif(
    rust.rust((rust.WASIP2, rust.WASIP1)) is None, reason="without WASI nothing that is printed is seen"
)

EVERYTHING = """\
use std::io::{Read, Write};

fn handle(req: Request) -> Result<Response, Box<dyn std::error::Error>> {
    Ok(match req.path() {
        "/f/seen" => Response::new(format!(
            "{} {} {:?} {:?} {:?} {:?}",
            req.method(), req.uri(), req.query("a b"), req.query("none"), req.header("X-One"), req.queries().len()
        )),
        "/f/text" => Response::new(req.text()),
        "/f/echo" => Response::new(req.body().to_vec()).header("content-type", "image/x"),
        "/f/again" => Response::new(format!("{}", req.body().len() + req.body().len())),
        "/f/pass" => Response::new(req.into_reader()?),
        "/f/pieces" => {
            let mut reader = req.into_reader()?;
            let (mut part, mut times, mut all) = ([0u8; 1000], 0, 0);
            loop {
                let n = reader.read(&mut part)?;
                if n == 0 { break; }
                times += 1;
                all += n;
            }
            Response::new(format!("{all} in {}", times >= all / 1000))
        }
        "/f/stream" => Response::stream(|out| {
            for n in 0..3 {
                writeln!(out, "{n}")?;
                out.flush()?;
            }
            Ok(())
        }),
        "/f/large" => Response::stream(|out| out.write_all(&vec![7; 3_000_000])),
        "/f/broken" => Response::stream(|out| { out.write_all(b"half")?; Err(std::io::Error::other("no more")) }),
        "/f/tuple" => Response::new((202, [("x-a", "1"), ("x-a", "2")], "made")),
        "/f/html" => Response::html("<p>"),
        "/f/json" => Response::json("[1]").status(201),
        "/f/bytes" => Response::new(&b"\\x00\\xff"[..]),
        "/f/array" => Response::new(b"abc"),
        "/f/cow" => Response::new(String::from_utf8_lossy(b"cow")),
        "/f/nothing" => Response::new(()),
        "/f/none" => Response::new(None::<String>),
        "/f/some" => Response::new(Some("some")),
        "/f/status" => Response::new("").status(42),
        "/f/header" => Response::new("").header("a b", "c"),
        "/f/number" => Response::new(format!("{}", req.parse::<i32>("n")? + 1)),
        "/f/custom" => Err(Error::new(409, "taken"))?,
        "/f/unavailable" => Err(Error::new(503, "secret words"))?,
        "/f/error" => Response::new("x".parse::<i32>().map(|n| n.to_string())),
        "/f/panic" => panic!("on purpose"),
        "/f/log" => {
            println!("to stdout");
            eprintln!("to stderr");
            Response::new("")
        }
        path => Response::new(format!("{path}: {:?} {:?}", req.param("user_id"), req.param("none"))),
    })
}
"""


@pytest.fixture(scope="module")
def everything() -> Iterator[App]:
    """An app with a function that can do all of it."""
    with App("test") as app:
        routes = ("/f/...", "/g/:user-id/more")
        app.add(Function("f", EVERYTHING, language="rust", routes=routes, first_line=2))
        yield app


def ask(app: App, path: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None) -> Response:
    return app.handle(Request(method, path, Headers(headers or {}), body))


def test_method_query_and_headers_are_seen(everything: App) -> None:
    seen = ask(everything, "/f/seen?x=1&a+b=%C3%A9%2&x=2", "BREW", headers={"x-one": "first"})
    assert seen.text == 'BREW /f/seen?x=1&a+b=%C3%A9%2&x=2 Some("é%2") None Some("first") 3'


def test_parameters_of_the_route_are_decoded(everything: App) -> None:
    assert ask(everything, "/g/a%20b+%C3%A9/more").text == '/g/a%20b+%C3%A9/more: Some("a b+é") None'


@pytest.mark.parametrize("size", [0, 1, 4096, 65536, 1_000_000])
@pytest.mark.parametrize("path", ["/f/echo", "/f/pass"])
def test_a_body_comes_whole_and_goes_back(everything: App, path: str, size: int) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    assert ask(everything, path, "POST", data).body == data


def test_a_body_is_read_once_and_kept(everything: App) -> None:
    assert ask(everything, "/f/again", "POST", b"x" * 12345).text == "24690"


def test_a_body_is_read_in_pieces(everything: App) -> None:
    assert ask(everything, "/f/pieces", "POST", b"x" * 123_456).text == "123456 in true"


def test_what_is_no_utf8_in_a_text_is_replaced(everything: App) -> None:
    assert ask(everything, "/f/text", "POST", b"a\xffb").text == "a\ufffdb"


@pytest.mark.parametrize(
    ("path", "status", "kind", "body"),
    [
        ("/f/stream", 200, "text/plain; charset=utf-8", b"0\n1\n2\n"),
        ("/f/tuple", 202, "text/plain; charset=utf-8", b"made"),
        ("/f/html", 200, "text/html; charset=utf-8", b"<p>"),
        ("/f/json", 201, "application/json", b"[1]"),
        ("/f/bytes", 200, "application/octet-stream", b"\x00\xff"),
        ("/f/array", 200, "application/octet-stream", b"abc"),
        ("/f/cow", 200, "text/plain; charset=utf-8", b"cow"),
        ("/f/nothing", 200, None, b""),
        ("/f/none", 404, "text/plain; charset=utf-8", b"Not Found\n"),
        ("/f/some", 200, "text/plain; charset=utf-8", b"some"),
        ("/f/number?n=41", 200, "text/plain; charset=utf-8", b"42"),
    ],
)
def test_what_a_handler_returns_is_sent(everything: App, path: str, status: int, kind: str | None, body: bytes) -> None:
    answer = ask(everything, path)
    assert (answer.status, answer.headers.get("content-type"), answer.body) == (status, kind, body)


def test_a_header_may_come_twice_and_a_length_is_said(everything: App) -> None:
    answer = ask(everything, "/f/tuple")
    assert answer.headers.get_all("x-a") == ["1", "2"]
    assert answer.headers.get("content-length") == "4"
    assert ask(everything, "/f/stream").headers.get("content-length") is None


def test_a_large_body_is_streamed(everything: App) -> None:
    assert ask(everything, "/f/large").body == b"\x07" * 3_000_000


@pytest.mark.parametrize(
    ("path", "status", "body", "log"),
    [
        ("/f/number?n=x", 400, 'n is "x", which can\'t be read as i32\n', ""),
        ("/f/number", 400, "n is missing\n", ""),
        ("/f/custom", 409, "taken\n", ""),
        ("/f/unavailable", 503, "Internal Server Error\n", "Error: secret words"),
        ("/f/error", 500, "Internal Server Error\n", "Error: invalid digit found in string"),
        ("/f/status", 500, "Internal Server Error\n", "the status 42 can't be sent; it is 200 to 599"),
        (
            "/f/header",
            500,
            "Internal Server Error\n",
            "one of these headers can't be sent: a b, content-type, content-length",
        ),
    ],
)
def test_an_error_is_logged_or_told_the_client_who_made_it(
    everything: App, path: str, status: int, body: str, log: str
) -> None:
    answer = ask(everything, path)
    assert (answer.status, answer.text) == (status, body)
    assert [line.text for line in answer.logs if log and log in line.text] == ([log] if log else [])


@needs_wasi
def test_a_panic_is_a_line_of_the_function(everything: App) -> None:
    answer = ask(everything, "/f/panic")
    assert answer.status == 500
    text = "\n".join(line.text for line in answer.logs)
    line = EVERYTHING[: EVERYTHING.index('panic!("on')].count("\n") + 1
    assert f"src/f.rs:{line}:" in text
    assert "on purpose" in text


@needs_wasi
def test_a_stream_that_breaks_off_is_no_whole_answer(everything: App) -> None:
    answer = ask(everything, "/f/broken")
    assert answer.error is not None
    assert "no more" in "\n".join(line.text for line in answer.logs)


@needs_wasi
def test_what_is_printed_is_logged(everything: App) -> None:
    logs = ask(everything, "/f/log").logs
    assert [(line.stream, line.text) for line in logs] == [("stdout", "to stdout"), ("stderr", "to stderr")]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("async fn handle(req: Request) -> (u16, String) {\n    (201, req.text())\n}\n", "sent"),
        ('fn handle() -> &\'static str {\n    "plain"\n}\n', "plain"),
        ('fn handle(req: &Request) -> Option<String> {\n    req.header("x").map(str::to_owned)\n}\n', "Not Found\n"),
        (
            'use short::{Request, Response};\n\nfn handle(_: Request) -> Response {\n    Response::new("own")\n}\n',
            "own",
        ),
        (
            "use short::Request;\nfn reply(req: Request) -> String {\n    req.text()\n}\nshort::export!(reply);\n",
            "sent",
        ),
        ('\ufefffn handle() -> &\'static str {\r\n    "dos"\r\n}\r\n', "dos"),
    ],
)
def test_a_handler_may_be_written_in_several_ways(source: str, body: str) -> None:
    assert answer("rust", source, Request("POST", "/f", body=b"sent")).text == body


def test_a_component_is_small_and_imports_what_it_uses() -> None:
    with serving("rust", 'fn handle() -> &\'static str {\n    "x"\n}\n') as app:
        made = app.functions["f"].build.component
    assert len(made) < 150_000
    wit = component.wit(made)
    assert "import wasi:http/types@0.2" in wit
    assert "spin" not in wit.split("package wasi")[0]
    assert b"/root" not in made
    assert b".cache" not in made


def test_no_path_of_this_machine_is_in_a_component(everything: App) -> None:
    made = everything.functions["f"].build.component
    for folder in (Path.home(), Path.cwd()):
        assert str(folder).encode() not in made


def test_key_value(tmp_path: Path) -> None:
    source = """\
fn handle() -> Result<String, Error> {
    let store = kv::open("default")?;
    store.set("a", "one")?;
    store.set("b", [0u8, 255])?;
    store.set("c", "")?;
    store.delete("nothing")?;
    let mut keys = store.keys()?;
    keys.sort();
    store.delete("a")?;
    Ok(format!(
        "{keys:?} {:?} {:?} {:?} {:?} {:?}",
        store.get("b")?, store.text("c")?, store.get("a")?, store.exists("a")?, store.exists("b")?
    ))
}
"""
    answered = answer("rust", source, key_value_stores=("default",))
    assert answered.text == '["a", "b", "c"] Some([0, 255]) Some("") None false true'


def test_sqlite() -> None:
    source = """\
use sqlite::Value;

fn handle() -> Result<String, Error> {
    let db = sqlite::open("default")?;
    db.execute("create table t (i, r, t, b, n)", &[])?;
    let none: Option<i64> = None;
    let row: [Value; 5] = [i64::MIN.into(), 1.5.into(), "é".into(), vec![0u8, 1].into(), none.into()];
    db.execute("insert into t values (?, ?, ?, ?, ?), (1, 2, 3, 4, 5)", &row)?;
    let found = db.execute("select * from t", &[])?;
    assert_eq!(found.rows[0], row);
    Ok(format!("{:?} {} {} {:?}", found.columns, found.rows.len(), found.rows[0][2], found.rows[1][4]))
}
"""
    text = answer("rust", source, sqlite_databases=("default",)).text
    assert text == '["i", "r", "t", "b", "n"] 2 é Integer(5)'


def test_a_statement_that_is_wrong_says_why() -> None:
    source = 'fn handle() -> Result<(), Error> {\n    sqlite::open("default")?.execute("selekt", &[]).map(|_| ())\n}\n'
    answered = answer("rust", source, sqlite_databases=("default",))
    assert answered.status == 500
    assert "syntax error" in "\n".join(line.text for line in answered.logs)


def test_variables() -> None:
    source = (
        'fn handle() -> Result<String, Error> {\n    Ok(variables::get("greeting")? + &variables::get("none")?)\n}\n'
    )
    with App("test") as app:
        app.variables["greeting"] = {"default": "hello"}
        app.add(Function("f", source, language="rust", routes=("/f",), variables={"greeting": "{{ greeting }}"}))
        answered = app.get("/f")
    assert answered.status == 500
    assert 'variable "none": ' in "\n".join(line.text for line in answered.logs)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ('kv::open("default")?;', 'key-value store "default": access denied'),
        ('sqlite::open("default")?;', 'database "default": access denied'),
        ('fetch("http://example.test/x")?;', "GET http://example.test/x: HTTP-request-denied"),
        ('fetch("ftp://x")?;', "a URL begins with http:// or https://"),
        ('Fetch::new("a b", "http://x").send()?;', "can't be sent"),
    ],
)
def test_what_is_not_granted_is_an_error_with_its_name(call: str, said: str) -> None:
    answered = answer("rust", f"fn handle() -> Result<(), Error> {{\n    {call}\n    Ok(())\n}}\n")
    assert answered.status == 500
    assert said in "\n".join(line.text for line in answered.logs)


FETCH = """\
fn handle(req: Request) -> Result<Response, Error> {
    if req.path() == "/f/inner" {
        let text = format!("{} {:?} {}", req.method(), req.header("x-y"), req.text());
        return Ok(Response::new(text).status(203).header("x-inner", "yes"));
    }
    let asked = Fetch::new(req.method(), "http://self.alt/f/inner").header("x-y", "z").body(req.body()).send()?;
    if req.query("path").is_some() {
        return Ok(Response::new(fetch("/f/inner")?.text()?));
    }
    if req.query("pass").is_some() {
        return Ok(Response::new(asked));
    }
    Ok(Response::new(format!("{} {:?} ", asked.status(), asked.header("X-Inner")) + &asked.text()?))
}
"""


def test_another_server_is_asked_and_its_answer_read_or_passed_on() -> None:
    with serving("rust", FETCH, route="/f/...", allowed_outbound_hosts=("http://self",)) as app:
        assert ask(app, "/f/a", "POST", b"body").text == '203 Some("yes") POST Some("z") body'
        assert ask(app, "/f/a?path").text == "GET None "
        passed = ask(app, "/f/a?pass=1", "PUT", b"b" * 100_000)
        assert (passed.status, passed.headers.get("x-inner")) == (203, "yes")
        assert passed.text.endswith("b" * 100_000)


def test_modules_are_cells_of_their_own() -> None:
    text = "pub mod deep;\n\npub fn name() -> &'static str {\n    deep::NAME\n}\n"
    util = Function("my-util", text, language="rust", module=True)
    deep = Function("deep", 'pub const NAME: &str = "deep";\n', language="rust", module=True)
    source = "mod my_util;\n\nfn handle() -> String {\n    my_util::name().to_string()\n}\n"
    with App("test") as app:
        app.add(deep)
        app.add(util)
        live = app.add(Function("f", source, language="rust", routes=("/f",)))
        assert live is not None
        assert live.build.modules == ("deep", "my-util")
        assert app.get("/f").text == "deep"
        app.add(Function("deep", 'pub const NAME: &str = "changed";\n', language="rust", module=True))
        assert app.get("/f").text == "changed"
        with pytest.raises(SourceError, match="found `<eof>`") as caught:
            app.add(Function("deep", 'pub const NAME: &str = "x"\n', language="rust", module=True))
        assert caught.value.location is not None
        assert caught.value.location.line == 1
        assert app.get("/f").text == "changed"


@needs_wasi
def test_a_warning_is_a_remark_with_the_line_of_the_cell() -> None:
    source = 'fn handle(req: Request) -> &\'static str {\n    let spare = 1;\n    "x"\n}\n'
    with serving("rust", source, first_line=2) as app:
        remarks = app.functions["f"].build.warnings
    assert remarks == ("line 2: unused variable: `req`", "line 3: unused variable: `spare`")


def test_the_same_cell_again_is_no_new_revision_and_needs_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Function("f", 'fn handle() -> &\'static str {\n    "same"\n}\n', language="rust", routes=("/f",))
    with App("test") as app:
        live = app.add(function)
        monkeypatch.setattr("spinlab.languages.rust.cargo.build", None)
        assert app.add(function) is live
    with App("another") as other:
        assert other.add(function) is not None


@pytest.mark.parametrize("target", [rust.WASIP1, rust.BARE])
def test_other_targets_answer_the_same(target: str) -> None:
    if rust.rust((target,)) is None:
        pytest.skip(f"{target} is not here")
    source = "fn handle(req: Request) -> String {\n    req.uri().to_string()\n}\n"
    made = RustLanguage((target,)).build(Function("f", source, language="rust"), BuildContext())
    assert answer("wasm", made.component).text == "/f"
    assert (rust.RUST.remedy in " ".join(made.warnings)) == (target == rust.BARE)


def test_wasi_3_is_refused_for_the_short_form_with_what_to_write() -> None:
    found = error("rust", "fn handle() {}", wasi="0.3")
    assert isinstance(found, OptionError)
    assert "#[http_service]" in found.hint


CGI = """\
use std::io::Read;

fn main() {
    let mut body = String::new();
    std::io::stdin().read_to_string(&mut body).unwrap();
    println!("content-type: text/x\\n\\n{} {body}", std::env::var("REQUEST_METHOD").unwrap());
}
"""


@pytest.mark.parametrize("target", [rust.WASIP2, rust.WASIP1])
def test_a_program_answers_by_printing(target: str) -> None:
    if rust.rust((target,)) is None:
        pytest.skip(f"{target} is not here")
    function = Function("f-g", CGI, language="rust", routes=("/f",), executor="wagi")
    made = RustLanguage((target,)).build(function, BuildContext())
    answered = answer("wasm", made.component, Request("POST", "/f", body=b"sent"), executor="wagi")
    assert (answered.headers.get("content-type"), answered.text) == ("text/x", "POST sent\n")
    assert set(made.files) == {"Cargo.toml", "src/main.rs"}
    assert RustLanguage().build_output(function, made) == "target/wasm32-wasip2/release/f-g.wasm"


def test_a_program_without_main_is_told_so() -> None:
    found = error("rust", "fn handle() {}", executor="wagi")
    assert isinstance(found, SourceError)
    assert "fn main" in found.message
