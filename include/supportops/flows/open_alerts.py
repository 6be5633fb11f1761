"""The alerts that are open, and how a person takes one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts import store
from supportops.alerts.acts import log
from supportops.alerts.alert import Alert, Kind
from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.alert_acts import AlertActError
from supportops.flows.alert_acts import acknowledge as acknowledge_or_raise
from supportops.flows.alerting.call_taken import note_taken


def list_alerts(context: Context, now: datetime | None = None) -> list[Alert]:
    """Every open alert, in the order of `alerts.store.list_open`, as it stands at `now`."""
    with reading(context.engine) as connection:
        found = store.list_open(connection)
    return found if now is None else [alert.at(now) for alert in found]


def acknowledge(context: Context, key: str, who: str, now: datetime) -> bool:
    """`alert_acts.acknowledge` as a question: False where it cannot be done."""
    try:
        acknowledge_or_raise(context, key, who, now)
    except AlertActError:
        return False
    return True


def take(connection: Connection, key: str, who: str, now: datetime) -> bool:
    """Records that `who` takes the alert `key`; False where it is over or somebody has it.

    Whoever takes a call's alert calls back: on its ticket that is the first reply, written in the
    same transaction.
    """
    alert = store.find(connection, key)
    if (
        alert is not None and alert.kind is Kind.CALL
    ):  # before the alert's row, as everybody who writes both
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
    if not log.acknowledge(connection, key, who, now):
        return False
    if alert is not None:
        note_taken(connection, alert, who, now)
    return True


def unreadable_alerts(context: Context) -> list[str]:
    """A line for each open alert that this version cannot read."""
    with reading(context.engine) as connection:
        stored = store.read_open(connection)
    return [f"{each.key}: {each.why}" for each in stored.unreadable]
