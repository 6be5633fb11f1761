"""One ticket as it stood at an instant, and what had happened to it by then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.explain_ticket import find_ticket
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Event, Ticket, fold


@dataclass(frozen=True, slots=True)
class TicketHistory:
    """A ticket's state, and the events that it is folded from, the oldest first."""

    ticket: Ticket
    events: tuple[Event, ...]


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
