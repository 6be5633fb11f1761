"""Keeps a finished report and, where it is to be sent, issues and queues it in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from supportops import __version__
from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.policy import Target
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.loader import Configuration
from supportops.config.snapshots import remember
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.reporting.messages import post
from supportops.flows.reporting.tasks import Task, Wanted
from supportops.reports import store
from supportops.reports.audience import Audience
from supportops.reports.formats.render import Rendered
from supportops.reports.period import Cadence


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one report.

    `state`: "sent" (issued now, and queued for its recipients), "draft", "unchanged" (the newest
    draft says the same), or "sent before" (nothing was made).
    """

    cadence: Cadence
    period: str
    audience: str
    edition: int
    state: str
    subject: str
    recipients: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "cadence": self.cadence.value,
            "period": self.period,
            "audience": self.audience,
            "edition": self.edition,
            "state": self.state,
            "subject": self.subject,
            "recipients": list(self.recipients),
            "troubles": list(self.troubles),
        }


@dataclass(frozen=True, slots=True)
class Finished:
    """A report as it was made: its figures in JSON, how old its data is, and its files."""

    task: Task
    figures: Mapping[str, Any]
    data_until: datetime | None
    rendered: Rendered


def keep(
    engine: Engine, configuration: Configuration, wanted: Wanted, report: Finished, now: datetime
) -> Made:
    """Keeps a report as the next edition, unless the newest draft says the same; issues it if
    that is wanted and was not done before. All of it, or nothing.
    """
    task = report.task
    with writing(engine) as connection:
        advisory_lock(connection, Lock.ISSUE_REPORT)
        before = store.issued(connection, *task.name)
        if before is not None and wanted.send and not wanted.again:
            return sent_before(before)
        remember(connection, configuration, now)
        kept, is_new = _kept(connection, configuration, report, now)
        _tell_operators(connection, task, report.rendered.troubles, now)
        if not wanted.send:
            return _made(kept, "draft" if is_new else "unchanged")
        targets = recipients(configuration, task.audience)
        post(connection, kept, targets, now)
        return _made(kept, "sent", tuple(target.name for target in targets))


def recipients(configuration: Configuration, audience: Audience) -> tuple[Target, ...]:
    """The targets of an audience's receivers, each once."""
    known = configuration.alerts.receivers
    found = [target for name in audience.receivers for target in known[name]]
    return tuple({target.name: target for target in found}.values())


def sent_before(kept: store.Kept) -> Made:
    """Nothing is made: this was issued."""
    return _made(kept, "sent before", tuple(kept.recipients))


def _kept(
    connection: Connection, configuration: Configuration, report: Finished, now: datetime
) -> tuple[store.Kept, bool]:
    """The edition that says what the report says, and whether it is a new one."""
    task, files = report.task, report.rendered.files
    newest = store.newest(connection, *task.name)
    is_draft = newest is not None and newest.issued_at is None
    digests = {file.name: file.digest for file in files}
    if newest is not None and is_draft and store.digests(connection, newest.id) == digests:
        return newest, False
    draft = store.Draft(
        cadence=task.period.cadence,
        period=task.period.label,
        audience=task.audience.name,
        customer=task.audience.customer,
        starts_at=task.period.start,
        ends_at=task.period.end,
        as_of=task.as_of,
        data_until=report.data_until,
        made_at=now,
        configuration=configuration.digest,
        code=__version__,
        subject=report.rendered.subject,
        figures=report.figures,
        troubles=report.rendered.troubles,
    )
    return store.keep(connection, draft, files), True


def _tell_operators(
    connection: Connection, task: Task, troubles: tuple[str, ...], now: datetime
) -> None:
    """A format that could not be made is an alert, until all of them can again."""
    subject = f"{task.period.cadence} report for {task.audience.name}"
    if not troubles:
        resolve_alert(connection, Kind.REPORT_TROUBLE, subject, now)
        return
    alert = operations_alert(
        Kind.REPORT_TROUBLE,
        subject,
        f"{subject}, {task.period.label}: {'; '.join(troubles)}",
        now,
        facts={"period": task.period.label, "troubles": list(troubles)},
    )
    raise_alert(connection, alert, now)


def _made(kept: store.Kept, state: str, to: tuple[str, ...] = ()) -> Made:
    return Made(
        cadence=Cadence(kept.cadence),
        period=kept.period,
        audience=kept.audience,
        edition=kept.edition,
        state=state,
        subject=kept.subject,
        recipients=to,
        troubles=tuple(kept.troubles),
    )
