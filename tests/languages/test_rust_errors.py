"""Rust cells that are not right, and builds that come to no proper end: each error names what is wrong."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.errors import BuildError, CacheError, OptionError, SourceError, SpinError, ToolMissing
from spinlab.languages import BuildContext
from spinlab.languages.rust import LANGUAGE, RustLanguage, cargo, project, said, source
from spinlab.languages.rust.crates import Crate
from spinlab.languages.rust.project import Project
from spinlab.languages.rust.starters import STARTERS
from spinlab.toolchains import cache, confine, rust
from tests.languages.building import compilers, during, interrupt
from tests.languages.compiled import answer, error

pytestmark = pytest.mark.toolchain

PLAIN = 'fn handle() -> &\'static str {\n    "x"\n}\n'
ENDLESS = """\
#![allow(long_running_const_eval)]
const NEVER: u64 = { let mut n = 0u64; while n < u64::MAX { n += 1 } n };
fn handle() -> String {
    NEVER.to_string()
}
"""
"""rustc works this out while it compiles."""


@pytest.mark.parametrize(
    ("text", "message", "place", "hint"),
    [
        ("fn handle() -> String {\n    let x = 1\n    x.to_string()\n}\n", "expected `;`", (2, 14), "add `;` here"),
        ("fn handle() -> String {\n    let é = \"é\"; nosuch\n}\n", "cannot find value `nosuch`", (2, 18), ""),
        ("fn handle() -> String {\n    5\n}\n", "mismatched types", (2, 5), ".to_string()"),
        ("fn handle() -> String {\n    if true {\n    String::new()\n}\n", "unclosed delimiter", (1, 23), ""),
        ("fn handle() -> String {\n    format!(\"{} {}\", 1)\n}\n", "2 positional arguments", (2, 14), ""),
        ("fn handle() -> String {\n    let a = String::new();\n    drop(a);\n    a\n}\n", "moved value", (4, 5), ""),
        ("fn handle(req: Request) -> i32 {\n    1\n}\n", "`i32` can't be sent", (1, 28), "return text"),
        ("fn handle(n: i32) -> String {\n    n.to_string()\n}\n", "can't be called", (1, None), "req: Request"),
        ("use regex::Regex;\n" + PLAIN, "the crate `regex` is not among", (1, 5), "--requires regex"),
        ("fn handle() -> String {\n    serde_json::to_string(&1).unwrap()\n}\n", "`serde_json` is not", (2, 5),
         "--requires serde_json"),
        ("mod util;\n" + PLAIN, "there is no module `util`", (1, 1), "%%spin rust util --module"),
        ("extern \"C\" {\n    fn far(x: i32) -> i32;\n}\nfn handle() -> String {\n    unsafe { far(1) }.to_string()\n}",
         "`far` is nowhere to be found", (2, 8), "C libraries"),
        ("#![deny(unused)]\nfn handle(req: Request) -> &'static str {\n    \"x\"\n}\n", "unused variable", (2, 11), ""),
        ("fn handle() -> String {\n    env!(\"NO_SUCH_VARIABLE\").into()\n}\n", "NO_SUCH_VARIABLE", (2, 5), ""),
        ("const N: u8 = 200 + 100;\nfn handle() -> String {\n    N.to_string()\n}\n", "attempt to comp", (1, 15), ""),
        ("fn handle() -> String { let x: &str = req.text(); x.into() }\n", "cannot find value `req`", (1, 39), ""),
    ],
)  # fmt: skip
def test_an_error_points_into_the_cell(text: str, message: str, place: tuple[int, int | None], hint: str) -> None:
    found = error("rust", text)
    assert isinstance(found, SourceError)
    assert message in found.message
    assert found.location is not None
    assert (found.location.line, found.location.column) == place
    assert hint in found.hint
    assert "error" in found.log


def test_further_errors_are_listed_with_the_lines_of_the_cell() -> None:
    found = error("rust", "fn handle() -> String {\n    a;\n    b;\n    c\n}\n", first_line=2)
    assert found.location is not None
    assert found.location.line == 2
    rest = [f"  line {n}: cannot find value `{name}` in this scope" for n, name in ((4, "b"), (5, "c"))]
    assert found.details.splitlines() == ["and 2 more:", *rest]


@pytest.mark.parametrize("at", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("template", STARTERS)
def test_a_starter_with_a_bracket_removed_is_an_error_of_the_cell(template: str, at: float) -> None:
    text = STARTERS[template]
    brackets = [n for n, c in enumerate(text) if c in "(){}"]
    n = brackets[int(len(brackets) * at)]
    found = error("rust", text[:n] + text[n + 1 :])
    assert isinstance(found, SourceError)
    assert found.location is not None
    assert 1 <= found.location.line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("import json\n\ndef handle(request):\n    return json.dumps({'a': 1})\n", "Python"),
        ("export default {\n  fetch(request) {\n    return new Response('x');\n  }\n};\n", "JavaScript"),
        ("package main\n\nfunc handle(w http.ResponseWriter, r *http.Request) {\n\tfmt.Fprint(w, 1)\n}\n", "Go"),
    ],
)
def test_another_language_is_recognised(text: str, title: str) -> None:
    found = error("rust", text)
    assert isinstance(found, SourceError)
    assert f"this looks like {title}" in found.hint


@pytest.mark.parametrize(
    ("requires", "message", "hint"),
    [
        (("no-such-crate-of-that-name-1",), "no crate called no-such-crate-of-that-name-1", "spelt"),
        (("itoa=99",), "the crate itoa has no version 99", "there are: 1."),
        (("itoa=1+no-such",), "the crate itoa has no feature no-such", ""),
        (("itoa=1.x.y",), "1.x.y is no version", "NAME=1"),
        (("serde==1.0.200", "serde_derive==1.0.100"), "no version of the crate serde_derive suits", "open"),
    ],
)
def test_a_crate_that_can_not_be_had_is_named(requires: tuple[str, ...], message: str, hint: str) -> None:
    found = error("rust", PLAIN, requires=requires)
    assert isinstance(found, BuildError)
    assert message in found.message
    assert hint in found.hint
    assert found.subject in [("requires", one) for one in requires]
    assert "Cargo.toml" in found.details or "required" in found.details or "depends" in found.details


def test_what_is_no_crate_is_an_error_of_the_option() -> None:
    found = error("rust", PLAIN, requires=("../up",))
    assert isinstance(found, OptionError)


def test_a_crate_that_does_not_compile_for_wasm_is_named() -> None:
    found = error("rust", PLAIN, requires=("errno=0.2.8",))
    assert isinstance(found, BuildError)
    assert "the crate errno does not compile for WebAssembly" in found.message
    assert found.subject == ("requires", "errno=0.2.8")


def test_the_old_version_serves_on() -> None:
    with App("test") as app:
        app.add(Function("f", PLAIN, language="rust", routes=("/f",)))
        with pytest.raises(SourceError):
            app.add(Function("f", PLAIN + "fn (", language="rust", routes=("/f",)))
        assert app.get("/f").text == "x"


def test_a_source_of_a_megabyte_is_built() -> None:
    filler = "".join(f"// {n:0>60}\n" for n in range(16_000))
    assert answer("rust", filler + PLAIN).text == "x"


@pytest.mark.parametrize("data", [b"fn handle() \xff", "fn handle() { '\ud800' }"])
def test_a_source_that_is_not_utf8_is_told_so(data: str | bytes) -> None:
    found = error("rust", data)
    assert isinstance(found, SourceError)
    assert "not UTF-8" in found.message


def test_a_machine_without_rust_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(rust, "unpacked", lambda: None)
    found = error("rust", PLAIN)
    assert isinstance(found, ToolMissing)
    assert "cargo is not here" in found.message
    assert "rustup target add wasm32-wasip2" in found.hint


def test_a_rust_without_a_wasm_target_is_told_how_to_add_it() -> None:
    with pytest.raises(ToolMissing, match="can't build for WebAssembly") as caught:
        RustLanguage(("wasm32-nowhere",)).build(Function("f", PLAIN, language="rust"), BuildContext())
    assert "rustup target add wasm32-wasip2" in caught.value.hint or "rustup" in caught.value.hint


# ---- builds that come to no end of their own


COMPILERS = ("cargo", "rustc", "wasm-component-ld", "rust-lld")


def test_an_interrupt_ends_an_endless_build_and_leaves_no_compiler() -> None:
    sent: list[float] = []

    def stop() -> None:
        sent.append(time.monotonic())
        interrupt()

    with App("test") as app, during(stop, "rustc"), pytest.raises(KeyboardInterrupt):
        app.add(Function("f", ENDLESS, language="rust", routes=("/f",)))
    assert sent
    assert compilers(COMPILERS) == []
    with App("test") as app:  # and the folder is free again
        assert app.add(Function("f", PLAIN + "// again\n", language="rust", routes=("/f",))) is not None


def test_a_compiler_that_is_killed_is_told() -> None:
    def kill() -> None:
        for process in compilers(("rustc",)):
            process.kill()

    with during(kill, "rustc"):
        found = error("rust", ENDLESS)
    assert isinstance(found, BuildError)
    assert "rustc was killed" in found.message
    assert "memory" in found.hint


def wrapper(folder: Path, script: str) -> dict[str, str]:
    """The variable that has cargo call a script instead of rustc, for the cell itself."""
    path = folder / "wrapper"
    path.write_text(f'#!/bin/sh\ncase "$*" in *"crate-name cell"*) {script};; esac\nexec "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"CARGO_BUILD_RUSTC_WRAPPER": str(path)}


@pytest.mark.parametrize(
    ("script", "message", "kind"),
    [
        ("kill -SEGV $$", "rustc crashed", BuildError),
        ("ulimit -v 400000", "rustc ran out of memory", BuildError),
    ],
)
def test_a_compiler_that_fails_by_itself_is_told(
    script: str, message: str, kind: type[SpinError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in wrapper(tmp_path, script).items():
        monkeypatch.setenv(name, value)
    found = error("rust", PLAIN + f"// {script}\n")
    assert isinstance(found, kind)
    assert message in found.message
    assert found.log


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="makes a small file system")
def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=900k tmpfs {small} 2>/dev/null"):
        pytest.skip("no file system can be mounted here")
    try:
        monkeypatch.setenv("SPINLAB_CACHE_DIR", str(small))
        found = error("rust", PLAIN)
    finally:
        os.system(f"umount {small}")
    assert isinstance(found, CacheError)
    assert "disk" in found.message + found.hint or "room" in found.message + found.hint


def test_two_cells_are_built_at_once() -> None:
    errors: list[BaseException] = []
    with App("test") as app:

        def add(n: int) -> None:
            try:
                text = f'fn handle() -> &\'static str {{\n    "number {n}"\n}}\n'
                LANGUAGE.build(Function(f"f{n}", text, language="rust"), BuildContext())
                app.add(Function(f"f{n}", text, language="rust", routes=(f"/{n}",)))
            except BaseException as caught:
                errors.append(caught)

        threads = [threading.Thread(target=add, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert [app.get(f"/{n}").text for n in range(3)] == [f"number {n}" for n in range(3)]


@contextmanager
def others_build() -> Iterator[None]:
    """Another process holds the first folder."""
    taken, done = threading.Event(), threading.Event()
    found = rust.ensure()

    def hold() -> None:
        with cargo._folder(found, lambda what, much=None: None):
            taken.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(60)
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_a_build_that_waits_says_so_and_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    said_so: list[str] = []
    with others_build(), App("test") as app:
        monkeypatch.setattr(cargo, "PATIENCE", 0.5)
        text = PLAIN + f"// {time.time()}\n"
        app.add(
            Function("f", text, language="rust", routes=("/f",)), progress=lambda what, _=None: said_so.append(what)
        )
        assert app.get("/f").text == "x"
    assert "another Rust cell is being built" in said_so


def test_a_build_that_waits_can_be_interrupted() -> None:
    def interrupt(what: str, _done: float | None = None) -> None:
        if "another" in what:
            raise KeyboardInterrupt

    with others_build(), App("test") as app, pytest.raises(KeyboardInterrupt):
        app.add(Function("f", PLAIN + f"// {time.time()}\n", language="rust", routes=("/f",)), progress=interrupt)


NOSY = """\
use std::{env, fs, net::TcpStream, path::Path};

fn main() {
    let secret = env::var("SPINLAB_TEST_SECRET").or(env::var("CARGO_REGISTRY_TOKEN")).is_ok();
    let home = fs::read_to_string("%(home)s").is_ok();
    let outside = fs::write("%(outside)s", "x").is_ok();
    let network = TcpStream::connect("127.0.0.1:%(port)d").is_ok();
    let kernel = fs::read("/proc/%(pid)d/environ").is_ok();
    let found = format!("secret {secret}, home {home}, outside {outside}, network {network}, kernel {kernel}");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap()).join("found"), found).unwrap();
}
"""


@pytest.mark.skipif(confine.version() < 4, reason="this kernel can't confine programs")
def test_a_build_script_sees_no_secret_and_reaches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = Path.home() / f".spinlab-test-{os.getpid()}"
    private.write_text("private")
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("SPINLAB_TEST_SECRET", "1")
    monkeypatch.setenv("CARGO_REGISTRY_TOKEN", "1")
    places = {"home": private, "outside": tmp_path / "out", "port": listener.getsockname()[1], "pid": os.getpid()}
    crate = tmp_path / "nosy"
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text('[package]\nname = "nosy"\nversion = "0.1.0"\nedition = "2021"\n')
    (crate / "build.rs").write_text(NOSY % places)
    (crate / "src" / "lib.rs").write_text('pub const FOUND: &str = include_str!(concat!(env!("OUT_DIR"), "/found"));\n')
    text = "fn handle() -> &'static str {\n    nosy::FOUND\n}\n"
    plain = project.of(Function("f", text, language="rust"), {})
    made = Project(plain.source, (Crate("nosy", path=str(crate), written="nosy"),), (), plain.root, plain.text, True)
    try:
        outcome = cargo.build(made, rust.ensure(), lambda what, much=None: None)
    finally:
        private.unlink()
        listener.close()
    assert outcome.wasm is not None, outcome.log
    assert not (tmp_path / "out").exists()
    assert answer("wasm", outcome.wasm).text == ("secret false, home false, outside false, network false, kernel false")
    remarks = said.warnings(Function("f", text, language="rust"), made, outcome)
    assert any("code of nosy ran here" in remark and "home" in remark for remark in remarks)


def test_a_build_script_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    crate = tmp_path / "sulky"
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text('[package]\nname = "sulky"\nversion = "0.1.0"\nedition = "2021"\n')
    (crate / "build.rs").write_text('fn main() { panic!("no compiler for C") }\n')
    (crate / "src" / "lib.rs").write_text("")
    function = Function("f", PLAIN, language="rust")
    made = Project(
        source.read(PLAIN, "f"), (Crate("sulky", path=str(crate), written="sulky"),), (), "src/f.rs", PLAIN, True
    )
    outcome = cargo.build(made, rust.ensure(), lambda what, much=None: None)
    found = said.failure(function, made, outcome)
    assert "the build script of the crate sulky failed" in found.message
    assert "no compiler for C" in found.details
    assert found.subject == ("requires", "sulky")


def test_a_build_that_was_damaged_is_made_again() -> None:
    function = Function("f", PLAIN + "// damaged\n", language="rust", routes=("/f",))
    with App("test") as app:
        live = app.add(function)
        assert live is not None
        for path in cache.folder("rust", "built").glob("*.wasm"):
            if path.read_bytes() == live.build.component:
                path.write_bytes(b"short")
    with App("test") as app:
        app.add(function)
        assert app.get("/f").text == "x"
