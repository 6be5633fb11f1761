"""Step 2 of a report: its facts out of the store, of any number of periods in one reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, select

from supportops.config.configuration import Configuration
from supportops.config.findings.raised import customers_named
from supportops.config.snapshots import fleet_of
from supportops.db.listed import among
from supportops.db.schema import tickets as tickets_table
from supportops.flows.alerts.acting import note_log
from supportops.flows.reports.reporting.alert_rows import alert_rows
from supportops.flows.reports.reporting.clock_rows import GatheredRows, gather_clocks
from supportops.flows.reports.reporting.ending_rows import ending
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.flows.reports.reporting.site_rows import site_and_incident_rows
from supportops.flows.reports.reporting.tutorial_facts import tutorial_facts
from supportops.flows.tickets.syncing.freshness import last_synced
from supportops.reports.facts import (
    AHEAD_COLUMNS,
    ALERT_COLUMNS,
    CLOCK_COLUMNS,
    INCIDENT_COLUMNS,
    SITE_COLUMNS,
    TICKET_COLUMNS,
    Facts,
    Noted,
    Tutorials,
    frame_of,
    typed,
)
from supportops.reports.period import Cadence, Period, risk_until
from supportops.sites.log.checks import fleet_at
from supportops.sla.policy import PolicyBook

# No page shows more of a subject, and a hostile one must not fill the memory.
LONGEST_SUBJECT = 1_000
_PAGE = 10_000

Progress = Callable[[int, int], None]
TicketName = tuple[str, str, str]
"""Source, number and subject."""


def gather(
    connection: Connection,
    configuration: Configuration,
    requests: Sequence[FactsRequest],
    progress: Progress | None = None,
) -> list[Facts]:
    """The facts of each request, in their order; what happened after its `as_of` is in none.

    Reads each ticket's events once for all requests, and only those of tickets that something
    happened to since what falls due in the periods could begin, or that are open. `progress` is
    called with how many tickets were read, and of how many. Without promises there are no clocks
    and no tickets.
    """
    book = configuration.promises
    if book is None:
        return [_facts(connection, configuration, GatheredRows(each), {}) for each in requests]
    found = gather_clocks(connection, book, requests, progress)
    names = _ticket_names(connection, found)
    return [_facts(connection, configuration, each, names) for each in found]


def _facts(
    connection: Connection,
    configuration: Configuration,
    found: GatheredRows,
    names: Mapping[int, TicketName],
) -> Facts:
    request, fleet = found.request, configuration.fleet
    period, as_of = request.period, request.as_of
    start, end = period.start, min(period.end, as_of)
    whole = not request.due_only
    sites: list[dict[str, Any]] = []
    incidents: list[dict[str, Any]] = []
    ahead: list[dict[str, Any]] = []
    tutorials: Tutorials | None = None
    if whole and period.cadence is Cadence.MONTHLY:
        then = fleet_at(connection, fleet_of, as_of, fleet)
        ahead = ending(connection, then, as_of, configuration.domains)
        tutorials = tutorial_facts(connection, configuration, start, end)
    if whole:
        sites, incidents = site_and_incident_rows(
            connection, fleet, start, end, as_of, configuration.customers
        )
    facts = Facts(
        period=period,
        as_of=as_of,
        risk_until=risk_until(period, as_of),
        clocks=_clocks(found, names),
        tickets=_named(found.tickets, names, TICKET_COLUMNS, ["ticket"]),
        sites=frame_of(sites, SITE_COLUMNS),
        incidents=frame_of(incidents, INCIDENT_COLUMNS),
        alerts=frame_of(alert_rows(connection, start, end, as_of) if whole else [], ALERT_COLUMNS),
        ahead=frame_of(ahead, AHEAD_COLUMNS),
        data_until=last_synced(connection, as_of),
        policies=_in_force(configuration.promises, period),
        incident_notes=_incident_notes(connection, incidents),
        ticket_notes=_ticket_notes(connection) if whole else {},
        tutorials=tutorials,
        unjudged={
            f"{names[each][0]}/{names[each][1]}": why for each, why in found.unjudgeable.why.items()
        },
    )
    return facts.with_customers(customers_named(configuration), configuration.customers)


def _incident_notes(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[str, Noted]:
    """What was noted of incidents, by the keys of their rows."""
    about = note_log.noted(connection, {row["about"] for row in rows})
    return {row["key"]: _of_note(about[row["about"]]) for row in rows if row["about"] in about}


def _of_note(found: note_log.Noted) -> Noted:
    return Noted(found.cause, found.note, found.done)


def _ticket_notes(connection: Connection) -> dict[tuple[str, str], Noted]:
    """What was noted of tickets, few of all, by source and number."""
    return {
        name: Noted(noted.cause, noted.note)
        for name, noted in note_log.noted_of_tickets(connection).items()
    }


def _clocks(found: GatheredRows, names: Mapping[int, TicketName]) -> pd.DataFrame:
    frame = _named(found.clocks, names, CLOCK_COLUMNS, ["ticket", "metric", "instance"])
    if found.request.due_only:
        frame["subject"] = pd.Series([""] * len(frame), index=frame.index, dtype=object)
    return frame


def _named(
    frames: Sequence[pd.DataFrame],
    names: Mapping[int, TicketName],
    columns: Sequence[str],
    order: list[str],
) -> pd.DataFrame:
    """All frames in one with the documented columns, by ticket."""
    if not frames:
        return frame_of([], columns)
    frame = pd.concat(frames, ignore_index=True).sort_values(order, ignore_index=True)
    named = [names[each] for each in frame["ticket"].tolist()]
    for place, name in enumerate(("source", "number", "subject")):
        frame[name] = pd.Series([each[place] for each in named], dtype=object)
    return typed(frame, columns)


def _ticket_names(connection: Connection, found: Sequence[GatheredRows]) -> dict[int, TicketName]:
    """Source, number and subject of the tickets that are in any frame or could not be judged.

    Subjects only of those in a whole request.
    """
    wordy, plain = set[int](), set[int]()
    for each in found:
        ids = {one for frame in (*each.clocks, *each.tickets) for one in frame["ticket"].tolist()}
        (plain if each.request.due_only else wordy).update(ids)
        plain.update(each.unjudgeable.why)
    names = _names(connection, sorted(plain - wordy), subjects=False)
    return names | _names(connection, sorted(wordy), subjects=True)


def _names(connection: Connection, ids: Sequence[int], *, subjects: bool) -> dict[int, TicketName]:
    c, found = tickets_table.c, dict[int, TicketName]()
    columns: list[Any] = [c.id, c.source, c.ticket]
    if subjects:
        columns.append(func.substr(c.subject, 1, LONGEST_SUBJECT))
    for first in range(0, len(ids), _PAGE):
        statement = select(*columns).where(among(connection, c.id, ids[first : first + _PAGE]))
        for row in connection.execute(statement).all():
            found[row[0]] = (row[1], row[2], row[3] if subjects else "")
    return found


def _in_force(book: PolicyBook | None, period: Period) -> tuple[str, ...]:
    """The names of the versions in force at any time in the period, oldest first."""
    if book is None:
        return ()
    at_start = book.version_at(period.start)
    return tuple(
        version.name
        for version in book.versions
        if version is at_start or period.start < version.valid_from < period.end
    )
