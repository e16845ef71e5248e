from __future__ import annotations

import threading
import time

from spinlab.engine.limits import Watch, seconds, size


class Guest:
    """Something that runs until its runtime's epoch moves while it has to stop."""

    def __init__(self) -> None:
        self.stopping = False
        self.expired = threading.Event()

    def expire(self) -> None:
        self.stopping = True
        self.expired.set()

    def end(self) -> None:
        self.stopping = True


class Epoch:
    def __init__(self) -> None:
        self.count = 0
        self.moved = threading.Event()

    def increment_epoch(self) -> None:
        self.count += 1
        self.moved.set()


def test_no_thread_runs_before_the_first_guest() -> None:
    before = threading.active_count()
    Watch(lambda: ())
    assert threading.active_count() == before


def test_a_guest_expires_at_its_deadline_and_the_epoch_moves_until_it_is_gone() -> None:
    epoch, guest = Epoch(), Guest()
    watch = Watch(lambda: [epoch])
    number = watch.add(guest, time.monotonic() + 0.02)
    assert guest.expired.wait(10)
    assert epoch.moved.wait(10)
    watch.remove(number)
    watch.close()


def test_the_epoch_stands_still_while_nobody_has_to_stop() -> None:
    epoch = Epoch()
    watch = Watch(lambda: [epoch])
    numbers = [watch.add(Guest(), time.monotonic() + 60) for _ in range(50)]
    for number in numbers:
        watch.remove(number)
    assert epoch.count == 0
    watch.close()


def test_a_push_moves_the_epoch_at_once() -> None:
    epoch, guest = Epoch(), Guest()
    watch = Watch(lambda: [epoch])
    watch.add(guest, time.monotonic() + 60)
    guest.stopping = True
    watch.push()
    assert epoch.moved.wait(10)
    watch.close()


def test_an_earlier_deadline_that_comes_later_is_kept() -> None:
    watch = Watch(list)
    late, early = Guest(), Guest()
    watch.add(late, time.monotonic() + 60)
    watch.add(early, time.monotonic() + 0.02)
    assert early.expired.wait(10)
    assert not late.expired.is_set()
    watch.close()


def test_deadlines_of_requests_that_are_over_do_not_pile_up() -> None:
    watch = Watch(list)
    for _ in range(5000):
        watch.remove(watch.add(Guest(), time.monotonic() + 60))
    assert len(watch._deadlines) < 200
    watch.close()


def test_amounts_are_written_as_in_an_option() -> None:
    assert [size(n) for n in (256 << 20, 1536 << 10, 64 << 10, 100)] == ["256 MiB", "1.5 MiB", "64 KiB", "100 bytes"]
    assert [seconds(n) for n in (10.0, 0.25)] == ["10 s", "0.25 s"]
