"""Alerts in the store: raised once and resolved once, however often either is called for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, or_, select, update

from supportops.alerts.acts.act import Standing
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.db.schema import alerts
from supportops.db.statements import insert_new
from supportops.db.storable import storable

# A database takes some ten thousand parameters with a statement.
_CHUNK = 5_000
# Alerts of one instant are in the order of their keys, on every database.
_OLDEST_FIRST = (alerts.c.opened_at, alerts.c.key)
_COLUMNS = [column for column in alerts.c if column.name not in ("last_seen_at", "settled_at")]

_BROUGHT_UP_TO_DATE = ("headline", "site", "customer", "host", "facts", "last_seen_at")

_UNREADABLE = (ValueError, TypeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The key of a stored alert, and why this version cannot read it."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Stored alerts, and those that cannot be read: of a newer version, or damaged."""

    alerts: list[Alert]
    unreadable: list[Unreadable]


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
        **{name: getattr(alert, name) for name in Standing.__slots__},
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


def raise_ended(connection: Connection, alert: Alert, now: datetime) -> None:
    """Stores an alert that is over at once: it only carries messages."""
    row = {name: getattr(alert, name) for name in Alert.__slots__}
    row |= {"kind": alert.kind.value, "severity": alert.severity.value}
    row |= {"last_seen_at": now, "resolved_at": now}
    insert_new(connection, alerts, [{name: storable(value) for name, value in row.items()}])


def note_present(
    connection: Connection, presents: Mapping[tuple[str, str], Mapping[str, Any]]
) -> int:
    """Writes what is true now of open alerts, by kind and subject; answers how many it changed.

    It is the fact `present`, in JSON's types; `raise_alert` with facts that lack it removes it.
    """
    kinds = {kind for kind, _ in presents}
    written = {(kind, storable(subject)): present for (kind, subject), present in presents.items()}
    c = alerts.c
    still_open = _select().where(c.kind.in_(kinds), c.resolved_at.is_(None))
    rows = []
    for alert in _read(connection, still_open).alerts if kinds else ():
        present = written.get((alert.kind.value, alert.subject))
        if present is not None and alert.facts.get("present") != dict(present):
            rows.append({"open": alert.key, "changed": {**alert.facts, "present": dict(present)}})
    if rows:
        changed = update(alerts).where(c.key == bindparam("open"))
        facts = bindparam("changed", type_=c.facts.type)
        connection.execute(changed.values(facts=facts), storable(rows))
    return len(rows)


def resolve_alert(
    connection: Connection,
    kind: Kind,
    subject: str,
    resolved_at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Ends the open alert of this kind and subject; answers whether there was one.

    The facts of one that cannot be read stay as they are.
    """
    mine = select(alerts.c.key).where(*_open(kind, subject))
    key = connection.execute(mine).scalar()
    if key is None:
        return False
    values: dict[str, Any] = {"resolved_at": resolved_at}
    if (found := find(connection, key)) is not None:
        values["resolved_at"] = max(resolved_at, found.opened_at)
        facts = {"ended_at": resolved_at.isoformat(), **found.facts, **(facts or {})}
        values["facts"] = storable(facts)
    connection.execute(
        update(alerts).where(alerts.c.key == key, alerts.c.resolved_at.is_(None)).values(values)
    )
    return True


def find_open(connection: Connection, kind: Kind, subject: str) -> Alert | None:
    """The open alert of this kind and subject; there is at most one."""
    return next(iter(_read(connection, _select().where(*_open(kind, subject))).alerts), None)


def with_later_ones(connection: Connection, found: Mapping[str, Alert]) -> dict[str, Alert]:
    """Alerts by their keys; one that ended has the fact `again_since` where another of its kind and
    subject is open by now."""
    ended = {(a.kind, a.subject): a for a in found.values() if a.resolved_at and not a.lasts}
    subjects, later = sorted({subject for _, subject in ended}), dict(found)
    for start in range(0, len(subjects), _CHUNK):
        statement = _select().where(alerts.c.resolved_at.is_(None))
        chunk = statement.where(alerts.c.subject.in_(subjects[start : start + _CHUNK]))
        for alert in _read(connection, chunk).alerts:
            if before := ended.get((alert.kind, alert.subject)):
                since = alert.facts.get("first_failed_at") or alert.opened_at.isoformat()
                later[before.key] = replace(before, facts={**before.facts, "again_since": since})
    return later


def find(connection: Connection, key: str) -> Alert | None:
    """The alert with this key, open or resolved."""
    return next(iter(_read(connection, _select().where(alerts.c.key == key)).alerts), None)


def find_all(connection: Connection, keys: Iterable[str]) -> dict[str, Alert]:
    """The alerts with these keys."""
    wanted, found = sorted(set(keys)), dict[str, Alert]()
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        read = _read(connection, _select().where(alerts.c.key.in_(chunk)))
        found.update((alert.key, alert) for alert in read.alerts)
    return found


def list_open(connection: Connection, *kinds: Kind) -> list[Alert]:
    """Open alerts of any of `kinds`, of all where none is named; the oldest first."""
    return read_open(connection, *kinds).alerts


def read_open(connection: Connection, *kinds: Kind) -> Reading:
    """What `list_open` answers, and those that cannot be read."""
    statement = _select().where(alerts.c.resolved_at.is_(None))
    if kinds:
        statement = statement.where(alerts.c.kind.in_([kind.value for kind in kinds]))
    return _read(connection, statement.order_by(*_OLDEST_FIRST))


def of_other_versions(connection: Connection, most: int) -> tuple[list[Unreadable], int]:
    """The first `most` open alerts of kinds or severities that this version does not know, and how
    many there are."""
    c = alerts.c
    strange = or_(
        c.kind.not_in([kind.value for kind in Kind]),
        c.severity.not_in([severity.value for severity in Severity]),
    )
    counted = select(func.count()).select_from(alerts).where(c.resolved_at.is_(None), strange)
    total = connection.execute(counted).scalar_one()
    if not total:
        return [], 0
    statement = select(c.key, c.kind, c.severity).where(c.resolved_at.is_(None), strange)
    rows = connection.execute(statement.order_by(c.key).limit(most)).all()
    found = [Unreadable(row.key, f"kind {row.kind!r}, severity {row.severity!r}") for row in rows]
    return found, total


def unsettled(connection: Connection) -> list[Alert]:
    """Alerts of which somebody may still have to be notified, the oldest first."""
    return read_unsettled(connection).alerts


def read_unsettled(connection: Connection) -> Reading:
    """What `unsettled` answers, and those that cannot be read."""
    statement = _select().where(alerts.c.settled_at.is_(None))
    return _read(connection, statement.order_by(*_OLDEST_FIRST))


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
    return _read(connection, statement).alerts


def _open(kind: Kind, subject: str) -> tuple[Any, ...]:
    return (
        alerts.c.kind == kind.value,
        alerts.c.subject == storable(subject),
        alerts.c.resolved_at.is_(None),
    )


def _select() -> Select[Any]:
    return select(*_COLUMNS)


def _read(connection: Connection, statement: Select[Any]) -> Reading:
    """The alerts of a statement. A row that cannot be read stops no other.

    The database's values may already be the trouble, such as broken JSON in SQLite: then the rows
    are read by halves, until those that raise are found.
    """
    try:
        rows = connection.execute(statement).mappings().all()
    except _UNREADABLE as error:
        keys = list(connection.execute(statement.with_only_columns(alerts.c.key)).scalars())
        if len(keys) <= 1:
            return Reading([], [Unreadable(key, _why(error)) for key in keys])
        middle = len(keys) // 2
        found = Reading([], [])
        for start in range(0, len(keys), min(middle, _CHUNK)):
            half = keys[start : start + min(middle, _CHUNK)]
            part = _read(connection, statement.where(alerts.c.key.in_(half)))
            found.alerts.extend(part.alerts)
            found.unreadable.extend(part.unreadable)
        return found
    found = Reading([], [])
    for row in rows:
        try:
            found.alerts.append(_alert(row))
        except _UNREADABLE as error:
            found.unreadable.append(Unreadable(str(row["key"]), _why(error)))
    return found


def _why(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _alert(row: RowMapping) -> Alert:
    """Raises ValueError or TypeError for values that no version like this one has written."""
    plain = Alert(**{name: row[name] for name in row if name in Alert.__slots__})
    if not isinstance(plain.facts, Mapping):
        raise TypeError("facts are not a mapping")
    return replace(plain, kind=Kind(plain.kind), severity=Severity(plain.severity))
