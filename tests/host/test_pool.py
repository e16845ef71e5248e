"""Threads for work that may wait."""

from __future__ import annotations

import threading
import time

from spinlab.host import Result
from spinlab.host.pool import Again, Errand, Line, Pool
from spinlab.host.waiting import result_of
from tests.host.held import settle


def failed(error: Exception) -> Result:
    return Result.error("other", str(error))


def test_no_owner_has_all_the_threads() -> None:
    pool, gate, done = Pool("tests", 4), threading.Event(), threading.Event()
    for _ in range(10):
        pool.submit(lambda: bool(gate.wait(60)), owner=1)
    pool.submit(done.set, owner=2)
    assert done.wait(60)
    gate.set()


def test_threads_end_when_there_is_nothing_to_do() -> None:
    pool, done = Pool("tests-idle", 4, idle=0.05), threading.Event()
    pool.submit(done.set)
    assert done.wait(60)
    settle(lambda: not any(thread.name.startswith("tests-idle") for thread in threading.enumerate()))
    done.clear()
    pool.submit(done.set)
    assert done.wait(60)


def test_a_delayed_job_lets_others_go_first() -> None:
    pool, order, done = Pool("tests", 1), list[str](), threading.Event()
    pool.submit(lambda: (order.append("late"), done.set()), delay=0.1)  # type: ignore[arg-type, func-returns-value]
    pool.submit(lambda: order.append("soon"))
    assert done.wait(60)
    assert order == ["soon", "late"]


def test_an_errand_that_has_to_wait_takes_no_thread_meanwhile() -> None:
    pool = Pool("tests", 1)
    held, open_ = Line(pool), Line(pool)
    free = threading.Event()

    def work() -> Result:
        if not free.is_set():
            raise Again("held")
        return Result(head="done")

    waiting = Errand(work, failed)
    held.add(waiting)
    passing = Errand(lambda: Result(head="passed"), failed)
    open_.add(passing)
    assert result_of(passing).head == "passed"
    assert waiting.peek() is None
    free.set()
    assert result_of(waiting).head == "done"


def test_errands_of_one_line_are_done_one_after_the_other() -> None:
    line, running, most = Line(Pool("tests", 8)), 0, 0

    def work() -> Result:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.002)
        running -= 1
        return Result()

    errands = [Errand(work, failed) for _ in range(100)]
    for errand in errands:
        line.add(errand)
    for errand in errands:
        result_of(errand)
    assert most == 1


def test_what_an_errand_raises_is_its_result() -> None:
    def work() -> Result:
        raise ValueError("no")

    errand = Errand(work, failed, stream=True)
    Line(Pool("tests", 1)).add(errand)
    result = result_of(errand)
    assert (result.head, result.data) == ("other", b"no")
    assert not errand.stream


def test_an_errand_that_was_cancelled_is_not_begun() -> None:
    done: list[int] = []
    errand = Errand(lambda: Result(head=str(done.append(1))), failed)  # type: ignore[func-returns-value]
    errand.cancel()
    Line(Pool("tests", 1)).add(errand)
    assert result_of(errand).data == b"cancelled"
    assert done == []
