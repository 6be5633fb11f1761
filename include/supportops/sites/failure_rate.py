"""How often a page fails that is not down: the failed share of its requests in a window of time.

A page of which two requests in three fail never fails often enough in a row to be down, and is not
well either: it is degraded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# In fewer runs than this, failures are a blip.
LEAST_RUNS = 3
# The window of a page that is checked seldom holds so many of its runs.
RUNS_IN_WINDOW = 6


@dataclass(frozen=True, slots=True)
class DegradedPolicy:
    """When a page is degraded: from a failed share of `above` on, until it is under `below`.

    Shares from 0 to 1 of the requests in the last `window`, or in the last RUNS_IN_WINDOW runs
    where that is longer.
    """

    above: float = 0.25
    below: float = 0.1
    window: timedelta = timedelta(hours=1)


AS_SHIPPED = DegradedPolicy()


@dataclass(frozen=True, slots=True)
class CountedRun:
    """One run's requests of a page: when the first was made, how many failed, of how many."""

    at: datetime
    failed: int
    made: int


@dataclass(frozen=True, slots=True)
class FailureRate:
    """The runs in the window, the oldest first, and since when the page is degraded, if it is."""

    runs: tuple[CountedRun, ...] = ()
    since: datetime | None = None

    @property
    def failed(self) -> int:
        """The failed requests in the window."""
        return sum(run.failed for run in self.runs)

    @property
    def made(self) -> int:
        """All requests in the window."""
        return sum(run.made for run in self.runs)

    @property
    def is_clean(self) -> bool:
        """Whether another good run changes nothing."""
        return self.since is None and not self.failed

    def after(self, run: CountedRun, policy: DegradedPolicy, interval: timedelta) -> FailureRate:
        """The rate after one more run."""
        oldest = run.at - max(policy.window, RUNS_IN_WINDOW * interval)
        runs = (*(each for each in self.runs if each.at > oldest), run)
        found = FailureRate(runs, self.since)
        bad = [each for each in runs if each.failed]
        if self.since is None:
            often = len(bad) >= LEAST_RUNS and found.failed >= policy.above * found.made
            return FailureRate(runs, bad[0].at) if often else found
        if not bad or found.failed < policy.below * found.made:
            return FailureRate(runs)
        return found


NOTHING_COUNTED = FailureRate()


def to_json(rate: FailureRate) -> dict[str, object]:
    """In JSON's types; `from_json` gives the same rate back."""
    runs = [[_micros(run.at), run.failed, run.made] for run in rate.runs]
    return {"runs": runs, "since": None if rate.since is None else _micros(rate.since)}


def from_json(found: dict[str, object] | None) -> FailureRate:
    """The rate that `to_json` wrote, or none."""
    if found is None:
        return FailureRate()
    runs = found["runs"]
    assert isinstance(runs, Sequence)
    counted = tuple(CountedRun(_instant(at), failed, made) for at, failed, made in runs)
    since = found["since"]
    return FailureRate(counted, _instant(since) if isinstance(since, int) else None)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
