"""The weekly report: how a week's promises were kept, and how the weeks before compare."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from supportops.context import Context
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.reports.report import NEEDS, ReportRequest, make_on_schedule, summary
from supportops.reports.period import Cadence


def run(
    context: Context,
    at: datetime,
    now: datetime,
    *,
    week: str | None = None,
    audience: str | None = None,
    send: bool = False,
    scheduled: bool = False,
) -> dict[str, Any]:
    """Makes the report on `week` ("2026-W47"), or on the last one that is over at `at`, for one
    `audience` or for all that get it; sends it with `send`, or if it is due (`scheduled`).

    Answers what became of each, `sent` as a count and `troubles`. Raises ReportError, or
    ConfigurationError where there is no usable version of a file that a report needs.
    """
    configuration, error = load_or_last_good(context.engine, context.config, now, NEEDS)
    request = ReportRequest(
        Cadence.WEEKLY, (week,) if week else (), (audience,) if audience else (), send
    )
    results = make_on_schedule(context, configuration, request, at, now, scheduled=scheduled)
    return summary(results, error)
