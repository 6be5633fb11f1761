"""Steps 7 and 8 of a report: kept as an edition, issued and queued, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine

from supportops import __version__
from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.policy import Target
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config import snapshots
from supportops.config.configuration import Configuration
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.reports.reporting.messages import post
from supportops.flows.reports.reporting.selection import ReportJob, ReportRequest
from supportops.reports import store
from supportops.reports.audience import Audience
from supportops.reports.formats.render import Rendered
from supportops.reports.period import Cadence

NO_RECIPIENTS = "it has no recipients: name contacts in customers.yaml"


class ReportState(StrEnum):
    """What became of a requested report."""

    SENT = "sent"  # issued now, and queued for its recipients
    DRAFT = "draft"
    UNCHANGED = "unchanged"  # the newest draft says the same
    SENT_BEFORE = "sent before"  # nothing was made
    WAITING = "waiting"  # for somebody who approves it
    REJECTED = "rejected"  # before; nothing was made


@dataclass(frozen=True, slots=True)
class ReportResult:
    """One requested report: its edition in the store, and who gets it if it was sent.

    `recipients` are names of targets, `troubles` say which documents could not be made.
    """

    cadence: Cadence
    period: str
    audience: str
    edition: int
    state: ReportState
    subject: str
    recipients: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values with the same names, for the command line and for a DAG run."""
        return {
            "cadence": self.cadence.value,
            "period": self.period,
            "audience": self.audience,
            "edition": self.edition,
            "state": self.state.value,
            "subject": self.subject,
            "recipients": list(self.recipients),
            "troubles": list(self.troubles),
        }


@dataclass(frozen=True, slots=True)
class FinishedReport:
    """A report that was made: its figures in JSON, how old its data is, and its files. `asks`: it
    is sent when somebody has approved it."""

    job: ReportJob
    figures: Mapping[str, Any]
    data_until: datetime | None
    rendered: Rendered
    asks: bool = False


def keep_and_send(
    engine: Engine,
    configuration: Configuration,
    request: ReportRequest,
    report: FinishedReport,
    now: datetime,
) -> ReportResult:
    """Keeps a report as the next edition, unless the newest draft says the same; issues and queues
    it if it is to be sent and was not issued before; where somebody approves it first, it waits.
    All of it, or nothing.
    """
    job = report.job
    with writing(engine) as connection:
        advisory_lock(connection, Lock.ISSUE_REPORT)
        if request.send and not request.again:
            settled = settled_before(connection, job)
            if settled is not None:
                return settled
        snapshots.insert(connection, configuration, now)
        edition, is_new = _keep(connection, configuration, report, now)
        kept = _result(edition, ReportState.DRAFT if is_new else ReportState.UNCHANGED)
        targets = recipients(configuration, job.audience)
        nobody = request.send and not report.asks and not targets
        troubles = (*report.rendered.troubles, *([NO_RECIPIENTS] if nobody else []))
        _alert_operators(connection, job, troubles, now)
        if not request.send:
            return kept
        if nobody:  # issued to nobody it would never be sent
            return replace(kept, troubles=troubles)
        store.replace_waiting(connection, edition, job.audience.names)
        if report.asks:
            store.ask(connection, edition)
            return _result(edition, ReportState.WAITING)
        post(connection, edition, targets, now)
        return _result(edition, ReportState.SENT, tuple(target.name for target in targets))


def recipients(configuration: Configuration, audience: Audience) -> tuple[Target, ...]:
    """The targets of an audience's receivers, each once."""
    known = configuration.alerts.receivers
    found = [target for name in audience.receivers for target in known[name]]
    return tuple({target.name: target for target in found}.values())


def settled_before(connection: Connection, job: ReportJob) -> ReportResult | None:
    """The result where nothing is made: it was issued or rejected."""
    found = settled_edition(connection, job)
    return None if found is None else settled(found)


def settled_edition(connection: Connection, job: ReportJob) -> store.StoredReport | None:
    """The edition that keeps a job from being sent unless a corrected one is requested: what was
    issued or rejected. What waits for approval does not, and is brought up to date.

    One of another name of the customer counts: who was renamed since is sent no second one.
    """
    for name in job.audience.names:
        named = (connection, job.period.cadence, job.period.label, name)
        if (found := store.issued(*named)) is not None:
            return found
        asked = store.asked(*named)
        if asked is not None and asked.approval is store.Approval.REJECTED:
            return asked
    return None


def settled(found: store.StoredReport) -> ReportResult:
    """The result of a `settled_edition`."""
    if found.issued_at is not None:
        return _result(found, ReportState.SENT_BEFORE, tuple(found.recipients))
    return _result(found, ReportState.REJECTED)


def _keep(
    connection: Connection, configuration: Configuration, report: FinishedReport, now: datetime
) -> tuple[store.StoredReport, bool]:
    """The edition that says what the report says, and whether it is a new one."""
    job, files = report.job, report.rendered.files
    newest = store.newest(connection, *job.name)
    digests = {file.name: file.digest for file in files}
    if newest is not None and _is_open(newest) and store.digests(connection, newest.id) == digests:
        return newest, False
    draft = store.Draft(
        cadence=job.period.cadence,
        period=job.period.label,
        audience=job.audience.name,
        customer=job.audience.customer,
        starts_at=job.period.start,
        ends_at=job.period.end,
        as_of=job.facts.as_of,
        data_until=report.data_until,
        made_at=now,
        configuration=configuration.digest,
        code=__version__,
        subject=report.rendered.subject,
        figures=report.figures,
        troubles=report.rendered.troubles,
    )
    return store.keep(connection, draft, files), True


def _is_open(edition: store.StoredReport) -> bool:
    """Whether an edition was not issued and may still be sent as it is."""
    return edition.issued_at is None and edition.approval in (None, store.Approval.WAITING)


def _alert_operators(
    connection: Connection, job: ReportJob, troubles: tuple[str, ...], now: datetime
) -> None:
    """A format that could not be made raises an alert, which ends when all of them can again."""
    subject = f"{job.period.cadence} report for {job.audience.name}"
    if not troubles:
        resolve_alert(connection, Kind.REPORT_TROUBLE, subject, now)
        return
    alert = operations_alert(
        Kind.REPORT_TROUBLE,
        subject,
        f"{subject}, {job.period.label}: {'; '.join(troubles)}",
        now,
        facts={"period": job.period.label, "troubles": list(troubles)},
    )
    raise_alert(connection, alert, now)


def _result(
    report: store.StoredReport, state: ReportState, recipients: tuple[str, ...] = ()
) -> ReportResult:
    return ReportResult(
        cadence=Cadence(report.cadence),
        period=report.period,
        audience=report.audience,
        edition=report.edition,
        state=state,
        subject=report.subject,
        recipients=recipients,
        troubles=tuple(report.troubles),
    )
