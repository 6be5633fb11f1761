"""How much of a period a site was up: the same fold as the incidents, weighted by time.

An outage counts from its first failed check to the first good one after it. Time without checks
is unknown, neither up nor down; announced maintenance counts apart. Five-minute checks cannot
see what is shorter, so a share is never known better than to one interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from supportops.sites.site import CheckPolicy, Site
from supportops.sites.standing import Attempt, SiteState, Standing, Track, advance, suspend

NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open interval, aware UTC."""

    start: datetime
    end: datetime

    def covers(self, instant: datetime) -> bool:
        """Whether the instant (aware) lies in the interval."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of state: from `at` on the site is in `state`, until the next flip."""

    at: datetime
    state: SiteState


@dataclass(frozen=True, slots=True)
class Availability:
    """The parts of a period; they add up to it. `checks` counts runs, not tries.

    `up_share` is up / (up + down), None where neither was seen.
    """

    up: timedelta = NOTHING
    down: timedelta = NOTHING
    unknown: timedelta = NOTHING
    maintenance: timedelta = NOTHING
    checks: int = 0
    outages: int = 0

    @property
    def up_share(self) -> float | None:
        """From 0 to 1; None where neither up nor down was seen."""
        known = self.up + self.down
        return self.up / known if known else None


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """One run's checks of a site's front page; `blind` when our own connection was down."""

    tries: Sequence[Attempt]
    blind: bool = False
    at: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", self.tries[-1].result.checked_at)


def timeline(runs: Iterable[CheckedRun], site: Site, policy: CheckPolicy) -> list[Flip]:
    """The state of a site from its first check on, in order of time.

    A state holds until the next check. Where that is more than two intervals off, it holds for
    one interval and what follows is unknown.
    """
    flips: list[Flip] = []
    standing = Standing()
    before: datetime | None = None
    for run in runs:
        if before is not None and run.at - before > 2 * site.interval:
            flips.append(Flip(before + site.interval, SiteState.UNKNOWN))
        before = run.at
        was, standing = standing, _after(standing, run, site, policy)
        if standing.state is SiteState.MAINTENANCE:
            continue  # The maintenance windows themselves count this time, not the checks in it.
        start = run.tries[0].result.checked_at
        if standing.down != was.down and standing.since is not None:
            start = standing.since
        flips.append(Flip(start, standing.state))
    if before is not None:
        flips.append(Flip(before + site.interval, SiteState.UNKNOWN))
    return _in_order(flips)


def _after(before: Standing, run: CheckedRun, site: Site, policy: CheckPolicy) -> Standing:
    """The standing after one run, by the rules that the incidents are folded by."""
    if site.in_maintenance(run.at):
        return suspend(before, SiteState.MAINTENANCE, run.tries)
    if run.blind and any(t.bad_for(Track.OUTAGE) for t in _counting(run)[-1:]):
        return suspend(before, SiteState.UNKNOWN, run.tries)
    if before.state is SiteState.UP and before.bad_streak == 0 and _is_one_good_check(run):
        return before  # as after nearly every run: nothing changes
    return advance(before, run.tries, Track.OUTAGE, policy, site.interval)


def _counting(run: CheckedRun) -> list[Attempt]:
    """The tries that did not fail on our side."""
    return [attempt for attempt in run.tries if attempt.result.counts]


def _is_one_good_check(run: CheckedRun) -> bool:
    (first, *more) = run.tries
    return not more and first.result.counts and not first.bad_for(Track.OUTAGE)


def is_decided(runs: Iterable[CheckedRun], site: Site, policy: CheckPolicy) -> bool:
    """Whether `runs` alone decide up or down: the fold ends the same whatever it began with."""
    up, down = Standing(), Standing(down=True)
    for run in runs:
        up, down = _after(up, run, site, policy), _after(down, run, site, policy)
    return up.down == down.down


def _in_order(flips: Iterable[Flip]) -> list[Flip]:
    """A flip that reaches back (an outage begins at its first failure) replaces what it covers."""
    ordered: list[Flip] = []
    for flip in flips:
        while ordered and ordered[-1].at >= flip.at:
            ordered.pop()
        if not ordered or ordered[-1].state is not flip.state:
            ordered.append(flip)
    return ordered


def availability(
    runs: Sequence[CheckedRun], site: Site, policy: CheckPolicy, start: datetime, end: datetime
) -> Availability:
    """The parts of [start, end). `runs` in order of time; some from before `start` give the
    state in which the period begins."""
    checks = [run.at for run in runs]
    return weigh(timeline(runs, site, policy), checks, site, start, end)


def weigh(
    flips: Sequence[Flip],
    checks: Sequence[datetime],
    site: Site,
    start: datetime,
    end: datetime,
) -> Availability:
    """The parts of [start, end) by a timeline, and how many of the `checks` lie in it."""
    if end <= start:
        raise ValueError(f"a period that ends after it starts, not {start} to {end}")
    totals = dict.fromkeys(SiteState, NOTHING)
    for span, state in _pieces(flips, start, end):
        for piece, quiet in _by_maintenance(span, site):
            totals[SiteState.MAINTENANCE if quiet else state] += piece.end - piece.start
    return Availability(
        up=totals[SiteState.UP],
        down=totals[SiteState.DOWN],
        unknown=totals[SiteState.UNKNOWN],
        maintenance=totals[SiteState.MAINTENANCE],
        checks=sum(start <= at < end for at in checks),
        outages=sum(flip.state is SiteState.DOWN and start <= flip.at < end for flip in flips),
    )


def _pieces(
    flips: Sequence[Flip], start: datetime, end: datetime
) -> Iterable[tuple[Span, SiteState]]:
    edge, state = start, SiteState.UNKNOWN
    for flip in flips:
        if flip.at > edge:
            if edge < end:
                yield Span(edge, min(flip.at, end)), state
            edge = min(flip.at, end)
        state = flip.state
    if edge < end:
        yield Span(edge, end), state


def _by_maintenance(span: Span, site: Site) -> Iterable[tuple[Span, bool]]:
    """`span` cut at the edges of the site's maintenance windows, and whether each is inside."""
    if not site.maintenance:
        yield span, False
        return
    edges = {span.start, span.end}
    for window in site.maintenance:
        edges.update(e for e in window.edges(span.start, span.end) if span.start < e < span.end)
    cuts = sorted(edges)
    for left, right in pairwise(cuts):
        yield Span(left, right), site.in_maintenance(left)
