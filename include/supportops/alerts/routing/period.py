"""When a digest goes out: at fixed instants of a person's day, with all that came up until then."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAILY, WORKDAYS = "daily", "workdays"
PERIODS = "15m, hourly, daily 08:30, workdays 08:30 or mon 08:30"
_AT = re.compile(r"(\w+) ([01]?\d|2[0-3]):([0-5]\d)")
_EVERY = re.compile(r"([1-9]\d{0,3})([mh])")
_DAY = timedelta(days=1)
# The longest time for which an office may be closed before "workdays" means any day.
_LONGEST_CLOSURE = 60


class OpenHours(Protocol):
    """What a period needs of the office's calendar."""

    def next_open(self, t: datetime) -> datetime: ...


@dataclass(frozen=True, slots=True)
class DigestPeriod:
    """`every` part of a day, from midnight UTC on, or `at` a time of the day on certain `days`.

    `days`: daily, workdays (on which the office opens), or one of WEEKDAYS.
    """

    every: timedelta | None = None
    at: time = time(0)
    days: str = DAILY

    def next(self, now: datetime, zone: str, office: OpenHours) -> datetime:
        """The first instant of the period from `now` on; `zone` is the readers'."""
        if self.every is not None:
            midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            return midnight + self.every * -(-(now - midnight) // self.every)
        tz = ZoneInfo(zone)
        today = now.astimezone(tz).date()
        days = [today + timedelta(days=n) for n in range(_LONGEST_CLOSURE)]
        instants = [datetime.combine(day, self.at, tz).astimezone(UTC) for day in days]
        later = [(day, at) for day, at in zip(days, instants, strict=True) if at >= now]
        fitting = (at for day, at in later if self._is_on(day, tz, office))
        return next(fitting, later[0][1])

    def _is_on(self, day: date, zone: ZoneInfo, office: OpenHours) -> bool:
        if self.days == DAILY:
            return True
        if self.days == WORKDAYS:
            start = datetime.combine(day, time(0), zone)
            end = datetime.combine(day + _DAY, time(0), zone)
            return office.next_open(start.astimezone(UTC)) < end
        return WEEKDAYS[day.weekday()] == self.days

    def __str__(self) -> str:
        if self.every is None:
            return f"{self.days} {self.at:%H:%M}"
        minutes = self.every // timedelta(minutes=1)
        return f"every {minutes} min" if minutes % 60 else f"every {minutes // 60} h"


def parse(text: str) -> DigestPeriod:
    """The period that `text` names. Raises ValueError, with the forms that there are."""
    text = " ".join(text.lower().split())
    if text == "hourly":
        return DigestPeriod(timedelta(hours=1))
    if match := _EVERY.fullmatch(text):
        every = timedelta(minutes=int(match[1]) * (60 if match[2] == "h" else 1))
        if every <= _DAY and not _DAY % every:
            return DigestPeriod(every)
        raise ValueError("a period that divides a day, such as 15m, 30m, 1h or 4h")
    match = _AT.fullmatch(text)
    if match is None or match[1] not in (DAILY, WORKDAYS, *WEEKDAYS):
        raise ValueError(PERIODS)
    return DigestPeriod(at=time(int(match[2]), int(match[3])), days=match[1])
