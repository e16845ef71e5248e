"""Preparing a component: its facts, its code in two tiers, and everything that may go wrong around it."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from spinlab.engine.cache import Cache
from spinlab.engine.cores import Memories
from spinlab.engine.engine import Engine, Prepared
from spinlab.engine.ffi import HOST_SIGNATURES, Caps, Instance
from spinlab.engine.shelf import Shelf
from spinlab.engine.wasm import Settings
from spinlab.errors import ComponentError
from spinlab.function import Limits
from tests.engine.conftest import children

pytestmark = pytest.mark.usefixtures("alone")

TEXT = (Path(__file__).parents[1] / "guests" / "hello.wat").read_text()
HELLO = bytes(wat2wasm(TEXT))
MIB = 1 << 20

FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: (lambda *_: None) for name in HOST_SIGNATURES},
    "log": lambda *_: True,
    "wall": lambda _: time.time_ns(),
    "mono": lambda _: time.monotonic_ns(),
    "random": lambda _, n: os.urandom(n),
    "environment": lambda _: "",
    "start": lambda *_: (0, 3, "access-denied", b""),
    "wait": lambda *_: True,
}


class Call:
    """A current call without a deadline."""

    def tick(self) -> int:
        return 1

    def failed(self, error: BaseException) -> None:
        raise error


def engine_in(folder: Path, small: int = 300_000) -> Engine:
    return Engine(functions=FUNCTIONS, cache=Cache(folder), settings=Settings(slots=8, small=small))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = engine_in(tmp_path / "code")
    yield made
    made.close()


@pytest.fixture
def tiered(tmp_path: Path) -> Iterator[Engine]:
    """An engine that treats every component as a large one."""
    made = engine_in(tmp_path / "code", small=0)
    yield made
    made.close()


def variant(text: str) -> bytes:
    return bytes(wat2wasm(TEXT.replace("Hello from WAT", text.ljust(14)[:14])))


def answer(prepared: Prepared, *, pooled: bool = True) -> bytes:
    call = Call()
    instance = Instance(prepared.code(pooled), call)
    try:
        head, body = instance.run(call, "GET /\nhttp localhost\nwhole\nhost: localhost", b"")
    finally:
        instance.close()
    assert head.startswith("200")
    return body


def test_nothing_starts_before_the_first_component(tmp_path: Path) -> None:
    threads = threading.active_count()
    engine = engine_in(tmp_path / "code")
    assert engine.runtimes() == ()
    assert threading.active_count() == threads
    assert not (tmp_path / "code").exists()
    assert engine.settle()
    engine.close()


def test_a_component_is_described_and_answers(engine: Engine) -> None:
    prepared = engine.prepare(HELLO)
    assert prepared.wasi == "0.2"
    assert prepared.handler == "wasi:http/incoming-handler@0.2.0"
    assert prepared.imports == ("wasi:io/error@0.2.0", "wasi:io/streams@0.2.0", "wasi:http/types@0.2.0")
    assert prepared.tier == "cranelift"
    assert not prepared.cached
    assert prepared.compile_seconds > 0
    assert prepared.sizes.component == len(HELLO)
    assert 0 < prepared.sizes.compressed < len(HELLO) < prepared.sizes.compiled
    assert len(prepared.digest) == 64
    assert answer(prepared) == answer(prepared, pooled=False) == b"Hello from WAT\n"


def test_the_same_bytes_again_are_the_same_program(engine: Engine) -> None:
    first, again, copied = engine.prepare(HELLO), engine.prepare(HELLO), engine.prepare(bytes(bytearray(HELLO)))
    assert first.program is again.program is copied.program
    assert again.cached
    assert again.compile_seconds == 0


def test_a_small_component_that_is_there_is_not_taken_apart_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = engine.prepare(HELLO)

    def taken_apart(*_: object, **__: object) -> None:
        raise AssertionError("thousands of functions that are alike would each cost a nesting")

    monkeypatch.setattr("spinlab.engine.engine.nest", taken_apart)
    assert engine.prepare(bytes(bytearray(HELLO))).program is first.program
    with pytest.raises(AssertionError):
        engine.prepare(bytes(bytearray(HELLO)), command=True)


def test_a_second_kernel_finds_the_code(tmp_path: Path) -> None:
    assert not engine_in(tmp_path / "code").prepare(HELLO).cached
    found = engine_in(tmp_path / "code").prepare(HELLO)
    assert found.cached
    assert answer(found) == b"Hello from WAT\n"


def test_programs_that_nobody_has_any_more_are_let_go(engine: Engine) -> None:
    component = variant("gone")
    prepared = engine.prepare(component)
    program = prepared.program
    assert engine._shelf.known(component, False, 0) is engine._shelf.known(bytes(bytearray(component)), False, 1 << 20)
    assert engine._shelf.known(component, False, 0) is program
    del prepared, program
    assert engine._shelf.known(component, False, 1 << 20) is None


def test_a_large_component_runs_at_once_and_gets_better_code_later(tiered: Engine) -> None:
    told: list[str] = []

    def tell(what: str, _done: float | None = None) -> None:
        told.append(what)

    prepared = tiered.prepare(HELLO, name="hello", progress=tell)
    swapped = threading.Event()
    prepared.subscribe(swapped.set)
    generation = prepared.generation
    first = prepared.code()
    assert first.tier in ("winch", "cranelift")
    assert told == ["compiling hello"]
    assert tiered.settle(60)
    assert prepared.tier == "cranelift"
    assert prepared.code().tier == "cranelift"
    if first.tier == "winch":
        assert swapped.wait(5)
        assert prepared.generation > generation
        call = Call()
        assert Instance(first, call).run(call, "GET /\nhttp localhost\nwhole", b"")[0] == "200"
    assert answer(prepared) == b"Hello from WAT\n"
    assert tiered.prepare(variant("Hello from WAT")).tier == "cranelift"


def test_requests_during_the_swap_all_get_their_answer(tiered: Engine) -> None:
    prepared = tiered.prepare(HELLO)
    tiers = set()
    wrong = []
    while True:
        done = tiered.settle(0)
        tiers.add(prepared.tier)
        if answer(prepared) != b"Hello from WAT\n":
            wrong.append(prepared.tier)
        if done:
            break
    assert not wrong
    assert "cranelift" in tiers


def test_what_winch_can_not_compile_runs_as_cranelifts_code(tiered: Engine) -> None:
    tail = "(func $self (return_call $self))"
    component = bytes(wat2wasm(TEXT.replace("(component", f"(component (core module {tail})", 1)))
    prepared = tiered.prepare(component)
    assert prepared.tier == "cranelift"
    assert answer(prepared) == b"Hello from WAT\n"


def test_code_that_was_unloaded_is_mapped_again(engine: Engine) -> None:
    prepared = engine.prepare(HELLO)
    held = prepared.code()
    prepared.program.unload()
    assert not prepared.program.loaded
    call = Call()
    assert Instance(held, call).run(call, "GET /\nhttp localhost\nwhole", b"")[0] == "200"
    assert answer(prepared) == b"Hello from WAT\n"
    assert prepared.program.loaded


def test_code_that_was_unloaded_and_is_gone_from_the_cache_is_compiled_again(engine: Engine) -> None:
    prepared = engine.prepare(HELLO)
    prepared.program.unload()
    engine.cache.clear()
    assert answer(prepared) == b"Hello from WAT\n"
    assert engine.cache.entries()


def test_what_is_idle_or_too_much_is_unloaded(engine: Engine) -> None:
    several = [engine.prepare(variant(f"nr {n}")) for n in range(4)]
    shelf = engine._shelf
    shelf.most = 2
    several[0].code()
    shelf.tidy(now=True)
    assert [p.program.loaded for p in several] == [True, False, False, True]
    shelf.idle = -1
    shelf.tidy(now=True)
    assert not any(p.program.loaded for p in several)
    assert [answer(p) for p in several] == [f"nr {n}".ljust(14).encode() + b"\n" for n in range(4)]
    assert Shelf().most < 1024


def test_idle_code_is_unloaded_when_nothing_else_happens(engine: Engine) -> None:
    engine._shelf.idle = 0.1
    prepared = engine.prepare(HELLO)
    for _ in range(2):
        for _ in range(100):
            if not prepared.program.loaded:
                break
            time.sleep(0.05)
        assert not prepared.program.loaded
        assert answer(prepared) == b"Hello from WAT\n"


def test_a_cache_file_that_was_replaced_is_not_run(tmp_path: Path) -> None:
    engine_in(tmp_path / "code").prepare(HELLO)
    for path in (tmp_path / "code").glob("*/*.code"):
        path.write_bytes(b"\x7fELF evil")
    prepared = engine_in(tmp_path / "code").prepare(HELLO)
    assert not prepared.cached
    assert answer(prepared) == b"Hello from WAT\n"


def test_without_a_cache_everything_works_in_both_tiers(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for small in (300_000, 0):
        engine = engine_in(tmp_path / "file" / "code", small)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            prepared = engine.prepare(HELLO)
            assert engine.settle(60)
        assert ["not kept" in str(w.message) for w in caught] == [True]
        prepared.program.unload()
        assert answer(prepared) == answer(prepared, pooled=False) == b"Hello from WAT\n"
        engine.close()


def test_what_does_not_fit_the_pool_runs_on_demand(tmp_path: Path) -> None:
    component = bytes(
        wat2wasm(TEXT.replace('(memory (export "memory") 1)', '(memory (export "memory") 1) (table 200000 funcref)'))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            prepared = engine_in(tmp_path / "code").prepare(component)
            assert not prepared.code().pooled
            assert answer(prepared) == b"Hello from WAT\n"
    assert prepared.cached


def test_many_threads_prepare_the_same_component_once(engine: Engine) -> None:
    results: list[Prepared] = []
    threads = [
        threading.Thread(target=lambda: results.append(engine.prepare(bytes(bytearray(HELLO))))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(p.program) for p in results}) == 1
    assert sum(not p.cached for p in results) == 1


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_an_interrupt_while_compiling_leaves_nothing_and_the_next_try_works(tmp_path: Path) -> None:
    step = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 31)) (i32.const 7)))"
    body = f"(func (param i32) (result i32) (loop {step * 12} (br_if 0 (local.get 0))) (local.get 0))"
    slow = bytes(wat2wasm(TEXT.replace("(component", f"(component (core module {body * 30_000})", 1)))
    engine = engine_in(tmp_path / "code")
    engine.prepare(HELLO)
    before = engine.cache.entries()
    timer = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        engine.prepare(slow, progress=lambda *_: timer.start())
    assert not children()
    assert {e.key for e in engine.cache.entries()} >= {e.key for e in before}
    assert not list(engine.cache.folder.glob("tmp-*"))
    assert answer(engine.prepare(variant("still here"))) == b"still here    \n"
    engine.close()


def test_closing_ends_the_background_compiler(tiered: Engine) -> None:
    prepared = tiered.prepare(HELLO)
    tiered.close()
    assert tiered.settle(20)
    assert not children()
    assert answer(prepared) == b"Hello from WAT\n"
    with pytest.raises(ComponentError, match="closed"):
        tiered.prepare(HELLO)


def test_a_core_module_and_a_foreign_file_get_their_remedies(engine: Engine) -> None:
    with pytest.raises(ComponentError, match="adapter"):
        engine.prepare(bytes(wat2wasm("(module)")))
    with pytest.raises(ComponentError, match="not a WebAssembly component"):
        engine.prepare(b"hello")


@pytest.mark.parametrize(
    ("memories", "total", "each"),
    [
        (Memories(1, 0, 0), 256 * MIB, 256 * MIB),
        (Memories(2, 0, 0), 256 * MIB, 128 * MIB),
        (Memories(1, 1, 56 * MIB), 256 * MIB, 200 * MIB),
        (Memories(0, 1, 56 * MIB), 8 * MIB, 1 * MIB),
    ],
)
def test_the_memory_limit_covers_all_memories_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, memories: Memories, total: int, each: int
) -> None:
    prepared = engine.prepare(HELLO)
    monkeypatch.setattr(Prepared, "memories", memories)
    caps = prepared.caps(Limits(memory=total))
    assert isinstance(caps, Caps)
    assert caps.memory == each
    assert caps.memories >= memories.growable + memories.fixed
