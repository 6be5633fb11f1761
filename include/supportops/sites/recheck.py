"""When a page is checked again within a run: to confirm that it failed, or that it is back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from supportops.sites.site import CheckPolicy
from supportops.sites.standing import Attempt, Track, tracks_of

NOW = timedelta(0)


def pause_before_next(
    tries: Sequence[Attempt], down: Collection[Track], policy: CheckPolicy
) -> timedelta | None:
    """How long to wait before the next check of a page in this run; None: there is none.

    A page that failed is checked until it answers or the confirmations are used up. One that was
    known to be down (on the tracks in `down`) and answers is checked until it has answered
    `recovery_checks` times; while it still fails, once is enough. A page that was only slow and
    now does not answer is a new failure, to be confirmed at once. A check that failed on our side
    is made again, as often as a failure is confirmed, and counts for nothing else.
    """
    if not tries:
        return NOW
    if not tries[-1].result.counts:
        return _pause_after_our_failure(tries, policy)
    tries = [attempt for attempt in tries if attempt.result.counts]
    pauses = [_pause(tries, track, track in down, policy) for track in tracks_of(tries[0].page)]
    return min((pause for pause in pauses if pause is not None), default=None)


def _pause_after_our_failure(tries: Sequence[Attempt], policy: CheckPolicy) -> timedelta | None:
    ours = sum(not attempt.result.counts for attempt in tries)
    return None if ours > len(policy.confirm_after) else policy.confirm_after[ours - 1]


def _pause(
    tries: Sequence[Attempt], track: Track, was_down: bool, policy: CheckPolicy
) -> timedelta | None:
    bad = tries[-1].bad_for(track)
    failures = sum(attempt.bad_for(track) for attempt in tries)
    if was_down:
        if bad or len(tries) - failures >= policy.recovery_checks:
            return None
        pauses = policy.confirm_after or (timedelta(seconds=10),)
        return pauses[min(len(tries), len(pauses)) - 1]
    if not bad or failures > len(policy.confirm_after):
        return None
    return policy.confirm_after[failures - 1]
