"""Text with ``{{ variable }}`` in it (Spin 4: ``crates/expressions/src/template.rs``).

Spin reads it in a component's ``variables``, in ``allowed_outbound_hosts`` and in the redis trigger's ``address`` and
``channel``; nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from spinlab.errors import ManifestError
from spinlab.manifest.ids import debug, nearest, problem


@dataclass(frozen=True)
class Name:
    """A place in a template where the value of a variable goes."""

    name: str


@dataclass(frozen=True)
class Template:
    """A template, taken apart into literal text and names."""

    parts: tuple[str | Name, ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Take a template apart.

        Raises:
            ManifestError: A ``{{`` has no ``}}``.
        """
        parts: list[str | Name] = []
        rest = text
        while rest:
            literal, opened, rest = rest.partition("{{")
            if literal:
                parts.append(literal)
            if opened:
                name, closed, rest = rest.partition("}}")
                if not closed:
                    raise ManifestError(
                        "invalid variable template: unmatched '{{' in template",
                        hint=f"close it with }}}}, as in {{{{ {name.strip() or 'name'} }}}}",
                    )
                parts.append(Name(name.strip()))
        return cls(tuple(parts))

    @property
    def names(self) -> tuple[str, ...]:
        """The variables it asks for, in order."""
        return tuple(part.name for part in self.parts if isinstance(part, Name))

    @property
    def literal(self) -> bool:
        """Whether it asks for none."""
        return not self.names

    def check(self, known: Container[str]) -> None:
        """Let a template pass that asks for known variables only.

        Raises:
            ManifestError: It asks for another one.
        """
        for name in self.names:
            if name not in known:
                raise ManifestError(
                    f"invalid variable template: unknown variable {debug(name)}",
                    hint=misnamed(name)
                    or f'add it to [variables]: {name} = {{ default = "..." }} or {{ required = true }}',
                )

    def resolve(self, value: Callable[[str], str]) -> str:
        """The text with every name replaced by its value."""
        return "".join(value(part.name) if isinstance(part, Name) else part for part in self.parts)

    def __str__(self) -> str:
        return "".join(f"{{{{ {part.name} }}}}" if isinstance(part, Name) else part for part in self.parts)


def misnamed(name: str) -> str:
    """What to write where no variable can have the name; empty when one can."""
    if problem(name, "_", lower=True) is None:
        return ""
    near = nearest(name, "_")
    rule = "a variable's name is lower-case words joined by _"
    return f"{rule}: {{{{ {near} }}}}" if near else rule
