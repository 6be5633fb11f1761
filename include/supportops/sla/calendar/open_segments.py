"""When a calendar is open, as UTC segments: wall-clock hours converted by a zone's offsets.

Every array is a column of int64 seconds, UTC epoch seconds unless a docstring says otherwise.
"Segments" are two arrays of equal length, starts and ends, half-open and ascending; no segment
overlaps or touches the next. The end of the page holds the fast look-up of sorted edges that
`business_hours` answers its questions with.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from supportops.sla.calendar.calendar_spec import CalendarSpec

Seconds = NDArray[np.int64]

_DAY = 86_400
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MONDAY_SHIFT = 3  # 1 January 1970 was a Thursday

# Offsets are looked up every six days and the change between two look-ups is found by bisection.
# From 1970 to 2100 no zone leaves an offset and returns to it sooner than 6.96 days later (northern
# Brazil in October 2000, Gaza around Ramadan in 2040), so no pair of changes slips through.
_PROBE = 6 * _DAY

_LARGEST = np.iinfo(np.int64).max

# Past this many comparisons per value a binary search is no slower.
_MOST_COMPARISONS = 8


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

    Two int64 columns of equal length. Cached, because reading zoneinfo costs more than building
    the whole calendar otherwise does.
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


# --- looking instants up --------------------------------------------------------------------------
#
# `EdgeRow` and `EdgeColumn` answer how many sorted whole numbers lie below one value, or below
# each of a column. Both cut the number line into buckets of 2**shift, about as long as the usual
# step between edges, and store how many edges lie below each bucket (`heads`, one more than there
# are buckets): what is left to search is the bucket's one or two edges.


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EdgeRow:
    """For single values: tuples, which cost a tenth of what numpy takes to read one number."""

    edges: tuple[int, ...]
    heads: tuple[int, ...]
    shift: int

    @classmethod
    def over(cls, edges: NDArray[np.int64], reach: int) -> Self:
        """Of ascending `edges`, for values from 0 up to and including `reach`."""
        heads, shift = _buckets(edges, reach)
        return cls(tuple(edges.tolist()), tuple(heads.tolist()), shift)

    def below(self, value: int) -> int:
        """How many edges are < value."""
        bucket, heads = value >> self.shift, self.heads
        return bisect_left(self.edges, value, heads[bucket], heads[bucket + 1])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EdgeColumn:
    """For columns: 12 ns a value where `np.searchsorted` takes 96 on values in no order.

    edges: int64, ascending, with the largest int64 as a last one. heads: intp, the number of edges
    below the start of each bucket. At most `depth` edges lie in one bucket; that many comparisons
    over the whole column find them.
    """

    edges: NDArray[np.int64]
    heads: NDArray[np.intp]
    shift: int
    depth: int

    @classmethod
    def over(cls, edges: NDArray[np.int64], reach: int) -> Self:
        """Of ascending `edges`, for values from 0 up to and including `reach`."""
        heads, shift = _buckets(edges, reach)
        edges = np.append(edges, _LARGEST)  # so that the comparison after the last edge is false
        edges.setflags(write=False)
        heads.setflags(write=False)
        return cls(edges, heads, shift, int(np.diff(heads).max()))

    def below(self, values: NDArray[np.int64]) -> NDArray[np.intp]:
        """How many edges are < each value, in the values' shape."""
        if self.depth > _MOST_COMPARISONS:
            counts: NDArray[np.intp] = np.searchsorted(self.edges, values)
            return counts
        counts = self.heads[values >> self.shift]
        for _ in range(self.depth):
            counts += self.edges[counts] < values
        return counts


def _buckets(edges: NDArray[np.int64], reach: int) -> tuple[NDArray[np.intp], int]:
    """How many edges lie below the start of each bucket of 2**shift, and the shift."""
    shift = max(reach // max(len(edges), 1), 1).bit_length() - 1
    starts = np.arange((reach >> shift) + 2, dtype=np.int64) << shift
    return np.searchsorted(edges, starts), shift
