"""Raises an alert when a report was not sent in time, or did not reach every recipient.

Each dispatch runs it: one query for the reports of the period that was due last, and further ones
only where a report is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, func, select

from supportops.alerts.alert import Alert, Kind
from supportops.alerts.hold import live_since
from supportops.alerts.operations import operations_alert
from supportops.alerts.outbox import MessageState
from supportops.alerts.store import list_open, raise_alert, resolve_alert
from supportops.config.configuration import Configuration
from supportops.config.snapshots import get
from supportops.db.schema import configurations, messages, notification_log, reports
from supportops.flows.alerts.watching.due_report import (
    DueReport,
    key_prefix,
    last_due,
    period_about,
)
from supportops.flows.reports.reporting.selection import working_days
from supportops.reports.audience import Audience, Plan
from supportops.reports.period import (
    Cadence,
)
from supportops.reports.store import Approval

_NAMED = 10
_SENT, _REPLACED, _DROPPED = "sent at last", "given up for the next one", "no longer expected"


@dataclass(slots=True)
class Missing:
    """What is missing of a due report: audiences, by how far their reports came, and recipients."""

    not_made: list[str] = field(default_factory=list)
    not_sent: list[str] = field(default_factory=list)
    not_approved: list[str] = field(default_factory=list)
    not_delivered: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.not_made or self.not_sent or self.not_approved or self.not_delivered)

    @property
    def text(self) -> str:
        """In one line: "not made for managers; not delivered to boss_email (not tried yet)"."""
        names_by_gap = {
            "not made for": self.not_made,
            "made but not sent to": self.not_sent,
            "made, but nobody has approved it for": self.not_approved,
            "not delivered to": self.not_delivered,
        }
        return "; ".join(f"{gap} {_some(names)}" for gap, names in names_by_gap.items() if names)


def _some(names: Sequence[str]) -> str:
    """The names, the first of many."""
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def watch_reports(connection: Connection, configuration: Configuration, now: datetime) -> None:
    """Raises, brings up to date or resolves the alert on each cadence's last report.

    A report is sent once every audience that was known when it was to be made has an edition that
    every recipient's service took. The alert of an earlier period ends when the next one is late.
    """
    open_alerts = list_open(connection, Kind.REPORT_TROUBLE)
    live = live_since(connection)
    for cadence in Cadence:
        due = last_due(configuration, cadence, now)
        if due is not None and live is not None and due.by <= live:
            due = None  # it was due before the installation was live
        missing = _missing(connection, configuration, due) if due else Missing()
        for alert in open_alerts:
            current = due is not None and alert.key == due.key
            if alert.key.startswith(key_prefix(cadence)) and not (current and missing):
                over = _SENT if current else _REPLACED if due else _DROPPED
                resolve_alert(connection, alert.kind, alert.subject, now, {"over": over})
        if due is not None and missing:
            raise_alert(connection, _late(due, missing, configuration.reports, now), now)


def _missing(connection: Connection, configuration: Configuration, due: DueReport) -> Missing:
    plan, opens = configuration.reports, working_days(configuration.office)
    labels = {
        audience: period_about(due.cadence, due.made_at, audience.zone, opens).label
        for audience in plan.of(due.cadence)
    }
    progress = _progress_by_audience(connection, due.cadence, labels)
    lacking = [audience for audience in labels if not progress[audience].is_sent]
    if not lacking:
        return Missing()
    known = _known_at(connection, configuration, due)
    found = Missing()
    for audience in lacking:
        each = progress[audience]
        if known.isdisjoint(audience.names):
            continue
        if not each.made:
            found.not_made.append(audience.name)
        elif each.waits:
            found.not_approved.append(audience.name)
        elif each.undelivered is None:
            found.not_sent.append(audience.name)
        else:
            recipients = _recipients(connection, each.undelivered)
            found.not_delivered += [name for name in recipients if name not in found.not_delivered]
    return found


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far one audience's report came. `undelivered`: ids of messages of its newest issued
    edition that were not handed over; None before one was issued. `waits`: for approval. A report
    that was rejected is not to be sent any more."""

    made: bool = False
    is_sent: bool = False
    undelivered: tuple[int, ...] | None = None
    waits: bool = False


def _progress_by_audience(
    connection: Connection, cadence: Cadence, labels: Mapping[Audience, str]
) -> dict[Audience, _Progress]:
    r, m = reports.c, messages.c
    statement = (
        select(r.audience, r.period, r.edition, r.issued_at, r.approval, m.id, m.state)
        .join_from(reports, messages, m.alert == r.alert, isouter=True)
        .where(r.cadence == cadence.value, r.period.in_(sorted(set(labels.values()))))
        .order_by(r.edition, r.id, m.id)
    )
    rows = list(connection.execute(statement).mappings())
    return {
        audience: _progress(
            [r for r in rows if r["audience"] in audience.names and r["period"] == label]
        )
        for audience, label in labels.items()
    }


def _progress(rows: Sequence[RowMapping]) -> _Progress:
    """From the rows of one audience, one for each message of each edition."""
    issued = sorted({row["edition"] for row in rows if row["issued_at"] is not None})
    undelivered = {
        edition: tuple(
            row["id"]
            for row in rows
            if row["edition"] == edition
            and row["id"] is not None
            and row["state"] != MessageState.HANDED_OVER.value
        )
        for edition in issued
    }
    if not issued:
        approvals = {row["approval"] for row in rows}
        waits = Approval.WAITING.value in approvals
        rejected = not waits and Approval.REJECTED.value in approvals
        return _Progress(made=bool(rows), is_sent=rejected, waits=waits)
    is_sent = any(not left for left in undelivered.values())
    return _Progress(True, is_sent, undelivered[issued[-1]])


def _recipients(connection: Connection, undelivered: Sequence[int]) -> Iterator[str]:
    """The targets of these messages, each with what became of the last attempt."""
    m, log = messages.c, notification_log.c
    last = select(func.max(log.id)).where(log.message == m.id).correlate(messages)
    detail = select(log.detail).where(log.id == last.scalar_subquery()).scalar_subquery()
    rows = select(m.target, detail.label("detail")).where(m.id.in_(list(undelivered)))
    for target, detail_text in connection.execute(rows.order_by(m.id)):
        yield f"{target} ({detail_text or 'not tried yet'})"


def _known_at(connection: Connection, configuration: Configuration, due: DueReport) -> set[str]:
    """The audiences that were configured when the report was to be made.

    After an installation, or for a new audience, nothing that was due before is missing.
    """
    c = configurations.c
    earlier = select(c.digest).where(c.loaded_at <= due.made_at)
    digest = connection.execute(earlier.order_by(c.loaded_at.desc(), c.digest).limit(1)).scalar()
    if digest is None:
        return set()
    then = configuration if digest == configuration.digest else get(connection, digest)
    return {audience.name for audience in then.displayed().reports.of(due.cadence)}


def _late(due: DueReport, missing: Missing, plan: Plan, now: datetime) -> Alert:
    at = f"{due.by.astimezone(ZoneInfo(plan.zone)):%H:%M}"
    return operations_alert(
        Kind.REPORT_TROUBLE,
        due.subject,
        f"{due.subject} has not been sent by {at}: {missing.text}",
        now,
        key=due.key,
        facts={
            "detail": missing.text,
            "period": due.period.label,
            "not_made": missing.not_made,
            "not_sent": missing.not_sent,
            "not_approved": missing.not_approved,
            "not_delivered": missing.not_delivered,
        },
    )
