"""Keeps the store fast and small: folds hours that are over into summaries, removes what is old."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.config.of_store.retention import Retention
from supportops.config.snapshots import fleet_of
from supportops.db.activity import Flow, worked
from supportops.db.engine import reading, writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.operations.pruning.checks import OldChecks
from supportops.flows.operations.pruning.configurations import FormerConfigurations
from supportops.flows.operations.pruning.messages import OldMessages, OldQuarantine
from supportops.flows.operations.pruning.recordings import OldRecordings
from supportops.flows.operations.pruning.removal import Kind, Removal, remove
from supportops.flows.operations.pruning.sizes import size_of
from supportops.sites.summaries import fold as folding
from supportops.sites.summaries import store as summaries

# A configuration that was activated since may be read by an older version, beside this one.
LATELY = timedelta(days=14)


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
    """The first step of the DAG: its summary, with how many `seconds` it took."""
    began, days = monotonic(), 0
    for progress in fold(engine, seconds):
        days = progress.days
    found = folded(engine).to_json()
    return found | {"days": days, "seconds": monotonic() - began}


@dataclass(frozen=True, slots=True)
class Old:
    """What is older than it is kept: rows of a table, and about how many bytes they take."""

    kind: Kind
    table: str
    rows: int
    size: int | None

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {"kind": self.kind.value} | {
            name: value for name, value in asdict(self).items() if name != "kind"
        }


def retention_of(engine: Engine, folder: Path, now: datetime) -> Retention:
    """How long what piles up is kept. Raises ConfigurationError where store.yaml has faults and
    never had none."""
    return load_or_last_good(engine, folder, now)[0].retention


def old(engine: Engine, retention: Retention, now: datetime) -> list[Old]:
    """What `prune` would remove."""
    with reading(engine) as connection:
        return [
            Old(removal.kind, table, rows, _size(connection, removal, table, rows))
            for removal in _removals(connection, retention, now)
            for table, rows in removal.rows(connection).items()
        ]


def _size(connection: Connection, removal: Removal, table: str, rows: int) -> int | None:
    if isinstance(removal, OldRecordings):  # no two rows of which are alike
        return removal.size(connection)
    if isinstance(removal, FormerConfigurations):  # which stay, in less room
        return None
    return size_of(connection, table, rows)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows of each kind were removed so far, and the longest batch, in seconds."""

    rows: dict[Kind, int]
    longest: float

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {"rows": {kind.value: n for kind, n in self.rows.items()}, "longest": self.longest}


def prune(
    engine: Engine,
    retention: Retention,
    now: datetime,
    seconds: float | None = None,
    pause: Callable[[float], None] = sleep,
) -> Iterator[Pruned]:
    """Removes what is older than it is kept, for about so many `seconds` at most.

    In small batches, with a pause as long as a batch after each, so that others get their turn.
    What was removed stays removed; the next call goes on from there.
    """
    began = monotonic()
    total, longest = dict.fromkeys(Kind, 0), 0.0
    with reading(engine) as connection:
        removals = _removals(connection, retention, now)
    for removal in removals:
        for batch in remove(engine, removal):
            total[batch.kind] += batch.rows
            longest = max(longest, batch.seconds)
            yield Pruned(dict(total), longest)
            if seconds is not None and monotonic() - began > seconds:
                return
            pause(batch.seconds)


def _removals(connection: Connection, retention: Retention, now: datetime) -> list[Removal]:
    found: list[Removal] = []
    if retention.checks is not None:
        found.append(OldChecks(connection, now - retention.checks))
    if retention.messages is not None:
        found.append(OldMessages(now - retention.messages))
    if retention.quarantine is not None:
        found.append(OldQuarantine(now - retention.quarantine))
    if retention.recordings is not None:
        found.append(OldRecordings(now - retention.recordings, retention.hold))
    return [*found, FormerConfigurations(now - LATELY)]


def tidy(
    engine: Engine, folder: Path, now: datetime, seconds: float, before: float = 0.0
) -> dict[str, Any]:
    """One pruning by the DAG, its last step: its summary. `before`: the seconds of the first."""
    began = monotonic()
    found = list(prune(engine, retention_of(engine, folder, now), now, seconds))
    took = timedelta(seconds=monotonic() - began + before)
    with writing(engine) as connection:
        worked(connection, Flow.HOUSEKEEPING, now, took)
    return (found[-1] if found else Pruned(dict.fromkeys(Kind, 0), 0.0)).to_json()
