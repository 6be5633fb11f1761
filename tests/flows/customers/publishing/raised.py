"""Tickets that customers raised in the help desk, as a sync stores them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine

from supportops.db.engine import writing
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, Event, EventKind, Status

SOURCE = "zendesk"
_WORDS = {
    EventKind.TIER: Author.AUTOMATIC,
    EventKind.CUSTOMER: Author.AUTOMATIC,
    EventKind.SITE: Author.AUTOMATIC,
    EventKind.STATUS: Author.AGENT,
}


def raised(
    store: Engine,
    number: str,
    customer: str | None,
    at: datetime,
    *,
    subject: str = "The basket is empty",
    tier: str | None = "bug_fix",
    site: str | None = None,
    source: str = SOURCE,
) -> None:
    """A ticket of a customer, raised at `at`."""
    known = {EventKind.TIER: tier, EventKind.CUSTOMER: customer, EventKind.SITE: site}
    created = {"subject": subject, "text": subject, "requester": "Anna"}
    _append(
        store,
        [
            _event(source, number, EventKind.CREATED, at, Author.CUSTOMER, None, **created),
            *(
                _event(source, number, kind, at, _WORDS[kind], value)
                for kind, value in known.items()
                if value is not None
            ),
        ],
    )


def became(store: Engine, number: str, at: datetime, status: Status, source: str = SOURCE) -> None:
    """An agent gives it another status."""
    _append(store, [_event(source, number, EventKind.STATUS, at, Author.AGENT, status.value)])


def moved(store: Engine, number: str, at: datetime, customer: str, source: str = SOURCE) -> None:
    """It is another customer's, by what an agent found out."""
    _append(store, [_event(source, number, EventKind.CUSTOMER, at, Author.AGENT, customer)])


def answered(store: Engine, number: str, at: datetime, source: str = SOURCE) -> None:
    """An agent replies."""
    event = _event(source, number, EventKind.COMMENT, at, Author.AGENT, None, text="We look")
    _append(store, [event])


def synced(store: Engine, at: datetime, source: str = SOURCE) -> None:
    """A sync read all that there was."""
    with writing(store) as connection:
        mark_synced(connection, source, at)


def _event(
    source: str,
    number: str,
    kind: EventKind,
    at: datetime,
    author: Author,
    value: str | None,
    **facts: str,
) -> Event:
    key = f"{number}/{kind.value}/{at.isoformat()}"
    return Event(source, key, number, kind, at, at + timedelta(0), author, value, facts)


def _append(store: Engine, events: list[Event]) -> None:
    with writing(store) as connection:
        append_events(connection, events, events[0].happened_at)
