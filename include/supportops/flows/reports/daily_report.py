"""The daily report: the last working day, the days off since, and what is at risk today."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from supportops.context import Context
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.reports.report import NEEDS, ReportRequest, make_on_schedule, summary
from supportops.flows.reports.reporting.selection import working_days
from supportops.reports.period import Cadence


def run(
    context: Context,
    at: datetime,
    now: datetime,
    *,
    day: str | None = None,
    audience: str | None = None,
    send: bool = False,
    scheduled: bool = False,
) -> dict[str, Any]:
    """Makes the report on `day` ("2026-11-20"), or on the last working day that is over at `at`;
    see `weekly_report.run`.

    On a day off nothing is made unless `day` is named: `note` says so. The next working day's
    report covers it too.
    """
    configuration, error = load_or_last_good(context.engine, context.config, now, NEEDS)
    today = at.astimezone(configuration.office.zone).date()
    if day is None and not working_days(configuration.office)(today):
        return summary([], error, "no working day")
    request = ReportRequest(
        Cadence.DAILY, (day,) if day else (), (audience,) if audience else (), send
    )
    results = make_on_schedule(context, configuration, request, at, now, scheduled=scheduled)
    return summary(results, error)
