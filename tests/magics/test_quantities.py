from __future__ import annotations

import pytest

from spinlab.magics.quantities import count, duration, size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("500ms", 0.5), ("2m", 120), ("1m30s", 90), ("1.5s", 1.5), ("3", 3), ("1h", 3600)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "fast", "10 parsecs", "-1s", "0s", "s", "1s2x", "1e3s", "nan", "inf"])
def test_what_is_no_duration_is_refused_with_the_form_it_has(text: str) -> None:
    with pytest.raises(ValueError, match="10s, 500ms"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "octets"),
    [("256MiB", 256 << 20), ("64k", 64 << 10), ("1GB", 10**9), ("100", 100), ("1.5KiB", 1536), ("2 MB", 2_000_000)],
)
def test_sizes_are_read(text: str, octets: int) -> None:
    assert size(text) == octets


@pytest.mark.parametrize("text", ["", "big", "1TB?", "-5MiB", "0", "MiB", "1e9"])
def test_what_is_no_size_is_refused_with_the_form_it_has(text: str) -> None:
    with pytest.raises(ValueError, match="256MiB"):
        size(text)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "", "²"])
def test_a_count_is_a_whole_number_above_zero(text: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        count(text)
