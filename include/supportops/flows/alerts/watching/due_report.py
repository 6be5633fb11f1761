"""Which report was due last, by when it should have been sent, and about which period it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import assert_never
from zoneinfo import ZoneInfo

from supportops.alerts.alert import Kind
from supportops.config.configuration import Configuration
from supportops.flows.reports.reporting.selection import working_days
from supportops.reports.period import (
    LONGEST_CLOSURE,
    Cadence,
    IsWorkingDay,
    Period,
    month_before,
    report_instant,
    week_before,
    working_day_before,
)


@dataclass(frozen=True, slots=True)
class DueReport:
    """The report of a cadence that was due last: about which period, to be made from `made_at` and
    sent `by` when (aware instants)."""

    cadence: Cadence
    period: Period
    made_at: datetime
    by: datetime

    @property
    def key(self) -> str:
        """The key of the alert on this report: one, however often it is raised."""
        return f"{key_prefix(self.cadence)}{self.period.label}"

    @property
    def subject(self) -> str:
        """What the alert is about: "weekly report of 2026-W47"."""
        return f"{self.cadence} report of {self.period.label}"


def last_due(configuration: Configuration, cadence: Cadence, now: datetime) -> DueReport | None:
    """The report whose time to be sent `by` passed last; None where none is ever late.

    In the time zone of the plan: weekly on Mondays, daily on the days that the office opens,
    monthly on the first of these in a month.
    """
    plan, opens = configuration.reports, working_days(configuration.office)
    late_at = plan.late_at.get(cadence)
    if late_at is None or not plan.of(cadence):
        return None
    zone = ZoneInfo(plan.zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=n) for n in range(LONGEST_CLOSURE)):
        if not _sent_on(day, cadence, opens):
            continue
        period = period_about(cadence, datetime.combine(day, time(12), zone), plan.zone, opens)
        made_at = report_instant(period, opens)
        by = max(datetime.combine(day, late_at, zone).astimezone(UTC), made_at)
        if by <= now:
            return DueReport(cadence, period, made_at, by)
    return None


def period_about(cadence: Cadence, at: datetime, zone: str, opens: IsWorkingDay) -> Period:
    """The period that a report made at `at` is about, in the zone of its readers."""
    match cadence:
        case Cadence.WEEKLY:
            return week_before(at, zone)
        case Cadence.DAILY:
            return working_day_before(at, zone, opens)
        case Cadence.MONTHLY:
            return month_before(at, zone)
        case _:
            assert_never(cadence)


def _sent_on(day: date, cadence: Cadence, opens: IsWorkingDay) -> bool:
    match cadence:
        case Cadence.WEEKLY:
            return day.weekday() == 0
        case Cadence.DAILY:
            return opens(day)
        case Cadence.MONTHLY:
            return opens(day) and not any(opens(day.replace(day=n)) for n in range(1, day.day))
        case _:
            assert_never(cadence)


def key_prefix(cadence: Cadence) -> str:
    """What the keys of alerts on late reports of a cadence begin with."""
    return f"{Kind.REPORT_TROUBLE}:late:{cadence}:"
