"""What is told of a Rust source without a compiler: its handler, its modules, its crates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab import Function
from spinlab.errors import OptionError, SourceError
from spinlab.languages.rust import crates, project, source
from spinlab.languages.rust.crates import Crate

SHORT = "fn handle(req: Request) -> String { String::new() }\n"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (SHORT, "short"),
        ("pub async fn handle(req: Request) -> u8 { 1 }", "short"),
        ("pub(crate) fn handle<'a>() -> &'a str { \"\" }", "short"),
        ("#[http_component]\nfn hello(req: Request) -> Response { x }", "component"),
        ("#[spin_sdk::http_component]\nasync fn handle(req: Request) {}", "component"),
        ("#[http_service]\nasync fn handle(req: Request) {}", "service"),
        ("#[spin_sdk :: http :: http_service]\nasync fn h(req: Request) {}", "service"),
        ("#[wstd::http_server]\nasync fn main(r: Request) {}", "plain"),
        ("struct X;\nwasi::http::proxy::export!(X);", "plain"),
        ("short::export!(handle);\nfn handle() {}", "plain"),
        ('wit_bindgen::generate!({ world: "x" });', "plain"),
    ],
)
def test_the_kind_of_handler_is_recognised(text: str, form: str) -> None:
    assert source.read(text, "f").form == form


@pytest.mark.parametrize(
    "hidden",
    [
        "// fn handle() {}\n",
        "/* /* nested */\nfn handle() {} */\n",
        'const A: &str = "\nfn handle() {}\n";\n',
        'const A: &str = r##"\nfn handle() { "# }\n"##;\n',
        "impl X {\n    fn handle(&self) {}\n}\n",
        "const Q: char = '\"'; // \"\n// fn handle()\n",
    ],
)
def test_a_handler_in_a_comment_a_literal_or_an_implementation_is_none(hidden: str) -> None:
    with pytest.raises(SourceError, match=r"no handler|no code"):
        source.read(hidden, "f")
    found = source.read(hidden + SHORT, "f")
    assert (found.form, found.line) == ("short", hidden.count("\n") + 1)


def test_a_lifetime_is_no_character() -> None:
    text = "struct A<'a>(&'a str);\nfn f<'b>(x: &'b str) -> &'b str { x }\n" + SHORT
    assert source.blank(text) == text


@given(st.text(alphabet="ab\"'r#/*\\\n{}é ", max_size=60))
def test_blanking_keeps_every_place(text: str) -> None:
    seen = source.blank(text)
    assert len(seen) == len(text)
    assert [i for i, c in enumerate(seen) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]


@pytest.mark.parametrize(
    ("text", "said", "hint", "place"),
    [
        ("", "no code", "fn handle(req: Request)", None),
        ("// only a remark\n", "no code", "fn handle(req: Request)", None),
        ("const A: u8 = 1;\n", "no handler", "fn handle(req: Request)", None),
        ("\nfn main() {}\n", "fn main is not called", "fn handle(req: Request)", (2, 4, 8)),
        ("fn handler(req: Request) {}\n", "fn handler is not called", "fn handle(req: Request)", (1, 4, 11)),
        ("def handle(request):\n    return 'x'\n", "not written in Rust", "%%spin python f", None),
        ("export default { fetch() { return new Response(1) } }\n", "not written in Rust", "%%spin javascript f", None),
    ],
)
def test_a_source_without_a_handler_is_told_what_to_write(
    text: str, said: str, hint: str, place: tuple[int, int, int] | None
) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        source.read(text, "f")
    assert hint in caught.value.hint
    at = caught.value.location
    assert (at and (at.line, at.column, at.end_column)) == place


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("regex", 'regex = "*"'),
        ("regex=1.11", 'regex = "1.11"'),
        ("regex@1.11", 'regex = "1.11"'),
        ("regex==1.11.1", 'regex = "=1.11.1"'),
        ("regex=>=1, <2", 'regex = ">=1, <2"'),
        ("serde=1+derive", 'serde = { version = "1", features = ["derive"] }'),
        ("serde+rc+derive", 'serde = { version = "*", features = ["derive", "rc"] }'),
        ("serde=1+no-default-features", 'serde = { version = "1", default-features = false }'),
        ("a-b_c=0.1.0-beta.2", 'a-b_c = "0.1.0-beta.2"'),
    ],
)
def test_a_required_crate_is_a_line_of_the_manifest(written: str, line: str) -> None:
    assert crates.parse(written).line() == line


@pytest.mark.parametrize(
    "written", ["", "../x", 'a"\n[x]', "a b", "=1", "a=", 'a="1"', "a+", "https://x/y", "ä", "a=1\n"]
)
def test_what_is_no_crate_is_refused(written: str) -> None:
    if written == "a=1\n":
        assert crates.parse(written).name == "a"
        return
    with pytest.raises(OptionError, match="is no crate") as caught:
        crates.parse(written)
    assert caught.value.subject == ("requires", written)


def named(text: str, *requires: str) -> dict[str, str]:
    function = Function("f", text, language="rust", requires=requires)
    return {crate.name: crate.version for crate in project.of(function, {}).crates}


def test_each_kind_of_handler_brings_its_crates() -> None:
    assert named(SHORT) == {}
    assert named("#[http_component]\nfn f() {}") == {"spin-sdk": "5.2.0"}
    assert named("#[http_service]\nasync fn f() -> anyhow::Result<()> {}") == {"anyhow": "1", "spin-sdk": "6.0.0"}
    assert named("use spin_sdk::key_value::Store;\n" + SHORT) == {"spin-sdk": "5.2.0"}
    assert named(SHORT, "spin-sdk") == {"spin-sdk": "5.2.0"}
    assert named("#[http_service]\nasync fn f() {}", "spin-sdk=7") == {"spin-sdk": "7"}
    assert named("wasi::http::proxy::export!(X);") == {"wasi": "0.14"}


def test_a_resolved_version_stands_for_any() -> None:
    made = project.of(Function("f", SHORT, language="rust", requires=("regex", "serde=1")), {})
    text = made.manifest("f", "short", {"regex": "1.11.1", "serde": "1.0.228"})
    assert 'regex = "1.11.1"\n' in text
    assert 'serde = "1"\n' in text
    assert 'short = { path = "short" }\n' in text
    assert Crate("a", path="b").line() == 'a = { path = "b" }'


def test_modules_are_files_where_rust_looks_for_them() -> None:
    cells = {
        "util": Function("util", "pub mod deep;\npub fn f() {}", language="rust", module=True, requires=("itoa",)),
        "deep": Function("deep", "pub fn g() {}", language="rust", module=True),
        "other": Function("other", "", language="rust", module=True),
    }
    made = project.of(Function("my-cell", "mod util;\n" + SHORT, language="rust"), cells)
    assert set(made.files) == {"src/my_cell.rs", "src/util.rs", "src/util/deep.rs"}
    assert set(made.exported) == {"src/lib.rs", "src/util.rs", "src/util/deep.rs"}
    assert [crate.name for crate in made.crates] == ["itoa"]


def test_the_cell_begins_its_file_so_that_every_place_is_its_own() -> None:
    text = project.of(Function("f", SHORT.rstrip("\n"), language="rust"), {}).text
    assert text.startswith(SHORT)
    assert text.endswith("short::export!(handle);\n")
    assert "export!(async handle)" in project.of(Function("f", "async " + SHORT, language="rust"), {}).text
