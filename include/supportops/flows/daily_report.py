"""The daily report: the last working day, and the days of rest since, and what is at risk today."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from supportops.context import Context
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.reporting.tasks import Wanted, works
from supportops.flows.weekly_report import issue, summary
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

    On a day without work nothing is made unless `day` is named: `note` says so. The next working
    day's report is about it too.
    """
    configuration, error = load_or_last_good(context.engine, context.config, now)
    today = at.astimezone(configuration.office.zone).date()
    if day is None and not works(configuration.office)(today):
        return summary([], error, "no working day")
    wanted = Wanted(Cadence.DAILY, (day,) if day else (), (audience,) if audience else (), send)
    made = issue(context.engine, configuration, wanted, at, now, scheduled=scheduled)
    return summary(made, error)
