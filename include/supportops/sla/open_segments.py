"""When a calendar is open, as UTC segments: wall-clock hours laid through a zone's offsets.

Everything here works on columns of int64 seconds. "Segments" are two arrays of equal length, starts
and ends, half-open, sorted and apart: no segment overlaps or touches the next.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from supportops.sla.calendar_spec import CalendarSpec

Seconds = NDArray[np.int64]

_DAY = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MONDAY_SHIFT = 3  # 1 January 1970 was a Thursday

# Offsets are looked up every six days and the change between two look-ups is found by bisection.
# From 1970 to 2100 no zone leaves an offset and returns to it sooner than 6.96 days later (northern
# Brazil in October 2000, Gaza around Ramadan in 2040), so no pair of changes slips through.
_PROBE = 6 * _DAY


def open_segments(spec: CalendarSpec, first: int, until: int) -> tuple[Seconds, Seconds]:
    """The segments of `spec` within [first, until), all in UTC epoch seconds.

    An instant is open if the wall clock in the spec's zone reads inside an interval. So an hour
    that the clocks skip in spring is never open, and one they repeat in autumn is open twice.
    """
    since, offsets = utc_offsets(spec.zone, first, until)
    starts, ends = _wall_clock_segments(spec, first // _DAY - 2, until // _DAY + 2)
    starts, ends = _within(starts, ends, since, np.append(since[1:], until), offsets)
    if spec.breaks:
        shut, reopened = np.array(spec.breaks, dtype=np.int64).T
        starts, ends = _within(
            starts, ends, np.append(first, reopened), np.append(shut, until), np.int64(0)
        )
    return starts, ends


@lru_cache
def utc_offsets(zone: ZoneInfo, first: int, until: int) -> tuple[Seconds, Seconds]:
    """Since when (UTC epoch seconds, the first entry is `first`) which UTC offset (seconds) holds.

    Kept per zone and span, because asking zoneinfo costs more than all the rest of a calendar.
    """
    epoch = datetime(1970, 1, 1, tzinfo=zone)  # a UTC reading, as fromutc wants it

    def offset(instant: int) -> timedelta | None:
        return zone.fromutc(epoch + timedelta(0, instant)).utcoffset()

    since, current = [first], offset(first)
    offsets = [current]
    for probe in [*range(first + _PROBE, until, _PROBE), until - 1]:
        later = offset(probe)
        while later != current:
            low, high = max(since[-1], probe - _PROBE), probe
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == current else (low, middle)
            current = offset(high)
            since.append(high)
            offsets.append(current)
    seconds = [int(o.total_seconds()) for o in offsets if o is not None]
    return np.array(since, dtype=np.int64), np.array(seconds, dtype=np.int64)


def _wall_clock_segments(spec: CalendarSpec, day: int, end_day: int) -> tuple[Seconds, Seconds]:
    """Segments of the wall clock, in seconds as if it were UTC, for epoch days [day, end_day)."""
    days = np.arange(day, end_day, dtype=np.int64)
    dated = [d.toordinal() - _EPOCH_DAY for d in spec.holidays | dict(spec.overrides).keys()]
    weekday = (days + _MONDAY_SHIFT) % 7
    weekday[np.isin(days, dated)] = -1
    starts, ends = [days[:0]], [days[:0]]
    for i, intervals in enumerate(spec.week):
        midnights = days[weekday == i] * _DAY
        starts += [midnights + opens for opens, _ in intervals]
        ends += [midnights + closes for _, closes in intervals]
    for special, intervals in spec.overrides:
        midnight = np.int64(special.toordinal() - _EPOCH_DAY) * _DAY
        if special not in spec.holidays:
            starts += [np.array([midnight + opens]) for opens, _ in intervals]
            ends += [np.array([midnight + closes]) for _, closes in intervals]
    return _joined(np.sort(np.concatenate(starts)), np.sort(np.concatenate(ends)))


def _within(
    starts: Seconds, ends: Seconds, since: Seconds, until: Seconds, offset: Seconds | np.int64
) -> tuple[Seconds, Seconds]:
    """The part of the segments inside the windows [since, until), each moved back by its offset.

    A segment is given in its window's local seconds, the windows and the answer in UTC.
    """
    low = np.searchsorted(ends, since + offset, side="right")
    high = np.searchsorted(starts, until + offset, side="left")
    counts = np.maximum(high - low, 0)
    window = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    segment = low[window] + place
    moved = np.broadcast_to(offset, since.shape)[window]
    return _joined(
        np.maximum(starts[segment] - moved, since[window]),
        np.minimum(ends[segment] - moved, until[window]),
    )


def _joined(starts: Seconds, ends: Seconds) -> tuple[Seconds, Seconds]:
    """Sorted segments with those that touch made one: 22:00-24:00 and 00:00-06:00 are one night."""
    apart = starts[1:] > ends[:-1]
    return starts[np.append(True, apart)[: len(starts)]], ends[np.append(apart, True)[: len(ends)]]
