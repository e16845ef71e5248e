"""What every display is: text, HTML and, where it has one, JSON of a type of our own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from spinlab.secrets import mask, masked
from spinlab.widgets.markup import Markup


@dataclass(frozen=True)
class Display:
    """A finished display; static, so that it survives saving, nbconvert and a page without our code.

    Secrets are hidden when it is shown, also those in a body that a function answered: a notebook is saved and shared.

    Attributes:
        text: For a terminal and ``text/plain``.
        html: The same as HTML.
        custom: Media type -> JSON value, for front ends that draw it themselves.
    """

    text: str
    html: Markup
    custom: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return mask(self.text)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The display in every form (IPython's protocol)."""
        return {"text/plain": mask(self.text), "text/html": mask(str(self.html)), **masked(self.custom)}
