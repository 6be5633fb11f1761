"""Approving and rejecting reports that wait for it, on the board and from a shell.

Who decides first decides: the decision and the messages that it queues are one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from supportops.config.configuration import Configuration
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.storable import storable
from supportops.flows.active_configuration import active_configuration
from supportops.flows.reports.reporting.keeping import NO_RECIPIENTS, recipients
from supportops.flows.reports.reporting.messages import post
from supportops.rendering.render import one_line
from supportops.reports import store
from supportops.reports.audience import Audience
from supportops.reports.period import Cadence
from supportops.reports.store import Approval, ReportEntry, StoredReport

MOST = 2_000
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one edition. `why`: why nothing did, None where it was decided now."""

    report: ReportEntry
    approved: bool
    recipients: tuple[str, ...] = ()
    why: str | None = None


def waiting(context: Context) -> list[ReportEntry]:
    """The editions that wait for approval, as they were made."""
    with reading(context.engine) as connection:
        return store.waiting(connection, MOST)


def waiting_for(context: Context, month: str | None, customers: Sequence[str]) -> list[ReportEntry]:
    """Those that wait of a month and of customers by any of their names; None and none mean all."""
    with reading(context.engine) as connection:
        names = active_configuration(connection).customers
        found = store.waiting(connection, MOST)
    keys = {names.key(each) for each in customers}
    of_month = (each for each in found if month is None or each.period == month)
    return [each for each in of_month if not keys or names.key(each.customer) in keys]


def decide(
    context: Context, reports: Sequence[int], who: str, now: datetime, *, approve: bool
) -> list[Decided]:
    """Approves or rejects each of these editions, by their ids; what is approved is issued and
    queued at once. Raises LookupError for an id that no report has, before anything is decided.
    """
    by = storable(one_line(who)[:LONGEST_NAME]) or "somebody"
    with reading(context.engine) as connection:
        for number in reports:
            if store.by_id(connection, number) is None:
                raise LookupError("there is no such report")
    return [_decided(context, number, by, now, approve=approve) for number in reports]


def _decided(context: Context, number: int, by: str, now: datetime, *, approve: bool) -> Decided:
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.ISSUE_REPORT)
        configuration = active_configuration(connection)
        report = store.by_id(connection, number)
        assert report is not None
        if approve and (missing := _missing(configuration, report)):
            return Decided(report, approve, why=missing)
        verdict = Approval.APPROVED if approve else Approval.REJECTED
        if not store.decide(connection, number, verdict, by, now):
            return Decided(report, approve, why=_why(report))
        names = _issue(connection, configuration, report, now) if approve else ()
        return Decided(report, approve, names)


def _issue(
    connection: Connection, configuration: Configuration, report: StoredReport, now: datetime
) -> tuple[str, ...]:
    audience = next(each for each in _audiences(configuration, report))
    targets = recipients(configuration, audience)
    post(connection, report, targets, now)
    return tuple(target.name for target in targets)


def _missing(configuration: Configuration, report: StoredReport) -> str | None:
    """Why it cannot be sent by the configuration of today."""
    found = next(iter(_audiences(configuration, report)), None)
    if found is None:
        return "nobody gets this report any more"
    if not recipients(configuration, found):
        return NO_RECIPIENTS
    return None


def _audiences(configuration: Configuration, report: ReportEntry) -> list[Audience]:
    of = configuration.reports.of(Cadence(report.cadence))
    return [each for each in of if report.audience in each.names]


def _why(report: StoredReport) -> str:
    if report.decided_by:
        return f"{report.decided_by} has {report.approval} it before"
    if report.approval is Approval.REPLACED:
        return "a later edition has taken its place"
    return "it does not wait for approval"
