"""Reports on request and on schedule: what the command line and the two report DAGs call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from supportops.alerts.hold import held_since
from supportops.config.configuration import Configuration, File
from supportops.config.loader import load
from supportops.config.snapshots import save
from supportops.config.yaml_source import ConfigurationError
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.flows.reports.reporting.keeping import ReportResult, ReportState
from supportops.flows.reports.reporting.pipeline import OnProgress, OnReport, make_reports
from supportops.flows.reports.reporting.selection import (
    ReportError,
    ReportRequest,
    labels_between,
    working_days,
)
from supportops.reports.store import ReportEntry, listing
from supportops.sites.store import first_start

__all__ = [
    "NEEDS",
    "OnProgress",
    "OnReport",
    "ReportEntry",
    "ReportError",
    "ReportRequest",
    "ReportResult",
    "ReportState",
    "list_reports",
    "make_on_request",
    "make_on_schedule",
    "summary",
]

LATEST = timedelta(days=7)
"""So long after the instant of its run a report is sent by itself at the latest."""
# A report names sites, is about promises, and goes to receivers.
NEEDS = (File.REPORTS, File.SERVICE_LEVELS, File.SITES, File.ALERTS)


def make_on_request(
    context: Context,
    request: ReportRequest,
    now: datetime,
    *,
    until: str | None = None,
    bare_drafts: bool = False,
    on_report: OnReport | None = None,
    on_progress: OnProgress | None = None,
) -> list[ReportResult]:
    """The requested reports by the configuration folder as it is now.

    `until`: all periods from the request's one label to this one. `bare_drafts`: drafts of several
    periods hold mail and page alone. Raises ReportError, and ConfigurationError for a faulty
    folder.
    """
    configuration = load(context.config)
    if request.send:  # else the dispatcher might not know the receivers
        with writing(context.engine) as connection:
            save(connection, configuration, now)
    labels = request.labels
    if until is not None:
        (first,) = labels
        labels = labels_between(request.cadence, first, until, working_days(configuration.office))
    bare = bare_drafts and len(labels) > 1 and not request.send
    return make_reports(
        context.engine,
        configuration,
        replace(request, labels=labels, bare=bare),
        now,
        now,
        on_report=on_report,
        on_progress=on_progress,
    )


def make_on_schedule(
    context: Context,
    configuration: Configuration,
    request: ReportRequest,
    at: datetime,
    now: datetime,
    *,
    scheduled: bool,
) -> list[ReportResult]:
    """The reports of a DAG run at `at`; sent also where the run is `scheduled`.

    A schedule makes up for the last run it missed, also for one before anything was installed: of
    that a draft is kept, since nobody waited for it. So it is while alerts are held: going live
    sends no report of the time before. And so it is of a run that is cleared long after its day:
    who became a reader since would get a report of months ago. What nobody asked for is sent with
    care: see `ReportRequest`. Raises ReportError.
    """
    with reading(context.engine) as connection:
        began, held = first_start(connection), held_since(connection) is not None
    late = now - at >= LATEST
    due = scheduled and not late and not held and began is not None and began <= at
    chosen = replace(request, send=request.send or due, careful=not request.send)
    return make_reports(context.engine, configuration, chosen, at, now)


def list_reports(context: Context, limit: int) -> list[ReportEntry]:
    """The newest `limit` reports, by period and then by edition."""
    with reading(context.engine) as connection:
        return listing(connection, limit)


def summary(
    results: Sequence[ReportResult], error: ConfigurationError | None, note: str = ""
) -> dict[str, Any]:
    """What a DAG run answers. `error`: why the folder's configuration is not the active one."""
    return {
        "reports": [each.to_json() for each in results],
        "sent": sum(each.state is ReportState.SENT for each in results),
        "troubles": [trouble for each in results for trouble in each.troubles],
        "faults": [str(fault) for fault in error.faults] if error else [],
        "note": note,
    }
