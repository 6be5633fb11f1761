"""Builders and random histories of tickets' events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from builders import NOON
from supportops.db.engine import reading
from supportops.db.schema import ticket_events, tickets
from supportops.tickets.log.store import events_of
from supportops.tickets.ticket import Author, Event, EventKind, Status, Ticket, fold

_numbers = count()


def event(kind: EventKind, minute: float = 0, value: str | None = None, **fields: Any) -> Event:
    """An event of ticket 1, `minute` past noon, recorded a minute later."""
    at = NOON + timedelta(minutes=minute)
    return Event(
        **{
            "source": "desk",
            "source_event": f"event-{next(_numbers)}",
            "ticket": "1",
            "kind": kind,
            "happened_at": at,
            "recorded_at": at + timedelta(minutes=1),
            "author": Author.AGENT,
            "value": value,
        }
        | fields
    )


def created(minute: float = 0, subject: str = "Help", **fields: Any) -> Event:
    facts = {"subject": subject, "requester": "ann"} | fields.pop("facts", {})
    return event(EventKind.CREATED, minute, author=Author.CUSTOMER, facts=facts, **fields)


_VALUES = {
    EventKind.STATUS: [status.value for status in Status],
    EventKind.PRIORITY: ["1", "2", None],
    EventKind.TIER: ["bug_fix", "user_support"],
    EventKind.ASSIGNEE: ["bo", "cy", None],
    EventKind.SITE: ["shop", None],
    EventKind.CUSTOMER: ["Acme", "Ünï"],
    EventKind.TAGS: ["a,b", "", "b"],
    EventKind.MERGED: ["2"],
}


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> list[Event]:
    """Events of three tickets with few instants, so that many fall together."""
    found = []
    sequences = draw(st.permutations(range(most)))
    for number in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(EventKind))
        at = NOON + timedelta(minutes=draw(st.integers(0, 5)))
        found.append(
            Event(
                source=draw(st.sampled_from(["desk", "mail"])),
                source_event=f"{draw(st.integers(0, 9))}-{number}",
                ticket=draw(st.sampled_from("123")),
                kind=kind,
                happened_at=at,
                recorded_at=at + timedelta(minutes=draw(st.integers(0, 90))),
                author=draw(st.sampled_from(Author)),
                value=draw(st.sampled_from(_VALUES.get(kind, [None]))),
                facts={"subject": f"s{number}", "rule": f"r{number}"},
                sequence=sequences[number],
            )
        )
    return found


def rows(engine: Engine) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Both tables without the numbers that the store gave, in the order of their natural keys."""
    with reading(engine) as connection:
        numbers = {row.id: (row.source, row.ticket) for row in connection.execute(select(tickets))}
        stored = connection.execute(select(tickets).order_by(tickets.c.source, tickets.c.ticket))
        states = [{k: v for k, v in row.items() if k != "id"} for row in stored.mappings()]
        order = (ticket_events.c.source, ticket_events.c.source_event)
        logged = connection.execute(select(ticket_events).order_by(*order)).mappings()
        events = [
            {k: v for k, v in row.items() if k != "id"} | {"ticket": numbers[row["ticket"]]}
            for row in logged
        ]
    return states, events


LATER: datetime = NOON + timedelta(days=1)


def shuffled(draw: st.DrawFn, events: Sequence[Event]) -> list[list[Event]]:
    """The events in another order, some twice, cut into batches."""
    again = draw(st.lists(st.sampled_from(events), max_size=4))
    mixed = draw(st.permutations([*events, *again]))
    cuts = sorted(draw(st.lists(st.integers(0, len(mixed)), max_size=3)))
    return [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]


def ticket_at(connection: Connection, source: str, ticket: str, at: datetime) -> Ticket | None:
    """The ticket as it was at `at`, by all that is known today; None before its first event."""
    before = events_of(connection, source, ticket, until=at)
    return fold(before) if before else None
