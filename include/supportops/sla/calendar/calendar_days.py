"""Open time date by date: how much each date has for a clock, and why others have none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from supportops.sla.policy import Calendar

LONGEST = 400  # dates listed singly; the others are summed up

_NO_CLOSURE = ("paused", "after hours")

Piece = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class DayShare:
    """Dates, `first` to `last`, with a clock's open seconds on them, and why if there are none."""

    first: date
    last: date
    open_seconds: float
    why: str

    @property
    def words(self) -> str:
        """For example "Sat 4 Apr to Mon 6 Apr: closed (weekend, Easter Monday)"."""
        dates = f"{self.first:%a %-d %b}"
        dates += f" to {self.last:%a %-d %b}" if self.last != self.first else ""
        if self.open_seconds:
            return f"{dates}: {self._amount}{f' ({self.why})' if self.why else ''}"
        return f"{dates}: {self.why}"

    @property
    def _amount(self) -> str:
        """ "6 h 30 min", "15 min"; seconds only below one minute."""
        if self.open_seconds < 60:
            return f"{max(1, round(self.open_seconds))} s"
        hours, minutes = divmod(round(self.open_seconds / 60), 60)
        parts = (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "")
        return " ".join(part for part in parts if part)


def shares(
    calendar: Calendar, start: datetime, end: datetime, ran: Sequence[Piece]
) -> Iterator[DayShare]:
    """The dates from start to end on the calendar's wall clock; `ran` is when the clock ran.

    Neighbouring dates without open time are one row.
    """
    zone, empty = calendar.hours.zone, list[tuple[date, str]]()
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    for _ in range(LONGEST):
        if day > last:
            break
        piece = _day(calendar, day)
        spent = sum(_overlap(calendar, piece, each) for each in ran)
        why = "" if spent else _why(calendar, day, piece, start)
        if empty and (spent or (why in _NO_CLOSURE) != (empty[-1][1] in _NO_CLOSURE)):
            yield _closed(empty)
            empty = []
        if spent:
            yield DayShare(day, day, spent, "")
        else:
            empty.append((day, why))
        day += timedelta(days=1)
    else:
        remainder = (_day(calendar, day)[0], end)
        spent = sum(_overlap(calendar, remainder, each) for each in ran)
        yield DayShare(day, last, spent, "summed up")
    if empty:
        yield _closed(empty)


def _closed(empty: Sequence[tuple[date, str]]) -> DayShare:
    reasons = ", ".join(dict.fromkeys(why for _, why in empty))
    reasons = reasons if empty[0][1] in _NO_CLOSURE else f"closed ({reasons})"
    return DayShare(empty[0][0], empty[-1][0], 0, reasons)


def _why(calendar: Calendar, day: date, piece: Piece, start: datetime) -> str:
    if calendar.hours.elapsed(*piece):
        left = calendar.hours.elapsed(max(start, piece[0]), max(start, piece[1]))
        return "paused" if left else "after hours"
    if day in calendar.closed:
        return calendar.closed[day]
    return "weekend" if day.weekday() >= 5 else "no hours"


def _day(calendar: Calendar, day: date) -> Piece:
    """A local date as an interval."""
    zone = calendar.hours.zone
    begin = datetime.combine(day, time(), zone).astimezone(UTC)
    return begin, datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _overlap(calendar: Calendar, one: Piece, other: Piece) -> float:
    since, until = max(one[0], other[0]), min(one[1], other[1])
    return calendar.hours.elapsed(since, until) if since < until else 0
