"""Keeps the store fast and small: folds hours of checks that are over into summaries of days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Engine

from supportops.config.snapshots import fleet_of
from supportops.db.engine import reading
from supportops.sites.summaries import fold as folding
from supportops.sites.summaries import store as summaries


@dataclass(frozen=True, slots=True)
class Progress:
    """How far folding has come: up to `until` sites are folded in this batch; `days`: summaries
    written so far."""

    until: datetime
    days: int


def fold(engine: Engine, seconds: float | None = None) -> Iterator[Progress]:
    """Folds what is over, in batches, for about so many `seconds` at most.

    What was folded stays folded; the next call goes on from there.
    """
    began, days = monotonic(), 0
    for batch in folding.fold(engine, fleet_of):
        days += batch.days
        yield Progress(batch.until, days)
        if seconds is not None and monotonic() - began > seconds:
            return


@dataclass(frozen=True, slots=True)
class Folded:
    """How far the log of checks is folded: that of the site that is furthest behind, up to
    `until`; None where nothing was checked. `behind`: how many sites are not as far as the log
    allows."""

    sites: int
    behind: int
    until: datetime | None

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self) | {"until": self.until.isoformat() if self.until else None}


def folded(engine: Engine) -> Folded:
    """How far the log of checks is folded."""
    with reading(engine) as connection:
        found = summaries.folded_until(connection)
        limit = folding.limit(connection)
    behind = sum(limit is not None and at < limit for at in found.values())
    return Folded(len(found), behind, min(found.values(), default=None))


def hourly(engine: Engine, seconds: float) -> dict[str, Any]:
    """One run of the DAG: its summary."""
    days = 0
    for progress in fold(engine, seconds):
        days = progress.days
    return folded(engine).to_json() | {"days": days}
