"""Stores ticket events, and each ticket's state as the fold of its events.

`ticket_events` is append-only. A row of `tickets` is a function of the ticket's events, computed
anew whenever some are appended: the order in which events arrive, and how often, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import ticket_events as events_table
from supportops.db.schema import tickets as tickets_table
from supportops.tickets.columns import instant
from supportops.tickets.folding import NEVER, TicketColumns, fold_columns, status_of
from supportops.tickets.log.event_reading import event_columns
from supportops.tickets.log.event_writing import insert_events
from supportops.tickets.ticket import DONE, Author, Event, EventKind
from supportops.tickets.validation import rejection_reason, storable_event

BATCH = 5_000

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Appended:
    """What `append_events` did: events that were new or known already, and new tickets."""

    new: int = 0
    known: int = 0
    tickets: int = 0

    def __add__(self, other: Appended) -> Appended:
        return Appended(
            self.new + other.new, self.known + other.known, self.tickets + other.tickets
        )


def append_events(connection: Connection, events: Iterable[Event], now: datetime) -> Appended:
    """Appends the events that are not there yet and folds the tickets that they touch.

    A ticket is touched when an event of it is recorded; a `recorded_at` after `now` counts as
    `now`, so that a wrong clock elsewhere hides no ticket from the next sweep. Only one process
    appends at a time, until the end of its transaction. Raises ValueError for an event that has a
    `validation.rejection_reason`: check that first where events come from outside.
    """
    advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
    counted = Appended()
    iterator = iter(events)
    while batch := list(islice(iterator, BATCH)):
        counted += _append(connection, batch, now)
    return counted


def events_of(
    connection: Connection, source: str, ticket: str, until: datetime | None = None
) -> tuple[Event, ...]:
    """A ticket's events until `until` inclusive, in order; empty for an unknown ticket."""
    events, tickets = events_table.c, tickets_table.c
    rows = (
        select(events_table, tickets.ticket.label("number"))
        .join(tickets_table, tickets.id == events.ticket)
        .where(tickets.source == source, tickets.ticket == ticket)
    )
    if until is not None:
        rows = rows.where(events.happened_at <= until)
    found = [_event(row) for row in connection.execute(rows.order_by(events.id)).mappings()]
    return tuple(sorted(found, key=lambda event: event.order))


def events_of_kinds(
    connection: Connection, ids: Sequence[int], kinds: Iterable[EventKind]
) -> list[Event]:
    """The events of these kinds of the tickets with these ids, as they were stored."""
    events, tickets = events_table.c, tickets_table.c
    rows = (
        select(events_table, tickets.ticket.label("number"))
        .join(tickets_table, tickets.id == events.ticket)
        .where(events.ticket.in_(ids), events.kind.in_([kind.value for kind in kinds]))
        .order_by(events.id)
    )
    return [_event(row) for row in connection.execute(rows).mappings()]


def events_before_creation(connection: Connection, source: str) -> int:
    """How many events of a source are stamped before their ticket's creation."""
    events, tickets = events_table.c, tickets_table.c
    count = (
        select(func.count())
        .select_from(events_table.join(tickets_table, tickets.id == events.ticket))
        .where(tickets.source == source, events.happened_at < tickets.created_at)
    )
    return connection.execute(count).scalar_one()


def created_tickets(connection: Connection, source: str, tickets: Iterable[str]) -> frozenset[str]:
    """Which of these tickets of a source have their creation in the store."""
    table, numbers, found = tickets_table.c, sorted(set(tickets)), set[str]()
    for place in range(0, len(numbers), BATCH):
        page = table.ticket.in_(numbers[place : place + BATCH])
        rows = select(table.ticket).where(table.source == source, page)
        found.update(connection.execute(rows.where(table.created_at.is_not(None))).scalars())
    return frozenset(found)


def sources_of(connection: Connection, ticket: str) -> list[str]:
    """The sources that have a ticket of this number."""
    table = tickets_table.c
    found = select(table.source).where(table.ticket == ticket).order_by(table.source)
    return list(connection.execute(found).scalars())


def _append(connection: Connection, batch: Sequence[Event], now: datetime) -> Appended:
    for event in batch:
        if (reason := rejection_reason(event)) is not None:
            raise ValueError(f"the event {event.source_event[:80]!r} cannot be stored: {reason}")
    given: dict[Key, Event] = {}
    for event in batch:
        given.setdefault((event.source, event.source_event), event)
    known = _existing(connection, events_table.c.source_event, given)
    new = [storable_event(event) for key, event in given.items() if key not in known]
    tickets, created = _numbered(connection, new, now)
    if new:
        numbered = [(tickets[event.source, event.ticket].id, event) for event in new]
        insert_events(connection, numbered, now)
        _refold(connection, _touched(new, tickets, now))
    return Appended(len(new), len(batch) - len(new), created)


@dataclass(frozen=True, slots=True)
class _Numbered:
    id: int
    touched_at: datetime | None


def _existing(connection: Connection, column: Any, keys: Iterable[Key]) -> set[Key]:
    """Which of `keys`, pairs of a source and a value of `column`, the column's table has."""
    found: set[Key] = set()
    for source, names in _by_source(keys).items():
        rows = select(column).where(column.table.c.source == source, column.in_(names))
        found.update((source, name) for name in connection.execute(rows).scalars())
    return found


def _by_source(keys: Iterable[Key]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for source, name in sorted(set(keys)):
        grouped.setdefault(source, []).append(name)
    return grouped


def _numbered(
    connection: Connection, events: Sequence[Event], now: datetime
) -> tuple[dict[Key, _Numbered], int]:
    """Each event's ticket in the store, and how many had to be created."""
    keys = {(event.source, event.ticket) for event in events}
    missing = keys - _existing(connection, tickets_table.c.ticket, keys)
    if missing:
        rows = [_blank(source, ticket, now) for source, ticket in sorted(missing)]
        connection.execute(insert(tickets_table), rows)
    table, found = tickets_table.c, {}
    for source, names in _by_source(keys).items():
        rows_of = select(table.id, table.ticket, table.touched_at).where(
            table.source == source, table.ticket.in_(names)
        )
        for row in connection.execute(rows_of):
            key = (source, row.ticket)
            found[key] = _Numbered(row.id, None if key in missing else row.touched_at)
    return found, len(missing)


def _touched(
    events: Sequence[Event], tickets: Mapping[Key, _Numbered], now: datetime
) -> dict[int, datetime]:
    """When each ticket that `events` are about was last touched, by its id."""
    touched: dict[int, datetime] = {}
    for event in events:
        ticket = tickets[event.source, event.ticket]
        recorded = min(event.recorded_at, now)
        touched[ticket.id] = max(touched.get(ticket.id, ticket.touched_at or recorded), recorded)
    return touched


def _refold(connection: Connection, touched: Mapping[int, datetime]) -> None:
    """Writes the state of these tickets anew, from all of their events."""
    ids = sorted(touched)
    folded = fold_columns(event_columns(connection, tickets=ids))
    facts = _creation_facts(connection, ids)
    rows = [
        {**state, **facts[state["row"]], "touched_at": touched[state["row"]]}
        for state in _states(folded)
    ]
    names = [name for name in rows[0] if name != "row"]
    statement = update(tickets_table).where(tickets_table.c.id == bindparam("row"))
    connection.execute(statement.values({name: bindparam(name) for name in names}), rows)


def _states(folded: TicketColumns) -> list[dict[str, Any]]:
    """Each ticket's columns in the store, apart from those that come out of events' facts."""
    values = folded.values
    named: dict[str, list[Any]] = {"row": folded.ticket.tolist()}
    for name in ("created_at", "solved_at", "ended_at", "updated_at"):
        column = getattr(folded, name).tolist()
        named[name] = [None if at == NEVER else instant(at) for at in column]
    for name in ("priority", "tier", "assignee", "site", "customer", "merged_into", "tags"):
        named[name] = [values[code] for code in getattr(folded, name).tolist()]
    statuses = [status_of(values[code]) for code in folded.status.tolist()]
    named["status"] = [status.value for status in statuses]
    named["open"] = [
        ended is None and status not in DONE
        for ended, status in zip(named["ended_at"], statuses, strict=True)
    ]
    named["tags"] = [",".join(tag for tag in (t or "").split(",") if tag) for t in named["tags"]]
    return [dict(zip(named, row, strict=True)) for row in zip(*named.values(), strict=True)]


def _creation_facts(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Subject and requester of each ticket's creation, and the rule that gave it its tier."""
    table = events_table.c
    kinds = (EventKind.CREATED.value, EventKind.TIER.value)
    facts = [table.facts[name].as_string().label(name) for name in ("subject", "requester", "rule")]
    order = (table.happened_at, table.sequence, table.id)
    rows = (
        select(table.ticket, table.kind, table.happened_at, table.sequence, *facts)
        .where(table.ticket.in_(ids), table.kind.in_(kinds))
        .order_by(*order)
    )
    found: dict[int, dict[str, Any]] = {
        each: {"subject": "", "requester": "", "tier_rule": None} for each in ids
    }
    began: dict[int, datetime] = {}
    tiers: dict[int, list[Any]] = {}
    for row in connection.execute(rows):
        if row.kind == EventKind.TIER:
            tiers.setdefault(row.ticket, []).append(row)
        else:
            began.setdefault(row.ticket, row.happened_at)
            found[row.ticket] |= {"subject": row.subject or "", "requester": row.requester or ""}
    for ticket, own in tiers.items():
        created = began.get(ticket)
        found[ticket]["tier_rule"] = max(own, key=lambda row: _place(row, created)).rule
    return found


def _place(row: Any, created: datetime | None) -> tuple[datetime, bool, datetime, int]:
    """The order of `ticket.from_creation` as a key, for rows other than creations."""
    at = row.happened_at
    if created is None or at > created:
        return (at, True, at, row.sequence)
    return (created, at < created or row.sequence > 0, at, row.sequence)


def _blank(source: str, ticket: str, now: datetime) -> dict[str, Any]:
    return {
        "source": source,
        "ticket": ticket,
        "subject": "",
        "requester": "",
        "status": "new",
        "tags": "",
        "open": True,
        "touched_at": now,
    }


def _event(row: RowMapping) -> Event:
    return Event(
        source=row["source"],
        source_event=row["source_event"],
        ticket=row["number"],
        kind=EventKind(row["kind"]),
        happened_at=row["happened_at"],
        recorded_at=row["recorded_at"],
        author=Author(row["author"]),
        value=row["value"],
        facts=row["facts"] or {},
        sequence=row["sequence"],
    )
