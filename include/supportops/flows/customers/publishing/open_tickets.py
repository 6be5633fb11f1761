"""The open tickets of customers whose own status pages say by when these are answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection

from supportops.config.configuration import Configuration, File
from supportops.customers import PageAccess
from supportops.flows.sla.judging.due_answers import due_of_customers, known_until
from supportops.status_pages.page import OpenTicket, Tickets

TicketsOf = Callable[[str], Tickets | None]


def tickets_of(connection: Connection, configuration: Configuration, now: datetime) -> TicketsOf:
    """The open tickets of a customer by key; None for one whose page does not show them."""
    customers = configuration.customers
    names = {site.customer for site in configuration.fleet.sites}
    owners = {customers.key(name): customers.get(name) for name in names}
    wanted = {
        key
        for key, each in owners.items()
        if customers.shows_due_by(each) and each.page is not PageAccess.NONE
    }
    as_of = known_until(connection, now) if wanted else None
    if as_of is None or not configuration.has(File.SERVICE_LEVELS):
        return lambda key: Tickets(None) if key in wanted else None
    found: defaultdict[str, list[OpenTicket]] = defaultdict(list)
    for each in due_of_customers(connection, configuration.promises, customers, wanted, now):
        shown = OpenTicket(each.number, each.subject, each.metric, each.due_at, each.changed_at)
        found[customers.key(each.customer)].append(shown)
    return lambda key: Tickets(as_of, tuple(found.get(key, ()))) if key in wanted else None
