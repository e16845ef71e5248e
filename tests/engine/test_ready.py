from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from spinlab.engine import Engine, Sandbox
from spinlab.engine import ready as room
from spinlab.engine.ready import Makers
from spinlab.errors import GuestError, LimitExceeded, SourceError
from spinlab.function import MIB, Limits
from spinlab.host import Caller, Host, Result
from tests.engine import wat_guests as guests
from tests.engine.running import Recorder, engine, eventually, get, sandbox

WRITES = "(local.set $s (call $stdout)) (call $say (local.get $s) (i32.const 15))"
MARKS = "(i32.store8 (i32.const 64) (i32.const 74))"  # H becomes J


@pytest.fixture
def makers() -> Iterator[Makers]:
    made = Makers()
    yield made
    made.close()


def warming(makers: Makers, handle: str = guests.HELLO, prepare: str = MARKS, **options: object) -> Sandbox:
    """A sandbox of a guest with a warm-up, whose instances wait with these makers."""
    box = sandbox(handle, prepare=prepare, **options)
    box._threads = _Shared(box._threads, makers)  # type: ignore[assignment]
    return box


class _Shared:
    def __init__(self, threads: object, makers: Makers) -> None:
        self.workers = threads.workers  # type: ignore[attr-defined]
        self.watch = threads.watch  # type: ignore[attr-defined]
        self.makers = makers


def waiting(box: Sandbox) -> int:
    return len(box._stock.ready)


def test_the_warm_up_runs_before_the_request_on_demand_and_ahead(makers: Makers) -> None:
    box = warming(makers)
    assert box.handle(get()).body == b"Jello from WAT\n"
    assert eventually(lambda: waiting(box) > 0)
    assert box.handle(get()).body == b"Jello from WAT\n"


def test_a_ready_instance_serves_one_request_only(makers: Makers) -> None:
    counts = "(i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))"
    box = warming(makers, counts + guests.HELLO, prepare="")
    for _ in range(6):
        assert box.handle(get()).body == b"Iello from WAT\n"
        assert eventually(lambda: waiting(box) > 0)


def test_import_time_lines_belong_to_the_request_that_uses_the_instance(makers: Makers) -> None:
    box = warming(makers, WRITES + guests.HELLO, prepare=WRITES)
    for _ in range(3):
        response = box.handle(get())
        assert [line.text for line in response.logs] == ["Hello from WAT", "Hello from WAT"]
        assert response.logs[0].time <= response.logs[1].time
        assert eventually(lambda: waiting(box) > 0)


def test_a_function_without_requests_has_no_instance_waiting_and_starts_no_thread(makers: Makers) -> None:
    box = warming(makers)
    assert waiting(box) == 0
    assert makers._started == 0


def test_a_check_loads_the_code_and_keeps_what_it_loaded(makers: Makers) -> None:
    box = warming(makers)
    box.check()
    assert waiting(box) == 1
    assert box.cold_start is not None
    assert box.handle(get()).body == b"Jello from WAT\n"


def test_a_check_of_code_that_fails_to_load_says_what_it_wrote(makers: Makers) -> None:
    box = warming(makers, prepare=WRITES + "unreachable")
    with pytest.raises(GuestError) as error:
        box.check()
    assert "could not be loaded" in str(error.value)
    assert error.value.details == "Hello from WAT"


def test_a_check_fails_with_what_the_warm_up_reports_and_requests_are_left_to_the_guest(makers: Makers) -> None:
    box = warming(makers, prepare="report")
    with pytest.raises(SourceError) as error:
        box.check()
    assert error.value.details == "Hello from WAT"
    assert box.handle(get()).status == 200


def test_a_warm_up_that_traps_is_shown_to_each_request(makers: Makers) -> None:
    box = warming(makers, prepare=WRITES + "unreachable")
    for _ in range(3):
        response = box.handle(get())
        assert response.status == 500
        assert "could not be loaded" in str(response.error)
        assert [line.text for line in response.logs] == ["Hello from WAT"]


def test_a_warm_up_that_hangs_meets_the_deadline(makers: Makers) -> None:
    box = warming(makers, prepare=guests.LOOP, limits=Limits(timeout=0.2))
    with pytest.raises(LimitExceeded):
        box.check()
    assert box.handle(get()).status == 504


def test_the_host_is_not_there_while_code_is_loaded() -> None:
    asked: list[str] = []

    def serve(op: str, args: str, data: bytes, call: Caller) -> Result:
        asked.append(op)
        return Result()

    context = sandbox(guests.HELLO, prepare="", host=Host({"http": serve}))._context(loading=True)
    assert context.start("http", "GET http://example.com/", b"")[2] == "internal-error"
    assert asked == []


def test_instances_go_when_the_function_is_closed(makers: Makers) -> None:
    box = warming(makers)
    box.check()
    box.close()
    assert waiting(box) == 0
    assert makers._held == 0
    assert box.handle(get()).status == 200
    assert waiting(box) == 0


def test_instances_go_when_nobody_asks_for_a_while(makers: Makers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "KEEP", 0.05)
    box = warming(makers)
    box.check()
    assert eventually(lambda: waiting(box) == 0)
    assert makers._held == 0
    assert eventually(lambda: not makers._stocks)


def test_instances_of_older_code_are_thrown_away(makers: Makers) -> None:
    box = warming(makers)
    box.check()
    (spare,) = box._stock.ready
    spare.generation = (spare.generation[0], spare.generation[1] - 1)
    assert box.handle(get()).status == 200
    assert spare.instance._store is None


def test_what_waits_is_bounded_in_number_over_all_functions() -> None:
    makers = Makers(count=2)
    boxes = [warming(makers, prepare=f"(drop (i32.const {n}))") for n in range(4)]
    for box in boxes:
        box.check()
    assert sum(waiting(box) for box in boxes) == makers._held == 2
    assert [box.handle(get()).status for box in boxes] == [200] * 4
    makers.close()


def test_functions_that_find_no_room_are_not_looked_through_at_each_request() -> None:
    makers = Makers(count=2)
    boxes = [warming(makers, prepare=f"(drop (i32.const {n}))") for n in range(6)]
    assert boxes[0].handle(get()).status == 200
    assert eventually(lambda: waiting(boxes[0]) == makers._held == 2)
    for box in boxes[1:]:
        assert box.handle(get()).status == 200
    assert list(makers._stocks.values()) == [boxes[0]._stock]
    boxes[0].close()
    assert boxes[5].handle(get()).status == 200  # asks again, and there is room now
    assert eventually(lambda: waiting(boxes[5]) > 0)
    makers.close()


def test_what_waits_is_bounded_in_memory() -> None:
    makers = Makers(memory=3 * MIB)
    boxes = [warming(makers, prepare=f"(drop (i32.const {n}))") for n in range(4)]
    for box in boxes:
        box._stock.cost = 2 * MIB
        box.check()
    assert sum(waiting(box) for box in boxes) == 1
    makers.close()


def test_used_instances_wait_in_a_bounded_queue_to_be_closed() -> None:
    makers = Makers(threads=0, closing=2)
    box = sandbox(guests.HELLO)
    instances = [box._on_demand(box._context()).instance for _ in range(4)]
    for instance in instances:
        makers.close_later(instance)
    assert [x._store is None for x in instances] == [False, False, True, True]
    for instance in instances:
        instance.close()


def test_more_instances_than_the_pool_holds_run_on_demand() -> None:
    slots = engine().settings.slots
    box = sandbox(guests.HELLO)
    spares = [box._on_demand(box._context()) for _ in range(slots + 8)]
    assert {spare.instance.code.pooled for spare in spares} == {True, False}
    for spare in spares:
        context = box._context()
        assert spare.instance.run(context, "GET /\nhttp localhost\nwhole", b"")[1] == b"Hello from WAT\n"
        spare.instance.close()


def test_closing_while_instances_are_made_leaves_none_behind(makers: Makers) -> None:
    box = warming(makers)
    sinks = [Recorder() for _ in range(10)]
    calls = [box.submit(get(), sink) for sink in sinks]
    closer = threading.Thread(target=box.close)
    closer.start()
    assert all(call.done.wait(20) for call in calls)
    closer.join()
    assert eventually(lambda: box._stock.making == 0)
    assert waiting(box) == 0
    assert eventually(lambda: makers._held == 0)


def test_a_closed_engine_makes_nothing_ahead_and_its_sandboxes_go_on() -> None:
    closing = Engine()
    box = Sandbox(closing, closing.prepare(guests.guest(guests.HELLO, prepare="")), name="guest")
    box.check()
    assert waiting(box) == 1
    closing.close()
    assert waiting(box) == 0
    assert box.handle(get()).status == 200
    assert waiting(box) == 0
