"""The tickets that need somebody now: broken promises first, then what falls due next."""

from __future__ import annotations

from dataclasses import dataclass

from supportops.flows.tickets.ticket_queue import Standing, queue
from supportops.web.page import PageContext, link
from supportops.web.pages.tickets import Line, lines_of
from supportops.web.tickets.filters import Sort, ordered

MOST_LATE, MOST_NEXT = 6, 8


@dataclass(frozen=True, slots=True)
class DueNow:
    """The first lines of each, how many there are, and where all are."""

    late: list[Line]
    next: list[Line]
    breached: int
    at_risk: int
    open: int
    href_late: str
    href_next: str


def due_now(page: PageContext, customer: str) -> DueNow:
    """Of the tickets of `customer`, or of all where it is empty."""
    customers = page.configuration.customers
    found = queue(page.connection, page.configuration.promises, page.now, customers=customers)
    mine = [
        each for each in found.tickets if not customer or customers.same(each.customer, customer)
    ]
    late = [each for each in mine if Standing.BREACHED in each.standings]
    coming = [
        each for each in mine if each.due is not None and Standing.BREACHED not in each.standings
    ]
    return DueNow(
        late=lines_of(page, found, ordered(late, Sort.LATE)[:MOST_LATE]),
        next=lines_of(page, found, ordered(coming, Sort.DUE)[:MOST_NEXT]),
        breached=len(late),
        at_risk=sum(Standing.AT_RISK in each.standings for each in mine),
        open=len(mine),
        href_late=link("tickets", state="breached", customer=customer),
        href_next=link("tickets", customer=customer),
    )
