"""Days and times as PostgreSQL counts them, over all of its range; `datetime` ends at the year 9999."""

from __future__ import annotations

SECOND = 1_000_000
DAY = 86_400 * SECOND
EPOCH = 10_957
"""Days from 1970 to 2000, where PostgreSQL begins to count."""

YEARS = 262_142
"""Spin's own bound for years, before and after."""


def days(year: int, month: int, day: int) -> int:
    """Days since 2000.

    Raises:
        ValueError: There is no such day.
    """
    if abs(year) > YEARS or not 1 <= month <= 12 or not 1 <= day <= _length(year, month):
        raise ValueError(f"invalid date y={year}, m={month}, d={day}")
    # Counted in years that begin in March, so that a leap day is the last of its year, and in eras of 400 years.
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468 - EPOCH


def date(count: int) -> tuple[int, int, int]:
    """Year, month and day, so many days after 2000."""
    era, of_era = divmod(count + EPOCH + 719_468, 146_097)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def micros(hour: int, minute: int, second: int, nanosecond: int) -> int:
    """Microseconds since midnight.

    Raises:
        ValueError: There is no such time.
    """
    if hour > 23 or minute > 59 or second > 59 or nanosecond >= 1_000_000_000:
        raise ValueError(f"invalid time {hour}:{minute}:{second}:{nanosecond}")
    return ((hour * 60 + minute) * 60 + second) * SECOND + nanosecond // 1000


def time(count: int) -> tuple[int, int, int, int]:
    """Hour, minute, second and nanosecond, so many microseconds after midnight."""
    seconds, fraction = divmod(count % DAY, SECOND)
    minutes, second = divmod(seconds, 60)
    return minutes // 60, minutes % 60, second, fraction * 1000


def _length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31
