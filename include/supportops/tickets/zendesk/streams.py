"""Zendesk's two exports as streams of pages.

The tickets come before their events, so that an event finds in the store who raised its ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from supportops.tickets.log.store import created_tickets
from supportops.tickets.log.sync_marks import read_mark
from supportops.tickets.log.twins import twins_of
from supportops.tickets.source import Batch, Page
from supportops.tickets.zendesk import events, snapshots, stored_tickets, updates
from supportops.tickets.zendesk.acting import Acting
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.directory import Directory
from supportops.tickets.zendesk.marks import EventMark, TicketMark
from supportops.tickets.zendesk.model import SOURCE, Account, Names, TicketPage, ZendeskError

# How far to look back for events that Zendesk exports late, and where it has lost our cursor.
OVERLAP_SECONDS = 300
# So many histories are fetched before what was read is stored.
HISTORIES_AT_ONCE = 100
_CURSOR_LOST = frozenset({400, 404, 410, 422})


class TicketStream:
    """The cursor export of tickets."""

    name = "tickets"
    counted_as = "tickets"

    def __init__(self, client: Client, directory: Directory) -> None:
        self._client = client
        self._directory = directory
        self._seen: set[str] = set()
        self.crowded: Mapping[int, int] = {}

    def page(self, mark: str | None) -> Page:
        """The page after `mark`. Raises ZendeskError.

        Of tickets older than the account's start it has the whole history, one request each; a
        page with many of them comes in parts.
        """
        old = TicketMark.read(mark, self._client.account.start)
        self.crowded = old.crowded
        page, notes = self._fetch(old)
        fetched = set(old.fetched)
        older = snapshots.older_than_start(page.tickets, self._client.account)
        todo = [ticket for ticket in older if ticket not in fetched]
        part = todo[:HISTORIES_AT_ONCE]
        histories = {ticket: self._history(ticket) for ticket in part}
        whole = {ticket: audits for ticket, audits in histories.items() if updates.creates(audits)}
        if len(todo) > len(part):
            rows = _rows_of(page.tickets, part)
            read = self._reader(rows, whole)
            mark = replace(old, fetched=(*old.fetched, *part)).write()
            return Page(mark, len(rows), False, read, tuple(notes))
        rows = tuple(row for row in page.tickets if not snapshots.ticket_ids([row]) & fetched)
        last = page.last
        if not last and (page.cursor in (None, old.cursor) or page.cursor in self._seen):
            notes.append("the ticket export names a page again as its next one")
            last = True
        if page.cursor is not None:
            self._seen.add(page.cursor)
        read = self._reader(rows, whole)
        new = old.after(page)
        self.crowded = new.crowded
        return Page(new.write(), len(rows), last, read, tuple(notes))

    def _history(self, ticket: str) -> tuple[Any, ...]:
        """All updates of a ticket in the words of the export; nothing where they are not shown."""
        return tuple(map(updates.as_exported, self._client.audits(ticket) or ()))

    def _reader(
        self, rows: Sequence[Any], whole: Mapping[str, Sequence[Any]]
    ) -> Callable[[Connection, datetime], Batch]:
        audits = [audit for history in whole.values() for audit in history]
        names = self._directory.names(
            snapshots.people_in(rows) | updates.people_in(audits),
            snapshots.organizations_in(rows) | updates.organizations_in(audits),
            fields=snapshots.names_fields(rows) or updates.names_fields(audits),
        )
        return partial(_read_tickets, rows, audits, frozenset(whole), self._client.account, names)

    def _fetch(self, old: TicketMark) -> tuple[TicketPage, list[str]]:
        try:
            return self._client.tickets(start=old.start, cursor=old.cursor), []
        except ZendeskError as error:
            if old.cursor is None or error.status not in _CURSOR_LOST:
                raise
        page = self._client.tickets(start=max(0, old.newest - OVERLAP_SECONDS))
        return page, ["Zendesk has forgotten our cursor; reading on by time"]


class EventStream:
    """The time-based export of ticket events."""

    name = "ticket_events"
    counted_as = "changes"

    def __init__(self, client: Client, directory: Directory, tickets: TicketStream) -> None:
        """`tickets` is read before."""
        self._client = client
        self._directory = directory
        self._tickets = tickets
        self._next: int | None = None

    def page(self, mark: str | None) -> Page:
        """The page after `mark`. Raises ZendeskError."""
        old = EventMark.read(mark, self._client.account.start)
        # Only the first page of a sync looks back; an event read again is known by its key.
        begin = max(0, old.start - OVERLAP_SECONDS) if self._next is None else self._next
        page = self._client.events(start=begin)
        audits = page.events
        names = self._directory.names(
            updates.people_in(audits),
            updates.organizations_in(audits),
            fields=updates.names_fields(audits),
        )
        self._next = page.following(begin)
        self._refuse_part_of_a_second(audits, begin, old)
        stuck = not page.last and self._next is None
        return Page(
            mark=old.after(page, self._client.remote_time).write(),
            records=len(audits),
            last=page.last or stuck,
            read=partial(_read_events, audits, self._client.account, names),
            notes=("the event export names a page again as its next one",) if stuck else (),
        )

    def _refuse_part_of_a_second(self, audits: Sequence[Any], begin: int, old: EventMark) -> None:
        """Raises ZendeskError where the next page would pass over changes of the second `begin`.

        A page that one second fills is passed, as Zendesk lengthens a page to hold all of its last
        second. It was not lengthened where the page that first reached that second ended with fewer
        of its changes, or where more tickets were last changed in it than the page has.
        """
        found = [one for one in audits if isinstance(one, dict)]
        if self._next != begin + 1 or {one.get("timestamp") for one in found} != {begin}:
            return
        tickets = {one.get("ticket_id") for one in found}
        begun = old.begun if old.start == begin else 0
        if 0 < begun < len(found) or len(tickets) < self._tickets.crowded.get(begin, 0):
            raise ZendeskError(
                f"Zendesk: a page of the event export ends after {len(found)} changes of the "
                f"second {begin} and names itself as the next one: the other changes of that "
                "second cannot be read, so the sync stops before it"
            )


def _rows_of(rows: Iterable[Any], tickets: Collection[str]) -> tuple[Any, ...]:
    chosen = set(tickets)
    return tuple(row for row in rows if snapshots.ticket_ids([row]) & chosen)


def _read_tickets(
    rows: Sequence[Any],
    audits: Sequence[Any],
    whole: frozenset[str],
    account: Account,
    names: Names,
    connection: Connection,
    now: datetime,
) -> Batch:
    ids = snapshots.ticket_ids(rows)
    mark = read_mark(connection, SOURCE, EventStream.name)
    known = snapshots.Known(
        created=created_tickets(connection, SOURCE, ids),
        read_until=EventMark.read(mark, account.start).start if mark else None,
        whole=whole,
        ours=frozenset(twins_of(connection, SOURCE)),
    )
    deleted = stored_tickets.deletions(connection, ids)
    batch = snapshots.read(rows, account, names, deleted, now, known)
    history = _read_events(audits, account, names, connection, now)
    return Batch(history.events + batch.events, history.rejected + batch.rejected)


def _read_events(
    audits: Sequence[Any], account: Account, names: Names, connection: Connection, now: datetime
) -> Batch:
    if not audits:
        return Batch(())
    requesters = stored_tickets.requesters(connection, updates.ticket_ids(audits))
    agents = stored_tickets.agents(connection)
    ours = frozenset(twins_of(connection, SOURCE))
    acting = Acting.of(names, requesters, agents, ours)
    batch = events.read_acting(audits, account, acting, now)
    if acting.agents != agents:
        stored_tickets.set_agents(connection, acting.agents, now)
    return batch
