from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.widgets.plain import columns, octets, seconds, visible


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = visible(text)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)
    assert not any(0x7F <= ord(c) < 0xA0 for c in shown)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "not yet"), (0.00002, "20 µs"), (0.0023, "2.30 ms"), (0.05, "50 ms"), (4.21, "4.2 s")],
)
def test_durations_are_in_the_unit_that_reads_best(value: float | None, shown: str) -> None:
    assert seconds(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (430_000, "430 KB"), (12_345_678, "12.3 MB"), (2 * 10**9, "2.0 GB")],
)
def test_sizes_are_in_the_unit_that_reads_best(value: int, shown: str) -> None:
    assert octets(value) == shown


def test_columns_are_aligned() -> None:
    assert columns([("a", "bb"), ("ccc", "d")], indent=1) == " a    bb\n ccc  d"
    assert columns([]) == ""
