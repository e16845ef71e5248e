from __future__ import annotations

import threading
import time

import pytest

from spinlab.engine.workers import Workers
from spinlab.errors import Busy


def named(prefix: str) -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith(prefix)]


def test_no_thread_runs_before_the_first_job() -> None:
    workers = Workers("lazy", count=4)
    assert named("lazy") == []
    done = threading.Event()
    workers.submit(done.set)
    assert done.wait(10)
    assert len(named("lazy")) == 1
    assert all(t.daemon for t in named("lazy"))
    workers.close()


def test_never_more_threads_run_than_allowed() -> None:
    workers = Workers("again", count=3)
    done = [threading.Event() for _ in range(50)]
    for event in done:
        workers.submit(event.set)
    assert all(event.wait(10) for event in done)
    assert 1 <= len(named("again")) <= 3
    workers.close()


def test_jobs_wait_in_a_bounded_queue_and_then_the_pool_is_busy() -> None:
    workers = Workers("bound", count=2, queue=3)
    gate, done = threading.Event(), [threading.Event() for _ in range(5)]

    def job(n: int) -> None:
        gate.wait()
        done[n].set()

    for n in range(5):
        workers.submit(lambda n=n: job(n), owner=n)  # type: ignore[misc]
    with pytest.raises(Busy) as error:
        workers.submit(lambda: None, owner=9)
    assert error.value.status == 503
    assert "3 requests are waiting" in str(error.value)
    gate.set()
    assert all(event.wait(10) for event in done)
    workers.close()


def test_one_owner_can_not_have_every_thread_nor_the_whole_queue() -> None:
    workers = Workers("fair", count=4, queue=8)
    gate, done = threading.Event(), threading.Event()
    for _ in range(3 + 6):
        workers.submit(gate.wait, owner=1)
    with pytest.raises(Busy):
        workers.submit(gate.wait, owner=1)
    workers.submit(done.set, owner=2)
    assert done.wait(10)
    gate.set()
    workers.close()


def test_a_waiting_job_of_another_owner_passes_those_whose_owner_is_at_its_share() -> None:
    workers = Workers("pass", count=4, queue=8)
    gate, blocker, done = threading.Event(), threading.Event(), threading.Event()
    workers.submit(blocker.wait, owner=2)
    for _ in range(4):
        workers.submit(gate.wait, owner=1)
    workers.submit(done.set, owner=3)
    blocker.set()
    assert done.wait(10)
    gate.set()
    workers.close()


def test_nothing_is_counted_for_owners_whose_jobs_are_over() -> None:
    workers = Workers("forget", count=2)
    for owner in range(100):
        done = threading.Event()
        workers.submit(done.set, owner=owner)
        assert done.wait(10)
    workers.close()
    for thread in named("forget"):
        thread.join(10)
    assert not workers._running
    assert not workers._waiting


def test_a_closed_pool_finishes_its_jobs_ends_its_threads_and_takes_no_more() -> None:
    workers = Workers("closing", count=1)
    gate, done = threading.Event(), threading.Event()
    workers.submit(gate.wait)
    workers.submit(done.set)
    workers.close()
    with pytest.raises(Busy):
        workers.submit(lambda: None)
    gate.set()
    assert done.wait(10)
    for thread in named("closing"):
        thread.join(10)
    assert named("closing") == []


def test_a_job_that_waits_outside_leaves_its_place_to_the_next() -> None:
    workers = Workers("aside", count=1, queue=8)
    gate, waiting, done = threading.Event(), threading.Event(), threading.Event()

    def waits() -> None:
        with workers.aside():
            waiting.set()
            gate.wait()

    workers.submit(waits, owner=1)
    workers.submit(done.set, owner=2)
    assert waiting.wait(10)
    assert done.wait(10)
    gate.set()
    workers.close()


def test_sixty_four_jobs_that_wait_outside_overlap_and_their_threads_go() -> None:
    workers = Workers("overlap", count=4, queue=64)
    everyone, ended = threading.Barrier(65), threading.Semaphore(0)

    def waits() -> None:
        with workers.aside():
            everyone.wait(10)
        ended.release()

    for n in range(64):
        workers.submit(waits, owner=n % 3)
    everyone.wait(10)
    assert all(ended.acquire(timeout=10) for _ in range(64))
    workers.close()
    for thread in named("overlap"):
        thread.join(10)
    assert not workers._running
    assert not workers._held


def test_no_more_threads_are_kept_than_jobs_may_run() -> None:
    workers = Workers("kept", count=2, queue=64)
    everyone = threading.Barrier(11)

    def waits() -> None:
        with workers.aside():
            everyone.wait(10)

    for n in range(10):
        workers.submit(waits, owner=n)
    everyone.wait(10)
    until = time.monotonic() + 10
    while len(named("kept")) > 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(named("kept")) <= 2
    workers.close()


def test_jobs_that_wait_outside_are_bounded_altogether_and_for_each_owner() -> None:
    workers = Workers("most", count=2, queue=4, most=4)
    gate, begun, done = threading.Event(), threading.Semaphore(0), threading.Event()

    def waits() -> None:
        with workers.aside():
            begun.release()
            gate.wait()

    for _ in range(3):
        workers.submit(waits, owner=1)
    assert all(begun.acquire(timeout=10) for _ in range(3))
    for _ in range(3):
        workers.submit(waits, owner=1)
    with pytest.raises(Busy):
        workers.submit(waits, owner=1)
    workers.submit(done.set, owner=2)
    assert done.wait(10)
    gate.set()
    workers.close()


def test_without_memory_for_more_only_the_usual_number_runs() -> None:
    workers = Workers("memory", count=2, queue=2, fits=lambda: False)
    gate, begun, done = threading.Event(), threading.Semaphore(0), threading.Event()

    def waits() -> None:
        with workers.aside():
            begun.release()
            gate.wait()

    for n in range(2):
        workers.submit(waits, owner=n)
    assert all(begun.acquire(timeout=10) for _ in range(2))
    workers.submit(done.set, owner=3)
    assert not done.wait(0.1)
    gate.set()
    assert done.wait(10)
    workers.close()


def test_a_job_that_another_waits_for_gets_a_thread_at_once_or_is_refused() -> None:
    workers = Workers("inner", count=1, queue=8, most=4)
    depth: list[int] = []
    refused = threading.Event()

    def nested(level: int) -> None:
        depth.append(level)
        done = threading.Event()

        def inner() -> None:
            nested(level + 1)
            done.set()

        try:
            workers.submit(inner, owner=1, inner=True)
        except Busy:
            refused.set()
            return
        with workers.aside():
            assert done.wait(10)

    workers.submit(lambda: nested(0), owner=1)
    assert refused.wait(10)
    assert depth == [0, 1, 2]
    workers.close()
