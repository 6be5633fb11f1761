"""One ticket: its promises and why they stand as they do, its site, alerts, history and acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from supportops.alerts.alert import Alert
from supportops.alerts.description import incident_path
from supportops.alerts.kind_texts import KIND_TEXTS
from supportops.db.schema import tickets as tickets_table
from supportops.flows.sla.explain_ticket import ExplainedTicket
from supportops.flows.tickets.show_ticket import find_ticket
from supportops.flows.tickets.ticket_acts import PRIORITIES
from supportops.flows.tickets.ticket_queue import queue
from supportops.flows.tickets.tutorials import for_ticket, note_for
from supportops.rendering.board_links import safe_link
from supportops.sites.standing import SiteState
from supportops.sla.words.explanation import Section, sections, whole_ticket
from supportops.tickets.log.doubtful import DOUBTFUL, doubtful_tiers
from supportops.tickets.log.pages import page_forms, page_of
from supportops.tickets.log.store import events_of
from supportops.tickets.source import OWN_SOURCES
from supportops.tickets.ticket import Event, Ticket, fold
from supportops.web import queries
from supportops.web.notifications import MessageLine, message_line
from supportops.web.page import NotFound, Page, PageContext, Query, Text, last_check, link
from supportops.web.pages.tickets import clocks_of, notes_of
from supportops.web.tickets import related
from supportops.web.tickets.bundle import explanation_of
from supportops.web.tickets.drawing import Bar, Drawing, drawing
from supportops.web.tickets.history import entries
from supportops.web.tickets.recordings import recordings

MOST_ENTRIES = 300
MOST_MESSAGES = 200
_CHANGED = ("status", "tier", "priority", "assignee", "site", "customer")


class TicketAddress(Query):
    """A ticket, by its source and its number."""

    source: Text = ""
    id: Text


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert about the ticket and its messages."""

    alert: Alert
    word: str
    headline: str
    href: str
    messages: tuple[MessageLine, ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What the form for other values offers."""

    tiers: Sequence[tuple[str, str]]
    priorities: Sequence[str]
    people: Sequence[str]
    sites: Sequence[str]
    customers: Sequence[str]


def ticket(page: PageContext, query: TicketAddress) -> dict[str, Any]:
    """What the ticket's template shows. Raises NotFound where there is no such ticket."""
    try:
        source, number = find_ticket(page.connection, query.id, query.source or None)
    except LookupError as error:
        raise NotFound(str(error)) from None
    events = events_of(page.connection, source, number)
    if not events:
        raise NotFound("nothing has happened to this ticket yet")
    stored, titles = fold(events), page.configuration.tiers.titles()
    row_id = _id(page, source, number)
    found = queue(page.connection, page.configuration.promises, page.now, only=row_id)
    queued = found.tickets[0]
    explained, unjudged = _explained(page, source, number)
    own = source in OWN_SOURCES
    elsewhere = page_of(page_forms(page.connection), source, number)
    doubtful = doubtful_tiers(page.connection, [row_id]).get(row_id)
    return {
        "check": last_check(page.connection, page.now),
        "ticket": stored,
        "customer": page.configuration.customers.named(stored.customer or ""),
        "called": f"{source}/{number}",
        "tier": titles.get(queued.tier, queued.tier),
        "status": _status(stored),
        "clocks": clocks_of(page, found, queued) if stored.open else (),
        "notes": notes_of(queued) if stored.open else (),
        "unjudged": unjudged,
        "gaps": explained.story.gaps if explained else (),
        "drawn": _drawn(explained, events),
        "bars": _bars(explained, events),
        "whole": whole_ticket(explained.explanation, explained.book) if explained else None,
        "alerts": _alerts(page, events, source, number),
        "site_state": _site_state(page, stored.site),
        "site_href": _site_href(page, stored.site),
        "incidents": related.open_incidents(
            page.connection, page.configuration.fleet, stored.site, page.now
        ),
        **_tutorials(page, stored, events, queued.tier),
        "recordings": recordings(page.connection, source, number),
        "entries": entries(events, titles, MOST_ENTRIES),
        "more_entries": max(0, len(events) - MOST_ENTRIES),
        "own": own,
        "elsewhere": safe_link(elsewhere),
        "may_be": tuple(map(str, doubtful.facts[DOUBTFUL])) if doubtful else (),
        "titles": titles,
        "options": _options(page) if own else None,
        "was": {name: getattr(stored, name) or "" for name in _CHANGED},
        "link": link,
        "now": page.now,
        "zone": page.zone,
    }


def _tutorials(
    page: PageContext, stored: Ticket, events: Sequence[Event], tier: str
) -> dict[str, Any]:
    """The tutorials that may answer an open ticket, and a reply that names them."""
    configuration = page.configuration
    matches = for_ticket(configuration, events, tier) if stored.open else ()
    _, draft = note_for(configuration, matches, stored.customer)
    shown = [(m.tutorial.title, safe_link(m.tutorial.address), m.score) for m in matches]
    return {"tutorials": shown, "draft": draft, "least": configuration.tutorials.offer.least}


def _id(page: PageContext, source: str, number: str) -> int:
    c = tickets_table.c
    mine = select(c.id).where(c.source == source, c.ticket == number)
    found: int = page.connection.execute(mine).scalar_one()
    return found


def _explained(page: PageContext, source: str, number: str) -> tuple[ExplainedTicket | None, str]:
    """The clocks, or in words why there are none."""
    try:
        found = explanation_of(page, source, number)
    except LookupError as error:
        return None, str(error)
    return found, "" if found else "service_levels.yaml makes no promises"


def _status(stored: Ticket) -> str:
    if stored.merged_into:
        return f"merged into {stored.merged_into}"
    return "deleted" if stored.ended_at else stored.status.value


def _drawn(found: ExplainedTicket | None, events: Sequence[Event]) -> Drawing | None:
    return drawing(found.explanation, found.book, events) if found else None


def _bars(found: ExplainedTicket | None, events: Sequence[Event]) -> list[tuple[Section, Bar]]:
    """What is said of each clock, and its bar."""
    drawn = _drawn(found, events)
    if found is None or drawn is None:
        return []
    said = sections(found.explanation, found.book, found.story)
    return list(zip(said, drawn.bars, strict=True))


def _alerts(
    page: PageContext, events: Sequence[Event], source: str, number: str
) -> list[AlertLine]:
    found = related.alerts_of(page, events, source, number)
    messages = queries.messages_of_all(
        page.connection, [alert.key for alert in found], MOST_MESSAGES
    )
    return [
        AlertLine(
            alert,
            KIND_TEXTS[alert.kind].label,
            alert.headline,
            incident_path(alert.key),
            tuple(message_line(row) for row in messages.get(alert.key, ())),
        )
        for alert in found
    ]


def _site_state(page: PageContext, site: str | None) -> SiteState | None:
    front = queries.front_pages(page.connection, site).get(site) if site else None
    return front.state if front else None


def _site_href(page: PageContext, site: str | None) -> str | None:
    known = site and site in page.configuration.fleet.by_name()
    return link("site", name=site) if known else None


def _options(page: PageContext) -> Options:
    configuration = page.configuration
    titles = configuration.tiers.titles()
    sites = configuration.fleet.sites
    return Options(
        tiers=[(name, titles.get(name, name)) for name in configuration.tiers.named],
        priorities=PRIORITIES,
        people=related.assignees(page.connection),
        sites=sorted(site.name for site in sites),
        customers=related.customers(page),
    )


TICKET = Page("ticket", TicketAddress, ticket)
