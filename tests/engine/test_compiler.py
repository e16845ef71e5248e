"""Compiling in a child process: its answers, its limits, and that it ends with whoever wanted it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from wasmtime import wat2wasm

from spinlab.engine.cache import Cache
from spinlab.engine.child import CompilerFailed, Stopped, compile_in_child, memory_limit
from spinlab.engine.compiler import Compiler, Source, digest, interruptibly
from spinlab.engine.wasm import Settings, make_engine
from spinlab.errors import ComponentError
from tests.engine.conftest import children

pytestmark = pytest.mark.usefixtures("alone")

SMALL = bytes(wat2wasm('(module (func (export "f") (result i32) (i32.const 42)))'))


def heavy(functions: int = 12_000) -> bytes:
    """A core module that takes any compiler seconds."""
    step = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 31)) (i32.rotl (local.get 0) (local.get 1))))"
    body = f"(func (param i32 i32) (result i32) (loop {step * 12} (br_if 0 (local.get 0))) (local.get 0))"
    return bytes(wat2wasm(f"(module {body * functions})"))


@pytest.fixture(scope="module")
def slow() -> bytes:
    return heavy()


@pytest.fixture
def compiler(tmp_path: Path) -> Compiler:
    return Compiler(Settings(), Cache(tmp_path / "code"))


def source(wasm: bytes) -> Source:
    return Source(digest(wasm), len(wasm), True, lambda: wasm)


@pytest.mark.parametrize("strategy", ["winch", "cranelift"])
def test_a_child_compiles_what_this_process_loads(strategy: str) -> None:
    made = compile_in_child(SMALL, strategy, module=True)
    assert made.code
    assert len(made.code) == made.size
    assert make_engine(Settings(), strategy).load(made.code, module=True).module


def test_a_child_writes_to_a_file_when_it_gets_one(tmp_path: Path) -> None:
    path = tmp_path / "code"
    made = compile_in_child(SMALL, "winch", module=True, output=path)
    assert made.code is None
    assert path.stat().st_size == made.size


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_sends_the_code_back_instead() -> None:
    made = compile_in_child(SMALL, "winch", module=True, output=Path("/dev/full"))
    assert "No space left" in made.disk
    assert made.code


def test_what_the_compiler_refuses_is_said_in_its_words() -> None:
    with pytest.raises(CompilerFailed, match=r"magic|parse|wasm"):
        compile_in_child(b"nonsense", "cranelift", module=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory that is written")
def test_a_child_that_needs_too_much_memory_dies_alone(monkeypatch: pytest.MonkeyPatch, slow: bytes) -> None:
    monkeypatch.setenv("SPINLAB_COMPILE_MEMORY", "64")
    with pytest.raises(CompilerFailed, match="died") as caught:
        compile_in_child(slow, "cranelift", module=True)
    assert "SPINLAB_COMPILE_MEMORY" in caught.value.hint
    assert not children()


@pytest.mark.parametrize(("text", "limit"), [("0", 0), ("100", 100 << 20), ("many", 4 << 30)])
def test_the_memory_limit_can_be_chosen(monkeypatch: pytest.MonkeyPatch, text: str, limit: int) -> None:
    monkeypatch.setenv("SPINLAB_COMPILE_MEMORY", text)
    assert memory_limit() == limit


def test_stopping_ends_the_child_and_leaves_nothing(compiler: Compiler, slow: bytes) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    engine = make_engine(Settings(), "cranelift")
    with pytest.raises(Stopped):
        compiler.aside(source(slow), (engine,), background=True, stopped=stop.is_set)
    assert not children()
    assert not list(compiler.cache.folder.glob("tmp-*"))
    assert compiler.cache.entries() == ()


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupt_ends_the_child_at_once_and_leaves_nothing(compiler: Compiler, slow: bytes) -> None:
    sent: list[float] = []

    def interrupt() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, interrupt)
    timer.start()
    engine = make_engine(Settings(), "cranelift")
    with pytest.raises(KeyboardInterrupt):
        compiler.aside(source(slow), (engine,))
    assert sent
    assert not children()
    assert not list(compiler.cache.folder.glob("tmp-*"))
    threading.Timer(0.2, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        interruptibly(lambda: time.sleep(2))
    assert compiler.aside(source(SMALL), (engine,)).code.module


PARENT = """
import sys, threading
from spinlab.engine.child import compile_in_child
wasm = open(sys.argv[1], "rb").read()
threading.Thread(target=lambda: compile_in_child(wasm, "cranelift", module=True), daemon=True).start()
print("started", flush=True)
threading.Event().wait()
"""


def test_a_child_dies_with_its_parent(tmp_path: Path, slow: bytes) -> None:
    path = tmp_path / "slow.wasm"
    path.write_bytes(slow)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(path)], stdout=subprocess.PIPE)
    assert parent.stdout
    assert parent.stdout.readline()
    found: list[psutil.Process] = []
    for _ in range(200):
        found = psutil.Process(parent.pid).children(recursive=True)
        if found:
            break
        time.sleep(0.05)
    assert found
    parent.kill()
    parent.wait()
    gone, alive = psutil.wait_procs(found, timeout=20)
    assert not alive
    assert gone


def test_files_of_the_users_folder_are_not_imported_by_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert compile_in_child(SMALL, "winch", module=True).code


def test_code_is_found_again_whoever_compiled_it(compiler: Compiler) -> None:
    engine = make_engine(Settings(), "winch")
    assert not compiler.aside(source(SMALL), (engine,)).cached
    found = compiler.load(source(SMALL), (engine,))
    assert found
    assert found.cached
    assert compiler.aside(source(SMALL), (engine,)).cached
    assert compiler.load(source(SMALL), (make_engine(Settings(), "cranelift"),)) is None


def test_a_damaged_entry_is_compiled_again(compiler: Compiler) -> None:
    engine = make_engine(Settings(), "cranelift")
    compiler.here(source(SMALL), (engine,))
    (path,) = compiler.cache.folder.glob("*/*.code")
    os.truncate(path, 100)
    assert not compiler.aside(source(SMALL), (engine,)).cached
    assert compiler.load(source(SMALL), (engine,))


def test_without_a_cache_code_comes_back_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    compiler = Compiler(Settings(), Cache(tmp_path / "file" / "code"))
    engine = make_engine(Settings(), "winch")
    with pytest.warns(RuntimeWarning, match="not kept"):
        loaded = compiler.aside(source(SMALL), (engine,))
    assert loaded.kept
    assert compiler.here(source(SMALL), (engine,)).kept


def test_two_who_want_the_same_compile_it_once(compiler: Compiler) -> None:
    engine = make_engine(Settings(), "cranelift")
    wasm = heavy(300)
    results: list[bool] = []

    def work() -> None:
        other = Compiler(Settings(), Cache(compiler.cache.folder))
        results.append(other.aside(source(wasm), (engine,)).cached)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, True, True]


def test_an_error_in_work_that_can_be_interrupted_is_raised_here() -> None:
    def work() -> None:
        raise ComponentError("bad")

    with pytest.raises(ComponentError, match="bad"):
        interruptibly(work)
    assert interruptibly(lambda: 42) == 42
