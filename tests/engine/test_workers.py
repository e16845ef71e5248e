from __future__ import annotations

import threading

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
