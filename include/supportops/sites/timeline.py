"""The state of a site over time, folded from its runs of checks by the rules of the incidents.

An outage counts from its first failed check to the first good one after it. Each run is folded by
the configuration that it ran on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from supportops.sites.failure_rate import RUNS_IN_WINDOW, FailureRate
from supportops.sites.history import LAST, SiteHistory, Span, Term
from supportops.sites.site import FIVE_MINUTES, CheckPolicy
from supportops.sites.standing import Attempt, SiteState, Standing, Track, advance, counted, suspend

# A run of checks is judged at the latest of them, which all end before the next run.
_RUN = FIVE_MINUTES
_SEEN = (SiteState.UP, SiteState.DEGRADED)
# A window is a day at most, with a run every five minutes.
_MOST_IN_WINDOW = 288


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of state: from `at` on the site is in `state`, until the next flip."""

    at: datetime
    state: SiteState


@dataclass(frozen=True, slots=True)
class Timeline:
    """The state of a site over time. No run that is judged later changes what is before `settled`,
    unless it holds an older check."""

    flips: list[Flip]
    settled: datetime


@dataclass(frozen=True, slots=True)
class CheckedRun:
    """One run's checks of a site's front page; `blind` when our own connection was down.

    `slot`: the run's, by which its configuration is found; that of the first try unless given.
    """

    tries: Sequence[Attempt]
    blind: bool = False
    slot: datetime | None = None

    @property
    def at(self) -> datetime:
        """The instant of the last try."""
        return self.tries[-1].result.checked_at

    @property
    def planned_at(self) -> datetime:
        """The slot of the run."""
        return self.slot or self.tries[0].result.checked_at


def timeline(
    runs: Iterable[CheckedRun], history: SiteHistory, renamed: Sequence[Standing] = ()
) -> Timeline:
    """The state of a site from its first check on, in order of time.

    `runs` in the order in which they were judged. A state holds until the next check. Where that
    is more than two intervals off, it holds for one interval and what follows is unknown.
    `renamed`: where a site was down under another name before, how it stood when it went on under
    this one, `since` that instant.
    """
    flips: list[Flip] = []
    standing = Standing()
    rates = _Rates()
    gaps, unchecked = list[Span](), list[Span]()
    before: tuple[datetime, Term] | None = None
    for run in runs:
        term, at = history.at(run.planned_at), run.at
        if term is None or (before is not None and at < before[0]):
            continue  # A run that a later one has overtaken changes nothing.
        if before is not None and (ended := _ended_between(before[1], term, history)):
            flips.append(Flip(min(ended, before[0] + before[1].site.interval), SiteState.UNKNOWN))
            standing, before = Standing(), None
        renamed_at = None
        if before is None:
            for each in renamed:
                if each.since is not None and run.planned_at <= each.since <= at + _RUN:
                    standing, renamed_at = each, each.since
                    flips.append(Flip(renamed_at, SiteState.DOWN))
                    break
        if before is not None and at - before[0] > _longest_pause(before[1], term):
            gap = Span(before[0] + before[1].site.interval, run.tries[0].result.checked_at)
            flips.append(Flip(gap.start, SiteState.UNKNOWN))
            gaps.append(gap)
        before = (at, term)
        was, standing = standing, _after(standing, run, term)
        if standing.state in _SEEN and not (was.down or standing.down):
            rates.count(run, term)
        if standing.state is SiteState.MAINTENANCE:
            continue  # The maintenance windows themselves count this time, not the checks in it.
        start = run.tries[0].result.checked_at
        if standing.down != was.down and standing.since is not None:
            start = standing.since
        while gaps and gaps[-1].end > start:  # reaching back, it does not tell what nobody saw
            unchecked.append(gaps.pop())
        state = SiteState.UP if standing.state is SiteState.DEGRADED else standing.state
        flips.append(Flip(max(start, renamed_at or start), state))
    settled = LAST
    if before is not None:
        at, term = before
        removed = _end_of_era(term, history)
        flips.append(Flip(min(at + term.site.interval, removed), SiteState.UNKNOWN))
        if removed == LAST:
            settled = min([at, *_in_question(standing), *rates.in_question(at, term)])
    found = _with(_in_order(flips), unchecked, SiteState.UNKNOWN, in_place_of=SiteState)
    degraded = _with(found, rates.spans(), SiteState.DEGRADED, in_place_of=(SiteState.UP,))
    return Timeline(degraded, settled)


def _in_question(standing: Standing) -> list[datetime]:
    """Where an outage, or the end of one, would begin if the next check confirmed it."""
    at = standing.answers_since if standing.down else standing.first_bad_at
    open_ = standing.down or standing.bad_streak > 0
    return [at] if open_ and at is not None else []


class _Rates:
    """The spans in which a site was degraded, as its runs are counted one after the other.

    Runs in which all is well are only counted when one that fails needs them.
    """

    def __init__(self) -> None:
        self._rate = FailureRate()
        self._well: deque[tuple[CheckedRun, Term]] = deque(maxlen=_MOST_IN_WINDOW)
        self._ended: list[Span] = []
        self._good_since: datetime | None = None

    def count(self, run: CheckedRun, term: Term) -> None:
        """One more run that was judged by what the site did, and is part of no outage."""
        if self._rate.is_clean and _is_one_good_check(run):
            self._well.append((run, term))
            return
        for well, at_the_time in self._well:
            self._add(well, at_the_time)
        self._well.clear()
        self._add(run, term)

    def _add(self, run: CheckedRun, term: Term) -> None:
        since = self._rate.since
        tries = _counting(run)
        counted_run = counted(tries, Track.OUTAGE)
        policy, interval = term.policy.degraded, term.site.interval
        self._rate = self._rate.after(counted_run, policy, interval)
        for attempt in tries:
            good_at = self._good_since or attempt.result.checked_at
            self._good_since = None if attempt.bad_for(Track.OUTAGE) else good_at
        if since is not None and self._rate.since is None:
            self._ended.append(Span(since, self._good_since or counted_run.at))

    def in_question(self, at: datetime, term: Term) -> list[datetime]:
        """Where degraded time may yet begin or end, as of a last run at `at`."""
        if self._rate.since is not None:
            return [self._good_since] if self._good_since is not None else []
        # Twice the window: the next configuration may have a longer one.
        oldest = at - 2 * longest_window(term.policy, term.site.interval)
        return [run.at for run in self._rate.runs if run.failed and run.at > oldest]

    def spans(self) -> list[Span]:
        """Each from the first failed request to the first good one after the last that failed."""
        if self._rate.since is None:
            return self._ended
        return [*self._ended, Span(self._rate.since, datetime.max.replace(tzinfo=UTC))]


def _with(
    flips: Sequence[Flip],
    spans: Iterable[Span],
    state: SiteState,
    *,
    in_place_of: Iterable[SiteState],
) -> list[Flip]:
    """`flips`, with the time in `spans` that was one of `in_place_of` as `state`."""
    others, found = frozenset(in_place_of) - {state}, list(flips)
    for span in spans:
        cut: list[Flip] = []
        for flip, until in zip(found, [*(each.at for each in found[1:]), None], strict=True):
            if flip.state not in others:
                cut.append(flip)
                continue
            start = max(flip.at, span.start)
            end = span.end if until is None else min(until, span.end)
            if start >= end:
                cut.append(flip)
                continue
            if flip.at < start:
                cut.append(flip)
            cut.append(Flip(start, state))
            if until is None or end < until:
                cut.append(Flip(end, flip.state))
        found = cut
    return found


def _ended_between(earlier: Term, later: Term, history: SiteHistory) -> datetime | None:
    """When the site was removed between the two terms; None where it was not."""
    if earlier is later:
        return None
    end = _end_of_era(earlier, history)
    return None if later.span.start < end else end


def _end_of_era(term: Term, history: SiteHistory) -> datetime:
    """When the site was removed that was configured in `term`; LAST where it was not."""
    return next(era.end for era in history.eras() if era.covers(term.span.start))


def longest_window(policy: CheckPolicy, interval: timedelta) -> timedelta:
    """How long a failed request counts for the rate of failures."""
    return max(policy.degraded.window, RUNS_IN_WINDOW * interval)


def _longest_pause(earlier: Term, later: Term) -> timedelta:
    """Between two checks of one stretch, also where the interval was changed between them."""
    return 2 * max(earlier.site.interval, later.site.interval)


def _after(before: Standing, run: CheckedRun, term: Term) -> Standing:
    """The standing after one run, by the rules that the incidents are folded by."""
    if term.site.maintenance and term.site.in_maintenance(run.at):
        return suspend(before, SiteState.MAINTENANCE, run.tries)
    if run.blind and any(t.bad_for(Track.OUTAGE) for t in _counting(run)[-1:]):
        return suspend(before, SiteState.UNKNOWN, run.tries)
    if before.state in _SEEN and before.bad_streak == 0 and _is_one_good_check(run):
        return before  # as after nearly every run: nothing changes
    return advance(before, run.tries, Track.OUTAGE, term.policy, term.site.interval)


def _counting(run: CheckedRun) -> list[Attempt]:
    """The tries that did not fail on our side."""
    return [attempt for attempt in run.tries if attempt.result.counts]


def _is_one_good_check(run: CheckedRun) -> bool:
    (first, *more) = run.tries
    return not more and first.result.counts and not first.bad_for(Track.OUTAGE)


def is_decided(runs: Iterable[CheckedRun], history: SiteHistory) -> bool:
    """Whether `runs` alone decide up or down: the fold ends the same whatever it began with."""
    up, down = Standing(), Standing(down=True)
    for run in runs:
        term = history.at(run.planned_at)
        if term is not None:
            up, down = _after(up, run, term), _after(down, run, term)
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
