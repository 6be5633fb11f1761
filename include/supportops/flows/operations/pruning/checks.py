"""Removes single checks whose hours are folded into summaries, and which nothing is judged by."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select

from supportops.db.schema import check_parts, check_results, check_runs, incidents
from supportops.flows.operations.pruning.removal import Kind
from supportops.sites.history import LONGEST_LEAD
from supportops.sites.incident import DEGRADED
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import DAY, day_of

_r = check_results.c


class OldChecks:
    """The checks of whole days before an instant. Runs remain: they say which configuration was in
    force.

    A site whose summaries end early, because something about it is not decided, keeps its checks
    until it is.
    """

    kind = Kind.CHECKS

    def __init__(self, connection: Connection, before: datetime) -> None:
        self.before = day_of(before)
        furthest = summaries.furthest(connection)
        needed = self.before + LONGEST_LEAD + DAY
        if furthest is None or furthest < needed:
            # The next hours are folded by what is right before them.
            self.before = day_of((furthest or before) - LONGEST_LEAD - DAY) if furthest else before
            needed = self.before + LONGEST_LEAD + DAY
        self.any = furthest is not None
        folded = summaries.folded_until(connection)
        self.waiting = {name for name, until in folded.items() if until < needed}
        self.waiting |= _degraded_since(connection, needed)
        first = connection.execute(select(func.min(check_runs.c.slot))).scalar()
        self.at = summaries.pruned_until(connection) or first or self.before
        self.left_behind: list[str] | None = None
        self.slots = 1

    def rows(self, connection: Connection) -> dict[str, int]:
        """See `Removal`."""
        if not self.any:
            return {}
        results = select(func.count()).where(_r.slot < self.before, self._decided())
        parts = select(func.count()).where(check_parts.c.slot < self.before)
        return {
            check_results.name: connection.execute(results).scalar_one(),
            check_parts.name: connection.execute(parts).scalar_one(),
        }

    def batch(self, connection: Connection, most: int) -> int | None:
        """See `Removal`."""
        if not self.any:
            return None
        if self.at >= self.before:
            return self._behind(connection, most)
        c = check_runs.c
        following = select(c.slot).where(c.slot > self.at, c.slot < self.before).order_by(c.slot)
        found = connection.execute(following.limit(self.slots)).scalars().all()
        end = found[-1] if len(found) == self.slots else self.before
        inside = (_r.slot >= self.at, _r.slot < end)
        rows = connection.execute(delete(check_results).where(*inside, self._decided())).rowcount
        p = check_parts.c
        parts = delete(check_parts).where(p.slot >= self.at, p.slot < end)
        rows += connection.execute(parts).rowcount
        summaries.note_pruned(connection, end)
        # As many runs next time as hold so many rows.
        self.slots = max(1, min(most * self.slots // max(rows, 1), self.slots * 2, 288))
        self.at = end
        return rows

    def _behind(self, connection: Connection, most: int) -> int | None:
        """Removes what sites that are decided by now had kept, and shards of late runs."""
        if self.left_behind is None:
            connection.execute(delete(check_parts).where(check_parts.c.slot < self.before))
            names = select(_r.site).where(_r.slot < self.before, self._decided()).distinct()
            self.left_behind = list(connection.execute(names.order_by(_r.site)).scalars())
        while self.left_behind:
            name = self.left_behind[-1]
            mine = (_r.site == name, _r.slot < self.before)
            slots = select(_r.slot).where(*mine).order_by(_r.slot).limit(most)
            last = connection.execute(select(func.max(slots.subquery().c.slot))).scalar()
            if last is not None:
                gone = delete(check_results).where(*mine, _r.slot <= last)
                return connection.execute(gone).rowcount
            self.left_behind.pop()
        return None

    def _decided(self) -> ColumnElement[bool]:
        return _r.site.not_in(sorted(self.waiting))


def _degraded_since(connection: Connection, before: datetime) -> set[str]:
    """The sites that are degraded since before an instant: all checks since then decide it."""
    c = incidents.c
    statement = select(c.site).where(c.closed_at.is_(None), c.reason == DEGRADED)
    found = connection.execute(statement.where(c.started_at < before + timedelta(days=1)))
    return {name for name in found.scalars() if name is not None}
