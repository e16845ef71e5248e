"""The threads that guests run on: started when needed, bounded, with a bounded queue before them."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable

from spinlab.errors import Busy

Job = Callable[[], None]


class Workers:
    """A pool of daemon threads. A waiting thread is handed its job directly, the last one to become free first.

    No owner of jobs may have all the threads or the whole queue, so that a function that hangs under load leaves room
    for the others.

    Parameters:
        name: Beginning of the threads' names.
        count: Threads at most; one owner has three quarters of them.
        queue: Jobs that may wait for a thread; one owner has three quarters of the places.
    """

    def __init__(self, name: str = "spinlab-worker", *, count: int = 24, queue: int = 128) -> None:
        self._name = name
        self._count = count
        self._places = queue
        self._share = max(1, count * 3 // 4)
        self._share_of_places = max(1, queue * 3 // 4)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._queue: deque[tuple[Job, int]] = deque()
        self._running: Counter[int] = Counter()
        self._waiting: Counter[int] = Counter()
        self._numbers = itertools.count(1)
        self._threads = 0
        self._closed = False

    def submit(self, job: Job, owner: int = 0) -> None:
        """Run `job` on a thread, soon. A job must not raise.

        Raises:
            Busy: No thread is free and the queue is full, for this owner or altogether.
        """
        with self._lock:
            if self._closed:
                raise Busy("the engine is closed")
            if self._running[owner] < self._share and (self._idle or self._threads < self._count):
                self._begin(job, owner)
                return
            if len(self._queue) >= self._places or self._waiting[owner] >= self._share_of_places:
                raise Busy(
                    f"the workers are taken and {len(self._queue)} requests are waiting", hint="try again in a moment"
                )
            self._queue.append((job, owner))
            self._waiting[owner] += 1

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
            self._count_out(worker.owner)
            found = self._waiting_job()
            if found is not None:
                worker.job, worker.owner = found
                return True
            if self._closed:
                self._threads -= 1
                worker.ended = True
            else:
                self._idle.append(worker)
            return False

    def _begin(self, job: Job, owner: int) -> None:
        self._running[owner] += 1
        if self._idle:
            worker = self._idle.pop()
            worker.job, worker.owner = job, owner
            worker.wake.release()
            return
        self._threads += 1
        _Worker(self, job, owner, f"{self._name}-{next(self._numbers)}").start()

    def _waiting_job(self) -> tuple[Job, int] | None:
        """The first waiting job whose owner has a thread left."""
        for n, (job, owner) in enumerate(self._queue):
            if self._running[owner] < self._share:
                del self._queue[n]
                self._waiting[owner] -= 1
                if not self._waiting[owner]:
                    del self._waiting[owner]
                self._running[owner] += 1
                return job, owner
        return None

    def _count_out(self, owner: int) -> None:
        self._running[owner] -= 1
        if not self._running[owner]:
            del self._running[owner]


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
