"""Helpline, a ticket system that exists only here: a source that is nothing like Zendesk.

It has one numbered journal of everything that happened, read in pages of two entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from supportops.tickets.log.quarantine import reject
from supportops.tickets.source import Batch, Page, SourceError, Stream
from supportops.tickets.ticket import Author, Event, EventKind

NAME = "helpline"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAGE = 2


class Helpline:
    """The remote system: what people and programs did there. `now` is its clock."""

    def __init__(self) -> None:
        self.now = NOON
        self.journal: list[dict[str, Any]] = []
        self.outages: dict[str, str] = {}
        self.comments: list[tuple[str, str]] = []
        self.solved: list[str] = []
        self.taken: set[str] = set()

    def write(self, ticket: str, what: str, by: str = "agent", **more: Any) -> None:
        """Adds an entry to the journal, a minute after the one before."""
        self.now += timedelta(minutes=1)
        number = len(self.journal) + 1
        entry = {"no": number, "ticket": ticket, "at": self.now.isoformat(), "what": what, "by": by}
        self.journal.append(entry | more)


class HelplineSource:
    """Helpline as the contract asks for it. `request` is called before and after each request."""

    name = NAME
    title = "Helpline"

    def __init__(self, remote: Helpline, request: Callable[[], None] = lambda: None) -> None:
        self.remote = remote
        self.request = request
        self.fault: str | None = None
        self.closed = False

    @property
    def remote_time(self) -> datetime | None:
        return self.remote.now

    def streams(self) -> Sequence[Stream]:
        return (_Journal(self),)

    def raise_outage(self, reference: str, subject: str, text: str) -> str:
        self.request()
        number = self.remote.outages.setdefault(reference, f"H{len(self.remote.outages) + 1}")
        self.request()
        return number

    def comment(self, ticket: str, text: str) -> None:
        self.request()
        if (ticket, text) not in self.remote.comments:
            self.remote.comments.append((ticket, text))
        self.request()

    def solve(self, ticket: str) -> bool:
        self.request()
        if ticket not in self.remote.taken and ticket not in self.remote.solved:
            self.remote.solved.append(ticket)
        self.request()
        return ticket in self.remote.solved

    def close(self) -> None:
        self.closed = True


class _Journal:
    name = "journal"
    counted_as = "entries"

    def __init__(self, source: HelplineSource) -> None:
        self.source = source

    def page(self, mark: str | None) -> Page:
        self.source.request()
        if self.source.fault is not None:
            raise SourceError(self.source.fault)
        start = int(mark or 0)
        entries = self.source.remote.journal[start : start + PAGE]
        end = start + len(entries)
        self.source.request()
        last = end >= len(self.source.remote.journal)
        return Page(str(end), len(entries), last, partial(_read, entries))


def _read(entries: Sequence[dict[str, Any]], _: Connection, now: datetime) -> Batch:
    events, rejected = [], []
    for entry in entries:
        name = f"entry/{entry['no']}"
        try:
            kind, author = EventKind(entry["what"]), Author(entry["by"])
        except ValueError as error:
            rejected.append(reject(name, "journal", str(error), entry))
            continue
        at = datetime.fromisoformat(entry["at"])
        facts = {key: entry[key] for key in ("subject", "text") if key in entry}
        value = entry.get("value")
        happened = Event(NAME, name, entry["ticket"], kind, at, now, author, value, facts)
        events.append(replace(happened, sequence=entry["no"]))
    return Batch(tuple(events), tuple(rejected))
