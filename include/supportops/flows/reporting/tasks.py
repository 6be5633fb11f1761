"""Which reports are wanted: about which periods, for whom, as of when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from supportops.config.loader import Configuration
from supportops.reports.audience import Audience
from supportops.reports.period import (
    Cadence,
    Period,
    earlier,
    parse,
    report_instant,
    week_before,
    with_rest,
    working_day_before,
)
from supportops.sla.business_hours import BusinessHours

WEEKS_SHOWN = 13


class ReportError(ValueError):
    """What was asked for cannot be made; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports: about these `labels` (none: the last period that is over), for these
    audiences (none: all that get it). `send` issues them; `again` issues a corrected edition of
    what was issued before. `bare` drafts have nothing to attach: mail and page alone, for a
    backfill, since workbooks of a year nobody asked for cost more than all its figures.
    """

    cadence: Cadence
    labels: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    send: bool = False
    again: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One report to be made. `past`: the periods of its trend before it, oldest first."""

    audience: Audience
    period: Period
    as_of: datetime
    past: tuple[Period, ...]

    @property
    def name(self) -> tuple[Cadence, str, str]:
        """What the store knows it by: cadence, period, audience."""
        return self.period.cadence, self.period.label, self.audience.name


@dataclass(frozen=True, slots=True)
class Tasks:
    """What is wanted under a configuration, as of `at` at the latest."""

    configuration: Configuration
    wanted: Wanted
    at: datetime

    def all(self) -> list[Task]:
        """By period, then in the order of reports.yaml. Raises ReportError."""
        if self.configuration.promises is None:
            raise ReportError("service_levels.yaml makes no promises: it has no `policies`")
        found = [
            self._task(audience, period)
            for audience in self._audiences()
            for period in self._periods(audience)
        ]
        return sorted(found, key=lambda task: task.period.label)

    def instant(self, period: Period) -> datetime:
        """As of when a report on `period` is made."""
        return min(report_instant(period, self.works), self.at)

    @property
    def works(self) -> Callable[[date], bool]:
        return works(self.configuration.office)

    def _audiences(self) -> list[Audience]:
        cadence = self.wanted.cadence
        those = {each.name: each for each in self.configuration.reports.of(cadence)}
        for name in self.wanted.audiences:
            if name not in those:
                known = ", ".join(those) or "none"
                raise ReportError(
                    f"no audience {name!r} gets the {cadence} report; reports.yaml names {known}"
                )
        return [those[name] for name in dict.fromkeys(self.wanted.audiences or those)]

    def _periods(self, audience: Audience) -> list[Period]:
        cadence, zone = self.wanted.cadence, audience.zone
        try:
            labels = dict.fromkeys(self.wanted.labels)
            found = [with_rest(parse(cadence, label, zone), self.works) for label in labels]
        except ValueError as error:
            raise ReportError(str(error)) from None
        for period in found:
            if period.start >= self.at:
                raise ReportError(f"{period.label} has not begun: choose one that has")
            # What was issued stays: half a week would stand where the whole one belongs.
            if self.wanted.send and period.end > self.at:
                until = period.end.astimezone(ZoneInfo(zone))
                raise ReportError(
                    f"{period.label} is not over before {until:%Y-%m-%d %H:%M}: keep a draft, and "
                    "send it then"
                )
        if found:
            return found
        if cadence is Cadence.WEEKLY:
            return [week_before(self.at, zone)]
        return [working_day_before(self.at, zone, self.works)]

    def _task(self, audience: Audience, period: Period) -> Task:
        weekly = period.cadence is Cadence.WEEKLY
        past = earlier(period, WEEKS_SHOWN - 1, self.works) if weekly else ()
        return Task(audience, period, self.instant(period), past)


def works(office: BusinessHours) -> Callable[[date], bool]:
    """Tells of a day whether the office opens on it."""

    def opens(day: date) -> bool:
        midnight = datetime.combine(day, time(), office.zone)
        return office.next_open(midnight).astimezone(office.zone).date() == day

    return opens


def labels_between(
    cadence: Cadence, first: str, last: str, works: Callable[[date], bool]
) -> tuple[str, ...]:
    """The weeks, or the working days, from `first` to `last`, both included.

    Raises ReportError where one is none, or the last comes first.
    """
    try:
        begin, end = (parse(cadence, label, "UTC").first_day for label in (first, last))
    except ValueError as error:
        raise ReportError(str(error)) from None
    if end < begin:
        raise ReportError(f"{last} comes before {first}: give the earlier one first")
    step = timedelta(days=7 if cadence is Cadence.WEEKLY else 1)
    days = [begin + n * step for n in range((end - begin) // step + 1)]
    if cadence is Cadence.DAILY:
        return tuple(day.isoformat() for day in days if works(day))
    weeks = (day.isocalendar() for day in days)
    return tuple(f"{week.year}-W{week.week:02}" for week in weeks)
