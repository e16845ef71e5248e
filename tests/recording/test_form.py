"""Recordings as JSON: the same again, and everything that such a file may be instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import RecordingError
from spinlab.host import DONE, END, ERROR
from spinlab.recording.form import dumps, loads
from spinlab.recording.recording import LOADING, MESSAGE, REQUEST, Answer, Came, Crossing, Recording, Sent

numbers = st.integers(0, 1 << 62)
texts = st.text(max_size=20)
answers = st.builds(
    Answer, st.sampled_from((DONE, END, ERROR)), texts, st.binary(max_size=20), numbers, numbers, numbers, st.booleans()
)
crossings = st.builds(Crossing, texts, texts, st.binary(max_size=20), st.none(), numbers, st.none() | answers)
clocks = st.fixed_dictionaries({LOADING: st.lists(numbers, max_size=5), REQUEST: st.lists(numbers, max_size=5)})
fields = st.lists(st.tuples(st.just("x-a"), texts), max_size=3).map(tuple)
recordings = st.builds(
    Recording,
    numbers,
    texts,
    texts,
    numbers,
    st.floats(0, 1e10),
    st.builds(Sent, st.just(MESSAGE), texts, texts, fields, st.binary(max_size=50), texts, texts),
    st.builds(Came, st.integers(0, 599), fields, st.binary(max_size=50), texts),
    st.lists(crossings, max_size=4).map(tuple),
    st.just({"key_value_stores": ("default",)}),
    clocks,
    clocks,
    st.tuples(numbers, numbers),
    st.binary(max_size=32),
    texts,
    st.booleans(),
)

PLAIN = Recording(
    3,
    "app",
    "f",
    1,
    1.5,
    Sent("http", "POST", "/f?x=1", (("host", "app.localhost"),), b"\xff\x00", "http"),
    Came(200, (("content-type", "text/plain"),), b"hello"),
    (
        Crossing("redis.open", "redis://localhost", b"", None, 1, Answer(DONE, "", b"", 2, 5, 0, True)),
        Crossing("redis.get", "", b"l1:s1:a", 0, 3, Answer(ERROR, "other", b"gone", 4, 6)),
    ),
    {"allowed_outbound_hosts": ("redis://localhost",)},
    {LOADING: [], REQUEST: [10, 20, 35]},
    {LOADING: [1], REQUEST: []},
    (9, 1),
    b"seed",
)


@given(recordings)
def test_the_same_comes_back(recording: Recording) -> None:
    assert loads(dumps(recording), "it") == recording


def test_it_is_for_reading() -> None:
    document = json.loads(dumps(PLAIN))
    assert document["spinlab-recording"] == 1
    assert document["request"]["body"] == {"base64": "/wA="}
    assert document["response"]["body"] == "hello"
    assert document["wall"]["request"] == [10, 10, 15]
    assert document["effects"][1]["of"] == 0
    assert loads(dumps(PLAIN), "it") == PLAIN


def test_one_that_was_edited_is_read() -> None:
    assert loads(dumps(PLAIN).replace(b"gone", b"better"), "it").crossings[1].answer is not None


def test_one_that_was_cut_off_says_so() -> None:
    whole = dumps(PLAIN)
    for at in (0, 1, len(whole) // 2, len(whole) - 3):
        with pytest.raises(RecordingError, match="it is not a whole recording") as caught:
            loads(whole[:at], "it")
        assert "record the request again" in caught.value.hint


def test_one_of_a_later_format_asks_for_a_later_spinlab() -> None:
    with pytest.raises(RecordingError, match="format 2, and this spinlab reads format 1") as caught:
        loads(dumps(PLAIN).replace(b'"spinlab-recording": 1', b'"spinlab-recording": 2'), "it")
    assert "update" in caught.value.hint


@pytest.mark.parametrize("text", [b"[]", b"{}", b'"x"', b"null", b"1", b"[" * 100_000, b"\xff\xfe", b"<html>"])
def test_what_is_no_recording_is_told(text: bytes) -> None:
    with pytest.raises(RecordingError, match=r"it is no"):
        loads(text, "it")


def put(*keys: Any, value: Any = None) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        found: Any = document
        for key in keys[:-1]:
            found = found[key]
        if value is None:
            del found[keys[-1]]
        else:
            found[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("function"), "function is missing"),
        (put("function", value=7), "function can't be '7'"),
        (put("id", value=True), "id can't be 'True'"),
        (put("id", value=1 << 80), "id can't be"),
        (put("seed", value="xyz"), "seed is not hexadecimal"),
        (put("began", value=[1]), "began is not the readings of two clocks"),
        (put("began", value=[1, -1]), "began is not the readings of two clocks"),
        (put("time", value=1e300), "time can't be"),
        (put("time", value=float("nan")), "time can't be"),
        (put("app", value="\ud800"), "app can't be"),
        (put("wall", "request", value=[5, -6]), "a reading that no clock shows"),
        (put("effects", 0, "answer", "at", value=-1), r"effects\[0\].answer.at can't be -1"),
        (put("wall", "request", value=["a"]), "wall is not a list of numbers"),
        (put("grants", "allowed_outbound_hosts", value="all"), "not a list of texts"),
        (put("request", value=[]), "request can't be"),
        (put("request", "kind", value="smoke"), "request.kind can't be 'smoke'"),
        (put("request", "target", value="no-slash"), "a path starts with /"),
        (put("request", "method", value="BAD METHOD"), "not an HTTP method"),
        (put("request", "headers", value=[["x", "a\nb"]]), "holds a line break"),
        (put("request", "headers", value=[["x"]]), "not a list of names with values"),
        (put("request", "body", value={"base64": "!"}), "request.body is no base64"),
        (put("request", "body", value=5), "request.body is neither text nor base64"),
        (put("response", "status", value="200"), "status can't be"),
        (put("effects", value={}), "effects can't be"),
        (put("effects", 0, value="x"), r"effects\[0\] is not a table"),
        (put("effects", 1, "of", value=1), r"effects\[1\] goes on with effect 1"),
        (put("effects", 1, "of", value=-1), r"effects\[1\] goes on with effect -1"),
        (put("effects", 0, "answer", "status", value="maybe"), r"effects\[0\].answer.status can't be 'maybe'"),
        (put("effects", 0, "answer", "open", value=1), "open can't be '1'"),
    ],
)
def test_one_that_was_changed_into_what_can_not_be_is_refused(
    change: Callable[[dict[str, Any]], None], message: str
) -> None:
    document = json.loads(dumps(PLAIN))
    change(document)
    with pytest.raises(RecordingError, match=message):
        loads(json.dumps(document).encode(), "it")
