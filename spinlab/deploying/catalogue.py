"""The destinations by name. What does the work of one is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Final

from spinlab.deploying import choices
from spinlab.deploying.kube.choices import CHOICES as OF_KUBE
from spinlab.errors import OptionError
from spinlab.scaffolding import Choice

if TYPE_CHECKING:
    from spinlab.deploying.destination import Destination


@dataclass(frozen=True)
class Entry:
    """A destination.

    Attributes:
        summary: A line about it.
        home: Its module and class, with a colon between.
        choices: Options that it takes for any action. One that several destinations take is one object.
        rest: What the words after ``--`` are; empty when it takes none.
    """

    summary: str
    home: str
    choices: tuple[Choice, ...] = ()
    rest: str = ""


DESTINATIONS: Final[Mapping[str, Entry]] = {
    "local": Entry(
        "spinlab up of an export on this machine; it outlives the kernel.",
        "spinlab.deploying.local.destination:Local",
        choices.LOCAL,
    ),
    "kube": Entry(
        "A cluster with SpinKube, by way of a registry.",
        "spinlab.deploying.kube.place:Kube",
        OF_KUBE,
    ),
    "spin": Entry(
        "Your own `spin deploy`, with the plugin that it has.",
        "spinlab.deploying.spin:SpinDeploy",
        choices.SPIN,
        rest="arguments of `spin deploy`",
    ),
}
"""Name -> destination, in the order in which they are told; the first is the default."""


def find(name: str) -> type[Destination]:
    """The destination of that name.

    Raises:
        OptionError: There is none.
    """
    module, _, class_ = entry(name).home.partition(":")
    found: type[Destination] = getattr(import_module(module), class_)
    return found


def entry(name: str) -> Entry:
    """What is known of a destination without importing it.

    Raises:
        OptionError: There is none of that name.
    """
    if name not in DESTINATIONS:
        near = get_close_matches(name, DESTINATIONS, n=1)
        hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(DESTINATIONS)
        raise OptionError(f"there is no destination {name!r}", hint=hint)
    return DESTINATIONS[name]
