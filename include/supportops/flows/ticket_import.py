"""Loads a file of tickets, and gives those that come without a tier one by the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from supportops.config.imports import load_mapping
from supportops.config.triage import load_triage
from supportops.db.engine import reading, writing
from supportops.db.schema import sync_marks
from supportops.db.statements import insert_new
from supportops.flows.ticketing.freshness import mark_synced
from supportops.sites.incident import IncidentKind
from supportops.sites.store import list_incidents
from supportops.tickets.imports.csv_import import ImportSummary, Progress, import_file, weeks_until
from supportops.tickets.imports.mapping import EARLIEST
from supportops.tickets.ticket import Event, EventKind
from supportops.tickets.triage import Outage, TriageRules, with_tiers

DEMO_FILE = (
    Path(__file__).parents[1] / "local" / "demo" / "demo_data" / "uci_incidents_2weeks.csv.gz"
)
DEMO_MAPPING = "uci"
_SHIFT = "demo_shift"


def run(
    engine: Engine,
    config: Path,
    path: Path,
    mapping: str,
    now: datetime,
    *,
    progress: Progress | None = None,
    rejects: Path | None = None,
) -> ImportSummary:
    """Loads `path` by the mapping of that name; see `csv_import.import_file`.

    Raises ConfigurationError for a mapping or rules that cannot be used, ImportFault for a file
    of which nothing can.
    """
    chosen = load_mapping(config, mapping)
    complete = None
    if EventKind.TIER not in chosen.state:
        rules, outage = load_triage(config), outages(engine, now)

        def complete(events: Sequence[Event]) -> Sequence[Event]:
            return triaged(events, rules, outage)

    done = import_file(
        engine, path, chosen, now, progress=progress, complete=complete, rejects=rejects
    )
    _heard(engine, chosen.source, now)
    return done


def triaged(events: Sequence[Event], rules: TriageRules, outage: Outage) -> Sequence[Event]:
    """`events`, with tiers where a ticket begins or an agent has said how urgent it is."""
    if any(event.kind in (EventKind.CREATED, EventKind.PRIORITY) for event in events):
        return with_tiers(events, rules, outage)
    return events


def import_demo(
    engine: Engine,
    config: Path,
    now: datetime,
    *,
    file: Path = DEMO_FILE,
    rejects: Path | None = None,
) -> ImportSummary:
    """Plays the demo's log: moved by whole weeks so that its last ticket was raised lately.

    What the log tells of the time after `now` is left for the next call, so tickets go on being
    answered while the demo runs. The first call settles by how many weeks, for all later ones.
    """
    mapping = load_mapping(config, DEMO_MAPPING)
    shift = _settled(engine, mapping.source)
    if shift is None:
        weeks = weeks_until(file, mapping, now, created=True)
        shift = _settle(engine, mapping.source, weeks, now)
    done = import_file(engine, file, mapping, now, shift=shift, until=now, rejects=rejects)
    _heard(engine, mapping.source, now)
    return done


def _heard(engine: Engine, source: str, now: datetime) -> None:
    with writing(engine) as connection:
        mark_synced(connection, source, now)


def outages(engine: Engine, now: datetime) -> Outage:
    """A function that tells whether a site was down, alone or with its server, at an instant."""
    with reading(engine) as connection:
        spans = _spans(connection, now)

    def was_down(site: str, at: datetime) -> bool:
        return any(start <= at and (end is None or at < end) for start, end in spans.get(site, ()))

    return was_down


def _spans(
    connection: Connection, now: datetime
) -> Mapping[str, Sequence[tuple[datetime, datetime | None]]]:
    found: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for incident in list_incidents(connection, EARLIEST, now + timedelta(microseconds=1)):
        sites: Sequence[str] = ()
        if incident.kind is IncidentKind.OUTAGE and incident.site is not None:
            sites = (incident.site,)
        elif incident.kind is IncidentKind.HOST_OUTAGE:
            sites = incident.facts.get("sites", ())
        for site in sites:
            found.setdefault(site, []).append((incident.started_at, incident.ended_at))
    return found


def _settled(engine: Engine, source: str) -> timedelta | None:
    table = sync_marks.c
    with reading(engine) as connection:
        mark = connection.execute(
            select(table.mark).where(table.source == source, table.stream == _SHIFT)
        ).scalar()
    return None if mark is None else timedelta(weeks=int(mark))


def _settle(engine: Engine, source: str, shift: timedelta, now: datetime) -> timedelta:
    row = {
        "source": source,
        "stream": _SHIFT,
        "mark": str(shift // timedelta(weeks=1)),
        "moved_at": now,
    }
    with writing(engine) as connection:
        insert_new(connection, sync_marks, [row])
    settled = _settled(engine, source)
    assert settled is not None
    return settled
