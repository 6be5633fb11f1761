"""Runs, results, standings and incidents in the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from supportops.db.schema import (
    check_parts,
    check_results,
    check_runs,
    configurations,
    incidents,
    site_status,
)
from supportops.db.statements import insert_new, insert_or_update
from supportops.sites.check import Phases, ProbeResult, Reason, State
from supportops.sites.incident import (
    Change,
    ChangeKind,
    FleetState,
    Incident,
    IncidentKind,
    StandingKey,
)
from supportops.sites.standing import Attempt, SiteState, Standing, Track, from_json, to_json

# What the check of sites opens and closes. Other flows judge the other kinds.
JUDGED_BY_CHECKS = (
    IncidentKind.OUTAGE,
    IncidentKind.HOST_OUTAGE,
    IncidentKind.FAULT,
    IncidentKind.CERTIFICATE,
    IncidentKind.BLIND,
)
# As many names in one statement as every database takes.
NAMES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run as recorded: its slot, the configuration it ran on, and whether it was judged.

    `due`: the sites that it checks, as `due.from_text` reads them.
    """

    slot: datetime
    configuration: str
    started_at: datetime
    sites: int
    judged_at: datetime | None
    due: str | None = None


def begin_run(
    connection: Connection,
    slot: datetime,
    configuration: str,
    started_at: datetime,
    sites: int,
    due: str | None = None,
) -> None:
    """Records that a run began; one that was begun before keeps its first record."""
    row = {
        "slot": slot,
        "configuration": configuration,
        "started_at": started_at,
        "sites": sites,
        "due": due,
    }
    insert_new(connection, check_runs, [row])


def run_of(connection: Connection, slot: datetime) -> CheckRun | None:
    """The run of a slot, None where none was planned."""
    found = connection.execute(_runs().where(check_runs.c.slot == slot)).mappings().first()
    return None if found is None else CheckRun(**found)


def last_asked(
    connection: Connection, sites: Iterable[str], after: datetime, before: datetime
) -> dict[str, datetime]:
    """The slot of the last run in (after, before) that recorded a check of each front page."""
    c = check_results.c
    wanted, found = list(sites), dict[str, datetime]()
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        names = wanted[start : start + NAMES_AT_ONCE]
        statement = (
            select(c.site, func.max(c.slot))
            .where(c.site.in_(names), c.page == "", c.slot > after, c.slot < before)
            .group_by(c.site)
        )
        found.update((name, slot) for name, slot in connection.execute(statement))
    return found


def last_run(connection: Connection, judged: bool = False) -> CheckRun | None:
    """The newest run, or the newest that was judged."""
    statement = _runs().order_by(check_runs.c.slot.desc()).limit(1)
    if judged:
        statement = statement.where(check_runs.c.judged_at.is_not(None))
    found = connection.execute(statement).mappings().first()
    return None if found is None else CheckRun(**found)


def first_start(connection: Connection) -> datetime | None:
    """When this installation was first at work: it took up a configuration, or began a run.

    None before. A configuration that is taken up again has a new instant, a run keeps its own.
    """
    starts = [
        connection.execute(select(func.min(column))).scalar()
        for column in (configurations.c.loaded_at, check_runs.c.started_at)
    ]
    return min((at for at in starts if at is not None), default=None)


def configurations_used(connection: Connection, start: datetime, end: datetime) -> list[str]:
    """The digests of the configurations of the runs in `start` < slot <= `end`, oldest first."""
    slot = check_runs.c.slot
    statement = select(check_runs.c.configuration).where(slot > start, slot <= end).order_by(slot)
    return list(connection.execute(statement).scalars())


def unjudged(connection: Connection) -> list[CheckRun]:
    """Runs that wait for their judgement, oldest first."""
    statement = _runs().where(check_runs.c.judged_at.is_(None)).order_by(check_runs.c.slot)
    return [CheckRun(**row) for row in connection.execute(statement).mappings()]


def next_judgement(connection: Connection) -> int:
    """The number of the next judgement, of a run or of a part of one."""
    newest = [select(func.max(c.judged_order)) for c in (check_runs.c, check_parts.c)]
    return max(connection.execute(statement).scalar() or 0 for statement in newest) + 1


def mark_judged(
    connection: Connection, slot: datetime, judged_at: datetime, summary: dict[str, Any]
) -> None:
    """Closes a run and numbers it in the order of judgement, in which a replay must fold."""
    order = next_judgement(connection)
    connection.execute(
        update(check_runs)
        .where(check_runs.c.slot == slot, check_runs.c.judged_at.is_(None))
        .values(judged_at=judged_at, judged_order=order, summary=summary)
    )


def append_results(connection: Connection, slot: datetime, attempts: Sequence[Attempt]) -> int:
    """Appends results; one that is there already (slot, site, page, try) is left as it was."""
    return insert_new(connection, check_results, [_result_row(slot, a) for a in attempts])


def attempts(
    connection: Connection, slot: datetime, sites: Iterable[str] | None = None
) -> list[Attempt]:
    """The checks recorded for a run so far, of all sites or of `sites`, in the order of the key."""
    wanted = None if sites is None else set(sites)
    statement = (
        select(check_results)
        .where(check_results.c.slot == slot)
        .order_by(check_results.c.site, check_results.c.page, check_results.c.attempt)
    )
    rows = connection.execute(statement).mappings()
    return [_attempt(row) for row in rows if wanted is None or row["site"] in wanted]


def down_pages(connection: Connection, sites: Iterable[str]) -> dict[tuple[str, str], set[Track]]:
    """The pages of `sites` that were confirmed down, and on which tracks."""
    wanted, found = set(sites), dict[tuple[str, str], set[Track]]()
    # A page whose state is up is not down; of the few others the fold has to be read.
    statement = select(site_status).where(site_status.c.state != SiteState.UP.value)
    for row in connection.execute(statement).mappings():
        if row["site"] in wanted and from_json(row["fold"]).down:
            found.setdefault((row["site"], row["page"]), set()).add(Track(row["track"]))
    return found


def last_activity(connection: Connection, run: CheckRun) -> datetime:
    """When a run last recorded a result, or began."""
    c = check_results.c
    newest = connection.execute(select(func.max(c.checked_at)).where(c.slot == run.slot)).scalar()
    return run.started_at if newest is None else max(newest, run.started_at)


def load_state(connection: Connection) -> FleetState:
    """The state of all sites after the last judgement."""
    standings: dict[StandingKey, Standing] = {
        (row["site"], row["page"], Track(row["track"])): from_json(row["fold"])
        for row in connection.execute(select(site_status)).mappings()
    }
    found = open_incidents(connection, JUDGED_BY_CHECKS)
    return FleetState(standings, {(i.kind, i.subject): i for i in found})


def open_incidents(connection: Connection, kinds: Iterable[IncidentKind]) -> list[Incident]:
    """The open incidents of these kinds, in the order of their keys."""
    c = incidents.c
    wanted = [kind.value for kind in kinds]
    statement = select(incidents).where(c.closed_at.is_(None), c.kind.in_(wanted)).order_by(c.key)
    return [_incident(row) for row in connection.execute(statement).mappings()]


def save_state(connection: Connection, before: FleetState, after: FleetState) -> None:
    """Writes the standings that changed, and deletes those of what is no longer checked."""
    for site, page, track in before.standings.keys() - after.standings.keys():
        c = site_status.c
        gone = (c.site == site, c.page == page, c.track == track.value)
        connection.execute(delete(site_status).where(*gone))
    rows = [
        _status_row(key, standing)
        for key, standing in after.standings.items()
        if before.standings.get(key) != standing
    ]
    insert_or_update(connection, site_status, rows)


def save_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Writes what a run did to incidents, in order."""
    for change in changes:
        row = _incident_row(change.incident)
        if change.kind is ChangeKind.OPENED:
            insert_new(connection, incidents, [row])
        else:
            connection.execute(
                update(incidents).where(incidents.c.key == change.incident.key).values(**row)
            )


def list_incidents(
    connection: Connection, start: datetime, end: datetime, site: str | None = None
) -> list[Incident]:
    """Incidents that touch [start, end), oldest first; with `site` its own and those that are
    wider than one site."""
    statement = (
        select(incidents)
        .where(incidents.c.started_at < end)
        .where(incidents.c.ended_at.is_(None) | (incidents.c.ended_at > start))
        .order_by(incidents.c.started_at, incidents.c.key)
    )
    if site is not None:
        statement = statement.where((incidents.c.site == site) | incidents.c.site.is_(None))
    return [_incident(row) for row in connection.execute(statement).mappings().all()]


def _runs() -> Any:
    c = check_runs.c
    return select(c.slot, c.configuration, c.started_at, c.sites, c.judged_at, c.due)


def _result_row(slot: datetime, attempt: Attempt) -> dict[str, Any]:
    result = attempt.result
    return {
        "slot": slot,
        "site": attempt.site,
        "page": attempt.page,
        "attempt": attempt.number,
        "checked_at": result.checked_at,
        "url": result.url,
        "state": result.state.value,
        "reason": result.reason.value,
        "detail": result.detail,
        "status": result.status,
        "dns_ms": result.phases.dns,
        "connect_ms": result.phases.connect,
        "tls_ms": result.phases.tls,
        "first_byte_ms": result.phases.first_byte,
        "total_ms": result.phases.total,
        "certificate_expires": result.certificate_expires,
        "address": result.address,
        "bytes": result.bytes,
        "redirects": result.redirects,
    }


def _attempt(row: RowMapping) -> Attempt:
    phases = Phases(
        row["dns_ms"], row["connect_ms"], row["tls_ms"], row["first_byte_ms"], row["total_ms"]
    )
    result = ProbeResult(
        url=row["url"],
        state=State(row["state"]),
        reason=Reason(row["reason"]),
        checked_at=row["checked_at"],
        detail=row["detail"],
        status=row["status"],
        phases=phases,
        certificate_expires=row["certificate_expires"],
        address=row["address"],
        bytes=row["bytes"],
        redirects=row["redirects"],
    )
    return Attempt(row["site"], row["page"], row["attempt"], result)


def _status_row(key: StandingKey, standing: Standing) -> dict[str, Any]:
    site, page, track = key
    last = standing.last
    assert standing.checked_at is not None
    return {
        "site": site,
        "page": page,
        "track": track.value,
        "state": standing.state.value,
        "reason": last.reason.value if last else "",
        "since": _since(standing),
        "checked_at": standing.checked_at,
        "total_ms": last.phases.total if last else None,
        "certificate_expires": last.certificate_expires if last else None,
        "fold": to_json(standing),
    }


def _since(standing: Standing) -> datetime:
    """When the state of a standing that was checked began."""
    if standing.state is SiteState.DEGRADED and standing.rate.since is not None:
        return standing.rate.since
    assert standing.checked_at is not None
    return standing.since or standing.checked_at


def _incident_row(incident: Incident) -> dict[str, Any]:
    return {
        "key": incident.key,
        "kind": incident.kind.value,
        "subject": incident.subject,
        "site": incident.site,
        "page": incident.page,
        "host": incident.host,
        "customer": incident.customer,
        "reason": incident.reason,
        "started_at": incident.started_at,
        "opened_at": incident.opened_at,
        "ended_at": incident.ended_at,
        "closed_at": incident.closed_at,
        "flapping": incident.flapping,
        "facts": dict(incident.facts),
    }


def _incident(row: RowMapping) -> Incident:
    columns = {name: row[name] for name in row if name not in ("key", "kind")}
    return Incident(kind=IncidentKind(row["kind"]), **columns)
