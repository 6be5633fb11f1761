"""Zendesk's two exports as streams of pages.

The tickets come before their events, so that an event finds in the store who raised its ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from supportops.tickets.source import Batch, Page
from supportops.tickets.zendesk import events, snapshots
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.directory import Directory
from supportops.tickets.zendesk.marks import EventMark, TicketMark
from supportops.tickets.zendesk.model import Account, Names, TicketPage, ZendeskError
from supportops.tickets.zendesk.stored_tickets import deletions, requesters

# How far to look back for events that Zendesk exports late, and where it has lost our cursor.
OVERLAP_SECONDS = 300
_CURSOR_LOST = frozenset({400, 404, 410, 422})


class TicketStream:
    """The cursor export of tickets."""

    name = "tickets"
    counted_as = "tickets"

    def __init__(self, client: Client, directory: Directory) -> None:
        self._client = client
        self._directory = directory
        self._seen: set[str] = set()

    def page(self, mark: str | None) -> Page:
        """The page after `mark`. Raises ZendeskError."""
        old = TicketMark.read(mark, self._client.account.start)
        page, notes = self._fetch(old)
        rows = page.tickets
        names = self._directory.names(snapshots.people_in(rows), snapshots.organizations_in(rows))
        last = page.last
        if not last and (page.cursor in (None, old.cursor) or page.cursor in self._seen):
            notes.append("the ticket export names a page again as its next one")
            last = True
        if page.cursor is not None:
            self._seen.add(page.cursor)
        read = partial(_read_tickets, rows, self._client.account, names)
        return Page(old.after(page).write(), len(rows), last, read, tuple(notes))

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

    def __init__(self, client: Client, directory: Directory) -> None:
        self._client = client
        self._directory = directory
        self._next: int | None = None

    def page(self, mark: str | None) -> Page:
        """The page after `mark`. Raises ZendeskError."""
        old = EventMark.read(mark, self._client.account.start)
        # Only the first page of a sync looks back; an event read again is known by its key.
        begin = max(0, old.start - OVERLAP_SECONDS) if self._next is None else self._next
        page = self._client.events(start=begin)
        audits = page.events
        names = self._directory.names(events.people_in(audits), events.organizations_in(audits))
        self._next = page.following(begin)
        stuck = not page.last and self._next is None
        return Page(
            mark=old.after(page, self._client.remote_time).write(),
            records=len(audits),
            last=page.last or stuck,
            read=partial(_read_events, audits, self._client.account, names),
            notes=("the event export names a page again as its next one",) if stuck else (),
        )


def _read_tickets(
    rows: Sequence[Any], account: Account, names: Names, connection: Connection, now: datetime
) -> Batch:
    deleted = deletions(connection, snapshots.ticket_ids(rows))
    return snapshots.read(rows, account, names, deleted, now)


def _read_events(
    audits: Sequence[Any], account: Account, names: Names, connection: Connection, now: datetime
) -> Batch:
    raised_by = requesters(connection, events.ticket_ids(audits))
    return events.read(audits, account, names, raised_by, now)
