"""The Redis protocol, byte by byte: what comes back is what the server meant, or the connection is lost."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.host.resp import Lost, Replies, Reply, ServerError, Status, TooLarge, Unsupported, command

VALUES: st.SearchStrategy[Reply] = st.recursive(
    st.one_of(
        st.none(),
        st.integers(-(1 << 63), (1 << 63) - 1),
        st.binary(max_size=40),
        st.booleans(),
        st.floats(allow_nan=False),
        st.text(st.characters(codec="ascii", exclude_characters="\r\n"), max_size=20).map(Status),
    ),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=20,
)


def encode(value: Reply) -> bytes:
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, bool):
        return b"#t\r\n" if value else b"#f\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, float):
        return f",{value!r}\r\n".encode()
    if isinstance(value, Status):
        return f"+{value}\r\n".encode()
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    assert isinstance(value, list)
    return b"*%d\r\n" % len(value) + b"".join(map(encode, value))


def read(*pieces: bytes, limit: int = 1 << 20) -> list[Reply]:
    """All answers in the bytes, which come in these pieces."""

    async def work() -> list[Reply]:
        stream = asyncio.StreamReader()
        replies, found = Replies(stream, limit), list[Reply]()
        task = asyncio.ensure_future(_all(replies, found))
        for piece in pieces:
            stream.feed_data(piece)
            await asyncio.sleep(0)
        stream.feed_eof()
        with pytest.raises(Lost) as caught:
            await task
        return [*found, *([caught.value] if isinstance(caught.value, TooLarge) else [])]

    return asyncio.run(work())


async def _all(replies: Replies, found: list[Reply]) -> None:
    while True:
        found.append(await replies.next())


@given(st.lists(VALUES, max_size=5), st.integers(1, 50))
def test_answers_come_back_however_they_are_cut(values: list[Reply], size: int) -> None:
    sent = b"".join(map(encode, values))
    found = read(*[sent[at : at + size] for at in range(0, len(sent), size)])
    assert found == values
    assert [type(one) for one in found] == [type(one) for one in values]


@given(st.lists(st.sampled_from([*b"$*:+-_#,(=!%~|>0123456789tf\r\nx"]) | st.just(256), max_size=60))
def test_bytes_that_mean_nothing_lose_the_connection_and_no_more(codes: list[int]) -> None:
    read(b"".join(b"\r\n" if code == 256 else bytes([code]) for code in codes))


def test_what_the_newer_protocol_has_beside() -> None:
    sent = b"_\r\n(123456789012345678901234567890\r\n~2\r\n:1\r\n:2\r\n%1\r\n+a\r\n:1\r\n=7\r\ntxt:abc\r\n*-1\r\n"
    assert read(sent) == [None, b"123456789012345678901234567890", [1, 2], Unsupported("Map"), _VERBATIM, None]
    assert read(b">2\r\n+message\r\n+x\r\n:1\r\n") == [1]
    assert read(b"|1\r\n+ttl\r\n:5\r\n:1\r\n:2\r\n") == [Unsupported("Attribute"), 2]


_VERBATIM = Unsupported("string with format attribute")


def test_errors_are_told_in_the_words_that_spin_tells_them() -> None:
    found = read(b"-ERR no such thing\r\n-WRONGTYPE it is a list\r\n!11\r\nBUSY longer\r\n*1\r\n-ERR in a list\r\n")
    first, second, third, (fourth,) = found  # type: ignore[misc]
    assert isinstance(first, ServerError)
    assert (first.code, first.detail) == ("ERR", "no such thing")
    assert [str(one) for one in (first, second, third, fourth)] == [
        "An error was signalled by the server - ResponseError: no such thing",
        "WRONGTYPE: it is a list",
        "BUSY: longer",
        "An error was signalled by the server - ResponseError: in a list",
    ]


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(0, 400))
def test_an_answer_is_refused_where_it_grows_too_large(items: list[bytes], limit: int) -> None:
    (found,) = read(encode(list(items)), limit=limit)
    counted = sum(32 + len(b"%d" % len(one)) + len(one) for one in items) + 32 + len(b"%d" % len(items))
    assert isinstance(found, TooLarge) == (counted > limit)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5))
def test_a_command_reads_as_a_list_of_its_words(words: list[bytes]) -> None:
    assert read(command(tuple(words))) == [words]
