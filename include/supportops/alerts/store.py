"""Alerts in the store: raised once and resolved once, however often either is called for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, select, update

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.db.schema import alerts
from supportops.db.statements import insert_new
from supportops.db.storable import storable

# A database takes some ten thousand parameters with a statement.
_CHUNK = 5_000
_COLUMNS = [column for column in alerts.c if column.name not in ("last_seen_at", "settled_at")]

_BROUGHT_UP_TO_DATE = ("headline", "site", "customer", "host", "facts", "last_seen_at")


def raise_alert(connection: Connection, alert: Alert, now: datetime) -> bool:
    """Stores `alert` unless one of its kind and subject is open; answers whether it is new.

    An open one is seen again: headline, facts and whom it concerns are brought up to date; its
    start and its acknowledgement stay.
    """
    row: dict[str, Any] = {
        "key": alert.key,
        "kind": alert.kind.value,
        "severity": alert.severity.value,
        "subject": alert.subject,
        "headline": alert.headline,
        "site": alert.site,
        "customer": alert.customer,
        "host": alert.host,
        "facts": alert.facts,
        "opened_at": alert.opened_at,
        "last_seen_at": now,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": alert.acknowledged_by,
    }
    row = {name: storable(value) for name, value in row.items()}
    if insert_new(connection, alerts, [row]):
        return True
    connection.execute(
        update(alerts)
        .where(*_open(alert.kind, row["subject"]))
        .values(**{name: row[name] for name in _BROUGHT_UP_TO_DATE})
    )
    return False


def resolve_alert(
    connection: Connection,
    kind: Kind,
    subject: str,
    resolved_at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Ends the open alert of this kind and subject; answers whether there was one."""
    found = find_open(connection, kind, subject)
    if found is None:
        return False
    connection.execute(
        update(alerts)
        .where(alerts.c.key == found.key, alerts.c.resolved_at.is_(None))
        .values(
            resolved_at=max(resolved_at, found.opened_at),
            facts=storable({"ended_at": resolved_at.isoformat(), **found.facts, **(facts or {})}),
        )
    )
    return True


def acknowledge(connection: Connection, key: str, who: str, now: datetime) -> bool:
    """Records that `who` took the alert, which stops later steps and reminders.

    False if somebody took it before, or if it is resolved.
    """
    result = connection.execute(
        update(alerts)
        .where(alerts.c.key == key, alerts.c.resolved_at.is_(None))
        .where(alerts.c.acknowledged_at.is_(None))
        .values(acknowledged_at=now, acknowledged_by=who)
    )
    return result.rowcount == 1


def find_open(connection: Connection, kind: Kind, subject: str) -> Alert | None:
    """The open alert of this kind and subject; there is at most one."""
    found = connection.execute(_select().where(*_open(kind, subject))).mappings().first()
    return None if found is None else _alert(found)


def find(connection: Connection, key: str) -> Alert | None:
    """The alert with this key, open or resolved."""
    found = connection.execute(_select().where(alerts.c.key == key)).mappings().first()
    return None if found is None else _alert(found)


def find_all(connection: Connection, keys: Iterable[str]) -> dict[str, Alert]:
    """The alerts with these keys."""
    wanted, found = sorted(set(keys)), dict[str, Alert]()
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = connection.execute(_select().where(alerts.c.key.in_(chunk))).mappings()
        found.update((row["key"], _alert(row)) for row in rows)
    return found


def list_open(connection: Connection, kind: Kind | None = None) -> list[Alert]:
    """Open alerts, the oldest first."""
    statement = _select().where(alerts.c.resolved_at.is_(None)).order_by(alerts.c.opened_at)
    if kind is not None:
        statement = statement.where(alerts.c.kind == kind.value)
    return [_alert(row) for row in connection.execute(statement).mappings()]


def unsettled(connection: Connection) -> list[Alert]:
    """Alerts of which somebody may still have to be notified, the oldest first."""
    statement = _select().where(alerts.c.settled_at.is_(None)).order_by(alerts.c.opened_at)
    return [_alert(row) for row in connection.execute(statement).mappings()]


def settle(connection: Connection, keys: Iterable[str], now: datetime) -> None:
    """Closes resolved alerts: nobody is to be notified of them any more."""
    rows = [{"settled": key} for key in keys]
    if rows:
        statement = update(alerts).where(
            alerts.c.key == bindparam("settled"), alerts.c.resolved_at.is_not(None)
        )
        connection.execute(statement.values(settled_at=now), rows)


def not_seen_since(connection: Connection, kind: Kind, instant: datetime) -> list[Alert]:
    """Open alerts of a kind that nobody raised again since `instant`."""
    statement = (
        _select()
        .where(alerts.c.kind == kind.value, alerts.c.resolved_at.is_(None))
        .where(alerts.c.last_seen_at < instant)
    )
    return [_alert(row) for row in connection.execute(statement).mappings()]


def _open(kind: Kind, subject: str) -> tuple[Any, ...]:
    return (
        alerts.c.kind == kind.value,
        alerts.c.subject == storable(subject),
        alerts.c.resolved_at.is_(None),
    )


def _select() -> Select[Any]:
    return select(*_COLUMNS)


def _alert(row: RowMapping) -> Alert:
    plain = Alert(**{name: row[name] for name in row if name in Alert.__slots__})
    return replace(plain, kind=Kind(plain.kind), severity=Severity(plain.severity))
