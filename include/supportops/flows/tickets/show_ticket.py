"""One ticket as it stood at an instant, and what had happened to it by then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import tickets
from supportops.flows.tickets.own_tickets.outage_tickets import ticket_number
from supportops.tickets.log.store import events_of, sources_of
from supportops.tickets.source import OUTAGE
from supportops.tickets.ticket import Event, Ticket, fold


@dataclass(frozen=True, slots=True)
class TicketHistory:
    """A ticket's state, and the events that it is folded from, the oldest first."""

    ticket: Ticket
    events: tuple[Event, ...]


def outage_tickets(connection: Connection, alerts: Iterable[str]) -> dict[str, str]:
    """The number of the ticket (of source OUTAGE) that was made of each outage, by its alert's
    key; those of which none was made are left out."""
    numbers = {ticket_number(key): key for key in alerts}
    found = connection.execute(
        select(tickets.c.ticket).where(
            tickets.c.source == OUTAGE, tickets.c.ticket.in_(sorted(numbers))
        )
    )
    return {numbers[number]: number for number in found.scalars()}


def as_of(context: Context, name: str, at: datetime) -> TicketHistory:
    """The ticket called `name` (NUMBER or SOURCE/NUMBER) as of `at`.

    Raises LookupError where there is none, could be several, or had not begun by then.
    """
    with reading(context.engine) as connection:
        source, number = find_ticket(connection, name)
        events = events_of(connection, source, number, until=at)
    if not events:
        raise LookupError(f"nothing had happened to {name!r} by {at:%Y-%m-%d %H:%M}")
    return TicketHistory(fold(events), events)


def find_ticket(connection: Connection, ticket: str, source: str | None = None) -> tuple[str, str]:
    """Source and number of a ticket called NUMBER or SOURCE/NUMBER. Raises LookupError."""
    sources = sources_of(connection, ticket)
    if source is None and not sources:
        source, slash, number = ticket.partition("/")
        if not slash:
            raise LookupError(f"no ticket {ticket!r}")
        sources, ticket = sources_of(connection, number), number
    if source is not None:
        if source in sources:
            return source, ticket
        raise LookupError(f"no ticket {ticket!r} of source {source!r}")
    if len(sources) > 1:
        several = ", ".join(f"{each}/{ticket}" for each in sources)
        raise LookupError(f"several tickets are called {ticket!r}: {several}")
    return sources[0], ticket
