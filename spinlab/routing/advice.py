"""What to say of a path that no route matches."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unmatched(path: str, patterns: Iterable[str]) -> str:
    """For the author of the app: the closest route, and what would answer."""
    known = list(patterns)
    if not known:
        return f"no route matches {path}: there are no routes yet"
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.3)
    closest = f"the closest is {near[0]}" if near else f"there are {', '.join(known[:5])}"
    return f"no route matches {path} ({closest}); a catch-all (/...) route would answer it"


def unmatched_in_spins_words(path: str) -> str:
    """What Spin prints the first time (``crates/trigger-http/src/server.rs``)."""
    return (
        f"Request to {path} matched no pattern, and received a generic 404 response. "
        "To serve a more informative 404 page, add a catch-all (/...) route."
    )
