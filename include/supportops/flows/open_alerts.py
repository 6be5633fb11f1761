"""The alerts that are open, and how a person takes one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts import store
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.description import reference
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.ticketing.own_acts import answered
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import PHONE
from supportops.tickets.ticket import Author, Event, EventKind, fold


def list_alerts(context: Context) -> list[Alert]:
    """Every open alert, in the order of `alerts.store.list_open`."""
    with reading(context.engine) as connection:
        return store.list_open(connection)


def acknowledge(context: Context, key: str, who: str, now: datetime) -> bool:
    """Records that `who` takes the alert at `now`: its reminders and later steps stop.

    `key` may also be the reference that messages show, with its # or without. False where no open
    alert has it, or two have, or somebody has taken it.
    """
    with writing(context.engine) as connection:
        if take(connection, key, who, now):
            return True
        known = {alert.key: reference(alert) for alert in store.list_open(connection)}
        meant = [known_as for known_as, mark in known.items() if mark == key.removeprefix("#")]
        return len(meant) == 1 and take(connection, meant[0], who, now)


def take(connection: Connection, key: str, who: str, now: datetime) -> bool:
    """Records that `who` takes the alert `key`; False where it is over or somebody has it.

    Whoever takes a call's alert calls back: on its ticket that is the first reply, written in the
    same transaction.
    """
    alert = store.find(connection, key)
    number = alert.facts.get("ticket") if alert and alert.kind is Kind.CALL else None
    if number:  # before the alert's row, as everybody who writes both
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
    if not store.acknowledge(connection, key, who, now):
        return False
    stored = events_of(connection, PHONE, str(number)) if number else ()
    if stored and not answered(stored) and fold(stored).open:
        append_events(connection, [_taken(stored, who, now)], now)
    return True


def _taken(stored: Sequence[Event], who: str, now: datetime) -> Event:
    number = stored[0].ticket
    return Event(
        source=PHONE,
        source_event=f"{number}/acknowledged",
        ticket=number,
        kind=EventKind.COMMENT,
        happened_at=max(now, max(event.happened_at for event in stored)),
        recorded_at=now,
        author=Author.AGENT,
        facts={"text": f"{who} has taken the call.", "by": who},
        sequence=len(stored),
    )


def unreadable_alerts(context: Context) -> list[str]:
    """A line for each open alert that this version cannot read."""
    with reading(context.engine) as connection:
        stored = store.read_open(connection)
    return [f"{each.key}: {each.why}" for each in stored.unreadable]
