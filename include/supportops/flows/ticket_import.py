"""Imports a file of tickets, and triages those whose file names no tier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from supportops.config.loader import check
from supportops.db.engine import reading, writing
from supportops.flows.ticketing.freshness import mark_synced
from supportops.flows.ticketing.triaging import triage_new
from supportops.sites.incident import IncidentKind
from supportops.sites.store import list_incidents
from supportops.tickets.imports.file_import import ImportSummary, Progress, import_file
from supportops.tickets.imports.mapping import EARLIEST
from supportops.tickets.log.store import events_before_creation
from supportops.tickets.ticket import EventKind
from supportops.tickets.triage import Outage


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
    """Imports `path` by the mapping of that name; see `file_import.import_file`.

    Raises ConfigurationError for a mapping or triage rules that cannot be used, ImportFault for a
    file of which nothing can be read.
    """
    configuration = check(config).configuration
    chosen = configuration.mapping(mapping)
    summary = import_file(engine, path, chosen, now, progress=progress, rejects=rejects)
    if EventKind.TIER not in chosen.state:
        outage = outages(engine, now)
        added = triage_new(engine, chosen.source, configuration.triage, outage, now)
        summary = replace(summary, new_events=summary.new_events + added)
    with writing(engine) as connection:
        mark_synced(connection, chosen.source, now)
        early = events_before_creation(connection, chosen.source)
    return replace(summary, early=early)


def outages(engine: Engine, now: datetime) -> Outage:
    """A function that answers whether a site was down, alone or with its host, at an instant."""
    with reading(engine) as connection:
        intervals = _outage_intervals(connection, now)

    def was_down(site: str, at: datetime) -> bool:
        known = intervals.get(site, ())
        return any(start <= at and (end is None or at < end) for start, end in known)

    return was_down


def _outage_intervals(
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
