"""Waits until an app answers in its newest version, and tells at once when it never will."""

from __future__ import annotations

import time
from typing import Final

from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.standing import Standing, standing
from spinlab.errors import DeployError
from spinlab.languages import Progress, silent

USUAL: Final = 120.0
"""Seconds that are waited when nobody says."""
_PAUSES: Final = (0.5, 2.0)
"""Seconds between two looks, at first and in the end."""


def wait(cluster: Cluster, name: str, seconds: float = USUAL, progress: Progress = silent) -> Standing:
    """Wait until all pods of an app answer.

    Parameters:
        cluster: Where it is.
        name: Of the SpinApp.
        seconds: At most.
        progress: Told how far it is.

    Raises:
        DeployError: A pod can't start, or the time is over; the message says why.
    """
    until = time.monotonic() + seconds
    pause, longest = _PAUSES
    while True:
        now = standing(cluster, name)
        if not now.makes or now.settled:
            return now
        final = [cause for cause in now.causes if cause.final]
        # Pods of the version before may fail for reasons of their own: only the newest count.
        if final and (now.current or now.deployment is None):
            raise _failed(now, f"{name} does not start")
        if time.monotonic() >= until:
            raise _failed(now, f"{name} does not answer after {seconds:.0f} s: {now.progress}")
        progress(f"{name}: {_told(now)}", None)
        time.sleep(max(0.0, min(pause, until - time.monotonic())))
        pause = min(pause * 1.2, longest)


def _told(now: Standing) -> str:
    return f"{now.progress} ({now.causes[0].text})" if now.causes else now.progress


def _failed(now: Standing, what: str) -> DeployError:
    causes = sorted(now.causes, key=lambda cause: not cause.final)
    after = "what ran before goes on" if now.ready else ""
    if not causes:
        hint = "--wait SECONDS waits longer; `spinlab kube doctor` looks at the cluster"
        return DeployError(what, hint=hint, details=after)
    first, *others = causes
    details = [*(f"| {line}" for line in first.log), *map(str, others), *filter(None, [after])]
    return DeployError(f"{what}: {first.text}", hint=first.remedy, details="\n".join(details))
