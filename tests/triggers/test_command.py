"""Commands: main functions that run when they are told to, with arguments, input, output and exit status."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from spinlab import App, Function, Limits, load
from spinlab.engine import Collector
from spinlab.errors import CallError, HandlerError, LimitExceeded, OptionError
from spinlab.export import project
from spinlab.http import Request
from tests.conftest import wat, wat_source
from tests.loading.upping import COMMAND, environment
from tests.wagi import programs

COMMANDS = {"command": ({},)}
ARGUMENTS = programs.source(
    "(drop (call $args_sizes (i32.const 16) (i32.const 20)))"
    "(drop (call $args (i32.const 4096) (i32.const 65536)))"
    "(call $write (i32.const 1) (i32.const 65536) (i32.load (i32.const 20)))"
)
"""Writes its arguments, a null character behind each."""

COPY = programs.source("(call $copy)")
FAILS = programs.says(
    "half of it\n", "(call $write (i32.const 2) (i32.const 1024) (i32.const 5)) (call $exit (i32.const 3))"
)


def command(text: str | bytes, name: str = "job", **options: object) -> Function:
    """A function that is a command."""
    language = "wat" if isinstance(text, str) else "wasm"
    return Function(name, text, language=language, triggers=COMMANDS, **options)  # type: ignore[arg-type]


def test_a_command_gets_its_arguments_after_its_name(app: App) -> None:
    app.add(command(ARGUMENTS, "my_job"))
    done = app.run("my_job", "one two", "--three", "")
    assert (done.status, done.stdout) == (0, b"my-job\0one two\0--three\0\0")
    traced = app.traces("my_job")[0]
    assert (traced.method, traced.path, traced.status) == ("COMMAND", "'one two' --three ''", 200)


@pytest.mark.parametrize("data", [b"", bytes(range(256)), b"x" * 300_000])
def test_its_input_and_output_are_passed_on_byte_for_byte(app: App, data: bytes) -> None:
    app.add(command(COPY))
    taken: list[bytes] = []
    assert app.run("job", stdin=data, take=taken.append).status == 0
    assert b"".join(taken) == data
    assert app.run("job", stdin=data).stdout == data


def test_its_exit_status_is_told_with_what_it_wrote(app: App) -> None:
    app.add(command(FAILS))
    done = app.run("job")
    assert (done.status, done.stdout, done.stderr) == (1, b"half of it\n", "half \n")
    assert app.traces()[0].error == "the command ended with exit status 1"


def test_a_run_that_returns_a_failure_ends_with_one(app: App) -> None:
    app.add(command(programs.component(failed=True)))
    assert app.run("job").status == 1
    app.add(command(programs.component()))
    assert app.run("job").status == 0


def test_one_that_never_ends_is_stopped_at_its_timeout(app: App) -> None:
    app.add(command(programs.LOOP, limits=Limits(timeout=0.3)))
    with pytest.raises(LimitExceeded, match="timeout"):
        app.run("job")
    app.add(command(programs.TRAP))
    with pytest.raises(CallError, match="unreachable"):
        app.run("job")


def test_what_is_no_command_is_told_what_would_be(app: App) -> None:
    app.add(wat())
    with pytest.raises(OptionError, match="'hello' is no command"):
        app.run("hello")
    with pytest.raises(HandlerError, match=r"no export wasi:cli/run@0\.2"):
        app.add(command(wat_source(), "none"))
    app.add(command(COPY))
    with pytest.raises(OptionError, match="takes no message"):
        app.send("job", "x")
    with pytest.raises(OptionError, match="null"):
        app.run("job", "a\0b")
    with pytest.raises(OptionError, match="has no 'argument'"):
        app.add(replace(command(COPY), triggers={"command": ({"argument": "x"},)}))
    assert app.listeners == ()
    answer = Collector()
    app.submit(Request("GET", "/"), answer, "job")  # as a function that calls it by its name
    assert answer.status == 404


def test_an_export_has_the_table_and_runs_under_up(app: App, tmp_path: Path) -> None:
    app.add(command(ARGUMENTS))
    project(app, tmp_path / "out")
    text = (tmp_path / "out" / "spin.toml").read_text()
    assert '[[trigger.command]]\ncomponent = "job"' in text
    assert "spin plugins install trigger-command" in (tmp_path / "out" / "README.md").read_text()
    again = load(tmp_path / "out", state_dir=None)
    try:
        assert again.run("job", "x").stdout == b"job\0x\0"
        project(again, tmp_path / "twice")
        assert (tmp_path / "twice" / "spin.toml").read_text() == text
    finally:
        again.close()
    done = up(tmp_path / "out", "--", "-q", "two words")
    assert (done.returncode, done.stdout) == (0, b"job\0-q\0two words\0")


def test_up_ends_with_the_exit_status(app: App, tmp_path: Path) -> None:
    app.add(command(FAILS))
    project(app, tmp_path / "out")
    done = up(tmp_path / "out")
    assert (done.returncode, done.stdout) == (1, b"half of it\n")
    assert b"half " in done.stderr
    app.add(command(programs.TRAP))
    project(app, tmp_path / "out", force=True)
    done = up(tmp_path / "out")
    assert done.returncode == 1
    assert b"unreachable" in done.stderr


def test_a_python_cell_is_a_command_with_its_arguments_and_input(app: App, tmp_path: Path) -> None:
    source = (
        "def handle(message):\n"
        "    print(message.arguments, message.text)\n"
        "    if message.text == 'bad':\n"
        "        raise ValueError('no good')\n"
        "    return len(message.arguments)\n"
    )
    app.add(Function("greet", source, triggers=COMMANDS))
    done = app.run("greet", stdin="in")
    assert (done.status, done.stdout, done.stderr) == (0, b"[] in\n", "")
    done = app.run("greet", "--x", "two words")
    assert (done.status, done.stdout, done.stderr) == (1, b"['--x', 'two words'] \n", "")
    assert "ValueError: no good" in app.run("greet", stdin="bad").stderr
    project(app, tmp_path / "out")
    again = load(tmp_path / "out", state_dir=None)
    try:
        assert again.run("greet", stdin="again").stdout == b"[] again\n"
    finally:
        again.close()


RUST = """\
fn main() {
    let words: Vec<String> = std::env::args().collect();
    println!("{words:?}");
    if words.len() > 2 {
        std::process::exit(3);
    }
}
"""
ZIG = """\
const std = @import("std");
pub fn main() !void {
    std.debug.print("to stderr\\n", .{});
}
"""


def test_main_functions_of_rust_and_zig_are_commands(app: App) -> None:
    app.add(Function("crab", RUST, language="rust", triggers=COMMANDS))
    done = app.run("crab", "one")
    assert (done.status, done.stdout) == (0, b'["crab", "one"]\n')
    assert app.run("crab", "one", "two").status == 1  # WASI 0.2 knows success and failure alone
    app.add(Function("lizard", ZIG, language="zig", triggers=COMMANDS))
    assert app.run("lizard").stderr == "to stderr\n"


def test_arguments_that_nobody_takes_are_refused(app: App, tmp_path: Path) -> None:
    app.add(wat())
    project(app, tmp_path / "out")
    done = up(tmp_path / "out", "--", "x")
    assert done.returncode == 1
    assert b"the application has no command that takes arguments" in done.stderr


def up(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``spinlab up`` to its end."""
    return subprocess.run(
        [*COMMAND, "-f", str(folder), *arguments],
        env=environment(),
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
    )
