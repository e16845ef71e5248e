"""Logs of several pods as one stream of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from threading import Thread

from spinlab.deploying.kube.cluster import Cluster
from spinlab.errors import SpinError


def lines(cluster: Cluster, pods: Sequence[str], *, last: int | None = None, follow: bool = False) -> Iterator[str]:
    """What pods wrote; of several, each line begins with the end of its pod's name.

    Parameters:
        cluster: Where they are.
        pods: Their names.
        last: So many lines of each from the end only.
        follow: Go on with what comes, until all are gone.
    """
    marks = {pod: f"{pod.rpartition('-')[2]} | " if len(pods) > 1 else "" for pod in pods}
    if not follow:
        for pod in pods:
            yield from (marks[pod] + line for line in cluster.log(pod, last=last))
        return
    waiting: SimpleQueue[str | SpinError | None] = SimpleQueue()

    def read(pod: str) -> None:
        try:
            for line in cluster.log(pod, last=last, follow=True):
                waiting.put(marks[pod] + line)
        except SpinError as error:
            waiting.put(error)
        finally:
            waiting.put(None)

    for pod in pods:
        Thread(target=read, args=(pod,), name=f"spinlab-log-{pod}", daemon=True).start()
    left = len(pods)
    while left:
        one = waiting.get()
        if one is None:
            left -= 1
        elif isinstance(one, SpinError):
            raise one
        else:
            yield one
