"""Lesson 07: bytecode, components, the way of a request, and a second runtime."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import httpx

from spinlab.errors import ListenError
from spinlab.testing import serving
from spinlab.testing.lessons import Ask, Exercise, Look, asked, contains, function, given, granted, status, text, that
from spinlab.testing.lessons.exercise import Seen

_PATH = "/where/am/i"
_OF_SPIN = ("fermyon:", "spin:")


def _is_bytes(value: object) -> bool:
    return str(value).replace("0x", "").replace(",", " ").split() == ["41", "03"]


def _calls(seen: Seen) -> tuple[int, int]:
    """Host calls of a request to each of the two functions."""
    counts, double = seen.app.get("/counts"), seen.app.post("/double", "1")
    return len(counts.calls), len(double.calls)


def _portable(seen: Seen) -> list[str]:
    """Of the lesson's functions those that import nothing of Spin's."""
    return [
        name
        for name in ("double", "triple", "counts", "travels")
        if not any(one.startswith(_OF_SPIN) for one in seen.app.functions[name].prepared.imports)
    ]


def _names(value: Any) -> list[str]:
    """Names that were given as a list, or as one text."""
    return sorted(re.findall(r"[\w-]+", value) if isinstance(value, str) else map(str, value))


def _elsewhere(seen: Seen) -> str:
    """What the function's component answers in another runtime."""
    with tempfile.TemporaryDirectory() as folder:
        component = Path(folder, "where.wasm")
        component.write_bytes(seen.app.functions["where"].build.component)
        with serving.wasmtime_serve(component) as url:
            return httpx.get(url + _PATH, timeout=30).text


def _answers_alike(seen: Seen) -> bool:
    return serving.wasmtime() is None or _elsewhere(seen).strip() == seen.app.get(_PATH).text.strip()


def _came_elsewhere(seen: Seen) -> str:
    try:
        return f"{_elsewhere(seen)!r} there, {seen.app.get(_PATH).text!r} here"
    except ListenError as error:
        return f"it does not run there: {error.hint}"


EXERCISES = (
    Exercise(
        "07.1",
        "Predict two bytes",
        (Look(given("the two bytes of i32.const 3", _is_bytes)),),
        "The first byte says which instruction it is, the second what it puts on the stack. Only one of them changes.",
    ),
    Exercise(
        "07.2",
        "Three times",
        (
            Look(function("triple", language="wat", route="/triple")),
            Ask("/triple", status(200), text("42"), method="POST", body="14"),
            Ask("/triple", text("0"), method="POST", body="0"),
            Ask("/triple", text("3000000"), method="POST", body="1000000"),
        ),
        "$twice in the cell above has the form that you need; the last value of a function is its result.",
    ),
    Exercise(
        "07.3",
        "Open one door",
        (
            Look(granted("counts", "key_value_stores", "default")),
            Ask("/counts", status(200), contains("request"), asked("key-value store")),
        ),
        "The answer of %spin get /counts ends with what was denied and the option that would grant it; "
        "%spin grant takes the function's name and that option.",
    ),
    Exercise(
        "07.4",
        "Predict the calls",
        (
            Look(
                that(
                    "a pair: calls of /counts, calls of /double",
                    lambda seen: isinstance(seen.given, (tuple, list)) and len(seen.given) == 2,
                    lambda seen: "nothing was given" if seen.given is None else repr(seen.given)[:80],
                )
            ),
            Look(
                that(
                    "the numbers that a request to each shows",
                    lambda seen: tuple(seen.given) == _calls(seen),
                    lambda seen: f"you gave {seen.given!r}"[:80],
                )
            ),
        ),
        "Count what really happens outside the sandbox. Headers and bodies are handed over with the request itself; "
        "%spin trace has the answer.",
    ),
    Exercise(
        "07.5",
        "Who gets along without Spin?",
        (
            Look(
                that(
                    "the functions that import nothing of Spin's",
                    lambda seen: _names(seen.given) == sorted(_portable(seen)),
                    lambda seen: "nothing was given" if seen.given is None else repr(seen.given)[:80],
                )
            ),
        ),
        "An import that nobody provides keeps a component from starting, even if it is never used.",
    ),
    Exercise(
        "07.6",
        "Your own portable function",
        (
            Look(function("where", language="wat", route="/where/...")),
            Ask(_PATH, status(200), text(_PATH)),
            Ask("/where/else?by=train", text("/where/else")),
            Look(that("the same answer from wasmtime serve, where it is there", _answers_alike, _came_elsewhere)),
        ),
        "$respond takes three numbers: a status, and a text's place and length. $path gives the last two.",
    ),
)
