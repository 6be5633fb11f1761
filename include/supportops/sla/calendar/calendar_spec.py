"""Office hours as an operator writes them, parsed once into checked, frozen values.

A spec is a mapping, usually from YAML:

    tz: Europe/London
    hours: {mon: [["09:00", "12:00"], ["13:00", "17:00"]], sun: [["00:00", "24:00"]]}
    holidays: [2026-12-25]                            # local dates without open hours
    overrides: {"2026-12-24": [["09:00", "12:00"]]}   # replace the weekday's hours
    breaks: [{start: 2026-01-05T10:00:00Z, end: 2026-01-05T11:00:00Z}]

`tz` and `hours` are required. Intervals are half-open and read the wall clock of `tz`. A weekday
that is left out is closed. A date that is both a holiday and an override is closed: bank holidays
come from a library, so whoever works on one takes it out of `holidays`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_KEYS = ("tz", "hours", "holidays", "overrides", "breaks")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


@dataclass(frozen=True, slots=True)
class CalendarSpec:
    """A checked spec: intervals are sorted, and none overlaps another.

    week: seven days, Monday first, of (from, to) in seconds of the wall clock since midnight.
    overrides: the same intervals for single local dates.
    breaks: (start, end) in UTC epoch seconds; breaks that overlapped are joined.
    """

    zone: ZoneInfo
    week: tuple[Intervals, ...]
    holidays: frozenset[date]
    overrides: tuple[tuple[date, Intervals], ...]
    breaks: Intervals


def read_spec(spec: Mapping[str, object]) -> CalendarSpec:
    """The checked form of `spec`.

    Raises one ValueError that lists every problem: where it is, what was found, what was expected.
    """
    reader = _Reader()
    calendar = reader.calendar(spec)
    if calendar is None or reader.problems:
        raise ValueError("\n  ".join(["this is no calendar of business hours:", *reader.problems]))
    return calendar


class _Reader:
    """Reads on after a mistake, so that an operator sees all of them at once."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def wrong(self, where: str, found: object, expected: str) -> None:
        self.problems.append(f"{where}: found {found!r}, expected {expected}")

    def calendar(self, spec: object) -> CalendarSpec | None:
        given = self.mapping("calendar", spec)
        for key in given:
            if key not in _KEYS:
                self.wrong(str(key), given[key], f"only the keys {', '.join(_KEYS)}")
        zone = self.zone(given.get("tz"))
        week = self.week(given.get("hours"))
        holidays = [
            self.day(f"holidays[{i}]", found)
            for i, found in enumerate(self.sequence("holidays", given.get("holidays")))
        ]
        overrides = self.overrides(given.get("overrides"))
        if not (any(week) or any(intervals for _, intervals in overrides) or self.problems):
            self.wrong("hours", given.get("hours"), "an open interval on some day")
        breaks = self.breaks(given.get("breaks"))
        if zone is None:
            return None
        closed = frozenset(day for day in holidays if day)
        return CalendarSpec(zone, week, closed, overrides, breaks)

    def mapping(self, where: str, found: object) -> Mapping[object, object]:
        if isinstance(found, Mapping):
            return found
        if found is not None:  # a YAML key with nothing behind it is an empty section
            self.wrong(where, found, "a mapping")
        return {}

    def sequence(self, where: str, found: object) -> Sequence[object]:
        if isinstance(found, Sequence) and not isinstance(found, str):
            return found
        if found is not None:
            self.wrong(where, found, "a list")
        return ()

    def zone(self, found: object) -> ZoneInfo | None:
        try:
            if isinstance(found, str):
                return ZoneInfo(found)
        except (KeyError, ValueError, OSError):  # OSError: "Europe" is a folder of zones
            pass
        self.wrong("tz", found, "the IANA name of a time zone, such as 'Europe/London'")
        return None

    def week(self, found: object) -> tuple[Intervals, ...]:
        if found is None:
            self.wrong("hours", found, "intervals by weekday, such as {mon: [['09:00', '17:00']]}")
        by_name = self.mapping("hours", found)
        for name in by_name:
            if name not in WEEKDAYS:
                self.wrong(f"hours.{name}", name, f"a weekday of {', '.join(WEEKDAYS)}")
        return tuple(self.intervals(f"hours.{name}", by_name.get(name)) for name in WEEKDAYS)

    def overrides(self, found: object) -> tuple[tuple[date, Intervals], ...]:
        read: dict[date, Intervals] = {}
        for key, intervals in self.mapping("overrides", found).items():
            day = self.day(f"overrides.{key}", key)
            if day in read:
                self.wrong(f"overrides.{key}", key, "each date once")
            elif day:
                read[day] = self.intervals(f"overrides.{key}", intervals)
        return tuple(sorted(read.items()))

    def day(self, where: str, found: object) -> date | None:
        if isinstance(found, date) and not isinstance(found, datetime):
            return found
        try:
            # Python also reads "20261225" and "2026-W52-5"; one spelling is enough for a file.
            if isinstance(found, str) and date.fromisoformat(found).isoformat() == found:
                return date.fromisoformat(found)
        except ValueError:
            pass
        self.wrong(where, found, "a date, such as '2026-12-25'")
        return None

    def intervals(self, where: str, found: object) -> Intervals:
        read = []
        for i, pair in enumerate(self.sequence(where, found)):
            here = f"{where}[{i}]"
            ends = self.sequence(here, pair)
            if len(ends) != 2:
                self.wrong(here, pair, "a pair ['HH:MM', 'HH:MM']")
                continue
            opens, closes = self.time(f"{here}[0]", ends[0]), self.time(f"{here}[1]", ends[1])
            if opens is None or closes is None:
                continue
            if opens >= closes:
                self.wrong(here, pair, "a closing time after the opening time")
                continue
            read.append((opens, closes))
        read.sort()
        if any(left[1] > right[0] for left, right in pairwise(read)):
            self.wrong(where, found, "intervals that do not overlap")
        return tuple(read)

    def time(self, where: str, found: object) -> int | None:
        if isinstance(found, str) and _TIME.fullmatch(found):
            return int(found[:2]) * 3600 + int(found[3:]) * 60
        hint = " in quotes: YAML takes a bare 17:00 for a number" if isinstance(found, int) else ""
        self.wrong(where, found, f"a time 'HH:MM' from '00:00' to '24:00'{hint}")
        return None

    def breaks(self, found: object) -> Intervals:
        joined: list[Interval] = []
        for start, end in sorted(self.closures(found)):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return tuple(joined)

    def closures(self, found: object) -> list[Interval]:
        read = []
        for i, item in enumerate(self.sequence("breaks", found)):
            here = f"breaks[{i}]"
            ends = self.mapping(here, item)
            if set(ends) != {"start", "end"}:
                self.wrong(here, item, "a mapping of start and end")
                continue
            start = self.instant(f"{here}.start", ends["start"])
            end = self.instant(f"{here}.end", ends["end"])
            if start is None or end is None:
                continue
            if start >= end:
                self.wrong(here, item, "an end after the start")
                continue
            read.append((start, end))
        return read

    def instant(self, where: str, found: object) -> int | None:
        try:
            t = datetime.fromisoformat(found) if isinstance(found, str) else found
        except ValueError:
            t = None
        if isinstance(t, datetime) and t.tzinfo is not None and t.microsecond == 0:
            return (t - _EPOCH) // timedelta(seconds=1)
        expected = "a whole second with its UTC offset, such as '2026-01-05T10:00:00Z'"
        self.wrong(where, found, expected)
        return None
