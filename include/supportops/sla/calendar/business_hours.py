"""How much open time lies between two instants, and when a given amount of open time is used up.

Let F(t) be the open seconds from the calendar's beginning up to t. F never falls and is piecewise
linear, so two look-ups answer everything: `elapsed` is F(end) - F(start), and `deadline` is the
inverse of F. Three rules, each a decision of ours where products differ:

- Hours are half-open: at 17:00:00 an office that works 09:00-17:00 is closed.
- A deadline lands left: where the last second of open time ends a working day, it is 17:00 that
  day, not 09:00 on the next. That is the earliest instant with F(t) = F(start) + seconds, so
  `elapsed(t, deadline(t, n)) == n` always holds, no deadline comes before that of an earlier start,
  and 0 seconds from a closed instant are the closing before it. The opening after it is
  `next_open`.
- Time is real time: on the Sunday the clocks go back, a calendar that never closes has 25 hours.

Every method takes one aware datetime, or a column: an int64 array of UTC epoch seconds of any
shape. For a datetime the answer is exact to the microsecond, computed in whole numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Self, overload
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from supportops.sla.calendar.calendar_spec import CalendarSpec, read_spec
from supportops.sla.calendar.open_segments import EdgeColumn, EdgeRow, open_segments

Column = NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = date(1970, 1, 1)  # the time zone database promises nothing about the years before
_LATEST = date(2100, 1, 1)
_MICRO = 1_000_000
_MICROSECOND = timedelta(microseconds=1)


class OutsideRange(ValueError):
    """A given instant, or the answer, lies outside the years a calendar was built for."""


@dataclass(frozen=True, slots=True, eq=False)
class BusinessHours:
    """A calendar, frozen: which instants from `first` until `until` (exclusive, UTC) are open.

    Piece k of F follows the k-th opening: F(t) = min(t + lag[k], done[k]); piece 0 is the time
    before any opening. `openings` finds the piece of an instant, `amounts` that of an amount of
    open time. Stored twice, in seconds for columns and in microseconds for datetimes:

    _openings, _amounts; _opening, _amount: the look-ups.
    _lags, _dones: int64, one entry a piece; _lag, _done. done[k] is the open time up to the k-th
        closing, lag[k] what to add to an instant in piece k to get its open time.
    """

    zone: ZoneInfo
    first: datetime
    until: datetime
    _reach: tuple[int, int] = field(repr=False)  # first and until, in epoch seconds
    _answerable: tuple[int, int] = field(repr=False)  # least and most of F, in microseconds
    _openings: EdgeColumn = field(repr=False)
    _amounts: EdgeColumn = field(repr=False)
    _lags: Column = field(repr=False)
    _dones: Column = field(repr=False)
    _opening: EdgeRow = field(repr=False)
    _amount: EdgeRow = field(repr=False)
    _lag: tuple[int, ...] = field(repr=False)
    _done: tuple[int, ...] = field(repr=False)

    @classmethod
    def from_spec(
        cls, spec: Mapping[str, object], *, first: date = _EARLIEST, until: date = _LATEST
    ) -> Self:
        """The calendar of `spec` (see `calendar_spec`) from midnight UTC of `first` to `until`.

        Raises ValueError for a spec with mistakes, listing all of them; for `first` before 1970 or
        not before `until`; for a calendar that never opens in between.
        """
        return cls._of(read_spec(spec), first, until)

    @classmethod
    @lru_cache(maxsize=8)
    def _of(cls, calendar: CalendarSpec, first: date, until: date) -> Self:
        """Cached: a configuration is read more than once, and each of its calendars takes a
        hundred times as long to build as to look up."""
        if not _EARLIEST <= first < until:
            raise ValueError(f"first={first}, until={until}: expected 1970-01-01 <= first < until")
        reach = (_second_of(first), _second_of(until))
        starts, ends = open_segments(calendar, *reach)
        if not len(starts):
            raise ValueError(f"this calendar is never open from {first} until {until}")
        dones = np.append(0, np.cumsum(ends - starts))
        lags = np.append(-reach[0], dones[1:] - ends)
        dones.setflags(write=False)
        lags.setflags(write=False)
        opened = int(dones[-1])
        # The last closing before `first`, and one at or after `until`, are not known.
        least = 0 if starts[0] == reach[0] else 1
        most = opened * _MICRO - (1 if ends[-1] == reach[1] else 0)
        amount_row = EdgeRow.over(dones * _MICRO, opened * _MICRO)
        return cls(
            zone=calendar.zone,
            first=datetime.fromtimestamp(reach[0], UTC),
            until=datetime.fromtimestamp(reach[1], UTC),
            _reach=reach,
            _answerable=(least, most),
            _openings=EdgeColumn.over(starts - 1, reach[1]),  # start <= t is start - 1 < t
            _amounts=EdgeColumn.over(dones, opened),
            _lags=lags,
            _dones=dones,
            _opening=EdgeRow.over(starts * _MICRO - 1, reach[1] * _MICRO),
            _amount=amount_row,
            _lag=tuple((lags * _MICRO).tolist()),
            _done=amount_row.edges,
        )

    @overload
    def is_open(self, t: datetime) -> bool: ...
    @overload
    def is_open(self, t: Column) -> NDArray[np.bool_]: ...
    def is_open(self, t: datetime | Column) -> bool | NDArray[np.bool_]:
        """Whether the office is open at t: a bool, or a bool array of t's shape.

        Raises OutsideRange.
        """
        if isinstance(t, datetime):
            micro = self._micros(t)
            k = self._opening.below(micro)
            return micro + self._lag[k] < self._done[k]
        second = self._seconds(t)
        piece = self._openings.below(second)
        return second + self._lags[piece] < self._dones[piece]

    @overload
    def elapsed(self, start: datetime, end: datetime) -> float: ...
    @overload
    def elapsed(self, start: Column, end: Column) -> Column: ...
    def elapsed(self, start: datetime | Column, end: datetime | Column) -> float | Column:
        """Open seconds from start to end, negative if end comes first.

        Two datetimes give a float, exact to the microsecond; two columns, which broadcast, give
        int64. Raises OutsideRange.
        """
        if isinstance(start, datetime) and isinstance(end, datetime):
            return (self._open_micros(end) - self._open_micros(start)) / _MICRO
        return self._open_seconds(end) - self._open_seconds(start)

    @overload
    def deadline(self, start: datetime, seconds: float) -> datetime: ...
    @overload
    def deadline(self, start: Column, seconds: int | Column) -> Column: ...
    def deadline(self, start: datetime | Column, seconds: float | Column) -> datetime | Column:
        """The earliest instant by which `seconds` of open time have passed since start.

        A datetime gives a UTC datetime, and seconds count to the microsecond; a column gives UTC
        epoch seconds (int64), and seconds are an int or a column, which broadcasts. Lands left, see
        above. Negative seconds count open time backwards. Raises OutsideRange.
        """
        least, most = self._answerable
        if isinstance(start, datetime):
            amount = self._open_micros(start) + _micros_in(seconds)
            if not least <= amount <= most:
                raise self._outside(f"the end of {seconds} open seconds from {start}")
            return _EPOCH + _MICROSECOND * (amount - self._lag[self._amount.below(amount)])
        amounts = self._open_seconds(start) + _whole(seconds)
        if amounts.size and not (least <= np.min(amounts) and np.max(amounts) <= most // _MICRO):
            raise self._outside("the end of some of these open seconds")
        return amounts - self._lags[self._amounts.below(amounts)]

    @overload
    def next_open(self, t: datetime) -> datetime: ...
    @overload
    def next_open(self, t: Column) -> Column: ...
    def next_open(self, t: datetime | Column) -> datetime | Column:
        """The first open instant at or after t: t itself while open, else the next opening.

        A UTC datetime, or UTC epoch seconds (int64) of t's shape. Raises OutsideRange.
        """
        if isinstance(t, datetime):
            micro = self._micros(t)
            k = self._opening.below(micro)
            if micro + self._lag[k] < self._done[k]:
                return t.astimezone(UTC)
            if k == len(self._opening.edges):
                raise self._outside(f"the opening after {t}")
            return _EPOCH + _MICROSECOND * (self._opening.edges[k] + 1)
        second = self._seconds(t)
        piece = self._openings.below(second)
        closed = second + self._lags[piece] >= self._dones[piece]
        if np.any(closed & (piece == len(self._opening.edges))):
            raise self._outside("the opening after some of these instants")
        return np.where(closed, self._openings.edges[piece], second - 1) + 1

    def next_close(self, t: datetime) -> datetime:
        """The first closed instant at or after t: t itself while closed, else the next closing.

        UTC; `until` for a calendar that is open to its end. Raises OutsideRange.
        """
        micro = self._micros(t)
        k = self._opening.below(micro)
        closing = self._done[k] - self._lag[k]
        return _EPOCH + _MICROSECOND * max(micro, closing)

    def edges(self) -> Column:
        """Every instant at which it opens or closes, in UTC epoch seconds (int64), in no order."""
        opens = self._dones[:-1] - self._lags[1:]
        closes = self._dones[1:] - self._lags[1:]
        return np.concatenate((opens, closes))

    def _micros(self, t: datetime) -> int:
        """UTC epoch microseconds of a datetime within the range."""
        try:
            since = t - _EPOCH
        except TypeError:
            raise ValueError(f"found {t!r}, expected a datetime with its time zone") from None
        second = since.days * 86_400 + since.seconds
        first, until = self._reach
        if not first <= second < until:
            raise self._outside(str(t))
        return second * _MICRO + since.microseconds

    def _open_micros(self, t: datetime) -> int:
        """F(t) in microseconds."""
        micro = self._micros(t)
        k = self._opening.below(micro)
        amount, done = micro + self._lag[k], self._done[k]
        return amount if amount < done else done

    def _seconds(self, t: object) -> Column:
        """UTC epoch seconds, every one of them within the range."""
        if not isinstance(t, np.ndarray):
            raise TypeError(f"found {t!r}, expected an aware datetime or an int64 array")
        second = _whole(t)
        first, until = self._reach
        if second.size and not (first <= np.min(second) and np.max(second) < until):
            stray = second[(second < first) | (second >= until)][0]
            raise self._outside(f"UTC epoch second {stray}")
        return second

    def _open_seconds(self, t: object) -> Column:
        """F(t) in seconds."""
        second = self._seconds(t)
        piece = self._openings.below(second)
        amount: Column = np.minimum(second + self._lags[piece], self._dones[piece])
        return amount

    def _outside(self, what: str) -> OutsideRange:
        return OutsideRange(
            f"{what} is outside this calendar, which reaches from {self.first.isoformat()}"
            f" until {self.until.isoformat()}; build it with a wider first and until"
        )


def _second_of(day: date) -> int:
    """UTC epoch seconds of the day's midnight in UTC."""
    return (day - _EARLIEST).days * 86_400


def _micros_in(seconds: float | Column) -> int:
    """Whole microseconds, to the nearest."""
    if isinstance(seconds, int):  # the usual case needs no rounding
        return seconds * _MICRO
    if isinstance(seconds, np.ndarray):
        raise TypeError("found a datetime and a column of seconds, expected two int64 columns")
    return round(seconds * _MICRO)


def _whole(values: object) -> Column:
    """Values as int64. Floats and datetime64 are refused: their unit would be a guess."""
    column = np.asarray(values)
    if column.dtype.kind != "i":
        raise TypeError(f"found {column.dtype}, expected a column of int64 seconds")
    return column.astype(np.int64, copy=False)
