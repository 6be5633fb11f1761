"""The metrics of what runs: flows, ticket sources, reports, notices."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from supportops.alerts.hold import held_since
from supportops.db.activity import EVERY, Flow, activities
from supportops.db.schema import configurations, notices, reports
from supportops.flows.operations.doctor import is_needed
from supportops.flows.tickets.ticket_sync import last_syncs
from supportops.notices.notice import NoticeState
from supportops.reports.period import Cadence
from supportops.reports.store import Approval
from supportops.web.metrics.sample import Sample, instant
from supportops.web.metrics.snapshot import Snapshot


def flows(snapshot: Snapshot) -> Iterator[Sample]:
    """When each flow last worked and how long that took; nothing of one that never did, or that
    has nothing to do any more."""
    for flow, activity in activities(snapshot.connection).items():
        if not is_needed(flow, snapshot.configuration):
            continue
        yield from instant("flow_last_run_timestamp_seconds", activity.at, flow.value)
        if activity.took is not None:
            seconds = activity.took.total_seconds()
            yield Sample("flow_last_run_duration_seconds", seconds, (flow.value,))
        yield Sample("flow_interval_seconds", EVERY[flow].total_seconds(), (flow.value,))


def sources(snapshot: Snapshot) -> Iterator[Sample]:
    """When each ticket source was last read to its end; not of mailboxes that were removed."""
    mailboxes = is_needed(Flow.MAILBOX, snapshot.configuration)
    for source, at in last_syncs(snapshot.connection).items():
        if source != Flow.MAILBOX.value or mailboxes:
            yield from instant("source_last_sync_timestamp_seconds", at, source)


def issued(snapshot: Snapshot) -> Iterator[Sample]:
    """When a report of each cadence was last issued, and how many wait for approval."""
    c = reports.c
    rows = select(c.cadence, func.max(c.issued_at)).group_by(c.cadence)
    last = dict(snapshot.connection.execute(rows).all())
    for cadence in Cadence:
        at = last.get(cadence.value)
        yield from instant("report_last_issued_timestamp_seconds", at, cadence.value)
    waiting = select(func.count()).select_from(reports).where(c.approval == Approval.WAITING.value)
    yield Sample("reports_waiting", snapshot.connection.execute(waiting).scalar_one())


def waiting_notices(snapshot: Snapshot) -> Iterator[Sample]:
    """Notices to customers that nobody has decided about."""
    c = notices.c
    statement = select(func.count(), func.min(c.drafted_at)).where(
        c.state == NoticeState.WAITING.value
    )
    count, oldest = snapshot.connection.execute(statement).one()
    yield Sample("notices_waiting", count)
    yield from instant("notice_oldest_waiting_timestamp_seconds", oldest)


def configuration(snapshot: Snapshot) -> Iterator[Sample]:
    """What is in force, and whether anybody is notified."""
    digest = snapshot.configuration.digest
    yield Sample("configuration_info", 1, (digest[:12],))
    c = configurations.c
    loaded = snapshot.connection.execute(select(c.loaded_at).where(c.digest == digest)).scalar()
    yield from instant("configuration_loaded_timestamp_seconds", loaded)
    yield Sample("alerts_held", held_since(snapshot.connection) is not None)
