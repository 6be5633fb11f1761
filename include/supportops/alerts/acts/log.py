"""The log of acts on alerts, and the columns of `alerts` that hold what the acts come to.

An act and the columns are written in one transaction, and only where the alert still stands as the
act supposes: of two people who take an alert at once, one has it and the other learns of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, case, literal, select, update

from supportops.alerts.acts.act import Act, ActKind
from supportops.db.schema import alert_acts, alerts
from supportops.db.storable import storable

_NOBODY: dict[str, Any] = {
    "acknowledged_at": None,
    "acknowledged_by": None,
    "acknowledged_until": None,
}
_AWAKE: dict[str, Any] = {"snoozed_by": None, "snoozed_until": None}


def acknowledge(
    connection: Connection,
    key: str,
    by: str,
    now: datetime,
    note: str = "",
    until: datetime | None = None,
) -> bool:
    """Records that `by` takes an alert that nobody has; False where somebody has it, or it is
    over."""
    taken = {"acknowledged_at": now, "acknowledged_by": by, "acknowledged_until": until}
    act = Act(key, ActKind.ACKNOWLEDGED, by, now, note, until)
    return _act(connection, act, alerts.c.acknowledged_at.is_(None), taken)


def take_over(
    connection: Connection,
    key: str,
    by: str,
    now: datetime,
    holder: str,
    note: str = "",
    until: datetime | None = None,
) -> bool:
    """Records that `by` takes an alert that `holder` has; False where `holder` has it no more.

    Whoever takes what he has already acknowledges it anew, for another time.
    """
    taken = {"acknowledged_at": now, "acknowledged_by": by, "acknowledged_until": until}
    kind = ActKind.ACKNOWLEDGED if by == holder else ActKind.TAKEN_OVER
    act = Act(key, kind, by, now, note, until)
    return _act(connection, act, alerts.c.acknowledged_by == storable(holder), taken)


def unacknowledge(
    connection: Connection, key: str, by: str, now: datetime, holder: str, note: str = ""
) -> bool:
    """Records that `holder` does not have the alert any more; False where that was so already."""
    act = Act(key, ActKind.UNACKNOWLEDGED, by, now, note)
    given_back = _NOBODY | {"resumed_at": _later(now)}
    return _act(connection, act, alerts.c.acknowledged_by == storable(holder), given_back)


def snooze(
    connection: Connection, key: str, by: str, now: datetime, until: datetime, note: str = ""
) -> bool:
    """Records that nothing more is to be sent about an alert before `until`, whatever was recorded
    before; False where the alert is over."""
    act = Act(key, ActKind.SNOOZED, by, now, note, until)
    return _act(connection, act, None, {"snoozed_by": by, "snoozed_until": until})


def wake(connection: Connection, key: str, by: str, now: datetime, note: str = "") -> bool:
    """Ends a snooze; False where there is none."""
    awake = _AWAKE | {"resumed_at": _later(now)}
    snoozed = alerts.c.snoozed_until > now
    return _act(connection, Act(key, ActKind.WOKEN, by, now, note), snoozed, awake)


def end_expired(connection: Connection, now: datetime, key: str | None = None) -> None:
    """Brings the columns of all alerts, or of one, to `now`: what was limited to a time that is
    past has ended. An alert that is over stays as it was at its end.
    """
    c = alerts.c
    _expire(connection, c.acknowledged_until, _NOBODY, now, key)
    _expire(connection, c.snoozed_until, _AWAKE, now, key)


def carry_over(connection: Connection, key: str, note: str) -> None:
    """Logs what an alert was raised with because it goes on from others."""
    c = alerts.c
    row = connection.execute(select(alerts).where(c.key == key)).mappings().one()
    if row["acknowledged_at"] is not None:
        by, until = row["acknowledged_by"] or "somebody", row["acknowledged_until"]
        act = Act(key, ActKind.ACKNOWLEDGED, by, row["acknowledged_at"], note, until)
        _append(connection, act)
    if row["snoozed_until"] is not None:
        by, at = row["snoozed_by"] or "somebody", row["opened_at"]
        _append(connection, Act(key, ActKind.SNOOZED, by, at, note, row["snoozed_until"]))


def acts_of(connection: Connection, key: str) -> list[Act]:
    """The acts on an alert, in the order in which they were recorded."""
    c = alert_acts.c
    rows = connection.execute(select(alert_acts).where(c.alert == key).order_by(c.id)).mappings()
    return [
        Act(row["alert"], ActKind(row["kind"]), row["who"], row["at"], row["note"], row["ends_at"])
        for row in rows
    ]


def _act(
    connection: Connection, act: Act, only: ColumnElement[bool] | None, values: dict[str, Any]
) -> bool:
    end_expired(connection, act.at, act.alert)
    mine = and_(alerts.c.key == act.alert, alerts.c.resolved_at.is_(None))
    statement = update(alerts).where(mine if only is None else and_(mine, only))
    if connection.execute(statement.values(storable(values))).rowcount != 1:
        return False
    _append(connection, act)
    return True


def _append(connection: Connection, act: Act) -> None:
    row = {
        "alert": act.alert,
        "kind": act.kind.value,
        "who": act.by,
        "at": act.at,
        "note": act.note,
        "ends_at": act.until,
    }
    connection.execute(alert_acts.insert(), [storable(row)])


def _expire(
    connection: Connection,
    until: Column[datetime],
    cleared: dict[str, Any],
    now: datetime,
    key: str | None,
) -> None:
    c = alerts.c
    mine = () if key is None else (c.key == key,)
    statement = update(alerts).where(c.resolved_at.is_(None), until <= now, *mine)
    connection.execute(statement.values(cleared | {"resumed_at": _later(until)}))


def _later(instant: ColumnElement[datetime] | datetime) -> ColumnElement[datetime]:
    """`resumed_at`, or the instant where that is later."""
    before = alerts.c.resumed_at
    other = literal(instant, before.type) if isinstance(instant, datetime) else instant
    return case((before > other, before), else_=other)
