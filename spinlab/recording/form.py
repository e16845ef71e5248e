"""Recordings as JSON, and back: a file to read, to compare and to edit. docs/testing.md describes it."""

from __future__ import annotations

import base64
import json
import re
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

from spinlab.client import request
from spinlab.errors import OptionError, RecordingError
from spinlab.host import DONE, END, ERROR
from spinlab.http import Headers
from spinlab.recording.recording import (
    HTTP,
    LARGEST,
    LOADING,
    MESSAGE,
    REQUEST,
    VERSION,
    Answer,
    Came,
    Crossing,
    Recording,
    Sent,
)

KEY: Final = "spinlab-recording"
"""Of the version; what has it is a recording."""

TOO_LARGE: Final = 4 * LARGEST
"""Bytes of a file that is not read."""

_STATUS: Final = {DONE: "done", END: "end", ERROR: "error"}
_STATUSES: Final = {name: status for status, name in _STATUS.items()}
_REQUIRED: Final = object()
_NUMBERS: Final = 1 << 64
_LAST: Final = 1e11
"""Seconds since the epoch that no recording was made after."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def dumps(recording: Recording) -> bytes:
    """A recording as JSON, one line an effect."""
    r = recording
    document: dict[str, Any] = {
        KEY: VERSION,
        **{key: getattr(r, key) for key in ("id", "app", "function", "revision", "time", "cut", "masked")},
        "request": {
            **{key: getattr(r.sent, key) for key in ("kind", "method", "target", "scheme", "component")},
            "headers": list(map(list, r.sent.headers)),
            "body": _out(r.sent.body),
        },
        "response": {
            "status": r.came.status,
            "headers": list(map(list, r.came.headers)),
            "body": _out(r.came.body),
            "error": r.came.error,
        },
        "grants": {key: list(values) for key, values in r.grants.items()},
        "began": list(r.began),
        "wall": {phase: _apart(readings) for phase, readings in r.wall.items()},
        "mono": {phase: _apart(readings) for phase, readings in r.mono.items()},
        "seed": r.seed.hex(),
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in document.items()]
    effects = ",\n".join(f"    {json.dumps(_crossing(one), ensure_ascii=False)}" for one in r.crossings)
    lines.append(f'  "effects": [\n{effects}\n  ]' if effects else '  "effects": []')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8", "surrogatepass")


def loads(data: bytes, name: str) -> Recording:
    """The recording of a JSON text.

    Parameters:
        data: The text.
        name: What to call it in an error.

    Raises:
        RecordingError: It is none, is of a later format, or was changed into something that can't be.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordingError(
            f"{name} is not a whole recording: {error}", hint="it was cut off or changed; record the request again"
        ) from None
    if not isinstance(document, dict) or KEY not in document:
        raise RecordingError(f"{name} is no recording", hint=f"one begins with {{{KEY!r}: {VERSION}")
    version = document[KEY]
    if version != VERSION:
        later = isinstance(version, int) and version > VERSION
        raise RecordingError(
            f"{name} has format {version!r}, and this spinlab reads format {VERSION}",
            hint="it was made by a later spinlab: update this one" if later else "record the request again",
        )
    return _Reader(document, name).recording()


# ---- writing


def _out(data: bytes) -> Any:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _apart(readings: Sequence[int]) -> list[int]:
    """The first reading, and how much later each other is."""
    return [*readings[:1], *(after - before for before, after in pairwise(readings))]


def _crossing(one: Crossing) -> dict[str, Any]:
    found: dict[str, Any] = {"op": one.op}
    if one.of is not None:
        found["of"] = one.of
    found |= {"args": one.args, "data": _out(one.data), "began": one.began}
    if one.denied:
        found["denied"] = True
    if one.answer is None:
        return found
    answer = one.answer
    found["answer"] = {
        "status": _STATUS[answer.status],
        "head": answer.head,
        "data": _out(answer.data),
        **{key: getattr(answer, key) for key in ("ended", "at", "looks", "open")},
    }
    return found


# ---- reading


def _is_time(nanoseconds: int) -> bool:
    return 0 <= nanoseconds < 1 << 63


class _Reader:
    """Reads a document; everything in it may be anything.

    Parameters:
        document: The JSON.
        name: What to call it in an error.
    """

    def __init__(self, document: Mapping[str, Any], name: str) -> None:
        self._document = document
        self._name = name

    def recording(self) -> Recording:
        """The recording."""
        d = self._document
        seed = self._get(d, "seed", str)
        effects = self._get(d, "effects", list)
        began = self._numbers(self._get(d, "began", list), "began")
        if len(began) != 2 or not all(map(_is_time, began)):
            raise self._wrong("began is not the readings of two clocks")
        moment = self._get(d, "time", (int, float))
        if not 0 <= moment < _LAST:
            raise self._wrong(f"time can't be {moment}")
        try:
            seed_bytes = bytes.fromhex(seed)
        except ValueError:
            raise self._wrong("seed is not hexadecimal") from None
        return Recording(
            self._get(d, "id", int),
            self._get(d, "app", str),
            self._get(d, "function", str),
            self._get(d, "revision", int),
            float(moment),
            self._sent(self._get(d, "request", dict)),
            self._came(self._get(d, "response", dict)),
            tuple(self._crossing(one, index) for index, one in enumerate(effects)),
            {key: self._texts(values, key) for key, values in self._get(d, "grants", dict).items()},
            self._clock("wall"),
            self._clock("mono"),
            (began[0], began[1]),
            seed_bytes,
            self._get(d, "cut", str),
            self._get(d, "masked", bool),
        )

    def _sent(self, table: Mapping[str, Any]) -> Sent:
        kind, method, target, scheme, component = (
            self._get(table, key, str) for key in ("kind", "method", "target", "scheme", "component")
        )
        if kind not in (HTTP, MESSAGE):
            raise self._wrong(f"request.kind can't be {kind!r}")
        headers = self._fields(table, "request.headers")
        body = self._bytes(table, "body", "request.body")
        if kind == HTTP:
            try:
                request(method, target, host="recording", headers=Headers(headers), body=body)
            except OptionError as error:
                raise self._wrong(f"request: {error.message}") from None
        return Sent(kind, method, target, headers, body, scheme, component)

    def _came(self, table: Mapping[str, Any]) -> Came:
        return Came(
            self._get(table, "status", int),
            self._fields(table, "response.headers"),
            self._bytes(table, "body", "response.body"),
            self._get(table, "error", str),
        )

    def _crossing(self, table: Any, index: int) -> Crossing:
        where = f"effects[{index}]"
        if not isinstance(table, dict):
            raise self._wrong(f"{where} is not a table")
        of = self._get(table, "of", int, None)
        if of is not None and not 0 <= of < index:
            raise self._wrong(f"{where} goes on with effect {of}, which is not before it")
        answer = self._get(table, "answer", dict, None)
        return Crossing(
            self._get(table, "op", str),
            self._get(table, "args", str),
            self._bytes(table, "data", f"{where}.data"),
            of,
            self._get(table, "began", int),
            None if answer is None else self._answer(answer, f"{where}.answer"),
            self._get(table, "denied", bool, False),
        )

    def _answer(self, table: Mapping[str, Any], where: str) -> Answer:
        status = self._get(table, "status", str)
        if status not in _STATUSES:
            raise self._wrong(f"{where}.status can't be {status!r}")
        at = self._get(table, "at", int)
        if not _is_time(at):
            raise self._wrong(f"{where}.at can't be {at}")
        return Answer(
            _STATUSES[status],
            self._get(table, "head", str),
            self._bytes(table, "data", f"{where}.data"),
            self._get(table, "ended", int),
            at,
            self._get(table, "looks", int),
            self._get(table, "open", bool),
        )

    def _clock(self, name: str) -> dict[str, list[int]]:
        table = self._get(self._document, name, dict)
        found = {
            phase: list(accumulate(self._numbers(self._get(table, phase, list, []), name)))
            for phase in (LOADING, REQUEST)
        }
        if not all(_is_time(reading) for readings in found.values() for reading in readings):
            raise self._wrong(f"{name} has a reading that no clock shows")
        return found

    # ---- values

    def _get(self, table: Mapping[str, Any], key: str, kind: Any, default: Any = _REQUIRED) -> Any:
        if key not in table:
            if default is _REQUIRED:
                raise self._wrong(f"{key} is missing")
            return default
        value = table[key]
        fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        fits = fits and not (isinstance(value, str) and _SURROGATE.search(value))
        if not fits or (isinstance(value, int) and abs(value) >= _NUMBERS):
            raise self._wrong(f"{key} can't be {str(value)[:40]!r}")
        return value

    def _bytes(self, table: Mapping[str, Any], key: str, where: str) -> bytes:
        value = table.get(key)
        if isinstance(value, str):
            return value.encode("utf-8", "surrogatepass")
        encoded = value.get("base64") if isinstance(value, dict) else None
        if not isinstance(encoded, str):
            raise self._wrong(f"{where} is neither text nor base64")
        try:
            return base64.b64decode(encoded, validate=True)
        except (Base64Error, ValueError):
            raise self._wrong(f"{where} is no base64") from None

    def _fields(self, table: Mapping[str, Any], where: str) -> tuple[tuple[str, str], ...]:
        pairs = self._get(table, "headers", list)
        if not all(isinstance(p, list) and len(p) == 2 and all(isinstance(x, str) for x in p) for p in pairs):
            raise self._wrong(f"{where} is not a list of names with values")
        return tuple((name, value) for name, value in pairs)

    def _numbers(self, values: list[Any], where: str) -> list[int]:
        if not all(isinstance(x, int) and not isinstance(x, bool) and abs(x) < _NUMBERS for x in values):
            raise self._wrong(f"{where} is not a list of numbers")
        return values

    def _texts(self, values: Any, where: str) -> tuple[str, ...]:
        if not isinstance(values, list) or not all(isinstance(x, str) for x in values):
            raise self._wrong(f"grants.{where} is not a list of texts")
        return tuple(values)

    def _wrong(self, message: str) -> RecordingError:
        return RecordingError(f"{self._name}: {message}", hint="the file was changed; record the request again")
