"""The standing of one page: the fold of its checks, which confirms outages and recoveries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from supportops.sites import failure_rate
from supportops.sites.check import (
    ProbeResult,
    Reason,
    instant_from_json,
    instant_to_json,
    result_from_json,
    result_to_json,
)
from supportops.sites.failure_rate import NOTHING_COUNTED, CountedRun, FailureRate
from supportops.sites.site import CheckPolicy

# Icinga 2's rule: the last 20 state changes, newer ones weigh more; on above 30 %, off below 25 %.
FLAP_CHECKS = 20
FLAP_ON = 30.0
FLAP_OFF = 25.0
_FLAP_WEIGHTS = tuple(0.8 + 0.02 * age for age in range(FLAP_CHECKS))


class SiteState(StrEnum):
    """The state of a site or page as people see it."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"


KNOWN = frozenset({SiteState.UP, SiteState.DEGRADED, SiteState.DOWN})
"""The states of what was judged by its last check."""


class Track(StrEnum):
    """What is judged separately: whether the site answers, and whether its pages are right."""

    OUTAGE = "outage"
    FAULT = "fault"


def tracks_of(page: str) -> tuple[Track, ...]:
    """What a page is judged on; the front page is the one whose path is empty."""
    return (Track.OUTAGE, Track.FAULT) if page == "" else (Track.FAULT,)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One recorded check of one page. `number` counts the page's checks in a run from 0."""

    site: str
    page: str
    number: int
    result: ProbeResult

    def bad_for(self, track: Track) -> bool:
        """A slow front page is a fault; anything else that fails on it is an outage. A check that
        failed on our side is neither good nor bad."""
        if not self.result.counts:
            return False
        slow = self.result.reason is Reason.SLOW
        if track is Track.OUTAGE:
            return not self.result.good and not slow
        return slow if self.page == "" else not self.result.good


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one page on one track after its last check.

    `down` is what was confirmed; `since` when that began: the first failed check of an outage,
    the first good one of a recovery. `state` adds what suspends judgement (unknown, maintenance).
    `answers_since` is the first of the good checks in a row that the last one ends, those in
    maintenance included; None after a bad one.
    `rate`: how often it fails while it is not down.
    `flips` holds, newest in the lowest bit, whether each of the last 20 runs changed `down`.
    """

    state: SiteState = SiteState.UNKNOWN
    down: bool = False
    since: datetime | None = None
    checked_at: datetime | None = None
    bad_streak: int = 0
    good_streak: int = 0
    first_bad_at: datetime | None = None
    first_good_at: datetime | None = None
    last_good_at: datetime | None = None
    last_bad: ProbeResult | None = None
    last: ProbeResult | None = None
    flips: int = 0
    flapping: bool = False
    answers_since: datetime | None = None
    rate: FailureRate = NOTHING_COUNTED

    @property
    def flap_percent(self) -> float:
        """How much of the last 20 runs changed `down`, newer ones weighted more: 0 to 100."""
        if not self.flips:
            return 0.0
        bits = (self.flips >> (FLAP_CHECKS - 1 - age) & 1 for age in range(FLAP_CHECKS))
        return 100.0 * sum(w for w, bit in zip(_FLAP_WEIGHTS, bits, strict=True) if bit) / 20


def advance(
    before: Standing,
    attempts: Iterable[Attempt],
    track: Track,
    policy: CheckPolicy,
    interval: timedelta,
) -> Standing:
    """The standing after one run's attempts, taken in the order of their numbers.

    Down is confirmed by as many failures in a row as a run makes checks (a run that was cut short
    is completed by the next one), up by `recovery_checks` good ones in a row. Failures on the
    two sides of a gap of more than two intervals are not in a row. A run that a later one has
    overtaken changes nothing. Checks that failed on our side are left out; where a run has no
    other, the page is unknown.
    """
    made = sorted(attempts, key=lambda attempt: attempt.number)
    attempts = [attempt for attempt in made if attempt.result.counts]
    if made and not attempts:
        return suspend(before, SiteState.UNKNOWN, made)
    if _is_overtaken(before, attempts):
        return before
    after = before
    for attempt in attempts:
        after = _step(after, attempt, attempt.bad_for(track), policy, interval)
    flips = (before.flips << 1 | (after.down != before.down)) & (1 << FLAP_CHECKS) - 1
    after = replace(after, flips=flips)
    level = FLAP_OFF if before.flapping else FLAP_ON
    after = replace(after, flapping=after.flap_percent > level)
    if before.down or after.down:  # These requests belong to an outage.
        return after
    rate = before.rate.after(counted(attempts, track), policy.degraded, interval)
    return replace(after, rate=rate, state=SiteState.DEGRADED if rate.since else SiteState.UP)


def counted(attempts: Sequence[Attempt], track: Track) -> CountedRun:
    """One run's requests of a page, as its failure rate counts them."""
    failed = sum(attempt.bad_for(track) for attempt in attempts)
    return CountedRun(attempts[0].result.checked_at, failed, len(attempts))


def suspend(
    before: Standing, state: SiteState, attempts: Iterable[Attempt], track: Track = Track.OUTAGE
) -> Standing:
    """The standing after checks that do not count: in maintenance, or while we are blind.

    What was confirmed stays; checks before and after are not in a row. Good checks in maintenance
    confirm no recovery, but one that is confirmed after it began with the first of them.
    """
    attempts = sorted(attempts, key=lambda attempt: attempt.number)
    if _is_overtaken(before, attempts):
        return before
    last = attempts[-1].result
    at = _later(before.checked_at, last.checked_at)
    since = before.answers_since
    for attempt in attempts:
        since = None if attempt.bad_for(track) else since or attempt.result.checked_at
    return replace(
        before,
        state=state,
        checked_at=at,
        last=last,
        bad_streak=0,
        good_streak=0,
        answers_since=since,
    )


def _is_overtaken(before: Standing, attempts: Sequence[Attempt]) -> bool:
    newest = max((attempt.result.checked_at for attempt in attempts), default=before.checked_at)
    return before.checked_at is not None and (newest is None or newest < before.checked_at)


def _later(before: datetime | None, at: datetime) -> datetime:
    # A clock that jumps back in the middle of a run must not set the standing back.
    return at if before is None else max(before, at)


def _step(
    s: Standing, attempt: Attempt, bad: bool, policy: CheckPolicy, interval: timedelta
) -> Standing:
    at = attempt.result.checked_at
    if s.checked_at is not None and at - s.checked_at > 2 * interval:
        s = replace(s, bad_streak=0, good_streak=0, answers_since=None)
    s = replace(s, checked_at=_later(s.checked_at, at), last=attempt.result)
    s = _failed(s, attempt.result, policy) if bad else _succeeded(s, at, policy)
    return replace(s, state=SiteState.DOWN if s.down else SiteState.UP, since=s.since or at)


def _failed(s: Standing, result: ProbeResult, policy: CheckPolicy) -> Standing:
    first = result.checked_at if s.bad_streak == 0 else s.first_bad_at
    s = replace(
        s,
        bad_streak=s.bad_streak + 1,
        good_streak=0,
        first_bad_at=first,
        last_bad=result,
        answers_since=None,
    )
    if not s.down and s.bad_streak > len(policy.confirm_after):
        return replace(s, down=True, since=s.first_bad_at)
    return s


def _succeeded(s: Standing, at: datetime, policy: CheckPolicy) -> Standing:
    first = at if s.good_streak == 0 else s.first_good_at
    s = replace(
        s,
        good_streak=s.good_streak + 1,
        bad_streak=0,
        first_good_at=first,
        last_good_at=at,
        answers_since=s.answers_since or at,
    )
    if s.down and s.good_streak >= policy.recovery_checks:
        return replace(s, down=False, since=s.answers_since)
    return s


def to_json(s: Standing) -> dict[str, Any]:
    """Every field in JSON's types; `from_json` gives the same standing back."""
    return {
        "state": s.state.value,
        "down": s.down,
        "since": instant_to_json(s.since),
        "checked_at": instant_to_json(s.checked_at),
        "bad_streak": s.bad_streak,
        "good_streak": s.good_streak,
        "first_bad_at": instant_to_json(s.first_bad_at),
        "first_good_at": instant_to_json(s.first_good_at),
        "last_good_at": instant_to_json(s.last_good_at),
        "answers_since": instant_to_json(s.answers_since),
        "last_bad": result_to_json(s.last_bad) if s.last_bad else None,
        "last": result_to_json(s.last) if s.last else None,
        "flips": s.flips,
        "flapping": s.flapping,
        "rate": failure_rate.to_json(s.rate),
    }


def from_json(found: dict[str, Any]) -> Standing:
    """The standing that `to_json` wrote. KeyError or ValueError for anything else."""
    instants = ("since", "checked_at", "first_bad_at", "first_good_at", "last_good_at")
    return Standing(
        state=SiteState(found["state"]),
        down=found["down"],
        bad_streak=found["bad_streak"],
        good_streak=found["good_streak"],
        last_bad=result_from_json(found["last_bad"]) if found["last_bad"] else None,
        last=result_from_json(found["last"]) if found["last"] else None,
        flips=found["flips"],
        flapping=found["flapping"],
        # Not in what a version before these fields wrote.
        answers_since=instant_from_json(found.get("answers_since")),
        rate=failure_rate.from_json(found.get("rate")),
        **{name: instant_from_json(found[name]) for name in instants},
    )
