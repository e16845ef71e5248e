"""``--at``: who answers a request instead of the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from spinlab.client import Client
from spinlab.deploying.catalogue import DESTINATIONS
from spinlab.deploying.deploying import destination
from spinlab.errors import OptionError


def client(
    at: str, name: str, folder: Path, *, insecure: bool = False, options: Mapping[str, Any] | None = None
) -> AbstractContextManager[Client]:
    """What sends requests there, while a block runs.

    Parameters:
        at: An address, a destination, or ``DESTINATION:NAME`` for a deployment of another name.
        name: Of the app.
        folder: That of the notebook or of the spin.toml.
        insecure: Take any certificate.
        options: Of the destination.

    Raises:
        OptionError: That is none.
        DeployError: Nothing runs there.
    """
    if "://" in at:
        from spinlab.testing.requests.places import Remote

        return Remote(at, insecure=insecure)
    to, colon, other = at.partition(":")
    if to not in DESTINATIONS:
        near = f"http://{at}" if other.partition("/")[0].isdecimal() else "https://app.example.com"
        raise OptionError(f"there is nobody to ask at {at!r}", hint=f"one of: {', '.join(DESTINATIONS)}, or {near}")
    return destination(to, other if colon else name, folder, options=options).client(insecure=insecure)
