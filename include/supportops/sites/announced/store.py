"""Announced maintenance in the store: rows are added and ended, never removed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from supportops.db.schema import announced_maintenance
from supportops.sites.announced.window import AnnouncedWindow, Scope

_c = announced_maintenance.c
_COLUMNS = (_c.id, _c.scope, _c.name, _c.starts_at, _c.ends_at, _c.reason, _c.announced_by)


def add(
    connection: Connection,
    scope: Scope,
    name: str,
    start: datetime,
    end: datetime,
    reason: str,
    by: str,
    now: datetime,
) -> AnnouncedWindow:
    """Stores a window and returns it; instants are aware."""
    row = {
        "scope": scope.value,
        "name": name,
        "starts_at": start,
        "ends_at": end,
        "reason": reason,
        "announced_by": by,
        "announced_at": now,
    }
    added = connection.execute(insert(announced_maintenance).values(row).returning(_c.id))
    return AnnouncedWindow(added.scalar_one(), scope, name, start, end, reason, by)


def not_over(connection: Connection, now: datetime) -> list[AnnouncedWindow]:
    """The windows that are open at `now` or to come, the first to start first."""
    return _windows(connection, _ordered().where(_c.ends_at > now))


def find(connection: Connection, window: int) -> AnnouncedWindow | None:
    """The window with this number."""
    found = _windows(connection, _ordered().where(_c.id == window))
    return found[0] if found else None


def latest(connection: Connection, most: int) -> list[AnnouncedWindow]:
    """The windows that were announced last, the newest first."""
    return _windows(connection, select(*_COLUMNS).order_by(_c.id.desc()).limit(most))


def end(connection: Connection, window: int, by: str, now: datetime) -> bool:
    """Ends a window at `now`, or calls it off if it has not begun; False where it is over."""
    ended = (
        update(announced_maintenance)
        .where(_c.id == window, _c.ends_at > now)
        .values(ends_at=now, ended_by=by, ended_at=now)
    )
    return connection.execute(ended).rowcount == 1


def _ordered() -> Select[Any]:
    return select(*_COLUMNS).order_by(_c.starts_at, _c.id)


def _windows(connection: Connection, statement: Select[Any]) -> list[AnnouncedWindow]:
    return [
        AnnouncedWindow(
            id=row.id,
            scope=Scope(row.scope),
            name=row.name,
            start=row.starts_at,
            end=row.ends_at,
            reason=row.reason,
            by=row.announced_by,
        )
        for row in connection.execute(statement)
    ]
