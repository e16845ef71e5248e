"""C, C++ and Zig cells that are not right: each error names what is wrong, and points to it."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from spinlab import App, Function, Request
from spinlab.errors import BuildError, CacheError, OptionError, SourceError, ToolMissing
from spinlab.languages import language
from spinlab.languages.c import compiler
from spinlab.toolchains import find
from tests.languages.building import compilers, during, interrupt
from tests.languages.compiled import BEGIN, answer, body, error

pytestmark = pytest.mark.toolchain
LANGUAGES = ("c", "cpp", "zig")
FAR = '__attribute__((import_module("m"), import_name("far"))) extern void far(void);\n'


@pytest.mark.parametrize(
    ("name", "source", "message", "place", "hint"),
    [
        ("c", body("c", "    int x = 3\n    int y = x;"), "expected ';'", (3, 14), "insert ;"),
        ("c", body("c", '    spin_print(res, "éé"), foo(3);'), "undeclared function 'foo'", (3, 28), ""),
        ("c", "#include <curl/curl.h>\n" + body("c", ""), "'curl/curl.h' file not found", (1, 10), "no others"),
        ("c", body("c", '  printf("x");'), "undeclared function 'printf'", (3, 3), "#include <stdio.h>"),
        ("c", body("c", '  spin_prnt(res, "x");'), "undeclared function 'spin_prnt'", (3, 3), "spin_print?"),
        ("c", "int h(int);\n" + body("c", "  spin_status(res, h(3));"), "h is used but defined nowhere", (4, 20), ""),
        ("c", "void handle(spin_request *a, spin_response *b) {}", "'spin_request'", (1, 13), '#include "spin.h"'),
        ("c", "int handle(int a) { return a; }", "in another way", (1, 5), "void handle(spin_request"),
        ("c", "void spin_log(const char *t) {}\n" + body("c", ""), "spin_log is defined twice", (1, 6), "static"),
        ("c", FAR + body("c", "  far();"), "no far to import from m", (4, 3), ""),
        ("cpp", body("cpp", "  throw 1;"), "cannot use 'throw'", (3, 3), "no exceptions"),
        ("cpp", body("cpp", "  std::map<int, int> m;"), "no member named 'map'", (3, 8), "#include <map>"),
        ("cpp", "#include <algorithm>\nstruct A {};\n" + body("cpp", "  A a[3];\n  std::sort(a, a + 3);"),
         "invalid operands", (6, None), ""),
        ("cpp", body("cpp", "  res << req.nosuch();"), "no member named 'nosuch'", (3, 14), ""),
        ("zig", body("zig", '  _ = req;\n  try res.write("x")'), "expected ';'", (4, 21), ""),
        ("zig", body("zig", '  _ = req; _ = res; _ = "é" ++ nosuch;'), "identifier 'nosuch'", (3, 32), ""),
        ("zig", body("zig", '  _ = req; try res.print("{d}", .{"x"});'), "invalid format string", (3, None), ""),
        ("zig", body("zig", "  _ = res;"), "unused function parameter", (2, 15), ""),
        ("zig", 'const x = @import("x.zig");\n' + body("zig", "  _ = req; _ = res; _ = x.y;"), "x.zig", (1, None), ""),
        ("zig", "extern fn far() u16;\n" + body("zig", "_ = req; try res.status(far());"), "far is used", (4, 25), ""),
        ("zig", BEGIN["zig"].replace("pub ", "") + " _ = req; _ = res; }", "not marked 'pub'", (2, None), ""),
    ],
)  # fmt: skip
def test_an_error_points_into_the_cell(
    name: str, source: str, message: str, place: tuple[int, int | None], hint: str
) -> None:
    found = error(name, source)
    assert isinstance(found, SourceError)
    assert message in found.message
    assert found.location is not None
    assert found.location.line == place[0]
    if place[1] is not None:
        assert found.location.column == place[1]
    assert hint in found.hint
    assert found.log


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_cell_without_a_handler_is_told_how_one_begins(name: str) -> None:
    source = {"c": '#include "spin.h"\n', "cpp": '#include "spin.hpp"\n', "zig": "const x = 1;\n"}[name]
    found = error(name, source)
    assert "handle" in found.message
    assert "handle(" in found.hint


@pytest.mark.parametrize("name", ["c", "cpp"])
def test_a_program_without_main_is_told(name: str) -> None:
    found = error(name, "#include <stdio.h>\n", executor="wagi")
    assert found.message == "the cell defines no function main"


def test_several_errors_are_listed_with_the_lines_of_the_cell() -> None:
    found = error("c", body("c", "  a();\n  b();\n  c();"), first_line=2)
    assert found.location is not None
    assert found.location.line == 3
    assert found.details.splitlines()[0] == "and 2 more:"
    assert "line 5: call to undeclared function 'b'" in found.details


@pytest.mark.parametrize("name", LANGUAGES)
def test_python_in_a_cell_is_recognised(name: str) -> None:
    found = error(name, "from spin_sdk import http\n\ndef handle(request):\n    return 'x'\n")
    assert found.hint == "this looks like Python; begin the cell with %%spin python f"


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("template", ["http", "kv", "fetch"])
def test_a_starter_with_one_character_removed_is_an_error_with_a_place_or_still_works(name: str, template: str) -> None:
    text = language(name).starter(template)
    for mark in "{(;":
        at = text.rindex(mark)
        found = error(name, text[:at] + text[at + 1 :])
        assert found.location is not None, (mark, found)
        assert 1 <= found.location.line <= text.count("\n") + 1


def test_warnings_are_shown_and_do_no_harm() -> None:
    with App("test") as app:
        live = app.add(Function("f", body("c", "  int unused;"), language="c", routes=("/f",), first_line=2))
        assert live.build.warnings == ("line 4: unused variable 'unused'",)
        assert "unused" in live.build.log


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_old_version_keeps_serving(name: str) -> None:
    with App("test") as app:
        good = Function("f", language(name).starter("http"), language=name, routes=("/f",))
        app.add(good)
        with pytest.raises(SourceError):
            app.add(Function("f", good.source[:-3], language=name, routes=("/f",)))  # type: ignore[index]
        assert app.handle(Request("GET", "/f")).text.startswith("Hello")


@pytest.mark.parametrize("name", LANGUAGES)
def test_line_ends_and_marks_of_windows_are_taken(name: str) -> None:
    text = language(name).starter("http").replace("\n", "\r\n")
    assert answer(name, "\ufeff" + text).text.startswith("Hello")
    assert answer(name, ("\ufeff" + text).encode()).text.startswith("Hello")


@pytest.mark.parametrize("name", LANGUAGES)
def test_places_are_right_with_line_ends_of_windows(name: str) -> None:
    found = error(name, "\ufeff" + body(name, "  nosuch(1);").replace("\n", "\r\n"))
    assert found.location is not None
    assert found.location.line in (2, 3)  # zig looks at the parameters first


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_source_that_is_not_utf_8_is_told(name: str) -> None:
    found = error(name, b"\n// gr\xfc\xdfe\n" + language(name).starter("http").encode())
    assert "not UTF-8" in found.message
    assert found.location is not None
    assert found.location.line == 2


@pytest.mark.parametrize("name", LANGUAGES)
def test_odd_characters_in_a_source_are_no_crash(name: str) -> None:
    for odd in ("\0", "\x1b[31m", "\u202e", "\u2028", "\ud7ff", "🙂", "\\"):
        found = error(name, body(name, f"  {odd} nosuch;"))
        assert found.message


@pytest.mark.parametrize("name", LANGUAGES)
@pytest.mark.parametrize("source", ["", " \n\t\n", "\ufeff"])
def test_an_empty_cell_is_told(name: str, source: str) -> None:
    assert error(name, source).message == "the cell is empty"


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_source_of_a_megabyte_is_taken(name: str) -> None:
    line = {
        "c": 'static const char *t{n} = "{n}";\n',
        "cpp": "static long long t{n} = 1{n};\n",
        "zig": "const t{n} = 1{n};\n",
    }[name]
    many = "".join(line.replace("{n}", f"{n:015}") for n in range(25_000))
    assert len(many) > 1_000_000
    assert answer(name, many + language(name).starter("http")).text.startswith("Hello")


@pytest.mark.parametrize("name", LANGUAGES)
def test_options_that_mean_nothing_here_are_refused(name: str) -> None:
    for options in ({"requires": ("x==1",)}, {"module": True}):
        with App("test") as app, pytest.raises(OptionError):
            app.add(Function("f", language(name).starter("http"), language=name, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_starter_that_is_not_offered_is_told(name: str) -> None:
    with pytest.raises(OptionError, match="no SQLite"):
        language(name).starter("sqlite")
    with pytest.raises(OptionError, match="not a template"):
        language(name).starter("nosuch")


COMPILERS = ("zig", "clang")
_MACROS = "#define A0 1,\n" + "".join(f"#define A{n + 1} A{n} A{n} A{n} A{n} A{n}\n" for n in range(20))
ENDLESS = {
    "c": f"{_MACROS}int many[] = {{ A20 }};\n",
    "cpp": f"{_MACROS}int many[] = {{ A20 }};\n",
    "zig": "const x = blk: {\n    @setEvalBranchQuota(4_000_000_000);\n    var s: u64 = 0;\n"
    "    while (s < 4_000_000_000) s += 1;\n    break :blk s;\n};\n",
}


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("name", LANGUAGES)
def test_an_interrupt_ends_an_endless_build_and_leaves_no_compiler(name: str) -> None:
    source = ENDLESS[name] + body(name, "_ = req; _ = res; _ = x;" if name == "zig" else "")
    language(name).warm()
    with App("test") as app, during(interrupt, *COMPILERS), pytest.raises(KeyboardInterrupt):
        app.add(Function("f", source, language=name, routes=("/f",)))
    assert compilers(COMPILERS) == []


def test_two_cells_are_built_at_once() -> None:
    with App("test") as app:
        errors: list[BaseException] = []

        def add(number: int) -> None:
            name = LANGUAGES[number % 3]
            try:
                text = language(name).starter("http").replace("Hello", f"Hello {number}")
                app.add(Function(f"f{number}", text, language=name, routes=(f"/f{number}",)))
            except BaseException as failed:
                errors.append(failed)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        for number in range(6):
            assert app.handle(Request("GET", f"/f{number}")).text.startswith(f"Hello {number}")


def _zig_that(folder: Path, does: str) -> None:
    """A program in the place of zig."""
    program = folder / "zig"
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && echo 0.17.1 && exit 0\n{does}\n')
    program.chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
@pytest.mark.parametrize(
    ("does", "kind", "message"),
    [
        ("kill -9 $$", BuildError, "zig was killed, most likely because the machine ran out of memory"),
        ("kill -11 $$", BuildError, "zig crashed"),
        ("echo 'LLVM ERROR: out of memory' >&2; exit 1", BuildError, "zig ran out of memory"),
        ("echo \"error: unable to write: NoSpaceLeft\" >&2; exit 1", CacheError, "zig found no room on the disk"),
        ("exit 1", BuildError, "clang failed"),
    ],
)  # fmt: skip
def test_a_compiler_that_does_not_come_to_its_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, kind: type[Exception], message: str
) -> None:
    _zig_that(tmp_path, does)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = error("c", body("c", ""))
    assert isinstance(found, kind)
    assert found.message == message


@pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
def test_a_compiler_that_takes_too_much_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _zig_that(tmp_path, "head -c 300000000 /dev/zero | tail | sleep 60")
    monkeypatch.setattr(compiler, "MEMORY", 100 << 20)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert error("c", body("c", "")).message == "zig ran out of memory"


def test_a_tool_that_can_not_be_had_is_told_with_the_command_that_adds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    found = error("c", body("c", ""))
    assert isinstance(found, ToolMissing)
    assert "ziglang==0.17.1" in found.message
    assert find.ZIG.remedy == "%spin doctor zig --install"


def test_the_compiler_sees_no_secret_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _zig_that(tmp_path, f"env > {tmp_path}/seen; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SECRET_TOKEN", "hidden")
    error("c", body("c", ""))
    assert "hidden" not in (tmp_path / "seen").read_text()


def test_another_package_finds_the_languages_by_their_names() -> None:
    assert language("c++") is language("cpp")
    assert [t.name for t in language("c").tools()] == ["zig", "wasm-tools"]


def test_the_tools_that_are_used_are_those_that_were_pinned() -> None:
    zig = find.ensure(find.ZIG)
    done = subprocess.run([zig, "version"], capture_output=True, text=True, check=True)
    assert find.version_of(done.stdout)[:2] == (0, 17)
