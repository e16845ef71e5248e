"""The seam between ``deploy`` and the places that an app can be deployed to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from spinlab.client import Client
from spinlab.languages import Progress, silent
from spinlab.targets import Asks, Reason

if TYPE_CHECKING:
    from spinlab.app import App

State = Literal["running", "starting", "failing", "dead", "absent"]
"""``starting``: it does not answer yet; ``failing``: it is there and can't run; ``dead``: it ran; ``absent``: never."""


@dataclass(frozen=True)
class Release:
    """What is deployed: an export of an app and what belongs to it.

    Attributes:
        folder: The export, a Spin project with its ``spin.toml``. Gone after `Destination.deploy`.
        name: The application's name in the manifest.
        version: Its version there.
        digest: SHA-256 of its files, in hexadecimal; the same input has the same.
        asks: What it asks of a place.
        values: The values that its variables have here.
        secret: Those of its variables whose values nobody may see.
        scripts: What ``spin up`` takes after ``--sqlite``, relative to the folder.
        app: The app that it was made of; None when it comes from a folder.
    """

    folder: Path
    name: str
    version: str
    digest: str
    asks: Asks
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: frozenset[str] = frozenset()
    scripts: tuple[str, ...] = ()
    app: App | None = None


@dataclass(frozen=True)
class Asked:
    """Which deployment is meant, and how.

    Attributes:
        name: Of the deployment: a DNS label, unique among those of `beside`.
        beside: The folder ``.spin/deployed`` beside the notebook, or beside the spin.toml; made when it is needed.
        owner: The notebook or folder that the deployment belongs to.
        options: Key of each `spinlab.scaffolding.Choice` of the destination that was given -> its value.
        rest: The words after ``--``.
    """

    name: str
    beside: Path
    owner: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    rest: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deployed:
    """What came of a deployment.

    Attributes:
        url: Where it answers, without a slash at the end; empty when nobody knows.
        lines: What was moved, compiled and changed, a sentence each.
        remarks: What to know.
        running: Whether it runs now; a dry run, or one that nobody waits for, says so in its first line.
    """

    url: str
    lines: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    running: bool = True


@dataclass(frozen=True)
class Status:
    """What is there.

    Attributes:
        state: See `State`.
        since: When that began, with its time zone.
        version: The application's version.
        digest: Of what runs, or ``sha256:...`` of an image.
        url: Where it answers; empty when it doesn't.
        more: Name and value of what this destination has to tell beside.
        reasons: Why it does not run, in plain words.
    """

    state: State
    since: datetime | None = None
    version: str = ""
    digest: str = ""
    url: str = ""
    more: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()


class Destination(ABC):
    """A place that an app can be deployed to, and the one deployment there that is meant.

    Nothing is asked and nothing is touched before one of the methods is called. Whatever fails raises a `DeployError`
    (or another `SpinError`) with what helps, and leaves what runs as it is.

    Parameters:
        asked: Which deployment.

    Attributes:
        title: What it is called in sentences.
        tell: Shows a line at once, before the deployment is done; None where nobody looks until then.
    """

    title: ClassVar[str]

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.tell: Callable[[str], None] | None = None

    def reasons(self, release: Release) -> Sequence[Reason]:
        """Why a release can't run here, each with what makes it run; empty when it can (`spinlab.targets.judge`)."""
        return ()

    @abstractmethod
    def deploy(self, release: Release, progress: Progress = silent) -> Deployed:
        """Put a release here, in place of the one before, and wait until it answers.

        Raises:
            DeployError: It does not run; the one before goes on.
        """

    @abstractmethod
    def status(self) -> Status:
        """What is there now."""

    @abstractmethod
    def logs(self, *, last: int | None = None, follow: bool = False) -> Iterator[str]:
        """What it wrote, by lines without their ends.

        Parameters:
            last: So many lines from the end only.
            follow: Go on with what comes, until it is gone or the iterator is closed.

        Raises:
            DeployError: There is nothing of that name.
        """

    @abstractmethod
    def url(self) -> str:
        """Where it answers, without a slash at the end.

        Raises:
            DeployError: It does not.
        """

    @abstractmethod
    def delete(self, progress: Progress = silent) -> str:
        """End it and take it away; requests in flight finish. Answers what was done, in a sentence.

        Raises:
            DeployError: There is nothing of that name.
        """

    def losing(self) -> str:
        """What is lost for good when it is deleted, in a sentence for the question; empty when nothing is."""
        return ""

    @abstractmethod
    def client(self, *, insecure: bool = False) -> AbstractContextManager[Client]:
        """What sends requests to it, while a block runs.

        Parameters:
            insecure: Take any certificate.

        Raises:
            DeployError: It does not run.
        """
