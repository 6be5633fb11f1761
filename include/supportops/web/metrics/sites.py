"""The metrics of sites, their incidents, and the jobs that push."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import func, select

from supportops.db.schema import incidents, push_standings
from supportops.sites.incident import IncidentKind
from supportops.sites.push.standing import PushState
from supportops.sites.store import last_run
from supportops.web import queries
from supportops.web.metrics.sample import Sample, instant
from supportops.web.metrics.snapshot import Snapshot
from supportops.web.tiles import Status, tile

_ANSWERS = (Status.UP, Status.FAULT, Status.DEGRADED)


def sites(snapshot: Snapshot) -> Iterator[Sample]:
    """Sites by state, and where it was asked for each of them."""
    connection, fleet = snapshot.connection, snapshot.configuration.fleet
    fronts = queries.front_pages(connection)
    faults = queries.faulty_pages(connection)
    expiries = {
        name: front.certificate_expires
        for name, front in fronts.items()
        if front.certificate_expires is not None
    }
    tiles = [
        tile(site, fronts.get(site.name), faults.get(site.name, ()), snapshot.now)
        for site in fleet.sites
    ]
    counts = Counter(each.status for each in tiles)
    yield from (Sample("sites", counts[status], (status.value,)) for status in Status)
    known = [expiries[site.name] for site in fleet.sites if site.name in expiries]
    yield from instant("certificate_earliest_expiry_timestamp_seconds", min(known, default=None))
    if not snapshot.per_site:
        return
    for each in tiles:
        if each.status in _ANSWERS or each.status is Status.DOWN:
            yield Sample("site_up", each.status in _ANSWERS, (each.name,))
        if each.latency is not None:
            yield Sample("site_response_seconds", each.latency / 1000, (each.name,))
        expiry = expiries.get(each.name)
        yield from instant("site_certificate_expiry_timestamp_seconds", expiry, each.name)


def checks(snapshot: Snapshot) -> Iterator[Sample]:
    """The last run of the site check that was judged."""
    run = last_run(snapshot.connection, judged=True)
    if run is None or run.judged_at is None:
        return
    yield from instant("last_check_timestamp_seconds", run.judged_at)
    took = (run.judged_at - run.started_at).total_seconds()
    yield Sample("last_check_duration_seconds", max(took, 0.0))
    yield Sample("last_check_sites", run.sites)


def open_incidents(snapshot: Snapshot) -> Iterator[Sample]:
    """Open incidents by kind."""
    c = incidents.c
    rows = select(c.kind, func.count()).where(c.closed_at.is_(None)).group_by(c.kind)
    counts: dict[str, int] = dict(snapshot.connection.execute(rows).all())
    yield from (Sample("incidents_open", counts.get(k.value, 0), (k.value,)) for k in IncidentKind)


def pushes(snapshot: Snapshot) -> Iterator[Sample]:
    """Monitors by their state at the last judgement; those that never pushed nor were judged are
    waiting."""
    c = push_standings.c
    known = {
        row.monitor: row.state for row in snapshot.connection.execute(select(c.monitor, c.state))
    }
    monitors = snapshot.configuration.monitors.all
    if monitors:
        counts = Counter(known.get(each.token, "waiting") for each in monitors)
        states = dict.fromkeys([*(state.value for state in PushState), *counts])
        yield from (Sample("push_monitors", counts[state], (state,)) for state in states)
