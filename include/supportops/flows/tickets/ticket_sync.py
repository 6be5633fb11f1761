"""Fetches what happened to tickets in their sources since the last time, page by page.

Each page is one transaction: its events, the records that cannot be read, and the mark up to
which the stream was read. The next sync continues after one that was killed at any point, with the
same result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from supportops.config.configuration import File
from supportops.context import Context
from supportops.db.activity import Flow, took
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.customers.noticing.comments import as_notices
from supportops.flows.tickets.own_tickets.outage_mirror import mirror
from supportops.flows.tickets.own_tickets.outage_twins import recognised
from supportops.flows.tickets.syncing.freshness import last_syncs as last_syncs
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.flows.tickets.syncing.nudges import is_nudged, note_asked, record_nudge, take_nudges
from supportops.flows.tickets.syncing.triaging import triage_new
from supportops.flows.tickets.syncing.tutorial_offers import offer
from supportops.flows.tickets.ticket_import import outages
from supportops.tickets.log.pages import note_pages
from supportops.tickets.log.quarantine import Rejected, reject, set_aside
from supportops.tickets.log.store import append_events
from supportops.tickets.log.sync_marks import read_mark, set_mark
from supportops.tickets.registry import SOURCES
from supportops.tickets.source import Linked, Page, SourceError, Stream, TicketSource
from supportops.tickets.ticket import Event
from supportops.tickets.validation import rejection_reason

__all__ = ["NO_SOURCE", "fetch", "is_nudged", "note_asked", "record_nudge", "sync"]

Clock = Callable[[], datetime]

NEEDS = (File.TRIAGE,)
# No page is begun after so long: a task ends within eight minutes, the rest comes next time.
LONGEST_SYNC = timedelta(minutes=4)
# A difference between the source's clock and ours that is worth a note.
SKEW = timedelta(seconds=30)

NO_SOURCE = f"no connection {' or '.join(SOURCES)} is set; nothing to fetch"


@dataclass(slots=True)
class _Summary:
    """What a sync did; it ends up in the log and in XCom. `counts`: records read, by stream."""

    counts: dict[str, int]
    pages: int = 0
    events: int = 0
    quarantined: int = 0
    caught_up: bool = False
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "pages": self.pages,
            **self.counts,
            "new_events": self.events,
            "quarantined": self.quarantined,
            "caught_up": self.caught_up,
            "notes": self.notes,
        }


def fetch(context: Context, sources: Sequence[TicketSource], clock: Clock) -> dict[str, Any]:
    """Mirrors outages to each source, fetches what happened there, and triages new tickets.

    Returns the numbers of all sources together. A source that fails does not stop the others;
    SourceError is raised at the end, and what was read until then is kept.
    """
    began = clock()
    configuration, _ = load_or_last_good(context.engine, context.config, began, NEEDS)
    with writing(context.engine) as connection:
        take_nudges(connection, clock())
    summaries: dict[str, dict[str, Any]] = {}
    errors: list[SourceError] = []
    for source in sources:
        try:
            mirrored = mirror(context.engine, source, clock)
            longest = LONGEST_SYNC / len(sources)
            synced = sync(context.engine, source, clock, longest=longest)
            if synced["caught_up"]:
                now = clock()
                outage = outages(context.engine, now)
                rules = configuration.triage
                added = triage_new(context.engine, source.name, rules, outage, now)
                synced["new_events"] += added
                offered = offer(context.engine, configuration, source, clock)
                if configuration.tutorials.offer.note:
                    synced["tutorials_offered"] = offered
            summaries[source.title] = synced | mirrored
        except SourceError as error:
            errors.append(error)
    with writing(context.engine) as connection:
        took(connection, Flow.TICKET_SYNC, clock() - began, began)
    if errors:
        raise _together(errors)
    return _sum(summaries)


def sync(
    engine: Engine,
    source: TicketSource,
    clock: Clock,
    *,
    longest: timedelta = LONGEST_SYNC,
) -> dict[str, Any]:
    """Reads the source's streams to their ends, or for as long as `longest`.

    Raises SourceError, in one line; what was read until then is kept.
    """
    streams, began = source.streams(), clock()
    linked: object = source
    if isinstance(linked, Linked):
        with writing(engine) as connection:
            note_pages(connection, source.name, linked.pages, began)
    syncing = _Sync(engine, source.name, clock, began + longest, streams)
    caught_up = all(syncing.read(stream) for stream in streams)
    if caught_up:
        with writing(engine) as connection:
            mark_synced(connection, source.name, began)
    summary = syncing.summary
    summary.caught_up = caught_up
    skew = source.remote_time and source.remote_time - clock()
    if skew and abs(skew) > SKEW:
        seconds = f"{skew.total_seconds():.0f}"
        summary.notes.append(f"{source.title}'s clock differs from ours by {seconds} s")
    return summary.to_json()


class _Sync:
    """One sync of one source."""

    def __init__(
        self,
        engine: Engine,
        source: str,
        clock: Clock,
        until: datetime,
        streams: Sequence[Stream],
    ) -> None:
        self.engine = engine
        self.source = source
        self.clock = clock
        self.until = until
        self.summary = _Summary({stream.counted_as: 0 for stream in streams})

    def read(self, stream: Stream) -> bool:
        """Reads a stream; returns whether its end was reached."""
        while self.clock() < self.until:
            with reading(self.engine) as connection:
                mark = read_mark(connection, self.source, stream.name)
            page = stream.page(mark)
            self.summary.notes += page.notes
            if not self._store(stream.name, mark, page):
                return False
            self.summary.counts[stream.counted_as] += page.records
            if page.last:
                return True
        return False

    def _store(self, stream: str, old: str | None, page: Page) -> bool:
        """Stores a page and its mark, unless another sync has moved the mark since it was read."""
        now = self.clock()
        with writing(self.engine) as connection:
            advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
            if read_mark(connection, self.source, stream) != old:
                self.summary.notes.append("another sync is at work; it goes on with the rest")
                return False
            batch = page.read(connection, now)
            found = recognised(connection, self.source, batch.events)
            found = as_notices(connection, self.source, found)
            valid, rejected = _checked(stream, found)
            self.summary.events += append_events(connection, valid, now).new
            rejected = [*batch.rejected, *rejected]
            self.summary.quarantined += set_aside(connection, self.source, rejected, now)
            if page.mark != old:
                set_mark(connection, self.source, stream, page.mark, now)
        self.summary.pages += 1
        return True


def _checked(stream: str, events: Sequence[Event]) -> tuple[list[Event], list[Rejected]]:
    """The events that can be stored, and the others as rejected records."""
    valid, rejected = [], []
    for event in events:
        if (reason := rejection_reason(event)) is None:
            valid.append(event)
        else:
            content = {"kind": event.kind, "value": event.value, "ticket": event.ticket}
            rejected.append(reject(event.source_event, stream, reason, content))
    return valid, rejected


def _together(errors: Sequence[SourceError]) -> SourceError:
    if len(errors) == 1:
        return errors[0]
    line = "; ".join(map(str, errors))
    return SourceError(line, refused=all(error.refused for error in errors))


def _sum(summaries: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The numbers of several sources added up; their notes begin with the source's title."""
    if len(summaries) == 1:
        return next(iter(summaries.values()))
    total: dict[str, Any] = {}
    for title, summary in summaries.items():
        for name, value in summary.items():
            match value:
                case bool():
                    total[name] = total.get(name, True) and value
                case list():
                    total.setdefault(name, []).extend(f"{title}: {note}" for note in value)
                case _:
                    total[name] = total.get(name, 0) + value
    return total
