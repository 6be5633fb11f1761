"""The queue: the open tickets, due next first, with filters, and the solved ones by search."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from sqlalchemy import Row as StoredRow

from supportops.flows.tickets import ticket_queue
from supportops.flows.tickets.ticket_queue import Queue, QueuedTicket, Standing, queue
from supportops.rendering.formulas import never_formula
from supportops.rendering.printable import printable_line
from supportops.sites.standing import SiteState
from supportops.web import queries
from supportops.web.page import (
    Choice,
    MadeFile,
    Page,
    PageContext,
    ServedFile,
    last_check,
    link,
)
from supportops.web.tickets.countdown import Countdown, countdown
from supportops.web.tickets.filters import (
    FIELDS,
    Filtered,
    Filters,
    Sort,
    State,
    filtered,
    options,
    ordered,
    shown,
)
from supportops.web.tickets.solved import MOST_SEARCHED, solved
from supportops.web.tiles import Status

SHOWN = 50
STATES = {
    State.OPEN: "Open",
    State.BREACHED: "Breached",
    State.AT_RISK: "At risk",
    State.UNANSWERED: "Unanswered",
    State.WAITING: "Waiting for the customer",
    State.DOUBTFUL: "Doubtful tier",
    State.UNASSIGNED: "Nobody has it",
}
_MARKS = {State.BREACHED: Status.DOWN, State.AT_RISK: Status.FAULT}
_SORTS = {
    Sort.DUE: "Due next",
    Sort.LATE: "Late for longest",
    Sort.NEWEST: "Newest",
    Sort.OLDEST: "Oldest",
    Sort.UPDATED: "Changed last",
}
_FIELD_WORDS = {"tier": "Tier", "customer": "Customer", "site": "Site", "owner": "Owner"} | {
    "source": "Source"
}
# The columns of the CSV file; instants are ISO texts in UTC, `left_seconds` open time, negative
# once a promise is broken.
COLUMNS = (
    *("source", "ticket", "subject", "status", "tier", "customer", "site", "owner", "states"),
    *("promise", "due_at", "left_seconds", "created_at", "updated_at", "solved_at"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A ticket of the list; `clocks`: the broken promise first, then the one that is due next."""

    ticket: QueuedTicket
    href: str
    tier: str
    clocks: tuple[Countdown, ...]
    notes: tuple[str, ...]
    site_down: bool

    @property
    def status(self) -> Status | None:
        """The mark of the line."""
        if Standing.BREACHED in self.ticket.standings:
            return Status.DOWN
        return Status.FAULT if Standing.AT_RISK in self.ticket.standings else None


def tickets(page: PageContext, filters: Filters) -> dict[str, Any]:
    """What the queue's template shows."""
    filters = _meant(page, filters)
    found = _queue(page, filters)
    chosen = filtered(found.tickets, filters)
    old = filters.state is State.SOLVED
    lines, rows, more, pages = [], [], False, 1
    if old:
        skip, customers = (filters.page - 1) * SHOWN, page.configuration.customers
        read = solved(page.connection, customers, filters, skip, SHOWN + 1)
        rows, more = [_solved(page, row) for row in read[:SHOWN]], len(read) > SHOWN
    else:
        in_order = ordered(chosen.tickets, filters.sort)
        lines = lines_of(page, found, shown(in_order, filters.page, SHOWN))
        pages = max(1, -(-len(in_order) // SHOWN))
        more = filters.page < pages
    titles = page.configuration.tiers.titles()
    return {
        "check": last_check(page.connection, page.now),
        "filters": filters,
        "old": old,
        "states": list(_states(filters, chosen)),
        "fields": [
            (name, _FIELD_WORDS[name], options(chosen.fields[name], getattr(filters, name), titles))
            for name in FIELDS
        ],
        "sorts": _SORTS,
        "lines": lines,
        "solved": rows,
        "total": len(chosen.tickets),
        "open_total": found.total,
        "judged": found.total if found.complete else len(found.tickets),
        "most_judged": ticket_queue.MOST_JUDGED,
        "most_searched": MOST_SEARCHED,
        "promises": page.configuration.promises is not None,
        "pages": pages,
        "earlier": filters.href(page=filters.page - 1) if filters.page > 1 else "",
        "later": filters.href(page=filters.page + 1) if more else "",
        "csv": filters.href("tickets.csv"),
        "clear": "tickets",
        "in_solved": filters.href(state=State.SOLVED.value),
        "now": page.now,
        "zone": page.zone,
    }


def _queue(page: PageContext, filters: Filters) -> Queue:
    return queue(
        page.connection,
        page.configuration.promises,
        page.now,
        narrowed=filters.narrowed,
        customers=page.configuration.customers,
    )


def _meant(page: PageContext, filters: Filters) -> Filters:
    """The filters with the customer's name, whatever name of the customer's they have."""
    customer = page.configuration.customers.named(filters.customer)
    return filters.model_copy(update={"customer": customer})


def address(source: str, ticket: str) -> str:
    """The address of a ticket's page, relative to the board."""
    return link("ticket", source=source, id=ticket)


def notes_of(ticket: QueuedTicket) -> tuple[str, ...]:
    """What a person should know of a ticket beside its clocks."""
    standings = (Standing.UNANSWERED, Standing.WAITING, Standing.DOUBTFUL, Standing.UNASSIGNED)
    return tuple(STATES[State(each)] for each in standings if each in ticket.standings)


def clocks_of(page: PageContext, found: Queue, ticket: QueuedTicket) -> tuple[Countdown, ...]:
    """The broken promise of a ticket and the one that is due next, or is paused."""
    clocks = found.clocks(ticket.id)
    late = [clock for clock in clocks if clock.breached_at is not None]
    coming = [clock for clock in clocks if clock.breached_at is None]
    return tuple(
        countdown(clock, ticket.status, page.now, page.zone) for clock in (*late[:1], *coming[:1])
    )


def lines_of(page: PageContext, found: Queue, chosen: Sequence[QueuedTicket]) -> list[Line]:
    """Tickets of the queue `found` as a page lists them."""
    titles = page.configuration.tiers.titles()
    fronts = queries.front_pages(page.connection) if any(each.site for each in chosen) else {}
    down = {name for name, front in fronts.items() if front.state is SiteState.DOWN}
    return [
        Line(
            each,
            address(each.source, each.ticket),
            titles.get(each.tier, each.tier),
            clocks_of(page, found, each),
            notes_of(each),
            each.site in down,
        )
        for each in chosen
    ]


def _states(filters: Filters, chosen: Filtered) -> Iterator[Choice]:
    for state, words in STATES.items():
        count, mark = chosen.states.get(state.value, 0), _MARKS.get(state)
        href = filters.href(state=state.value)
        yield Choice(words, href, count, filters.state is state, mark)


@dataclass(frozen=True, slots=True)
class Solved:
    """A ticket that is not open any more; `ended`: how, in words."""

    row: StoredRow[Any]
    href: str
    tier: str
    ended: str
    at: datetime | None


def _solved(page: PageContext, row: StoredRow[Any]) -> Solved:
    titles = page.configuration.tiers.titles()
    ended = row.status if row.ended_at is None else "merged" if row.merged_into else "deleted"
    tier = titles.get(row.tier or "", row.tier or "")
    return Solved(row, address(row.source, row.ticket), tier, ended, row.ended_at or row.solved_at)


def tickets_csv(page: PageContext, filters: Filters) -> ServedFile:
    """Every ticket that the filters fit, on all pages; of the solved ones the first 1,000."""
    written = StringIO(newline="")
    rows = csv.writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for row in _csv_rows(page, filters):
        rows.writerow(map(_cell, row))
    return ServedFile(written.getvalue().encode(), "text/csv; charset=utf-8", "tickets.csv")


def _csv_rows(page: PageContext, filters: Filters) -> Iterator[tuple[Any, ...]]:
    filters, customers = _meant(page, filters), page.configuration.customers
    if filters.state is State.SOLVED:
        for row in solved(page.connection, customers, filters, 0, 1_000):
            yield (
                *(row.source, row.ticket, row.subject, row.status, row.tier),
                *(customers.named(row.customer) if row.customer else None, row.site, row.assignee),
                *("", "", None, ""),
                *(row.created_at, row.updated_at, row.solved_at),
            )
        return
    found = _queue(page, filters)
    for each in ordered(filtered(found.tickets, filters).tickets, filters.sort):
        clock = next(iter(clocks_of(page, found, each)), None)
        yield (
            *(each.source, each.ticket, each.subject, each.status, each.tier, each.customer),
            *(each.site, each.assignee, " ".join(sorted(each.standings))),
            clock.label if clock else "",
            clock.deadline if clock else None,
            clock.left if clock else "",
            *(each.created_at, each.updated_at, None),
        )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return never_formula(printable_line(value)) if isinstance(value, str) else str(value)


TICKETS = Page("tickets", Filters, tickets)
TICKETS_CSV = MadeFile("/tickets.csv", Filters, tickets_csv)
