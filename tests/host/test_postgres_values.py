from __future__ import annotations

import datetime
import struct
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.host.pack import Case, unpack
from spinlab.host.postgres import calendar, numeric, parameters, results, types

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: format(d, "f"))


@given(DECIMALS)
def test_a_decimal_comes_back_to_its_last_digit(text: str) -> None:
    assert Decimal(numeric.decode(numeric.encode(text))) == Decimal(text)
    assert numeric.decode(numeric.encode(text)).partition(".")[2] == text.partition(".")[2]


@pytest.mark.parametrize("text", ["0", "0.00", "-0.5", "10000", "99999999", "0.0001", "1" * 200 + "." + "2" * 200])
def test_a_decimal_is_written_as_it_was(text: str) -> None:
    assert numeric.decode(numeric.encode(text)) == text


@pytest.mark.parametrize("text", ["", ".", "-", "1e3", "NaN", "1 ", "0x10", "\u0661", "1,5", "--1"])
def test_what_is_no_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="decimal"):
        numeric.encode(text)


@given(st.dates())
def test_days_agree_with_the_librarys(day: datetime.date) -> None:
    count = (day - datetime.date(2000, 1, 1)).days
    assert calendar.days(day.year, day.month, day.day) == count
    assert calendar.date(count) == (day.year, day.month, day.day)


@given(st.integers(-calendar.YEARS, calendar.YEARS), st.integers(1, 12), st.integers(1, 28))
def test_days_come_back_over_all_of_the_range(year: int, month: int, day: int) -> None:
    assert calendar.date(calendar.days(year, month, day)) == (year, month, day)


@given(st.times())
def test_times_come_back(at: datetime.time) -> None:
    found = (at.hour, at.minute, at.second, at.microsecond * 1000)
    assert calendar.time(calendar.micros(*found)) == found


ITEMS = st.one_of(
    st.tuples(st.just("int32"), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just("int64"), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just("floating64"), st.floats(allow_nan=False)),
    st.tuples(st.just("str"), st.text(st.characters(exclude_categories=["Cs"]))),
    st.tuples(st.just("binary"), st.binary()),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(st.just("array-int64"), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))),
    st.tuples(st.just("array-str"), st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])))),
    st.tuples(st.just("array-decimal"), st.lists(st.none() | DECIMALS)),
    st.tuples(st.just("interval"), st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 3).map(list)),
    st.tuples(st.just("uuid"), st.uuids().map(str)),
)


@given(ITEMS)
def test_a_parameter_is_read_back_as_the_value_that_it_was(item: tuple[str, object]) -> None:
    case, value = item
    kind = types.TAKES[case][0]
    data = parameters.encode(Case(case, value), kind, "")  # type: ignore[arg-type]
    assert data is not None
    found = unpack(results.decoder(kind)(data))
    assert isinstance(found, Case)
    if case == "array-decimal":
        assert [x and Decimal(x) for x in found.value] == [x and Decimal(x) for x in value]  # type: ignore
    else:
        assert found == Case(case, value)  # type: ignore[arg-type]


BOUNDS = st.none() | st.tuples(st.integers(-5, 5), st.sampled_from(["inclusive", "exclusive"])).map(list)


@given(BOUNDS, BOUNDS)
def test_a_range_that_nothing_is_in_is_empty_and_any_other_one_comes_back(
    lower: list[object] | None, upper: list[object] | None
) -> None:
    data = parameters.encode(Case("range-int32", [lower, upper]), types.INT4_RANGE, "")  # type: ignore[list-item]
    found = unpack(results.decoder(types.INT4_RANGE)(data or b""))
    empty = lower is not None and upper is not None
    if empty and lower is not None and upper is not None:
        empty = lower[0] > upper[0] or (lower[0] == upper[0] and not lower[1] == upper[1] == "inclusive")  # type: ignore
    assert found == Case("range-int32", [None, None] if empty else [lower, upper])  # type: ignore[list-item]


@given(st.sampled_from(sorted(results._DECODE)), st.binary(max_size=40))
def test_a_value_that_can_not_be_read_is_an_error_of_the_guests(kind: int, data: bytes) -> None:
    with suppress(types.Unfit):
        unpack(results.decoder(kind)(data))


@given(st.sampled_from(sorted(types.TAKES)), st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_a_parameter_that_is_none_is_an_error_of_the_guests(case: str, value: object) -> None:
    with suppress(types.Unfit):
        parameters.encode(Case(case, value), types.TAKES[case][0], "")  # type: ignore[arg-type]


def test_a_float_too_large_for_32_bits_is_infinite() -> None:
    assert parameters.encode(Case("floating32", 1e300), types.FLOAT4, "") == struct.pack(">f", float("inf"))
