"""How fast a function answers, through the same path as every request of the notebook."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spinlab.http import Headers, Response

if TYPE_CHECKING:
    from spinlab.app import App


@dataclass(frozen=True)
class Bench:
    """What was measured.

    Attributes:
        what: Method and path.
        concurrency: Requests in flight at once.
        seconds: Wall time of it all.
        latencies: Seconds of each request, sorted.
        statuses: HTTP status -> how often.
    """

    what: str
    concurrency: int
    seconds: float
    latencies: tuple[float, ...]
    statuses: Mapping[int, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Requests that were answered."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.count / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """The latency that `percent` of the requests did not exceed (nearest rank)."""
        if not self.latencies:
            return 0.0
        rank = math.ceil(percent / 100 * self.count)
        return self.latencies[min(max(rank, 1), self.count) - 1]


def bench(
    app: App,
    target: str,
    *,
    count: int = 200,
    concurrency: int = 1,
    method: str = "GET",
    headers: Mapping[str, str] | Headers | None = None,
    body: bytes | None = None,
    progress: Callable[[str, float | None], None] | None = None,
) -> Bench:
    """Send the same request many times.

    Parameters:
        app: The app that answers.
        target: Path and query.
        count: Requests in all.
        concurrency: Requests in flight at once.
        method, headers, body: As for `App.request`.
        progress: Told how far it is.

    Raises:
        OptionError: The target does not begin with ``/``.
    """

    def send() -> Response:
        return app.request(method, target, headers=headers, body=body)

    send()  # the first one may wait for a compilation, and tells a wrong target before threads start
    run = _Run(send, count)
    workers = [threading.Thread(target=run.work, daemon=True) for _ in range(min(concurrency, count))]
    began = time.perf_counter()
    try:
        for worker in workers:
            worker.start()
        while any(w.is_alive() for w in workers):
            for worker in workers:
                worker.join(0.05)
            if progress is not None:
                progress(f"{method} {target}", len(run.latencies) / count)
    finally:
        run.left = 0
    return Bench(
        f"{method} {target}", concurrency, time.perf_counter() - began, tuple(sorted(run.latencies)), dict(run.statuses)
    )


class _Run:
    """What the workers share."""

    def __init__(self, send: Callable[[], Response], left: int) -> None:
        self.send = send
        self.left = left
        self.lock = threading.Lock()
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()

    def work(self) -> None:
        while True:
            with self.lock:
                if self.left <= 0:
                    return
                self.left -= 1
            began = time.perf_counter()
            status = self.send().status
            took = time.perf_counter() - began
            with self.lock:
                self.latencies.append(took)
                self.statuses[status] += 1
