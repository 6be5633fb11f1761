"""The monthly report: customers' months, and how promises were kept in them.

A schedule of DAGs cannot tell the office's first working day of a month, so the DAG runs each day:
from the instant on at which the report is due, and for a few days to make up for missed runs,
this makes what was not made yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.reports.report import NEEDS, ReportRequest, make_on_schedule, summary
from supportops.flows.reports.reporting.selection import working_days
from supportops.reports.period import Cadence, month_before, report_instant

_NEEDS = (*NEEDS, File.CUSTOMERS)
MADE_UP_FOR = timedelta(days=5)
"""After this a report that was missed is not sent by itself: a customer who is added later gets no
report on a month that was over by then."""


def run(
    context: Context,
    at: datetime,
    now: datetime,
    *,
    month: str | None = None,
    audience: str | None = None,
    customer: str | None = None,
    send: bool = False,
    scheduled: bool = False,
) -> dict[str, Any]:
    """Makes the report on `month` ("2026-11"), or on the last one that is over at `at`, for one
    `customer` or `audience` or for all that get it; see `weekly_report.run`.

    On schedule nothing is made but on the first working day of a month and, where that was missed,
    in the days after it: `note` says so.
    """
    configuration, error = load_or_last_good(context.engine, context.config, now, _NEEDS)
    if scheduled and not _is_due(configuration, at):
        return summary([], error, "not due today")
    request = ReportRequest(
        Cadence.MONTHLY,
        (month,) if month else (),
        (audience,) if audience else (),
        send,
        customers=(customer,) if customer else (),
    )
    results = make_on_schedule(context, configuration, request, at, now, scheduled=scheduled)
    return summary(results, error)


def _is_due(configuration: Configuration, at: datetime) -> bool:
    """Whether it is the report's first working day by now, and not much later.

    By its date in the reports' zone and not by its hour: the run comes once a day, on the office's
    clocks, and 09:00 of reports further west is after it.
    """
    zone = ZoneInfo(configuration.reports.zone)
    period = month_before(at, configuration.reports.zone)
    due = report_instant(period, working_days(configuration.office))
    reached = due <= at or due.astimezone(zone).date() == at.astimezone(zone).date()
    return reached and at < due + MADE_UP_FOR
