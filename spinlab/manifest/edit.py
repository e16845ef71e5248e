"""Changes a user's spin.toml without touching what they wrote around the change: comments, order, spacing."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from difflib import SequenceMatcher
from typing import Any

import tomlkit
from tomlkit.items import AoT, InlineTable

from spinlab.errors import ManifestError
from spinlab.manifest.dump import dump
from spinlab.manifest.load import load
from spinlab.manifest.model import Manifest
from spinlab.manifest.plain import plain


def edit(text: str, manifest: Manifest) -> str:
    """The text of a manifest, changed to say what `manifest` says.

    Parameters:
        text: A spin.toml.
        manifest: What it shall say.

    Raises:
        ManifestError: The text is not a manifest.
    """
    before = load(text)
    if before == manifest:
        return text
    document = tomlkit.parse(text)
    _change(document, plain(before), plain(manifest))
    if "trigger" not in document:
        document["trigger"] = tomlkit.table()
    changed = tomlkit.dumps(document)
    return changed if _says(changed, manifest) else dump(manifest)


def _says(text: str, manifest: Manifest) -> bool:
    """Whether the text came out right: some spellings (tables in several places, dotted keys) can't be edited."""
    try:
        return load(text) == manifest
    except ManifestError:
        return False


def _change(table: MutableMapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for key in before:
        if key not in after:
            del table[key]
    for key, value in after.items():
        old = before.get(key)
        if key in before and old == value:
            continue
        current = table.get(key)
        if isinstance(value, Mapping) and isinstance(old, Mapping) and isinstance(current, MutableMapping):
            _change(current, old, value)
        elif isinstance(current, AoT) and isinstance(old, list) and isinstance(value, list):
            _change_array(current, old, value)
        else:
            table[key] = _inline(value) if isinstance(table, InlineTable) else _item(value)


def _change_array(array: AoT, before: list[Any], after: list[Any]) -> None:
    """Keep the tables that stay, so that their comments do; change, add and remove the others."""
    names_before, names_after = [_name(t) for t in before], [_name(t) for t in after]
    blocks = SequenceMatcher(None, names_before, names_after, autojunk=False).get_opcodes()
    for kind, i1, i2, j1, j2 in reversed(blocks):
        if kind == "equal":
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                _change(array[i], before[i], after[j])
            continue
        for index in reversed(range(i1, i2)):
            del array[index]
        for offset, item in enumerate(after[j1:j2]):
            array.insert(i1 + offset, _item(item))


def _name(table: Mapping[str, Any]) -> str:
    """What tells one trigger from another: its id, else its route or channel, else its component."""
    return str(table.get("id") or table.get("route") or table.get("channel") or table.get("component"))


def _item(value: Any) -> Any:
    if isinstance(value, Mapping):
        table = tomlkit.table()
        for key, inner in value.items():
            table[key] = _item(inner)
        return table
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        array = tomlkit.array()
        for item in value:
            array.append(_inline(item))
        return array
    return value


def _inline(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    table = tomlkit.inline_table()
    for key, inner in value.items():
        table[key] = _inline(inner)
    return table
