"""Removes messages of alerts that are over, and records that a source's reader set aside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select

from supportops.db.schema import alerts, messages, notification_log, quarantine
from supportops.flows.operations.pruning.removal import Kind


class OldMessages:
    """Messages that were finished before an instant, with their attempts, of alerts that were
    settled before it: nothing is ever sent again about those."""

    kind = Kind.MESSAGES

    def __init__(self, before: datetime) -> None:
        self.before = before
        self.after = 0

    def rows(self, connection: Connection) -> dict[str, int]:
        """See `Removal`."""
        old = self._old().subquery()
        attempts = select(func.count()).where(notification_log.c.message.in_(select(old.c.id)))
        return {
            messages.name: connection.execute(select(func.count()).select_from(old)).scalar_one(),
            notification_log.name: connection.execute(attempts).scalar_one(),
        }

    def batch(self, connection: Connection, most: int) -> int | None:
        """See `Removal`."""
        m = messages.c
        wanted = self._old().where(m.id > self.after).order_by(m.id).limit(most)
        ids = list(connection.execute(wanted).scalars())
        if not ids:
            return None
        self.after = ids[-1]
        attempts = delete(notification_log).where(notification_log.c.message.in_(ids))
        rows = connection.execute(attempts).rowcount
        return rows + connection.execute(delete(messages).where(m.id.in_(ids))).rowcount

    def _old(self) -> Select[Any]:
        m, a = messages.c, alerts.c
        over = select(a.key).where(a.settled_at < self.before, a.resolved_at.is_not(None))
        return select(m.id).where(m.finished_at < self.before, m.alert.in_(over))


class OldQuarantine:
    """Records that were set aside before an instant."""

    kind = Kind.QUARANTINE

    def __init__(self, before: datetime) -> None:
        self.before = before

    def rows(self, connection: Connection) -> dict[str, int]:
        """See `Removal`."""
        count = select(func.count()).where(quarantine.c.recorded_at < self.before)
        return {quarantine.name: connection.execute(count).scalar_one()}

    def batch(self, connection: Connection, most: int) -> int | None:
        """See `Removal`."""
        q = quarantine.c
        old = select(q.id).where(q.recorded_at < self.before).order_by(q.id).limit(most)
        ids = list(connection.execute(old).scalars())
        if not ids:
            return None
        return connection.execute(delete(quarantine).where(q.id.in_(ids))).rowcount
