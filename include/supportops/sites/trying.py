"""When a page is asked again within a run: to confirm that it failed, or that it is back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from supportops.sites.site import CheckPolicy
from supportops.sites.standing import Attempt, Track

NOW = timedelta(0)


def pause_before_next(
    tries: Sequence[Attempt], was_down: bool, policy: CheckPolicy
) -> timedelta | None:
    """How long to wait before the next try of a page in this run; None: its run is complete.

    A page that failed is tried until it answers or the confirmations are used up. One that was
    known to be down and answers is tried until it has answered `recovery_checks` times; while
    it still fails, once is enough.
    """
    if not tries:
        return NOW
    bad = _is_bad(tries[-1])
    failures = sum(_is_bad(attempt) for attempt in tries)
    if was_down:
        wanted = not bad and len(tries) - failures < policy.recovery_checks
        return _pause(len(tries), policy) if wanted else None
    if not bad or failures > len(policy.confirm_after):
        return None
    return policy.confirm_after[failures - 1]


def _pause(tries: int, policy: CheckPolicy) -> timedelta:
    pauses = policy.confirm_after or (timedelta(seconds=10),)
    return pauses[min(tries, len(pauses)) - 1]


def _is_bad(attempt: Attempt) -> bool:
    return attempt.bad_for(Track.OUTAGE) or attempt.bad_for(Track.FAULT)
