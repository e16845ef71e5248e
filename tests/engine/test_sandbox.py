from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from spinlab.engine.threads import TURN, Threads
from spinlab.errors import Busy, GuestError
from spinlab.function import Limits
from tests.engine import wat_guests as guests
from tests.engine.running import Recorder, engine, get, sandbox


def test_a_request_is_answered_by_a_fresh_instance() -> None:
    counts_in_a_global = sandbox(
        "(i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))" + guests.HELLO
    )
    for _ in range(3):
        response = counts_in_a_global.handle(get())
        assert (response.status, response.body, response.error) == (200, b"Iello from WAT\n", None)
    assert response.function == "guest"
    assert response.elapsed > 0


@pytest.mark.parametrize("pages", [1, 100, 700])
def test_an_instance_finds_nothing_of_what_another_wrote_anywhere_in_its_memory(pages: int) -> None:
    # Whatever is not zero above the data, or not the data, is from the instance before; then everything is written.
    handle = f"""
      (if (i64.ne (i64.load (i32.const 64)) (i64.const 0x7266206f6c6c6548)) (then unreachable))
      (local.set $i (i32.const 128))
      (loop $look (if (i64.ne (i64.load (local.get $i)) (i64.const 0)) (then unreachable))
        (br_if $look (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const {pages << 16}))))
      {guests.HELLO}
      (drop (memory.grow (i32.const 2)))
      (memory.fill (i32.const 0) (i32.const 255) (i32.const {(pages + 2) << 16}))"""
    box = sandbox(handle, pages=pages)
    assert [box.handle(get()).body for _ in range(4)] == [b"Hello from WAT\n"] * 4


def test_the_cold_start_is_known_after_the_first_request() -> None:
    box = sandbox(guests.HELLO)
    assert box.cold_start is None
    box.handle(get())
    assert box.cold_start is not None
    assert box.cold_start > 0


def test_a_check_measures_a_function_without_a_warm_up_and_keeps_nothing() -> None:
    box = sandbox(guests.HELLO)
    box.check()
    assert box.cold_start is not None
    assert not box._stock.ready
    assert box.handle(get()).status == 200


def test_a_check_finds_a_start_function_that_traps() -> None:
    with pytest.raises(GuestError):
        sandbox(guests.HELLO, start="unreachable").check()


def test_submit_returns_at_once_and_the_sink_hears_everything_in_order() -> None:
    sink = Recorder()
    call = sandbox(guests.HELLO).submit(get(), sink)
    assert call.done.wait(10)
    assert sink.calls == ["begin", "write", "end"]
    assert (sink.status, b"".join(sink.pieces), sink.error) == (200, b"Hello from WAT\n", None)


def test_many_requests_at_once_get_each_their_answer() -> None:
    box, sinks = sandbox(guests.HELLO), [Recorder() for _ in range(60)]
    calls = [box.submit(get(), sink) for sink in sinks]
    assert all(call.done.wait(20) for call in calls)
    assert all(b"".join(sink.pieces) == b"Hello from WAT\n" for sink in sinks)


def test_a_function_that_hangs_under_load_becomes_busy_and_the_others_go_on() -> None:
    hangs, other = sandbox(guests.SLEEP), sandbox(guests.HELLO)
    hangs._threads = other._threads = Threads(engine(), workers=4, queue=4, most=4)
    calls = [hangs.submit(get(), Recorder()) for _ in range(3 + 3)]
    with pytest.raises(Busy):
        hangs.submit(get(), Recorder())
    response = hangs.handle(get())
    assert (response.status, response.headers.get("retry-after")) == (503, "1")
    assert isinstance(response.error, Busy)
    assert other.handle(get()).status == 200
    for call in calls:
        call.cancel("test is over")
        assert call.done.wait(10)
    hangs._threads.close()


def test_a_cancelled_request_ends_while_it_waits_and_while_it_loops() -> None:
    for handle in (guests.SLEEP, guests.LOOP):
        sink = Recorder()
        call = sandbox(handle).submit(get(), sink)
        call.cancel("the client went away")
        assert call.done.wait(10)
        assert sink.calls == ["end"]
        assert isinstance(sink.error, GuestError)
        assert "the client went away" in str(sink.error)


def test_a_cancelled_request_that_still_waits_for_a_worker_never_runs() -> None:
    box = sandbox(guests.SLEEP)
    box._threads = Threads(engine(), workers=1, queue=4)
    first, second = (box.submit(get(), Recorder()) for _ in range(2))
    second.cancel("never mind")
    first.cancel("never mind")
    assert second.done.wait(10)
    box._threads.close()


def test_a_cancelled_neighbour_does_not_stop_the_others() -> None:
    stopped, sink = Recorder(), Recorder()
    first = sandbox(guests.LOOP).submit(get(), stopped)
    other = sandbox("(call $block (call $sleep (i64.const 50000000)))" + guests.HELLO).submit(get(), sink)
    first.cancel("now")
    assert other.done.wait(10)
    assert first.done.wait(10)
    assert (sink.status, sink.error) == (200, None)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("handle", [guests.LOOP, guests.SLEEP])
def test_an_interrupt_stops_the_guest_and_reaches_the_caller(handle: str) -> None:
    box = sandbox(handle, limits=Limits(timeout=60))
    threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        box.handle(get())
    assert time.monotonic() - began < 30  # far below the timeout: it was the interrupt
    assert not any(x.stopping for x in box._threads.watch._running.values())
    assert sandbox(guests.HELLO).handle(get()).status == 200


def test_threads_hand_the_lock_on_sooner_unless_the_user_has_chosen() -> None:
    before = sys.getswitchinterval()
    try:
        for chosen, then in ((0.005, TURN), (0.02, 0.02), (0.0001, 0.0001)):
            sys.setswitchinterval(chosen)
            Threads(engine())
            assert sys.getswitchinterval() == pytest.approx(then)
    finally:
        sys.setswitchinterval(before)


def test_a_busy_thread_of_the_notebook_does_not_stop_requests() -> None:
    done = threading.Event()

    def cell() -> None:
        count = 0
        while not done.is_set():
            count += 1

    thread = threading.Thread(target=cell)
    thread.start()
    try:
        assert [sandbox(guests.HELLO).handle(get()).status for _ in range(5)] == [200] * 5
    finally:
        done.set()
        thread.join()


def test_after_close_what_runs_is_finished() -> None:
    box, sink = sandbox("(call $block (call $sleep (i64.const 50000000)))" + guests.HELLO), Recorder()
    call = box.submit(get(), sink)
    box.close()
    assert call.done.wait(10)
    assert sink.status == 200


def test_a_sink_that_fails_stops_its_request_only() -> None:
    class Broken(Recorder):
        def begin(self, status: int, headers: object) -> None:  # type: ignore[override]
            raise ConnectionResetError

        def end(self, outcome: object) -> None:  # type: ignore[override]
            raise ConnectionResetError

    box = sandbox(guests.HELLO)
    assert box.submit(get(), Broken()).done.wait(10)
    assert box.handle(get()).status == 200


def test_workers_live_on_after_every_kind_of_failure() -> None:
    for handle in (guests.BOMB, guests.RECURSION, guests.NO_RESPONSE, guests.EXIT, guests.HALF, guests.LOOP):
        response = sandbox(handle, limits=Limits(timeout=0.2, memory=16 << 20)).handle(get())
        assert response.status in (500, 504)
        assert response.error is not None
        assert response.body == b""
    assert sandbox(guests.HELLO).handle(get()).status == 200


@pytest.mark.parametrize("handle", ["LOOP", "SLEEP"])
def test_a_process_that_ends_while_a_guest_runs_ends_cleanly(handle: str) -> None:
    script = f"""
import time
from tests.engine import wat_guests
from tests.engine.running import Recorder, get, sandbox
sandbox(wat_guests.{handle}).submit(get(), Recorder())
time.sleep(0.2)
print("bye")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "bye\n", "")
