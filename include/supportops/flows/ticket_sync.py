"""Fetches what happened to tickets in Zendesk since the last time, page by page.

Each page is one transaction: its events, what was set aside, and the mark up to which Zendesk
was read. A sync that is killed anywhere is continued by the next one as if nothing had been.
Tickets come before their events, so that an event finds out who raised its ticket.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from supportops.config.triage import load_triage
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import quarantine
from supportops.db.statements import insert_new
from supportops.flows.ticket_import import outages, triaged
from supportops.flows.ticketing.freshness import mark_synced
from supportops.flows.ticketing.zendesk_outages import mirror
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Event
from supportops.tickets.validation import unfit
from supportops.tickets.zendesk import events, snapshots
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.marks import EventMark, TicketMark, ended, mark, move, requesters
from supportops.tickets.zendesk.model import SOURCE, Account, Names, ZendeskError
from supportops.tickets.zendesk.records import Rejected, reject

Clock = Callable[[], datetime]
Read = tuple[Sequence[Event], Sequence[Rejected]]

# Nothing new is asked after so long: a task ends within eight minutes, the rest comes next time.
LONGEST_SYNC = timedelta(minutes=4)
TICKETS, EVENTS = "tickets", "ticket_events"
# How far is looked back for what Zendesk told late, and where it has forgotten our cursor.
OVERLAP_SECONDS = 300
_FORGOTTEN = frozenset({400, 404, 410, 422})
# A difference of clocks that is worth a word.
SKEW = timedelta(seconds=30)


@dataclass(slots=True)
class _Summary:
    """What a sync did; it lands in the log and in XCom."""

    pages: int = 0
    tickets: int = 0
    changes: int = 0
    events: int = 0
    quarantined: int = 0
    caught_up: bool = False
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "pages": self.pages,
            "tickets": self.tickets,
            "changes": self.changes,
            "new_events": self.events,
            "quarantined": self.quarantined,
            "caught_up": self.caught_up,
            "notes": self.notes,
        }


def fetch(context: Context, account: Account, clock: Clock) -> dict[str, Any]:
    """Tells Zendesk of outages, fetches what happened there, and triages what comes in."""
    rules = load_triage(context.config)
    outage = outages(context.engine, clock())

    def complete(events: Sequence[Event]) -> Sequence[Event]:
        return triaged(events, rules, outage)

    with Client(account) as client:
        mirrored = mirror(context.engine, client, clock)
        return sync(context.engine, client, clock, complete) | mirrored


def sync(
    engine: Engine,
    client: Client,
    clock: Clock,
    complete: Callable[[Sequence[Event]], Sequence[Event]] = lambda events: events,
) -> dict[str, Any]:
    """Reads both exports to their end, or as far as four minutes reach.

    `complete` adds what follows from a page's events, such as their tier. Raises ZendeskError, in
    one line; what was read until then is kept.
    """
    syncing, began = _Sync(engine, client, clock, complete), clock()
    caught_up = syncing.tickets() and syncing.changes()
    if caught_up:
        with writing(engine) as connection:
            mark_synced(connection, SOURCE, began)
    summary = syncing.summary
    summary.caught_up = caught_up
    skew = client.their_clock and client.their_clock - clock()
    if skew and abs(skew) > SKEW:
        summary.notes.append(f"Zendesk's clock differs from ours by {skew.total_seconds():.0f} s")
    return summary.to_json()


class _Sync:
    """One sync at work: what it was given, and whom it asked about already."""

    def __init__(
        self,
        engine: Engine,
        client: Client,
        clock: Clock,
        complete: Callable[[Sequence[Event]], Sequence[Event]],
    ) -> None:
        self.engine = engine
        self.complete = complete
        self.client = client
        self.clock = clock
        self.until = clock() + LONGEST_SYNC
        self.summary = _Summary()
        self.known: dict[str, tuple[str, str]] = {}
        self.asked: set[str] = set()
        self.companies: dict[str, str] = {}
        self.asked_organizations: set[str] = set()

    def tickets(self) -> bool:
        """Reads the ticket export; answers whether its end was reached."""
        seen: set[str] = set()
        while self.clock() < self.until:
            with reading(self.engine) as connection:
                text = mark(connection, SOURCE, TICKETS)
            old = TicketMark.read(text, self.client.account.start)
            page, new = self._ticket_page(old)
            rows = page.tickets
            names = self._names(snapshots.people_in(rows), snapshots.organizations_in(rows))
            if not self._commit(TICKETS, text, new.write(), partial(self._of_tickets, rows, names)):
                return False
            self.summary.tickets += len(rows)
            if page.last:
                return True
            if page.cursor is None or page.cursor in seen or page.cursor == old.cursor:
                self.summary.notes.append("the ticket export names a page again as its next one")
                return True
            seen.add(page.cursor)
        return False

    def _ticket_page(self, old: TicketMark) -> tuple[Any, TicketMark]:
        try:
            page = self.client.tickets(start=old.start, cursor=old.cursor)
        except ZendeskError as error:
            if old.cursor is None or error.status not in _FORGOTTEN:
                raise
            self.summary.notes.append("Zendesk has forgotten our cursor; reading on by time")
            page = self.client.tickets(start=max(0, old.newest - OVERLAP_SECONDS))
        return page, old.after(page)

    def changes(self) -> bool:
        """Reads the export of ticket events; answers whether its end was reached."""
        reached: int | None = None
        while self.clock() < self.until:
            with reading(self.engine) as connection:
                text = mark(connection, SOURCE, EVENTS)
            old = EventMark.read(text, self.client.account.start)
            # Only the first page looks back: what Zendesk told late is found, and known by its key.
            begin = max(0, old.start - OVERLAP_SECONDS) if reached is None else reached
            page = self.client.events(start=begin)
            new = old.after(page, self.client.their_clock)
            audits = page.events
            names = self._names(events.people_in(audits), events.organizations_in(audits))
            if not self._commit(
                EVENTS, text, new.write(), partial(self._of_changes, audits, names)
            ):
                return False
            self.summary.changes += len(audits)
            if page.last:
                return True
            reached = page.following(begin)
            if reached is None:
                self.summary.notes.append("the event export names a page again as its next one")
                return True
        return False

    def _of_tickets(
        self, rows: Sequence[Any], names: Names, connection: Connection, now: datetime
    ) -> Read:
        gone = ended(connection, snapshots.ticket_ids(rows))
        read = snapshots.read(rows, self.client.account, names, gone, now)
        return read.events, read.rejected

    def _of_changes(
        self, audits: Sequence[Any], names: Names, connection: Connection, now: datetime
    ) -> Read:
        whose = requesters(connection, events.ticket_ids(audits))
        read = events.read(audits, self.client.account, names, whose, now)
        return read.events, read.rejected

    def _commit(
        self,
        stream: str,
        old: str | None,
        new: str,
        read: Callable[[Connection, datetime], Read],
    ) -> bool:
        """Stores a page and its mark, unless another sync has moved the mark since we read it."""
        now = self.clock()
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
            if mark(connection, SOURCE, stream) != old:
                self.summary.notes.append("another sync is at work; it goes on with the rest")
                return False
            events, rejected = read(connection, now)
            reasons = [(event, unfit(event)) for event in events]
            fit = [event for event, reason in reasons if reason is None]
            self.summary.events += append_events(connection, self.complete(fit), now).new
            aside = [_unkept(stream, event, reason) for event, reason in reasons if reason]
            self.summary.quarantined += set_aside(connection, [*rejected, *aside], now)
            if new != old:
                move(connection, SOURCE, stream, new, now)
        self.summary.pages += 1
        return True

    def _names(self, people: set[str], organizations: set[str]) -> Names:
        """Asks for those not asked about in this sync yet."""
        fresh = people - self.asked
        self.known |= self.client.people(fresh) if fresh else {}
        self.asked |= fresh
        return Names(
            roles={key: role for key, (role, _) in self.known.items()},
            people={key: name for key, (_, name) in self.known.items() if name},
            organizations=self._organizations(organizations),
        )

    def _organizations(self, ids: set[str]) -> Mapping[str, str]:
        fresh = ids - self.asked_organizations
        self.companies |= self.client.organizations(fresh) if fresh else {}
        self.asked_organizations |= fresh
        return self.companies


def _unkept(stream: str, event: Event, reason: str) -> Rejected:
    content = {"kind": event.kind, "value": event.value, "ticket": event.ticket}
    return reject(event.source_event, stream, reason, content)


def set_aside(connection: Connection, rejected: Sequence[Rejected], now: datetime) -> int:
    """Puts records that cannot be read into quarantine; answers how many were not there yet."""
    if not rejected:
        return 0
    rows = [
        {
            "source": SOURCE,
            "record": one.record,
            "place": one.place,
            "reason": one.reason,
            "content": one.content,
            "recorded_at": now,
        }
        for one in rejected
    ]
    # PostgreSQL's driver does not say how many of several rows were new.
    known = select(func.count()).select_from(quarantine).where(quarantine.c.source == SOURCE)
    before = connection.execute(known).scalar_one()
    insert_new(connection, quarantine, rows)
    return connection.execute(known).scalar_one() - before
