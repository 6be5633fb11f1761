"""Which tickets have a tier that triage was not sure of, and that nobody has decided since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from supportops.db.listed import among
from supportops.db.schema import ticket_events, tickets
from supportops.db.sound_json import sound_json
from supportops.tickets.log.store import events_of_kinds
from supportops.tickets.ticket import Event, EventKind, from_creation

DOUBTFUL = "doubtful"
"""The fact of a TIER event that lists which other tiers it may be."""
_PAGE = 500


def doubtful_tiers(connection: Connection, ids: Iterable[int] | None = None) -> dict[int, Event]:
    """The TIER event that decides, by the ticket's id, of the tickets for which it is doubtful.

    `ids`: which tickets to look at; all of them if None.
    """
    c = ticket_events.c
    candidates = select(c.ticket).distinct()
    candidates = candidates.where(c.kind == EventKind.TIER.value)
    candidates = candidates.where(sound_json(c.facts)[DOUBTFUL].as_string().is_not(None))
    if ids is not None:
        candidates = candidates.where(among(connection, c.ticket, list(ids)))
    found = list(connection.execute(candidates).scalars())
    doubtful: dict[int, Event] = {}
    for page in _pages(sorted(found)):
        doubtful |= _last_of_each(connection, page)
    return doubtful


def _last_of_each(connection: Connection, ids: Sequence[int]) -> dict[int, Event]:
    """The last TIER events that are doubtful, by the ticket's id."""
    c = tickets.c
    named = {
        (row.source, row.ticket): row.id
        for row in connection.execute(select(c.id, c.source, c.ticket).where(c.id.in_(ids)))
    }
    events: dict[int, list[Event]] = {}
    for event in events_of_kinds(connection, ids, (EventKind.CREATED, EventKind.TIER)):
        events.setdefault(named[event.source, event.ticket], []).append(event)
    found = {}
    for ticket in sorted(events):
        tiers = [each for each in from_creation(events[ticket]) if each.kind is EventKind.TIER]
        if tiers and tiers[-1].facts.get(DOUBTFUL):
            found[ticket] = tiers[-1]
    return found


def _pages(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[place : place + _PAGE] for place in range(0, len(ids), _PAGE))
