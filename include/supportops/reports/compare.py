"""Two stored reports side by side: each figure of both, the difference, and whether it is better.

Computed from the figures as they were stored (`figures_json.to_json`), so that it says what the
reports said. Texts in them are hostile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Any

from supportops.reports.figures import FEW, Restatement
from supportops.reports.measuring.figures_json import restatements_of

Json = Mapping[str, Any]


class Change(StrEnum):
    """What became of a figure between two reports."""

    BETTER = "better"
    WORSE = "worse"
    UNSURE = "unsure"  # a share that moved no more than chance explains, or that is of few
    OTHER = "other"  # more or less of something that is neither good nor bad
    SAME = "same"
    UNKNOWN = "unknown"  # one of the reports has no such figure


class Group(StrEnum):
    """What a figure is about."""

    PROMISES = "promises"
    TIMES = "times"
    TICKETS = "tickets"
    SITES = "sites"
    INCIDENTS = "incidents"
    MESSAGES = "messages"


class Measure(StrEnum):
    """Which figure it is. A share of promises is `KEPT`, a share of time `UP`."""

    KEPT = "kept"
    OVERDUE = "overdue"
    MEDIAN_BUSINESS = "median_business"
    MEDIAN_CALENDAR = "median_calendar"
    P90_BUSINESS = "p90_business"
    P90_CALENDAR = "p90_calendar"
    ARRIVED = "arrived"
    SOLVED = "solved"
    REOPENED = "reopened"
    OPEN = "open"
    UP = "up"
    OUTAGES = "outages"
    DOWN = "down"
    COUNT = "count"
    DETECTION = "detection"
    RECOVERY = "recovery"
    UNDELIVERED = "undelivered"


TIMES = {
    Measure.MEDIAN_BUSINESS: ("business", "median"),
    Measure.MEDIAN_CALENDAR: ("calendar", "median"),
    Measure.P90_BUSINESS: ("business", "p90"),
    Measure.P90_CALENDAR: ("calendar", "p90"),
}
"""Where each stands on a line of promises."""
SECONDS = frozenset({*TIMES, Measure.DOWN, Measure.DETECTION, Measure.RECOVERY})
SHARES = frozenset({Measure.KEPT, Measure.UP})
# More of these is good, of those neither; of all others less is good.
_MORE_IS_BETTER = SHARES
_NEITHER = frozenset({Measure.ARRIVED, Measure.SOLVED})


@dataclass(frozen=True, slots=True)
class Value:
    """A figure of one report: a count, seconds, or a share of one.

    Of a share of promises `met` of `due` were kept, between `low` and `high` (Wilson, 95 %).
    `over`: a time that was not reached is longer than that; `number` is None then.
    """

    number: float | None
    met: int | None = None
    due: int | None = None
    low: float | None = None
    high: float | None = None
    over: float | None = None

    @property
    def few(self) -> bool:
        """Whether a share of so few promises means nothing."""
        return self.due is not None and self.due < FEW


@dataclass(frozen=True, slots=True)
class Line:
    """One figure in both reports; None where one has no such figure. `name` is the tier, site or
    channel, None for all together, `metric` the promise, None for all of them. `difference`: the
    second less the first, None where one has no number.
    """

    group: Group
    name: str | None
    metric: str | None
    measure: Measure
    first: Value | None
    second: Value | None
    difference: float | None
    change: Change


@dataclass(frozen=True, slots=True)
class Comparison:
    """`lines`: by group, in the order of the reports. `restated`: what later reports said anew of
    the periods of either, the last word on each tier.
    """

    lines: tuple[Line, ...]
    restated: tuple[Restatement, ...]

    def of(self, group: Group) -> tuple[Line, ...]:
        """The lines of one group."""
        return tuple(line for line in self.lines if line.group is group)


def compare(first: Json, second: Json, restated: Sequence[Restatement] = ()) -> Comparison:
    """Two reports' figures side by side, with what was `restated` of either since."""
    mine, yours = dict(_values(first)), dict(_values(second))
    keys = [*mine, *(key for key in yours if key not in mine)]
    order = {group: place for place, group in enumerate(Group)}
    keys.sort(key=lambda key: order[key[0]])
    lines = tuple(_line(key, mine.get(key), yours.get(key)) for key in keys)
    return Comparison(lines, tuple(restated))


Key = tuple[Group, str | None, str | None, Measure]


def _line(key: Key, first: Value | None, second: Value | None) -> Line:
    difference = None
    if first and second and first.number is not None and second.number is not None:
        difference = second.number - first.number
    return Line(*key, first, second, difference, change(key[3], first, second))


def change(measure: Measure, first: Value | None, second: Value | None) -> Change:
    """What became of a figure."""
    if first is None or second is None:
        return Change.UNKNOWN
    if first.number is None or second.number is None:
        return _of_times(first, second)
    difference = second.number - first.number
    if measure is Measure.KEPT and (first.few or second.few):
        return Change.SAME if (first.met, first.due) == (second.met, second.due) else Change.UNSURE
    if abs(difference) < 1e-9:
        return Change.SAME
    if measure in _NEITHER:
        return Change.OTHER
    if measure is Measure.KEPT and not _significant(first, second):
        return Change.UNSURE
    better = (difference > 0) == (measure in _MORE_IS_BETTER)
    return Change.BETTER if better else Change.WORSE


def _of_times(first: Value, second: Value) -> Change:
    """Of two times of which one at least was not reached: what is known of it is a lower bound."""
    if first.number is not None and second.over is not None and second.over > first.number:
        return Change.WORSE
    if second.number is not None and first.over is not None and first.over > second.number:
        return Change.BETTER
    return Change.UNKNOWN


def _significant(first: Value, second: Value) -> bool:
    """Whether the 95 % interval of the difference of two shares leaves out zero: Newcombe's hybrid
    score interval, out of the two Wilson intervals (Statistics in Medicine 17, 1998, method 10).
    """
    ends = (first.number, first.low, first.high, second.number, second.low, second.high)
    p1, l1, u1, p2, l2, u2 = (float("nan") if each is None else each for each in ends)
    difference = p2 - p1
    below = difference - sqrt((p2 - l2) ** 2 + (u1 - p1) ** 2)
    above = difference + sqrt((u2 - p2) ** 2 + (p1 - l1) ** 2)
    return below > 0 or above < 0


def last_restated(period: str, later: Sequence[Sequence[Json]]) -> tuple[Restatement, ...]:
    """What later reports said anew of a period, the last word on each tier, all together last.

    `later`: the stored `restatements` of each, oldest report first.
    """
    last: dict[str | None, Restatement] = {}
    for stored in later:
        for each in restatements_of({"restatements": stored}):
            if each.label == period:
                last[each.tier] = each
    return tuple(last[tier] for tier in sorted(last, key=lambda tier: (tier is None, tier or "")))


def _values(report: Json) -> Iterator[tuple[Key, Value]]:
    """Every figure of a report that has its like in another, by its key."""
    for line in report.get("promises", ()):
        if line["by"] in ("tier", "all"):
            yield from _promises(line)
    for line in report.get("volumes", ()):
        if line["by"] in ("tier", "all"):
            for measure in (Measure.ARRIVED, Measure.SOLVED, Measure.REOPENED, Measure.OPEN):
                key = (Group.TICKETS, line["name"], None, measure)
                yield key, Value(line[measure.value])
    whole = [line for line in report.get("uptimes", ()) if line["customer"] is None]
    for line, name in (
        *((line, None) for line in whole),
        *((line, line["site"]) for line in report.get("sites", ())),
    ):
        yield (Group.SITES, name, None, Measure.UP), Value(line["up_share"])
        yield (Group.SITES, name, None, Measure.OUTAGES), Value(line["outages"])
        yield (Group.SITES, name, None, Measure.DOWN), Value(line["down_seconds"])
    if "incidents" in report:
        yield from _incidents(report)
    for line in report.get("delivered", ()):
        key = (Group.MESSAGES, line["channel"], None, Measure.UNDELIVERED)
        yield key, Value(line["undelivered"])


def _promises(line: Json) -> Iterator[tuple[Key, Value]]:
    name, metric, kept = line["name"], line["metric"], line["kept"]
    if line.get("promised", True):
        counts = (kept["met"], kept["due"], kept["low"], kept["high"])
        yield (Group.PROMISES, name, metric, Measure.KEPT), Value(kept["share"], *counts)
        yield (Group.PROMISES, name, metric, Measure.OVERDUE), Value(line["overdue"])
    for measure, (clock, quantile) in TIMES.items():
        times = line[clock]
        if times is not None and times["n"]:
            found = times[quantile]
            key = (Group.TIMES, name, metric, measure)
            yield key, Value(found["seconds"], over=found["over"])


def _incidents(report: Json) -> Iterator[tuple[Key, Value]]:
    key = (Group.INCIDENTS, None, None)
    yield (*key, Measure.COUNT), Value(len(report["incidents"]))
    for measure, name in (
        (Measure.DETECTION, "detection_median"),
        (Measure.RECOVERY, "recovery_median"),
    ):
        if report.get(name) is not None:
            yield (*key, measure), Value(report[name])
