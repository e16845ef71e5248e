"""``deploy``: what is asked, whether it runs there, and the destination that does it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from spinlab.deploying.catalogue import DESTINATIONS, entry, find
from spinlab.deploying.destination import Asked, Deployed, Destination, Release
from spinlab.errors import DeployError, OptionError
from spinlab.languages import Progress, silent
from spinlab.targets import Reason

ACTIONS: Final = ("status", "logs", "url", "delete")
BESIDE: Final = Path(".spin", "deployed")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def destination(
    to: str,
    name: str,
    folder: Path,
    *,
    owner: str = "",
    options: Mapping[str, Any] | None = None,
    rest: Sequence[str] = (),
) -> Destination:
    """A destination and the deployment there that is meant.

    Parameters:
        to: Its name.
        name: Of the app or deployment.
        folder: That of the notebook or of the spin.toml.
        owner: The notebook or folder itself.
        options: Key of a choice -> value, of any destination.
        rest: The words after ``--``.

    Raises:
        OptionError: There is no such destination, it has no such option, or the name can't be one.
    """
    kind = entry(to)
    mine = {choice.key for choice in kind.choices}
    for key in options or ():
        if key not in mine:
            others = [other for other, one in DESTINATIONS.items() if any(key == c.key for c in one.choices)]
            raise OptionError(
                f"--to {to} takes no --{key.replace('_', '-')}", hint=f"that is for --to {' and '.join(others)}"
            )
    if rest and not kind.rest:
        raise OptionError(f"--to {to} takes no words after --", hint=f"{rest[0]!r} is none of its options")
    return find(to)(
        Asked(
            label(name),
            (folder / BESIDE).absolute(),
            os.path.realpath(owner) if owner else "",
            dict(options or {}),
            tuple(rest),
        )
    )


def label(name: str) -> str:
    """The name of a deployment.

    Raises:
        OptionError: It can't be a DNS label, as a Service of a cluster and a folder here have it.
    """
    made = name.lower().replace("_", "-")
    if not _LABEL.fullmatch(made):
        raise OptionError(
            f"{name!r} can't be the name of a deployment",
            hint="63 characters at most: lower-case letters, digits and '-', such as --name calculator",
        )
    return made


def deploy(release: Release, place: Destination, *, force: bool = False, progress: Progress = silent) -> Deployed:
    """Put a release into its place.

    Parameters:
        release: What.
        place: Where.
        force: Also when it can't run there, as far as can be told.
        progress: Told what is done.

    Raises:
        DeployError: It can't run there, or does not; what ran before goes on.
    """
    progress("looking whether it runs there", None)
    reasons = tuple(place.reasons(release))
    if reasons and not force:
        raise DeployError(
            f"{release.name} does not run on {place.title}: {reasons[0].text}",
            hint=reasons[0].remedy + ("; " if reasons[0].remedy else "") + "--force deploys it all the same",
            details="\n".join(_lines(reasons[1:])),
        )
    made = place.deploy(release, progress)
    if not reasons:
        return made
    return replace(made, remarks=(*made.remarks, *(f"forced: {reason.text}" for reason in reasons)))


def _lines(reasons: Sequence[Reason]) -> list[str]:
    found = []
    for reason in reasons:
        found.append(reason.text)
        if reason.remedy:
            found.append(f"  -> {reason.remedy}")
    return found
