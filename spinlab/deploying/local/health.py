"""Whether a deployment answers: Spin's own endpoint of every application."""

from __future__ import annotations

import time
from typing import Final

from spinlab.errors import DeployError

PATH: Final = "/.well-known/spin/health"
_PATIENCE: Final = 30.0
_ONCE: Final = 5.0


def here(url: str) -> str:
    """The address as this machine reaches it, where it is that of all networks."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def reached(url: str) -> bool:
    """Whether it answers now."""
    import httpx

    try:
        answer = httpx.get(here(url) + PATH, timeout=_ONCE, verify=False, trust_env=False)  # noqa: S501 (this machine)
    except (httpx.HTTPError, OSError):
        return False
    return answer.status_code == 200


def healthy(url: str) -> None:
    """Wait until it answers.

    Raises:
        DeployError: It does not.
    """
    ends = time.monotonic() + _PATIENCE
    while not reached(url):
        if time.monotonic() > ends:
            raise DeployError(f"{url} does not answer at {PATH}", hint="its log says what it does")
        time.sleep(0.1)
