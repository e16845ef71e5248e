"""The displays of what an app keeps: rows of a query, a store's keys, a value, and where everything lives."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

from spinlab.errors import StoreError
from spinlab.rows import Rows
from spinlab.state import Kept
from spinlab.stores import KeyValueStore, Value
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, join, tag
from spinlab.widgets.plain import columns, octets, visible
from spinlab.widgets.style import BAD, box, code, coloured, muted, pre, strong, table

ROWS_SHOWN = 100
KEYS_SHOWN = 100
CELL_SHOWN = 200
VALUE_SHOWN = 10_000
BYTES_SHOWN = 16


def rows(found: Rows) -> Display:
    """A query's rows as a table; of another statement, how many rows it changed."""
    if not found.columns:
        text = "done" if not found.changes else f"done, {_count(found.changes, 'row')} changed"
        return Display(text, box(muted(text)))
    shown = found.rows[:ROWS_SHOWN]
    left = len(found.rows) - len(shown)
    remark = f"... and {left:,} more rows" if left else _count(len(found.rows), "row")
    plain = [found.columns, *(tuple(cell(value) for value in row) for row in shown)]
    text = columns([tuple(_line(x) for x in row) for row in plain])
    rich: list[tuple[Child, ...]] = [tuple(_rich(value) for value in row) for row in shown]
    html = box(table(found.columns, rich), tag("div", muted(remark)))
    return Display(f"{text}\n{remark}", html)


def _rich(value: Any) -> Child:
    return muted(cell(value)) if value is None or isinstance(value, bytes) else cell(value)


def cell(value: Any) -> str:
    """A value of a column as text."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        more = f"... ({octets(len(value))})" if len(value) > BYTES_SHOWN else ""
        return f"x'{value[:BYTES_SHOWN].hex()}'{more}"
    text = str(value)
    return text if len(text) <= CELL_SHOWN else f"{text[:CELL_SHOWN]}... ({len(text):,} characters)"


def value(found: Value) -> Display:
    """A value of a store: text or JSON as such, other bytes as hexadecimal digits."""
    text = _as_text(found)
    return Display(visible(text), pre(text))


def _as_text(found: bytes) -> str:
    try:
        text = found.decode()
    except UnicodeDecodeError:
        more = f" ... ({octets(len(found))})" if len(found) > 256 else ""
        return found[:256].hex(" ") + more
    if len(text) > VALUE_SHOWN:
        return f"{text[:VALUE_SHOWN]}\n... ({octets(len(found))})"
    if text[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return text


def keys(store: KeyValueStore, prefix: str = "") -> Display:
    """The keys of a store that begin with something."""
    wanted = (key for key in store if key.startswith(prefix))
    shown = list(itertools.islice(wanted, KEYS_SHOWN))
    left = sum(1 for _ in wanted)
    heading = f"key-value store {store.label}"
    about = store.place
    what = _count(len(shown) + left, "key") + (f" beginning with {prefix!r}" if prefix else "")
    remark = f"... and {left:,} more" if left else ""
    text = "\n".join(
        [f"{heading} in {about}: {what}", *(f"  {_line(key)}" for key in shown), *([remark] if left else [])]
    )
    html = box(
        join(muted("key-value store "), strong(store.label), " ", muted(f"{about}: {what}")),
        pre("\n".join(_line(key) for key in shown)) if shown else None,
        tag("div", muted(remark)) if left else None,
    )
    return Display(text, html)


def keys_or_problem(store: KeyValueStore) -> Display:
    """The keys of a store, or why it can't be read."""
    try:
        return keys(store)
    except StoreError as error:
        what = f"key-value store {store.label}"
        return Display(f"{what}: {visible(error.message)}", box(strong(what), " ", coloured(error.message, BAD)))


def together(displays: Sequence[Display]) -> Display:
    """Several displays, one below the other."""
    return Display("\n".join(d.text for d in displays), join([d.html for d in displays]))


def said(text: str) -> Display:
    """One line."""
    return Display(visible(text), box(text))


def kept(found: Sequence[Kept]) -> Display:
    """Where each store and database lives, how much is in it, and who may open it."""
    names = ("", "label", "lives in", "size", "holds", "may be opened by")
    plain = [
        (x.kind, x.label, x.place, _size(x), x.problem or _holds(x), ", ".join(x.functions) or "no function")
        for x in found
    ]
    rich: list[tuple[Child, ...]] = [
        (kind, strong(label), code(place), size, coloured(holds, BAD) if x.problem else holds, functions)
        for x, (kind, label, place, size, holds, functions) in zip(found, plain, strict=True)
    ]
    return Display(columns([names, *(tuple(_line(c) for c in row) for row in plain)]), box(table(names, rich)))


def _size(of: Kept) -> str:
    if of.size is not None:
        return octets(of.size)
    return "" if of.place == "memory" or " at " in of.place else "not there yet"


def _holds(of: Kept) -> str:
    if isinstance(of.contents, int):
        return _count(of.contents, "key")
    tables = of.contents or ()
    return f"{_count(len(tables), 'table')}: {', '.join(tables)}" if tables else "no tables"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _line(text: str) -> str:
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")
