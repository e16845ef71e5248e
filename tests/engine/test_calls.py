from __future__ import annotations

from spinlab.engine.exchange import parse
from spinlab.errors import GuestError, LimitExceeded
from spinlab.function import Limits
from spinlab.http import Headers
from tests.engine import wat_guests as guests
from tests.engine.running import Recorder, get, sandbox


def test_a_guest_that_sets_no_response_is_an_empty_500_with_a_reason() -> None:
    response = sandbox(guests.NO_RESPONSE).handle(get())
    assert (response.status, response.body) == (500, b"")
    assert str(response.error).startswith("the function set no response")


def test_a_panic_a_stack_overflow_and_an_exit_are_told_apart() -> None:
    messages = [str(sandbox(x).handle(get()).error) for x in ("unreachable", guests.RECURSION, guests.EXIT)]
    assert "panicked" in messages[0]
    assert "stack overflowed" in messages[1]
    assert "exit code 1" in messages[2]


def test_the_details_of_a_trap_hold_the_guests_frames() -> None:
    error = sandbox("unreachable").handle(get()).error
    assert isinstance(error, GuestError)
    assert "wasm backtrace" in error.details


def test_a_guest_that_fails_after_its_response_began_is_an_error_for_the_sink() -> None:
    sink = Recorder()
    assert sandbox(guests.HALF).submit(get(), sink).done.wait(10)
    assert sink.calls[0] == "begin"
    assert sink.calls[-1] == "end"
    assert sink.status == 200
    assert isinstance(sink.error, GuestError)


def test_what_is_written_piece_by_piece_arrives_before_the_guest_is_done() -> None:
    then_sleeps = guests.HELLO.replace(
        "(call $end", "(call $say (local.get $s) (i32.const 5)) " + guests.SLEEP + " (call $end"
    )
    sink = Recorder()
    call = sandbox(then_sleeps).submit(get(), sink)
    assert sink.wrote.wait(10)
    assert not call.done.is_set()
    call.cancel("seen enough")
    assert call.done.wait(10)
    assert b"".join(sink.pieces).startswith(b"Hello from WAT\nHello")


def test_a_sink_without_room_makes_the_guest_wait_until_it_resumes() -> None:
    sink = Recorder(room=2)
    call = sandbox(guests.FLOOD).submit(get(), sink)
    assert sink.full.wait(10)
    written = len(sink.pieces)
    assert not call.done.wait(0.2)
    assert len(sink.pieces) == written
    sink.full.clear()
    sink.room = 3
    call.resume()
    assert sink.full.wait(10)
    assert len(sink.pieces) == written + 3
    call.cancel("enough")
    assert call.done.wait(10)


def test_a_sink_that_never_resumes_meets_the_deadline() -> None:
    sink = Recorder(room=1)
    assert sandbox(guests.FLOOD, limits=Limits(timeout=0.3)).submit(get(), sink).done.wait(10)
    assert isinstance(sink.error, LimitExceeded)
    assert sink.error.limit == "timeout"


def test_cancelling_what_is_over_is_no_error() -> None:
    sink = Recorder()
    call = sandbox(guests.HELLO).submit(get(), sink)
    assert call.done.wait(10)
    call.cancel("late")
    call.resume()
    assert sink.error is None


def test_a_sink_that_takes_whole_answers_gets_them_in_one_piece() -> None:
    class Whole(Recorder):
        def whole(self, status: int, headers: Headers, data: bytes) -> None:
            self.calls.append("whole")
            self.status, self.headers, self.pieces = status, headers, [data]

    sink = Whole()
    assert sandbox(guests.HELLO).submit(get(), sink).done.wait(10)
    assert sink.calls == ["whole", "end"]
    assert (sink.status, sink.pieces) == (200, [b"Hello from WAT\n"])


def test_header_lines_keep_order_duplicates_and_empty_values() -> None:
    assert parse("set-cookie: a=1\nset-cookie: b: 2\nx-empty: \n") == [
        ("set-cookie", "a=1"),
        ("set-cookie", "b: 2"),
        ("x-empty", ""),
    ]
