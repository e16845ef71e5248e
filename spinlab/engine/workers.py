"""The threads that guests run on: started when needed, bounded, with a bounded queue before them."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from spinlab.errors import Busy

Job = Callable[[], None]


class Workers:
    """A pool of daemon threads. A waiting thread is handed its job directly, the last one to become free first.

    A job that waits for something outside (`aside`) leaves its place to others, so that requests which only wait
    overlap; their threads are bounded as well. No owner of jobs may have all the places, all the threads or the whole
    queue, so that a function that hangs under load leaves room for the others.

    Parameters:
        name: Beginning of the threads' names.
        count: Jobs at most that do not wait outside; one owner has three quarters of these places.
        queue: Jobs that may wait for a place; one owner has three quarters of it.
        most: Threads at most, those included whose jobs wait outside; one owner has three quarters of them.
        fits: Whether there is memory for one more thread than `count`.
    """

    def __init__(
        self,
        name: str = "spinlab-worker",
        *,
        count: int = 24,
        queue: int = 128,
        most: int = 256,
        fits: Callable[[], bool] = lambda: True,
    ) -> None:
        self._name = name
        self._count = count
        self._places = queue
        self._most = max(count, most)
        self._fits = fits
        self._share = max(1, count * 3 // 4)
        self._share_of_places = max(1, queue * 3 // 4)
        self._share_of_threads = max(1, self._most * 3 // 4)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._queue: deque[tuple[Job, int]] = deque()
        self._running: Counter[int] = Counter()  # jobs that have a place, by owner
        self._held: Counter[int] = Counter()  # jobs that have a thread
        self._waiting: Counter[int] = Counter()  # jobs in the queue
        self._active = 0  # all of `_running`
        self._busy = 0  # all of `_held`
        self._numbers = itertools.count(1)
        self._threads = 0
        self._closed = False

    def submit(self, job: Job, owner: int = 0, *, inner: bool = False) -> None:
        """Run `job` on a thread, soon. A job must not raise.

        Parameters:
            job: What to do.
            owner: Whose it is.
            inner: True when another job waits for it: it gets a thread at once or is refused, since jobs that wait in
                the queue for jobs that wait in the queue would wait for ever.

        Raises:
            Busy: No thread is free and the queue is full, for this owner or altogether.
        """
        with self._lock:
            if self._closed:
                raise Busy("the engine is closed")
            if inner:
                self._begin_inner(job, owner)
                return
            if self._room(owner):
                self._begin(job, owner)
                return
            if len(self._queue) >= self._places or self._waiting[owner] >= self._share_of_places:
                raise Busy(
                    f"the workers are taken and {len(self._queue)} requests are waiting", hint="try again in a moment"
                )
            self._queue.append((job, owner))
            self._waiting[owner] += 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """While a job waits outside: its place is given to another. On other threads this does nothing."""
        worker = threading.current_thread()
        if not isinstance(worker, _Worker) or worker.pool is not self:
            yield
            return
        with self._lock:
            self._step(worker.owner, -1)
            found = self._waiting_job()
            if found is not None:
                self._begin(*found)
        try:
            yield
        finally:
            with self._lock:
                self._step(worker.owner, 1)

    def close(self) -> None:
        """Let the threads end; jobs that run or wait are finished."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.wake.release()

    def next(self, worker: _Worker) -> bool:
        """Give `worker` a waiting job, or list it as idle (False). Called by the workers."""
        with self._lock:
            self._step(worker.owner, -1)
            self._hold(worker.owner, -1)
            found = self._waiting_job()
            if found is not None:
                worker.job, worker.owner = found
                self._step(worker.owner, 1)
                self._hold(worker.owner, 1)
                return True
            if self._closed or len(self._idle) >= self._count:
                self._threads -= 1
                worker.ended = True
            else:
                self._idle.append(worker)
            return False

    def _room(self, owner: int) -> bool:
        """Whether a job of this owner may begin."""
        if self._active >= self._count or self._running[owner] >= self._share:
            return False
        return self._held[owner] < self._share_of_threads and self._thread_left(self._most)

    def _thread_left(self, most: int) -> bool:
        return self._busy < self._count or (self._busy < most and self._fits())

    def _begin_inner(self, job: Job, owner: int) -> None:
        if not self._thread_left(self._share_of_threads):
            raise Busy("too many functions wait for each other", hint="try again in a moment")
        self._begin(job, owner)

    def _begin(self, job: Job, owner: int) -> None:
        self._step(owner, 1)
        self._hold(owner, 1)
        if self._idle:
            worker = self._idle.pop()
            worker.job, worker.owner = job, owner
            worker.wake.release()
            return
        self._threads += 1
        _Worker(self, job, owner, f"{self._name}-{next(self._numbers)}").start()

    def _waiting_job(self) -> tuple[Job, int] | None:
        """The first waiting job that may begin."""
        for n, (job, owner) in enumerate(self._queue):
            if self._room(owner):
                del self._queue[n]
                _count(self._waiting, owner, -1)
                return job, owner
        return None

    def _step(self, owner: int, by: int) -> None:
        self._active += by
        _count(self._running, owner, by)

    def _hold(self, owner: int, by: int) -> None:
        self._busy += by
        _count(self._held, owner, by)


def _count(counter: Counter[int], owner: int, by: int) -> None:
    counter[owner] += by
    if not counter[owner]:
        del counter[owner]


class _Worker(threading.Thread):
    def __init__(self, pool: Workers, job: Job, owner: int, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.pool = pool
        self.job: Job | None = job
        self.owner = owner
        self.wake = threading.Lock()
        self.wake.acquire()
        self.ended = False

    def run(self) -> None:
        while True:
            job, self.job = self.job, None
            if job is None:
                return
            job()
            del job  # a waiting thread must not keep the last request alive
            if not self.pool.next(self):
                if self.ended:
                    return
                self.wake.acquire()
