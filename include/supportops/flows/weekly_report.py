"""The weekly report: how a week's promises were kept, and how the weeks before compare."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Engine

from supportops.config.snapshots import first_taken_up
from supportops.db.engine import reading
from supportops.flows.in_force import take_up
from supportops.flows.report_making import make
from supportops.flows.report_tasks import Wanted
from supportops.reports.period import Cadence


class Place(Protocol):
    """What `supportops.bootstrap.Workplace` is."""

    @property
    def engine(self) -> Engine: ...
    @property
    def config(self) -> Path: ...


def run(
    place: Place,
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
    return report(place, wanted, at, now, scheduled=scheduled)


def report(
    place: Place, wanted: Wanted, at: datetime, now: datetime, *, scheduled: bool
) -> dict[str, Any]:
    """What is wanted, by the configuration in force.

    A schedule makes up for the last time it missed, also for one before anything was installed:
    of that a draft is kept, since nobody waited for it.
    """
    with reading(place.engine) as connection:
        began = first_taken_up(connection)
    configuration, error = take_up(place.engine, place.config, now)
    send = wanted.send or (scheduled and began is not None and began <= at)
    made = make(place.engine, configuration, replace(wanted, send=send), at, now)
    return {
        "reports": [each.to_json() for each in made],
        "sent": sum(each.state == "sent" for each in made),
        "troubles": [trouble for each in made for trouble in each.troubles],
        "faults": [str(fault) for fault in error.faults] if error else [],
    }
