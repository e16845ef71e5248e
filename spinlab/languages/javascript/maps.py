"""Source maps, with the names that a cell's sources have for its author."""

from __future__ import annotations

import json
from collections.abc import Mapping


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A source map without what is not needed to find a place, and with other names for its sources.

    Parameters:
        text: The map, as a bundler wrote it.
        names: File name -> what to call it; packages keep their path from `node_modules` on.
    """
    made = json.loads(text)
    return json.dumps(
        {
            "version": 3,
            "sources": [_name(s, names) for s in made["sources"]],
            "names": [],
            "mappings": made["mappings"],
        },
        separators=(",", ":"),
    )


def _name(source: str, names: Mapping[str, str]) -> str:
    _, mark, inside = source.rpartition("node_modules/")
    if mark:
        return f"node_modules/{inside}"
    file = source.rpartition("/")[2]
    return names.get(file, file)
