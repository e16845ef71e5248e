"""Cron: a function runs by the clock, in UTC (Spin: the plugin ``trigger-cron``).

A time that comes while the last run is still under way is left out. By hand it runs with the time of now.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final

from spinlab.errors import OptionError
from spinlab.triggers.kind import Config, Place

LAST_YEAR: Final = 2100
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class _Field:
    """One field of an expression: its name, bounds, and names for its numbers."""

    name: str
    least: int
    most: int
    names: Mapping[str, int]


_FIELDS: Final = (
    _Field("seconds", 0, 59, {}),
    _Field("minutes", 0, 59, {}),
    _Field("hours", 0, 23, {}),
    _Field("days of the month", 1, 31, {}),
    _Field("months", 1, 12, {name: n for n, name in enumerate(_MONTHS, 1)}),
    _Field("days of the week", 1, 7, {name: n for n, name in enumerate(_DAYS, 1)}),
    _Field("years", 1970, LAST_YEAR, {}),
)


@dataclass(frozen=True)
class Schedule:
    """When something is due: what each field allows. Days of the week count from Sunday, which is 1."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    years: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read an expression of six or seven fields.

        Raises:
            ValueError: It is none; the text says what is wrong.
        """
        words = text.split()
        if len(words) == 5:
            raise ValueError(f"five fields have no seconds, which come first: '0 {text}'")
        if len(words) not in (6, 7):
            raise ValueError("write six or seven fields: seconds minutes hours day-of-month month day-of-week [year]")
        return cls(*map(_numbers, _FIELDS, (*words, "*")[:7]))

    def after(self, moment: datetime) -> datetime | None:
        """The first time after a moment; None when there is none any more."""
        day = moment.date()
        while day.year <= LAST_YEAR:
            if self._has(day):
                for hour, minute, second in self._times():
                    due = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=timezone.utc)
                    if due > moment:
                        return due
            day += timedelta(days=1)
        return None

    def _has(self, day: date) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return day.day in self.days and day.month in self.months and weekday in self.weekdays and day.year in self.years

    def _times(self) -> Iterator[tuple[int, int, int]]:
        return (
            (hour, minute, second)
            for hour in sorted(self.hours)
            for minute in sorted(self.minutes)
            for second in sorted(self.seconds)
        )


_PART: Final = re.compile(r"(?P<first>\*|\?|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,4}))?", re.ASCII)


def _numbers(field: _Field, text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is nothing for the {field.name}: such as *, 5, 1-5, */15 or 1,15")
        first, last, step = match["first"], match["last"], int(match["step"] or 1)
        if first in "*?":
            low, high = field.least, field.most
        else:
            low = _number(field, first)
            high = _number(field, last) if last else field.most if match["step"] else low
        if step == 0 or high < low or (last and first in "*?"):
            raise ValueError(f"{part!r} is nothing for the {field.name}: it names none")
        found.update(range(low, high + 1, step))
    return frozenset(found)


def _number(field: _Field, text: str) -> int:
    number = field.names.get(text.lower()[:3]) if text.isalpha() else int(text) if text.isdigit() else None
    if number is None or not field.least <= number <= field.most:
        raise ValueError(f"{text!r} is not one of the {field.name}, which go from {field.least} to {field.most}")
    return number


class Cron:
    """See `spinlab.triggers.kind.Kind`."""

    name = "cron"
    keys = ("cron_expression",)
    required = 1
    templated = ()
    settings = ()
    application = ()
    defaults: Config = {}
    listens = True

    def declared(self, text: str) -> Config:
        """The expression."""
        return {"cron_expression": text}

    def check(self, config: Config) -> None:
        """The expression can be read, and something will be due."""
        text = str(config["cron_expression"])
        try:
            schedule = Schedule.parse(text)
        except ValueError as error:
            raise OptionError(f"{text!r} is no cron expression", hint=str(error)) from None
        if schedule.after(_now()) is None:
            raise OptionError(f"{text!r} is never due again", hint="look at its days, months and years")

    def subject(self, config: Config) -> str:
        """The expression."""
        return str(config["cron_expression"])

    def message(self, config: Config, data: bytes) -> bytes:
        """The time of now, or the one that is given in seconds since the epoch."""
        if not data:
            return b"%d" % time.time()
        if not data.isdigit() or int(data) >= 1 << 64:
            raise OptionError("cron sends a time alone", hint="leave it out for now, or seconds since the epoch")
        return data

    async def listen(self, config: Config, place: Place) -> None:
        """Run when it is due, until nothing is due any more."""
        text = str(config["cron_expression"])
        schedule = Schedule.parse(text)
        place.listening(f"the clock, {text}")
        last = _now()
        while (due := schedule.after(max(last, _now()))) is not None:
            while (wait := (due - _now()).total_seconds()) > 0:
                await asyncio.sleep(min(wait, 3600))  # the clock may be set meanwhile
            await place.deliver(b"%d" % due.timestamp(), text)
            last = due


def _now() -> datetime:
    return datetime.now(timezone.utc)


KIND = Cron()
