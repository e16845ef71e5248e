"""wasmtime underneath: calls, host functions, limits, stops, and code that is serialized and loaded again."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import wat2wasm

from spinlab.engine import native, values
from spinlab.engine.ffi import HOST_SIGNATURES, Caps, Code, Instance, Runtime, Trap
from spinlab.engine.wasm import Settings, WasmEngine, make_engine
from spinlab.errors import ComponentError

# Answers what it was called with, after doing what the first byte of the head says.
GUEST = """(component
  (import "spinlab:bridge/host@0.1.0" (instance $host
    (export "log" (func (param "stream" u32) (param "text" string) (result bool)))
    (export "wall" (func (result u64)))
    (export "random" (func (param "n" u32) (result string)))
    (export "exit" (func (param "code" u32)))
    (export "start" (func (param "op" string) (param "args" string) (param "data" string)
      (result (tuple u32 u32 string string))))))
  (core module $memory
    (memory (export "memory") 1 4)
    (table 10 funcref)
    (global $free (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free (i32.add (local.get $at) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
      (local.get $at))
    (func (export "reset") (param i32) (global.set $free (i32.const 1024))))
  (core instance $m (instantiate $memory))
  (alias core export $m "memory" (core memory $mem))
  (alias core export $m "realloc" (core func $realloc))
  (alias core export $m "reset" (core func $reset))
  (core func $log (canon lower (func $host "log") (memory $mem)))
  (core func $wall (canon lower (func $host "wall")))
  (core func $exit (canon lower (func $host "exit")))
  (core func $random (canon lower (func $host "random") (memory $mem) (realloc $realloc)))
  (core func $start (canon lower (func $host "start") (memory $mem) (realloc $realloc)))
  (core module $code
    (import "" "memory" (memory 1))
    (import "" "log" (func $log (param i32 i32 i32) (result i32)))
    (import "" "wall" (func $wall (result i64)))
    (import "" "exit" (func $exit (param i32)))
    (import "" "random" (func $random (param i32 i32)))
    (import "" "start" (func $start (param i32 i32 i32 i32 i32 i32 i32)))
    (func $deeper (param i32) (result i32) (i32.add (i32.const 1) (call $deeper (local.get 0))))
    (func (export "run") (param $head i32) (param $head-size i32) (param $data i32) (param $size i32) (result i32)
      (local $what i32)
      (local.set $what (i32.load8_u (local.get $head)))
      (if (i32.eq (local.get $what) (i32.const 108)) ;; l
        (then (if (i32.eqz (call $log (i32.const 2) (local.get $head) (local.get $head-size))) (then unreachable))))
      (if (i32.eq (local.get $what) (i32.const 117)) (then unreachable)) ;; u
      (if (i32.eq (local.get $what) (i32.const 111)) (then (loop $forever (br $forever)))) ;; o
      (if (i32.eq (local.get $what) (i32.const 100)) (then (drop (call $deeper (i32.const 0))))) ;; d
      (if (i32.eq (local.get $what) (i32.const 120)) (then (call $exit (i32.const 3)))) ;; x
      (if (i32.eq (local.get $what) (i32.const 119)) ;; w
        (then (if (i64.ne (call $wall) (i64.const 0x8000000000000001)) (then unreachable))))
      (if (i32.eq (local.get $what) (i32.const 109)) ;; m: memory.grow
        (then (if (i32.eq (memory.grow (i32.const 2)) (i32.const -1)) (then unreachable))))
      (if (i32.eq (local.get $what) (i32.const 115)) ;; s
        (then (call $start (local.get $head) (local.get $head-size) (local.get $head) (i32.const 1)
                (local.get $data) (local.get $size) (i32.const 64))
          (if (i32.ne (i32.load (i32.const 64)) (i32.const 7)) (then unreachable))
          (local.set $head (i32.load (i32.const 72))) (local.set $head-size (i32.load (i32.const 76)))
          (local.set $data (i32.load (i32.const 80))) (local.set $size (i32.load (i32.const 84)))))
      (i32.store (i32.const 16) (local.get $head)) (i32.store (i32.const 20) (local.get $head-size))
      (i32.store (i32.const 24) (local.get $data)) (i32.store (i32.const 28) (local.get $size))
      (i32.const 16)))
  (core instance $i (instantiate $code (with "" (instance
    (export "memory" (memory $mem)) (export "log" (func $log)) (export "wall" (func $wall)) (export "exit" (func $exit))
    (export "random" (func $random)) (export "start" (func $start))))))
  (func (export "run") (param "head" string) (param "data" string) (result (tuple string string))
    (canon lift (core func $i "run") (memory $mem) (realloc $realloc) (post-return $reset)))
  (core module $warm (import "" "log" (func $log (param i32 i32 i32) (result i32)))
    (func (export "prepare") (drop (call $log (i32.const 1) (i32.const 0) (i32.const 0)))))
  (core instance $w (instantiate $warm (with "" (instance (export "log" (func $log))))))
  (func (export "prepare") (canon lift (core func $w "prepare"))))"""
WASM = bytes(wat2wasm(GUEST))


class Call:
    """A current call that keeps what it is told."""

    def __init__(self, tick: Callable[[], int] = lambda: 1) -> None:
        self.tick = tick
        self.logs: list[tuple[int, str]] = []
        self.errors: list[BaseException] = []
        self.started: list[tuple[str, str, bytes]] = []

    def failed(self, error: BaseException) -> None:
        self.errors.append(error)


def exit_(_call: Call, code: int) -> None:
    raise SystemExit(code)


def start(call: Call, op: str, args: str, data: bytes) -> tuple[int, int, str, bytes]:
    call.started.append((op, args, data))
    return 7, 1, op, data


def log(call: Call, stream: int, text: str) -> bool:
    call.logs.append((stream, text))
    return True


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: (lambda *_: None) for name in HOST_SIGNATURES},
    "log": log,
    "wall": lambda _call: 0x8000000000000001,
    "exit": exit_,
    "start": start,
}


def make_code(engine: WasmEngine) -> Code:
    return Code(Runtime(engine, FUNCTIONS, {}), engine.compile(WASM), asynchronous=False, warms=True)


@pytest.fixture(scope="module", params=["cranelift", "winch", "cranelift pooled"])
def code(request: pytest.FixtureRequest) -> Code:
    strategy, *pooled = request.param.split()
    return make_code(make_engine(Settings(slots=64), strategy, pooled=bool(pooled)))


@pytest.fixture(scope="module")
def plain() -> Code:
    return make_code(make_engine(Settings(), "cranelift"))


def test_a_call_answers_text_and_bytes(code: Code) -> None:
    call = Call()
    instance = Instance(code, call)
    assert instance.run(call, "kopf é", b"\0\xff") == ("kopf é", b"\0\xff")
    assert instance.run(call, "", b"") == ("", b"")
    instance.close()


def test_host_functions_see_the_call_of_their_own_thread(code: Code) -> None:
    calls = [Call() for _ in range(4)]

    def work(call: Call) -> None:
        for n in range(50):
            instance = Instance(code, call)
            instance.run(call, f"l{n}", b"")
            instance.close()

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(call.logs == [(2, f"l{n}") for n in range(50)] for call in calls)


def test_effects_carry_bytes_both_ways(code: Code) -> None:
    call = Call()
    instance = Instance(code, call)
    for data in (b"", b"ascii", bytes(range(256)) * 20):
        assert instance.run(call, "start", data) == ("start", data)
        assert call.started[-1] == ("start", "s", data)
    instance.close()


def test_a_number_with_its_highest_bit_set_stays_unsigned(code: Code) -> None:
    call = Call()
    assert Instance(code, call).run(call, "w", b"")[0] == "w"


def test_a_warm_up_runs_before_the_request(code: Code) -> None:
    call = Call()
    instance = Instance(code, call)
    instance.prepare(call)
    assert call.logs == [(1, "")]
    assert instance.run(call, "then", b"") == ("then", b"")


@pytest.mark.parametrize(("head", "expected"), [("u", "unreachable"), ("d", "stack-overflow")])
def test_a_trap_says_what_happened(code: Code, head: str, expected: str) -> None:
    call = Call()
    with pytest.raises(Trap) as caught:
        Instance(code, call).run(call, head, b"")
    assert caught.value.code == expected
    assert caught.value.message
    assert "wasm" in caught.value.details


def test_an_exception_in_a_host_function_reaches_the_call_and_traps(code: Code) -> None:
    call = Call()
    with pytest.raises(Trap) as caught:
        Instance(code, call).run(call, "x", b"")
    assert caught.value.code == "host"
    assert [type(e) for e in call.errors] == [SystemExit]


def test_a_host_function_that_answers_nonsense_traps_and_the_next_instance_works(plain: Code) -> None:
    broken = {**FUNCTIONS, "start": lambda *_: (7, 1, "too short")}
    code = Code(Runtime(plain.runtime.engine, broken, {}), plain.compiled, asynchronous=False)
    call = Call()
    with pytest.raises(Trap):
        Instance(code, call).run(call, "s", b"")
    assert isinstance(call.errors[0], ValueError)
    assert Instance(plain, call).run(call, "s", b"")[0] == "s"


def test_a_guest_that_runs_forever_is_stopped_when_its_call_says_so(code: Code) -> None:
    asked: list[int] = []

    def tick() -> int:
        asked.append(1)
        return 1 if len(asked) < 3 else 0

    call = Call(tick)
    ended = threading.Event()

    def advance() -> None:
        while not ended.wait(0.005):
            code.runtime.increment_epoch()

    ticker = threading.Thread(target=advance)
    ticker.start()
    try:
        with pytest.raises(Trap) as caught:
            Instance(code, call).run(call, "o", b"")
    finally:
        ended.set()
        ticker.join()
    assert caught.value.code == "interrupt"
    assert len(asked) == 3


def test_a_tick_that_raises_stops_the_guest(plain: Code) -> None:
    call = Call(lambda: 1 // 0)
    timer = threading.Timer(0.05, plain.runtime.increment_epoch)
    timer.start()
    with pytest.raises(Trap) as caught:
        Instance(plain, call).run(call, "o", b"")
    assert caught.value.code == "interrupt"


def test_memory_beyond_the_cap_is_refused_inside_the_guest(code: Code) -> None:
    call = Call()
    assert Instance(code, call, Caps(memory=3 << 16)).run(call, "m", b"")[0] == "m"
    with pytest.raises(Trap) as caught:
        Instance(code, call, Caps(memory=2 << 16)).run(call, "m", b"")
    assert caught.value.code == "unreachable"


@pytest.mark.parametrize("caps", [Caps(memory=100), Caps(table_elements=5), Caps(instances=1), Caps(memories=0)])
def test_an_instance_that_starts_beyond_a_cap_is_refused_as_a_limit(code: Code, caps: Caps) -> None:
    with pytest.raises(Trap) as caught:
        Instance(code, Call(), caps)
    assert caught.value.code == "limit"
    assert not caught.value.full


def test_a_full_pool_says_so_and_has_room_again_after_a_close() -> None:
    code = make_code(make_engine(Settings(slots=2), "cranelift", pooled=True))
    call = Call()
    held = [Instance(code, call) for _ in range(2)]
    with pytest.raises(Trap) as caught:
        Instance(code, call)
    assert caught.value.full
    held[0].close()
    held[0].close()
    assert Instance(code, call).run(call, "again", b"") == ("again", b"")


def test_this_wasmtime_can_be_told_to_reset_only_the_pages_that_were_written() -> None:
    pool = native.pool_new()
    assert native.pool_scan_pages(pool)
    native.pool_delete(pool)


def test_code_with_and_without_a_pool_is_the_same(plain: Code, tmp_path: Path) -> None:
    with plain.compiled.serialized() as view:
        code = bytes(view)
    pooled = make_engine(Settings(slots=2), "cranelift", pooled=True)
    call = Call()
    path = tmp_path / "code"
    path.write_bytes(code)
    for loaded in (pooled.load(code), pooled.load(bytearray(code)), pooled.load_file(str(path))):
        instance = Instance(Code(Runtime(pooled, FUNCTIONS, {}), loaded, asynchronous=False), call)
        assert instance.run(call, "x"[1:], b"1") == ("", b"1")


def test_code_of_another_compiler_is_refused(plain: Code) -> None:
    with plain.compiled.serialized() as view:
        code = bytes(view)
    with pytest.raises(ComponentError):
        make_engine(Settings(), "winch").load(b"not code")
    assert code[:4] == b"\x7fELF"


def test_python_runs_on_while_a_guest_does(plain: Code) -> None:
    call = Call()
    ended: list[Trap] = []

    def work() -> None:
        try:
            Instance(plain, Call(lambda: 0)).run(call, "o", b"")
        except Trap as trap:
            ended.append(trap)

    call.tick = lambda: 0
    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.05)
    plain.runtime.increment_epoch()
    thread.join(5)
    assert ended


@given(st.binary())
def test_bytes_survive_their_passage_as_text(data: bytes) -> None:
    encoded = values.encode(data)
    assert encoded.isascii()
    assert values.decode(encoded) == data


def test_text_without_a_marker_is_no_data() -> None:
    with pytest.raises(ValueError, match="marker"):
        values.decode(b"plain")


def test_another_wasmtime_fails_at_import_and_by_name() -> None:
    program = (
        "from wasmtime import _ffi\n"
        "del _ffi.WASMTIME_COMPONENT_TUPLE\n"
        "real = _ffi.dll\n"
        "class Dll:\n"
        "    _name, _handle = real._name, real._handle\n"
        "    def __getitem__(self, name):\n"
        "        if name == 'wasmtime_component_func_call': raise AttributeError(name)\n"
        "        return real[name]\n"
        "_ffi.dll = Dll()\n"
        "import spinlab.engine.native\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert f"wasmtime {native.VERSION} is not one that spinlab can use" in last
    assert "wasmtime_component_func_call" in last
    assert "WASMTIME_COMPONENT_TUPLE" in last
