"""What people write for a push."""

from __future__ import annotations

from collections.abc import Sequence

from spinlab.errors import OptionError


def pairs(given: Sequence[str]) -> dict[str, str]:
    """Annotations, each written ``KEY=VALUE``.

    Raises:
        OptionError: One is not.
    """
    found = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise OptionError(f"an annotation is KEY=VALUE; got {text!r}", hint="--annotation org.example.team=green")
        found[key] = value
    return found
