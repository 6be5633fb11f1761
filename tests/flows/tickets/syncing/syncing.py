"""A sync from the fake Zendesk, and what it left in the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select

from supportops.db.schema import quarantine, sync_marks, ticket_events, tickets
from supportops.flows.tickets import ticket_sync
from supportops.tickets.ticket import EventKind
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource
from tickets.fake_zendesk import (
    LOGIN,
    TOKEN,
    FakeZendesk,
)


def sync(store: Engine, zendesk: FakeZendesk, **fields: Any) -> dict[str, Any]:
    """One sync; while it sleeps, Zendesk's clock moves on."""
    slow = fields.pop("seconds_a_look", 0)

    def clock() -> datetime:
        zendesk.advance(slow)
        return datetime.fromtimestamp(zendesk.now, UTC)

    account = Account(zendesk.address, LOGIN, TOKEN, **fields)
    with Client(account, sleep=zendesk.advance, monotonic=lambda: zendesk.now) as client:
        return ticket_sync.sync(store, ZendeskSource(client), clock)


def pass_delay(zendesk: FakeZendesk) -> None:
    """Waits until the exports show what has just happened: they leave the last minute out."""
    zendesk.advance(61)


def events(store: Engine, ticket: int | str, *kinds: EventKind) -> list[Any]:
    with store.connect() as connection:
        query = (
            select(ticket_events)
            .join(tickets, tickets.c.id == ticket_events.c.ticket)
            .where(tickets.c.ticket == str(ticket))
            .order_by(ticket_events.c.happened_at, ticket_events.c.id)
        )
        rows = connection.execute(query).all()
    return [row for row in rows if not kinds or row.kind in kinds]


def state(store: Engine, ticket: int | str) -> Any:
    with store.connect() as connection:
        return connection.execute(select(tickets).where(tickets.c.ticket == str(ticket))).one()


def everything(store: Engine, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Every row, without the numbers that a database draws for itself."""
    found = {}
    with store.connect() as connection:
        for table in (tickets, ticket_events, sync_marks, quarantine):
            columns = [c for c in table.c if c.name not in ("id", *without)]
            if table is ticket_events:
                columns = [tickets.c.ticket, *(c for c in columns if c.name != "ticket")]
                query = select(*columns).join(tickets, tickets.c.id == ticket_events.c.ticket)
            else:
                query = select(*columns)
            if table is sync_marks:  # that of triage is a number of the database's
                query = query.where(table.c.stream != "triage")
            found[table.name] = sorted(map(repr, connection.execute(query).all()))
    return found


def quarantined(store: Engine) -> list[Any]:
    with store.connect() as connection:
        return list(connection.execute(select(quarantine).order_by(quarantine.c.id)).all())
