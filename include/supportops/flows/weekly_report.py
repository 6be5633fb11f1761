"""The weekly report: how a week's promises were kept, and how the weeks before compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from supportops.config.loader import Configuration
from supportops.config.snapshots import first_taken_up
from supportops.config.yaml_source import ConfigurationError
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.reporting.making import Made, make
from supportops.flows.reporting.tasks import Wanted
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
    `audience` or for all that get it; sends it if told to, or if its time has come (`scheduled`).

    Answers what became of each, `sent` as a count and `troubles`. Raises ReportError, or
    ConfigurationError where there never was a good configuration.
    """
    wanted = Wanted(Cadence.WEEKLY, (week,) if week else (), (audience,) if audience else (), send)
    configuration, error = load_or_last_good(context.engine, context.config, now)
    made = issue(context.engine, configuration, wanted, at, now, scheduled=scheduled)
    return summary(made, error)


def issue(
    engine: Engine,
    configuration: Configuration,
    wanted: Wanted,
    at: datetime,
    now: datetime,
    *,
    scheduled: bool,
) -> list[Made]:
    """What is wanted, by the configuration in force, sent also where its time has come.

    A schedule makes up for the last time it missed, also for one before anything was installed:
    of that a draft is kept, since nobody waited for it.
    """
    with reading(engine) as connection:
        began = first_taken_up(connection)
    send = wanted.send or (scheduled and began is not None and began <= at)
    return make(engine, configuration, replace(wanted, send=send), at, now)


def summary(
    made: Sequence[Made], error: ConfigurationError | None, note: str = ""
) -> dict[str, Any]:
    """What a run tells of its reports. `error`: why the folder's configuration is not in force."""
    return {
        "reports": [each.to_json() for each in made],
        "sent": sum(each.state == "sent" for each in made),
        "troubles": [trouble for each in made for trouble in each.troubles],
        "faults": [str(fault) for fault in error.faults] if error else [],
        "note": note,
    }
