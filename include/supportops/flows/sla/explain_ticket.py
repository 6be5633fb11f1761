"""Explains the clocks of one ticket from the store and the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, select

from supportops.config.loader import check
from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import tickets as tickets_table
from supportops.flows.alerts.acting.note_log import NOTHING, Noted, of_ticket
from supportops.flows.sla.judging.judged_tickets import policy_book
from supportops.flows.tickets.show_ticket import find_ticket
from supportops.flows.tickets.syncing.freshness import synced_until
from supportops.rendering.render import one_line
from supportops.sla.calendar.business_hours import OutsideRange
from supportops.sla.explain import Explanation, explain
from supportops.sla.policy import PolicyBook
from supportops.sla.words.explanation import Story
from supportops.tickets.log.event_reading import event_columns
from supportops.tickets.log.store import events_of
from supportops.tickets.source import OWN_SOURCES
from supportops.tickets.ticket import Author, Event, EventKind, fold, from_creation


@dataclass(frozen=True, slots=True)
class ExplainedTicket:
    """A ticket by the names that people use, and the explanation of its clocks."""

    source: str
    ticket: str
    subject: str
    explanation: Explanation
    book: PolicyBook
    story: Story
    noted: Noted = NOTHING

    @property
    def notes(self) -> tuple[str, ...]:
        """A line for each entry of what people noted about the ticket, oldest first."""
        return tuple(f"{e.by}, {self.story.at(e.at)}: {e.words}" for e in self.noted.entries)

    def to_json(self) -> dict[str, Any]:
        """The keys of `Explanation.as_json`, the ticket's number, source and subject, and notes."""
        names = {"ticket": self.ticket, "source_id": self.source, "subject": self.subject}
        notes = {"notes": [entry.to_json() for entry in self.noted.entries]}
        return self.explanation.as_json() | names | notes


def run(context: Context, ticket: str, source: str | None, at: datetime) -> ExplainedTicket:
    """The clocks of a ticket as of `at`, by the configured policies and all that is stored now.

    `ticket` is a number or SOURCE/NUMBER. Raises LookupError where there is no such ticket, could
    be several, it had not begun by then, or has an instant that no calendar reaches; and what
    `policy_book` raises.
    """
    book = policy_book(context.config)
    configuration = check(context.config).configuration
    with reading(context.engine) as connection:
        zone, titles = configuration.zone, configuration.tiers.titles()
        return explained(connection, book, ticket, source, at, zone=zone, titles=titles)


def explained(
    connection: Connection,
    book: PolicyBook,
    ticket: str,
    source: str | None,
    at: datetime,
    *,
    zone: str,
    titles: Mapping[str, str],
) -> ExplainedTicket:
    """As `run`, by the promises of `book`, with times in `zone` and tiers by their `titles`."""
    found_source, number = find_ticket(connection, ticket, source)
    table = tickets_table.c
    row = connection.execute(
        select(table.id, table.subject).where(table.source == found_source, table.ticket == number)
    ).one()
    events = event_columns(connection, tickets=np.array([row.id]), until=at)
    if not len(events):
        raise LookupError(f"nothing had happened to {ticket!r} by {at:%Y-%m-%d %H:%M} UTC")
    try:
        explanation = explain(events, book, at)
    except OutsideRange as error:
        raise LookupError(f"{ticket!r} cannot be judged: {error}") from None
    plain = Story(ZoneInfo(zone), titles=titles)
    story = _story(connection, plain, found_source, number, explanation)
    noted = of_ticket(connection, found_source, number)
    return ExplainedTicket(found_source, number, row.subject, explanation, book, story, noted)


def _story(
    connection: Connection,
    story: Story,
    source: str,
    number: str,
    explanation: Explanation,
) -> Story:
    """Who did what to the ticket by then, and what the store does not know of it."""
    events = from_creation(events_of(connection, source, number, until=explanation.at))
    story = replace(story, people=_agents(events), merged_into=fold(events).merged_into)
    gaps = tuple(_gaps(connection, events, source, explanation, story))
    return replace(story, gaps=gaps)


def _agents(events: Sequence[Event]) -> dict[datetime, str]:
    """Which agent wrote or solved at an instant, in words; who wrote comes before who solved."""
    found = {}
    for kind in (EventKind.STATUS, EventKind.COMMENT):
        for event in events:
            if event.kind is kind and event.author is Author.AGENT and (who := _agent(event)):
                found[event.happened_at] = who
    return found


def _agent(event: Event) -> str:
    """By name; a person whom the source does not name is "an agent", never a number."""
    name = one_line(str(event.facts.get("by") or ""))
    if event.source in OWN_SOURCES:
        return name
    return f"agent {name}" if name else "an agent" if event.facts.get("author_id") else ""


def _gaps(
    connection: Connection,
    events: Sequence[Event],
    source: str,
    explanation: Explanation,
    story: Story,
) -> Iterator[str]:
    if explanation.known_since is not None:
        yield f"What happened before {story.at(explanation.known_since)} is not known."
    elif not any(event.kind is EventKind.CREATED for event in events):
        begin = story.at(events[0].happened_at)
        yield f"The store does not have its beginning: nothing is known before {begin}."
    known = None if source in OWN_SOURCES else synced_until(connection, source)
    if known is not None and known < explanation.at:
        yield f"What happened after {story.at(known)} is not known yet."
