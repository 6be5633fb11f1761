"""Step 4 of a report: which figures issued about earlier periods changed since.

What was issued stays as it is; the next report restates what has changed since, once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from supportops.config import snapshots
from supportops.config.configuration import Configuration, File
from supportops.config.documents import restore
from supportops.db.schema import tickets as tickets_table
from supportops.flows.reports.reporting.earlier_reports import EarlierReports
from supportops.flows.reports.reporting.selection import FactsRequest, ReportJob
from supportops.flows.reports.reporting.ticket_rows import TicketStates, last_reopened
from supportops.flows.sla.judging.judged_tickets import Unjudgeable, each_judged, names
from supportops.reports import store
from supportops.reports.audience import Audience
from supportops.reports.facts import Facts, spelled
from supportops.reports.figures import SERVICE_LEVELS, Attainment, Restatement, TicketReason
from supportops.reports.formats.data_files import read_counted
from supportops.reports.formats.file import COUNTED
from supportops.reports.measuring.measure import of_audience
from supportops.reports.measuring.response_times import counted
from supportops.reports.measuring.restating import CURRENT_COLUMNS, gone, restatements
from supportops.sla.clock import Clocks
from supportops.sla.counting.breaches import counted_frame
from supportops.sla.counting.changed_past import changed_past
from supportops.sla.history import History, prepare
from supportops.sla.judging import judge
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns
from supportops.tickets.log.event_reading import event_chunks

_PAGE = 10_000

Ticket = tuple[str, str]
"""Source and number."""


def restatements_today(
    connection: Connection,
    configuration: Configuration,
    job: ReportJob,
    facts: Mapping[FactsRequest, Facts],
    earlier: EarlierReports,
) -> tuple[Restatement, ...]:
    """The issued figures of a job's earlier periods that changed and were not restated before,
    oldest period first, then by tier.

    `facts` holds those periods as known at the job's instant.
    """
    found: list[Restatement] = []
    for each in job.earlier:
        issued = earlier.issued(job.audience, each.period)
        if issued is not None:
            now = facts[replace(each, as_of=job.facts.as_of)]
            changed = _changed(connection, configuration, issued, job.audience, now)
            before = earlier.restated(job.audience, each.period, job.period)
            found += _not_yet_restated(changed, before)
    return tuple(found)


def _changed(
    connection: Connection,
    configuration: Configuration,
    issued: store.StoredReport,
    audience: Audience,
    now: Facts,
) -> tuple[Restatement, ...]:
    """What an issued report says and `now`, its period as known today, does not."""
    files = store.files(connection, issued.id, [COUNTED])
    if not files:
        return ()
    own = of_audience(now, audience)
    then, today = read_counted(files[0]), counted(own.clocks, own.period, own.as_of)
    book, missing = configuration.promises, gone(then, today)
    clocks = own.clocks
    if book is not None and missing:
        clocks = current_clocks(connection, book, missing, own.as_of)
        called = {c: configuration.customers.named(c) for c in clocks["customer"].unique() if c}
        clocks = spelled(clocks, called)
    found = restatements(
        issued.period,
        then,
        today,
        clocks,
        targets=configuration.reports.targets,
        zone=own.period.zone,
        since=issued.as_of,
        customer=audience.customer,
    )
    rules = changed_since(connection, configuration, issued) if found else ()
    if rules and audience.customer is not None:  # a calendar may be called after another customer
        rules = (SERVICE_LEVELS,)
    return tuple(replace(each, rules=rules) for each in found)


def changed_since(
    connection: Connection, configuration: Configuration, issued: store.StoredReport
) -> tuple[str, ...]:
    """What of the promises judges the time up to an issued report otherwise now, see
    `changed_past`; a customer that takes part in it under another name is the same customer."""
    if issued.configuration == configuration.digest:
        return ()
    document = snapshots.get_document(connection, issued.configuration)
    if _promising(document) == _promising(configuration.document):
        return ()
    before, after = restore(_promising(document)).promises, configuration.promises
    if before is None or after is None:
        return ()
    return changed_past(before, after, issued.as_of)


def _promising(document: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a configuration that promises are made of."""
    parts = ("version", File.SERVICE_LEVELS, File.CUSTOMERS)
    return {name: document[name] for name in parts if name in document}


def _not_yet_restated(
    changed: Sequence[Restatement], before: Mapping[str | None, Restatement]
) -> tuple[Restatement, ...]:
    """Of what changed since it was issued what was not restated `before`, by tier, and what was
    restated and counts as issued again.
    """
    tiers = {each.tier for each in changed}
    new = [
        each
        for each in changed
        if each.tier not in before or _counts(each.now) != _counts(before[each.tier].now)
    ]
    as_issued = [
        replace(each, now=each.issued, because=tuple(map(_as_issued, each.because)))
        for each in before.values()
        if each.tier not in tiers and _counts(each.now) != _counts(each.issued)
    ]
    return tuple(sorted([*new, *as_issued], key=lambda each: (each.tier is None, each.tier or "")))


def _counts(attainment: Attainment) -> tuple[int, int]:
    return attainment.due, attainment.met


def _as_issued(reason: TicketReason) -> TicketReason:
    return replace(reason, why="counts as issued again")


def current_clocks(
    connection: Connection, book: PolicyBook, tickets: Collection[Ticket], as_of: datetime
) -> pd.DataFrame:
    """All clocks of these tickets as of an aware instant, wherever they fall due: CURRENT_COLUMNS.

    Tickets that the store does not know, or whose clocks cannot be computed, have none.
    """
    ids = np.array(sorted(_ids(connection, tickets)), dtype=np.int64)
    known = names(connection, ids)
    frames = [
        _named(frame, known)
        for events in event_chunks(connection, tickets=ids, until=as_of)
        for frame in _judged(events, book, as_of)
    ]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in CURRENT_COLUMNS})
    return pd.concat(frames, ignore_index=True)[list(CURRENT_COLUMNS)]


def _ids(connection: Connection, tickets: Collection[Ticket]) -> Iterator[int]:
    c = tickets_table.c
    for source in sorted({source for source, _ in tickets}):
        numbers = sorted(number for each, number in tickets if each == source)
        for first in range(0, len(numbers), _PAGE):
            page = numbers[first : first + _PAGE]
            statement = select(c.id).where(c.source == source, c.ticket.in_(page))
            yield from connection.execute(statement).scalars().all()


def _judged(events: EventColumns, book: PolicyBook, as_of: datetime) -> Iterator[pd.DataFrame]:
    def judged(rows: NDArray[np.intp]) -> tuple[History, Clocks]:
        history = prepare(events.take(rows))
        return history, judge(history, book, as_of)

    states = TicketStates.of(events, book.default_tier)
    for history, clocks in each_judged(events, judged, Unjudgeable()):
        frame = counted_frame(clocks)
        row = np.searchsorted(history.tickets, frame["ticket"].to_numpy())
        back = pd.Series(last_reopened(history)[row].view("M8[us]")).dt.tz_localize("UTC")
        at = np.searchsorted(states.ticket, frame["ticket"].to_numpy())
        customer = pd.Series(states.words("customer", at), dtype=object)
        yield frame.assign(customer=customer, reopened_at=back)


def _named(frame: pd.DataFrame, known: Mapping[int, Ticket]) -> pd.DataFrame:
    tickets = [known[each] for each in frame["ticket"].tolist()]
    return frame.assign(
        source=pd.Series([source for source, _ in tickets], dtype=object),
        number=pd.Series([number for _, number in tickets], dtype=object),
    )
