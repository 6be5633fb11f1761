"""How much of a period a site was up: the same fold as the incidents, weighted by time.

An outage counts from its first failed check to the first good one after it. Time without checks
is unknown, neither up nor down; announced maintenance counts apart. Each run is folded by the
configuration that it ran on. Five-minute checks cannot see what is shorter, so a share is never
known better than to one interval.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from supportops.sites.history import SiteHistory, Span
from supportops.sites.standing import SiteState
from supportops.sites.timeline import CheckedRun, Flip, timeline

NOTHING = timedelta(0)
LEAST_SEEN = 0.5
"""The part of a period, less announced maintenance, that must have been seen up or down before a
share of it is given. With less, most of the share would be about time that nobody looked at."""


@dataclass(frozen=True, slots=True)
class Availability:
    """The parts of a period; up, down, unknown and maintenance add up to it. `checks` counts runs,
    not tries.

    `degraded` is the part of `up` in which too many requests failed: visitors were served, if not
    at once, so it counts as up, and is shown beside it.

    `outages` are those that touch the period, wherever they began. `since` is when the site was
    first configured, where that was within the period; `until` when it was removed. `ahead` is what
    of the unknown time has not come yet: it does not count against a share.
    """

    up: timedelta = NOTHING
    down: timedelta = NOTHING
    unknown: timedelta = NOTHING
    maintenance: timedelta = NOTHING
    checks: int = 0
    outages: int = 0
    since: datetime | None = None
    until: datetime | None = None
    ahead: timedelta = NOTHING
    degraded: timedelta = NOTHING

    @property
    def known(self) -> timedelta:
        """The time that the site was seen up or down."""
        return self.up + self.down

    @property
    def up_share(self) -> float | None:
        """up / (up + down), from 0 to 1; None where less than LEAST_SEEN was seen."""
        seen = self.known
        enough = seen >= LEAST_SEEN * (seen + self.unknown - self.ahead)
        return self.up / seen if seen and enough else None

    @property
    def degraded_share(self) -> float | None:
        """degraded / (up + down), from 0 to 1, a part of `up_share`; None where that is."""
        return None if self.up_share is None else self.degraded / self.known


def availability(
    runs: Sequence[CheckedRun], history: SiteHistory, start: datetime, end: datetime
) -> Availability:
    """The parts of [start, end). `runs` in order of time; some from before `start` give the
    state in which the period begins."""
    checks = sorted(run.at for run in runs)
    return weigh(timeline(runs, history).flips, checks, history, start, end)


def weigh(
    flips: Sequence[Flip],
    checks: Sequence[datetime],
    history: SiteHistory,
    start: datetime,
    end: datetime,
    outages: Iterable[Span] = (),
) -> Availability:
    """The parts of [start, end) by a timeline, and how many of `checks` and `outages` lie in it.

    `checks` in order of time. Time in which the site was not configured is unknown.
    """
    if end <= start:
        raise ValueError(f"a period that ends after it starts, not {start} to {end}")
    totals = dict.fromkeys(SiteState, NOTHING)
    for span, state in states(flips, history, start, end):
        totals[state] += span.end - span.start
    eras = [part for era in history.eras() if (part := era.within(start, end))]
    return Availability(
        up=totals[SiteState.UP] + totals[SiteState.DEGRADED],
        degraded=totals[SiteState.DEGRADED],
        down=totals[SiteState.DOWN],
        unknown=totals[SiteState.UNKNOWN],
        maintenance=totals[SiteState.MAINTENANCE],
        checks=sum(bisect_left(checks, e.end) - bisect_left(checks, e.start) for e in eras),
        outages=sum(_touches(outage, eras) for outage in outages),
        since=eras[0].start if eras and eras[0].start > start else None,
        until=eras[-1].end if eras and eras[-1].end < end else None,
    )


def _touches(outage: Span, eras: Sequence[Span]) -> bool:
    return any(outage.start < era.end and outage.end > era.start for era in eras)


def states(
    flips: Sequence[Flip], history: SiteHistory, start: datetime, end: datetime
) -> list[tuple[Span, SiteState]]:
    """[start, end) in pieces, in order of time, each with what counts in it.

    Announced maintenance counts before what the checks saw, and where the site was not configured
    nothing is known.
    """
    seen = list(pieces(flips, start, end))
    overlays: list[tuple[Span, SiteState]] = []
    edge = start
    for term in history.terms:
        part = term.span.within(start, end)
        if part is None:
            continue
        if edge < part.start:
            overlays.append((Span(edge, part.start), SiteState.UNKNOWN))
        overlays += [(quiet, SiteState.MAINTENANCE) for quiet in term.quiet(start, end)]
        edge = part.end
    if edge < end:
        overlays.append((Span(edge, end), SiteState.UNKNOWN))
    return _overlaid(seen, overlays)


def _overlaid(
    pieces: Sequence[tuple[Span, SiteState]], overlays: Sequence[tuple[Span, SiteState]]
) -> list[tuple[Span, SiteState]]:
    """`pieces` with `overlays` in their place where there are any; both in order of time."""
    found: list[tuple[Span, SiteState]] = []
    place = 0
    for span, state in pieces:
        edge = span.start
        while place < len(overlays) and overlays[place][0].start < span.end:
            over, instead = overlays[place]
            if over.start > edge:
                found.append((Span(edge, over.start), state))
            edge = max(edge, min(over.end, span.end))
            left = max(over.start, span.start)
            if left < edge:
                found.append((Span(left, edge), instead))
            if over.end > span.end:
                break
            place += 1
        if edge < span.end:
            found.append((Span(edge, span.end), state))
    return found


def pieces(
    flips: Sequence[Flip], start: datetime, end: datetime
) -> Iterable[tuple[Span, SiteState]]:
    """[start, end) in pieces by a timeline alone; unknown before its first flip."""
    edge, state = start, SiteState.UNKNOWN
    for flip in flips:
        if flip.at > edge:
            if edge < end:
                yield Span(edge, min(flip.at, end)), state
            edge = min(flip.at, end)
        state = flip.state
    if edge < end:
        yield Span(edge, end), state
