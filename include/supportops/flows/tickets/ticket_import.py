"""Imports a file of tickets, and triages those whose file names no tier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine

from supportops.config.configuration import Configuration
from supportops.config.loader import check
from supportops.db.engine import make_engine, reading, writing
from supportops.db.migrate import upgrade
from supportops.flows.sla import list_clocks
from supportops.flows.sla.judging.judged_tickets import Unjudgeable
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.flows.tickets.syncing.triaging import triage_new
from supportops.sites.incident import IncidentKind
from supportops.sites.store import list_incidents
from supportops.sla.policy import PolicyBook
from supportops.tickets.imports.file_import import Progress, import_file
from supportops.tickets.imports.mapping import EARLIEST, ImportMapping
from supportops.tickets.imports.summary import ImportSummary
from supportops.tickets.imports.written import Written
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
    written: Written | None = None,
) -> ImportSummary:
    """Imports `path` by the mapping of that name; see `file_import.import_file`.

    `written` says how the file is written, whatever the mapping says. Raises ConfigurationError for
    a mapping or triage rules that cannot be used, ImportFault for a file of which nothing can be
    read.
    """
    what = _Import.of(config, path, mapping, written, now, progress, rejects)
    return _import(engine, what, engine)


def trial(
    engine: Engine,
    config: Path,
    path: Path,
    mapping: str,
    now: datetime,
    *,
    progress: Progress | None = None,
    written: Written | None = None,
) -> ImportSummary:
    """What `run` would do, with the clocks that would start; writes nothing to the store.

    The import runs in a temporary store, which gets the file's tickets from the real one before.
    """
    what = _Import.of(config, path, mapping, written, now, progress)
    with TemporaryDirectory(prefix="supportops-trial-") as folder:
        temporary = make_engine(f"sqlite+pysqlite:///{folder}/trial.db")
        try:
            upgrade(temporary)
            summary = _import(temporary, what, engine, known_to=engine)
            if (promises := what.configuration.promises) is None:
                return summary
            clocks, running = _clocks(temporary, promises, now)
        finally:
            temporary.dispose()
    return replace(summary, clocks=clocks, running=running)


@dataclass(frozen=True, slots=True)
class _Import:
    configuration: Configuration
    path: Path
    mapping: ImportMapping
    now: datetime
    progress: Progress | None
    rejects: Path | None

    @classmethod
    def of(
        cls,
        config: Path,
        path: Path,
        mapping: str,
        written: Written | None,
        now: datetime,
        progress: Progress | None,
        rejects: Path | None = None,
    ) -> _Import:
        """An import of `path` by the mapping of that name in the folder `config`."""
        configuration = check(config).configuration
        chosen = (written or Written()).applied(configuration.mapping(mapping))
        return cls(configuration, path, chosen, now, progress, rejects)


def _import(
    engine: Engine, what: _Import, real: Engine, *, known_to: Engine | None = None
) -> ImportSummary:
    """Imports into `engine`; `real` is the store that knows which sites were down."""
    mapping, now = what.mapping, what.now
    summary = import_file(
        engine,
        what.path,
        mapping,
        now,
        progress=what.progress,
        rejects=what.rejects,
        known_to=known_to,
    )
    if EventKind.TIER not in mapping.state:
        outage = outages(real, now)
        added = triage_new(engine, mapping.source, what.configuration.triage, outage, now)
        events = dict(summary.events)
        if added:
            events[EventKind.TIER.value] = events.get(EventKind.TIER.value, 0) + added
        summary = replace(summary, new_events=summary.new_events + added, events=events)
    with writing(engine) as connection:
        mark_synced(connection, mapping.source, now)
        early = events_before_creation(connection, mapping.source)
    return replace(summary, early=early)


def _clocks(
    engine: Engine, book: PolicyBook, now: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """The clocks of a store by metric: how many started, and how many go on."""
    started: Counter[str] = Counter()
    running: Counter[str] = Counter()
    with reading(engine) as connection:
        for row in list_clocks.rows(connection, book, now, Unjudgeable()):
            started[row["metric"]] += 1
            if row["ended_at"] is None and row["fulfilled_at"] is None:
                running[row["metric"]] += 1
    return dict(sorted(started.items())), dict(sorted(running.items()))


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
