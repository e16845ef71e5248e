"""The threads that guests run on: started when needed, bounded, with a bounded queue before them."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable

from spinlab.errors import Busy

Job = Callable[[], None]


class Workers:
    """A pool of daemon threads. A waiting thread is handed its job directly, the last one to become free first.

    Parameters:
        name: Beginning of the threads' names.
        count: Threads at most.
        queue: Jobs that may wait for a thread.
    """

    def __init__(self, name: str = "spinlab-worker", *, count: int = 24, queue: int = 128) -> None:
        self._name = name
        self._count = count
        self._room = queue
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._queue: deque[Job] = deque()
        self._numbers = itertools.count(1)
        self._threads = 0
        self._closed = False

    def submit(self, job: Job) -> None:
        """Run `job` on a thread, soon. A job must not raise.

        Raises:
            Busy: All threads are taken and the queue is full.
        """
        with self._lock:
            if self._closed:
                raise Busy("the engine is closed")
            if self._idle:
                worker = self._idle.pop()
                worker.job = job
                worker.wake.release()
            elif self._threads < self._count:
                self._threads += 1
                _Worker(self, job, f"{self._name}-{next(self._numbers)}").start()
            elif len(self._queue) < self._room:
                self._queue.append(job)
            else:
                raise Busy(
                    f"all {self._count} workers are taken and {self._room} requests are waiting",
                    hint="try again in a moment",
                )

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
            if self._queue:
                worker.job = self._queue.popleft()
                return True
            if self._closed:
                self._threads -= 1
                worker.ended = True
            else:
                self._idle.append(worker)
            return False


class _Worker(threading.Thread):
    def __init__(self, pool: Workers, job: Job, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.pool = pool
        self.job: Job | None = job
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
