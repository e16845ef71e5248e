"""What each trigger says of itself, and what it is given to do its work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

Config: TypeAlias = Mapping[str, Any]
"""The keys of one ``[[trigger.TYPE]]`` table, without ``id`` and ``component``."""


class Delivered(NamedTuple):
    """What came of a message: whether the function succeeded, and what it says is to happen with it."""

    succeeded: bool
    answer: bytes = b""


class Place(Protocol):
    """What a listener may do: tell how it is, and run its function."""

    def listening(self, where: str) -> None:
        """Say that messages come in from now on; `where` is for people, without a password."""
        ...

    async def deliver(self, data: bytes, subject: str) -> Delivered:
        """Run the function with a message and wait for its end.

        A failure is in the log and in the trace. When all workers are taken it waits, so that the sender has to.
        """
        ...


class Kind(Protocol):
    """One trigger.

    Attributes:
        name: Its type in the manifest.
        keys: The keys of its tables, those that must be there first.
        required: How many of them must be there.
        templated: Those in which ``{{ variable }}`` stands for a value.
        settings: The keys of ``[application.trigger.TYPE]``; a table that lacks one of these has the application's.
        application: Those of them that stand nowhere else, so that all tables of a manifest share them.
        defaults: What a key is when neither says it.
        listens: Whether something is waited for; else only a call starts it.
    """

    name: str
    keys: tuple[str, ...]
    required: int
    templated: tuple[str, ...]
    settings: tuple[str, ...]
    application: tuple[str, ...]
    defaults: Config
    listens: bool

    def declared(self, text: str) -> Config:
        """The keys that the value of its option stands for.

        Raises:
            ValueError: It stands for none; the text says what is wanted.
        """
        ...

    def check(self, config: Config) -> None:
        """Let the keys pass.

        Raises:
            OptionError: One of them can't be.
        """
        ...

    def subject(self, config: Config) -> str:
        """What the trace calls it, such as a channel; no secret."""
        ...

    def message(self, config: Config, data: bytes) -> bytes:
        """What the guest's glue reads for a message sent by hand (`spinlab.engine.events`).

        Raises:
            OptionError: That can't be sent.
        """
        ...

    async def listen(self, config: Config, place: Place) -> None:
        """Wait for messages and deliver them, until cancelled. Its keys have no templates any more.

        Returns when there is nothing more to do, ever.

        Raises:
            Exception: The connection is lost, or there is none; it is called again after a while.
        """
        ...
