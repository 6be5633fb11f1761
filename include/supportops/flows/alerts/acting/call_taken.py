"""Whoever takes a call's alert calls back: on its ticket that is the first reply."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts.alert import Alert, Kind
from supportops.flows.tickets.own_tickets.own_acts import answered
from supportops.tickets.log.store import append_events, events_of
from supportops.tickets.source import PHONE
from supportops.tickets.ticket import Author, Event, EventKind, fold


def note_taken(connection: Connection, alert: Alert, who: str, now: datetime) -> None:
    """Writes the reply on the ticket of a call that `who` has taken, unless there is one.

    The caller holds Lock.APPEND_TICKET_EVENTS, taken before the alert's row.
    """
    number = alert.facts.get("ticket") if alert.kind is Kind.CALL else None
    source = str(alert.facts.get("source") or PHONE)
    stored = events_of(connection, source, str(number)) if number else ()
    if stored and not answered(stored) and fold(stored).open:
        append_events(connection, [_taken(stored, who, now)], now)


def _taken(stored: Sequence[Event], who: str, now: datetime) -> Event:
    number = stored[0].ticket
    return Event(
        source=stored[0].source,
        source_event=f"{number}/acknowledged",
        ticket=number,
        kind=EventKind.COMMENT,
        happened_at=max(now, max(event.happened_at for event in stored)),
        recorded_at=now,
        author=Author.AGENT,
        facts={"text": f"{who} has taken the call.", "by": who},
        sequence=len(stored),
    )
