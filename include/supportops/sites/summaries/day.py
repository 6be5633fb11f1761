"""A UTC day of one site, folded: all that its checks say of it, without the checks.

Whatever part of a day is asked for, the timeline gives how long the site was in each state, to the
microsecond; checks are counted by the hour.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from supportops.sites.availability import pieces, weigh
from supportops.sites.history import SiteHistory, Span
from supportops.sites.outages import CountedChecks
from supportops.sites.standing import SiteState
from supportops.sites.timeline import Flip

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
QUARTER = timedelta(minutes=15)
"""Every zone is some quarters of an hour off UTC, so that a local hour or day is of whole ones."""
_QUARTERS = HOUR // QUARTER
_MICROSECOND = timedelta(microseconds=1)
_LETTERS = {
    SiteState.UP: "u",
    SiteState.DEGRADED: "g",
    SiteState.DOWN: "d",
    SiteState.UNKNOWN: "n",
    SiteState.MAINTENANCE: "m",
}
_STATES = {letter: state for state, letter in _LETTERS.items()}
ALL_UP = _LETTERS[SiteState.UP]
"""The timeline of a day in which a site was up whenever it was checked."""


@dataclass(frozen=True, slots=True)
class DaySummary:
    """One day of a site while it was that of `customer`, as far as it is folded.

    `up` (with `degraded` a part of it), `down` and `maintenance` are times in the states of an
    `Availability`; the rest of the day is unknown. `hours`: the checks of each of the 24 hours.
    `timeline`: as `encoded` writes it, whoever's site it was. `known_at`: the instant at which the
    last of the runs was judged that it was folded from. `quarters`: the checks of each of the 96
    quarters of an hour; None where an older version folded it.
    """

    site: str
    day: datetime
    customer: str
    up: timedelta
    degraded: timedelta
    down: timedelta
    maintenance: timedelta
    hours: tuple[int, ...]
    timeline: str
    known_at: datetime
    quarters: tuple[int, ...] | None = None

    @property
    def checks(self) -> int:
        """The checks of the day."""
        return sum(self.hours)

    def counted(self) -> list[CountedChecks]:
        """The checks of each hour."""
        return [
            CountedChecks(Span(hour, hour + HOUR), self.customer, number)
            for hour, number in zip(
                (self.day + n * HOUR for n in range(24)), self.hours, strict=True
            )
            if number
        ]

    def in_quarters(self, hour: CountedChecks) -> list[CountedChecks]:
        """The checks of one of its hours by the quarter, or together where that is not known."""
        if self.quarters is None:
            return [hour]
        first = (hour.span.start - self.day) // QUARTER
        starts = [hour.span.start + n * QUARTER for n in range(_QUARTERS)]
        numbers = self.quarters[first : first + _QUARTERS]
        return [
            CountedChecks(Span(at, at + QUARTER), self.customer, number)
            for at, number in zip(starts, numbers, strict=True)
            if number
        ]


def quarters_to_text(hours: Sequence[int], quarters: Sequence[int]) -> str:
    """The hours whose quarters have not the same number of checks each, with those of each, such
    as `3:2/3/3/3 17:0/0/1/0`."""
    found = []
    for hour, number in enumerate(hours):
        mine = quarters[hour * _QUARTERS : (hour + 1) * _QUARTERS]
        if any(each * _QUARTERS != number for each in mine):
            found.append(f"{hour}:{'/'.join(map(str, mine))}")
    return " ".join(found)


def quarters_from_text(hours: Sequence[int], text: str) -> tuple[int, ...]:
    """The quarters that `quarters_to_text` wrote."""
    found = [number // _QUARTERS for number in hours for _ in range(_QUARTERS)]
    for word in text.split():
        hour, _, numbers = word.partition(":")
        first = int(hour) * _QUARTERS
        found[first : first + _QUARTERS] = map(int, numbers.split("/"))
    return tuple(found)


def merged(
    before: Iterable[DaySummary], more: Iterable[DaySummary], at: datetime
) -> list[DaySummary]:
    """Summaries of a day that hold its hours until `at`, with those from then on, which `more`
    holds; of the sites in `more`."""
    new: dict[str, dict[str, DaySummary]] = {}
    for row in more:
        new.setdefault(row.site, {})[row.customer] = row
    old: dict[str, dict[str, DaySummary]] = {}
    for row in before:
        if row.site in new and at > row.day:
            old.setdefault(row.site, {})[row.customer] = row
    found = []
    for site, rows in new.items():
        earlier = old.get(site, {})
        some = next(iter(rows.values()))
        timeline = some.timeline
        if earlier:
            timeline = joined(next(iter(earlier.values())).timeline, timeline, some.day, at)
        for customer in earlier.keys() | rows.keys():
            both = [part[customer] for part in (earlier, rows) if customer in part]
            row = both[0] if len(both) == 1 else _sum(*both)
            known_at = max(row.known_at, some.known_at)
            found.append(replace(row, timeline=timeline, known_at=known_at))
    return found


def _sum(one: DaySummary, other: DaySummary) -> DaySummary:
    return replace(
        one,
        up=one.up + other.up,
        degraded=one.degraded + other.degraded,
        down=one.down + other.down,
        maintenance=one.maintenance + other.maintenance,
        hours=_added(one.hours, other.hours),
        quarters=None
        if one.quarters is None or other.quarters is None
        else _added(one.quarters, other.quarters),
    )


def _added(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def summaries(
    site: str,
    history: SiteHistory,
    flips: Sequence[Flip],
    checks: Sequence[datetime],
    span: Span,
    known_at: datetime,
) -> Iterator[DaySummary]:
    """The part `span` of a day, for each customer that the site belonged to in it.

    `checks` in order of time.
    """
    day = day_of(span.start)
    inside = history.between(span.start, span.end)
    if inside is None:
        return
    for part in inside.by_customer():
        found = weigh(flips, (), part, span.start, span.end)
        eras = [era for each in part.eras() if (era := each.within(span.start, span.end))]
        quarters = [_in_quarter(checks, eras, day + n * QUARTER) for n in range(24 * _QUARTERS)]
        hours = (quarters[at : at + _QUARTERS] for at in range(0, len(quarters), _QUARTERS))
        yield DaySummary(
            site,
            day,
            part.latest.customer,
            found.up,
            found.degraded,
            found.down,
            found.maintenance,
            tuple(map(sum, hours)),
            encoded(flips, span, day),
            known_at,
            tuple(quarters),
        )


def _in_quarter(checks: Sequence[datetime], eras: Sequence[Span], at: datetime) -> int:
    parts = (era.within(at, at + QUARTER) for era in eras)
    return sum(bisect_left(checks, p.end) - bisect_left(checks, p.start) for p in parts if p)


def encoded(flips: Sequence[Flip], span: Span, day: datetime) -> str:
    """The states of `span` as text: the letter of the first, and each later one with the
    microseconds of the day at which it began, such as `u 39600000000d 43200000000u`."""
    letters: list[tuple[datetime, str]] = [(day, _LETTERS[SiteState.UNKNOWN])]
    for piece, state in pieces(flips, span.start, span.end):
        letters.append((piece.start, _LETTERS[state]))
    return _written(letters, day)


def decoded(text: str, day: datetime) -> list[Flip]:
    """The flips that `encoded` wrote, the first at the beginning of the day."""
    first, *rest = text.split(" ")
    flips = [Flip(day, _STATES[first])]
    flips += [Flip(day + int(each[:-1]) * _MICROSECOND, _STATES[each[-1]]) for each in rest]
    return flips


def joined(earlier: str, later: str, day: datetime, at: datetime) -> str:
    """One timeline, `earlier` until `at` and `later` from then on."""
    before = [(flip.at, _LETTERS[flip.state]) for flip in decoded(earlier, day) if flip.at < at]
    after = list(pieces(decoded(later, day), at, day + DAY))
    return _written([*before, *((piece.start, _LETTERS[s]) for piece, s in after)], day)


def _written(letters: Sequence[tuple[datetime, str]], day: datetime) -> str:
    words: list[str] = []
    last = ""
    for (at, letter), following in zip(letters, [*letters[1:], None], strict=True):
        if letter == last or (following is not None and following[0] == at):
            continue
        last = letter
        words.append(letter if at == day else f"{(at - day) // _MICROSECOND}{letter}")
    return " ".join(words)


def day_of(at: datetime) -> datetime:
    """The midnight (UTC) at or before an instant."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def next_day(at: datetime) -> datetime:
    """The midnight (UTC) at or after an instant."""
    day = day_of(at)
    return day if day == at else day + DAY


def hour_of(at: datetime) -> datetime:
    """The full hour at or before an instant."""
    return at.replace(minute=0, second=0, microsecond=0)
