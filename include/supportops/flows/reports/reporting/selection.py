"""Step 1 of a report: which reports are made, about which periods, for whom, as of when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from supportops.config.configuration import Configuration
from supportops.config.findings.raised import customers_named
from supportops.config.reports import audience_of_customer
from supportops.names import recognised, suggestion
from supportops.reports.audience import Audience
from supportops.reports.period import (
    Cadence,
    IsWorkingDay,
    Period,
    earlier,
    month_before,
    months_before,
    parse,
    report_instant,
    week_before,
    with_days_off,
    working_day_before,
)
from supportops.sla.calendar.business_hours import BusinessHours

WEEKS_SHOWN = 13
"""Of a trend, the report's own week included."""


class ReportError(ValueError):
    """The requested reports cannot be made; one line that says what to do."""


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Reports about these `labels` (none: the last period that is over), for these `audiences`
    (none: all that get them).

    `customers`: those whose monthly report it is about, by any of their names, in place of
    `audiences`. `send` issues them; `again` issues a corrected edition of what was issued before.
    `bare` drafts hold mail and page alone: in a backfill of a year the workbooks would cost more
    than all its figures. `careful`: a customer's month of which little was watched, or
    whose ticket data is old, waits for approval, whatever the file says.
    """

    cadence: Cadence
    labels: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    send: bool = False
    again: bool = False
    bare: bool = False
    customers: tuple[str, ...] = ()
    careful: bool = False


@dataclass(frozen=True, slots=True)
class FactsRequest:
    """Facts about `period` as known at `as_of`, an aware instant.

    `due_only`: nothing but the clocks that fell due in the period, or would have, had their
    ticket not been merged or deleted; without subjects.
    """

    period: Period
    as_of: datetime
    due_only: bool = False


@dataclass(frozen=True, slots=True)
class ReportJob:
    """One report to be made.

    `facts`: what it is made from. `earlier`: the periods of its trend before it, oldest first, each
    as of the instant of its own report, and of clocks that fell due alone. Of a customer's month
    these are the whole facts of the months of its year before it.
    """

    audience: Audience
    facts: FactsRequest
    earlier: tuple[FactsRequest, ...] = ()

    @property
    def period(self) -> Period:
        """What the report is about."""
        return self.facts.period

    @property
    def name(self) -> tuple[Cadence, str, str]:
        """What the store knows it by: cadence, period, audience."""
        return self.period.cadence, self.period.label, self.audience.name


def select_jobs(
    configuration: Configuration, request: ReportRequest, at: datetime
) -> list[ReportJob]:
    """The reports of a request as of `at` at the latest, by period, then in the order of
    reports.yaml.

    Raises ReportError where the configuration promises nothing, for an audience that does not get
    this report, and for a period that does not exist, has not begun, or is to be sent too early.
    """
    if configuration.promises is None:
        raise ReportError("service_levels.yaml makes no promises: it has no `policies`")
    is_working_day = working_days(configuration.office)
    jobs = [
        _job(audience, period, is_working_day, at)
        for audience in _audiences(configuration, request)
        for period in _periods(request, audience.zone, is_working_day, at)
    ]
    return sorted(jobs, key=lambda job: job.period.label)


def _audiences(configuration: Configuration, request: ReportRequest) -> list[Audience]:
    cadence = request.cadence
    if request.customers:
        return _of_customers(configuration, request)
    known = {each.name: each for each in configuration.reports.of(cadence)}
    for name in request.audiences:
        if name not in known:
            names = ", ".join(known) or "none"
            raise ReportError(
                f"no audience {name!r} gets the {cadence} report; reports.yaml names {names}"
            )
    return [known[name] for name in dict.fromkeys(request.audiences or known)]


def _of_customers(configuration: Configuration, request: ReportRequest) -> list[Audience]:
    """Of customers by any of their names; a draft is made for everybody, also unasked."""
    known, found = customers_named(configuration), dict[str, Audience]()
    asked = {each.customer for each in configuration.reports.of(request.cadence)}
    for written in request.customers:
        customer = configuration.customers.get(written)
        name = recognised(customer.name, known)
        if name is None:
            hint = suggestion(written, known)
            raise ReportError(f"no customer {written!r}" + (f"; {hint}" if hint else ""))
        if request.send and name not in asked:
            raise ReportError(
                f"{name} is sent no monthly report: name it among its `reports` in customers.yaml"
            )
        agency = configuration.customers.agency
        audience = audience_of_customer(replace(customer, name=name), configuration.reports, agency)
        found[audience.name] = audience
    return list(found.values())


def _periods(
    request: ReportRequest, zone: str, is_working_day: IsWorkingDay, at: datetime
) -> list[Period]:
    try:
        periods = [
            with_days_off(parse(request.cadence, label, zone), is_working_day)
            for label in dict.fromkeys(request.labels)
        ]
    except ValueError as error:
        raise ReportError(str(error)) from None
    for period in periods:
        if period.start >= at:
            raise ReportError(f"{period.label} has not begun: choose one that has")
        # What was issued stays: half a week would stand where the whole one belongs.
        if request.send and period.end > at:
            until = period.end.astimezone(ZoneInfo(zone))
            raise ReportError(
                f"{period.label} is not over before {until:%Y-%m-%d %H:%M}: keep a draft, and "
                "send it then"
            )
    if periods:
        return periods
    if request.cadence is Cadence.WEEKLY:
        return [week_before(at, zone)]
    if request.cadence is Cadence.MONTHLY:
        return [month_before(at, zone)]
    return [working_day_before(at, zone, is_working_day)]


def _job(
    audience: Audience, period: Period, is_working_day: IsWorkingDay, at: datetime
) -> ReportJob:
    def as_of(period: Period) -> datetime:
        return min(report_instant(period, is_working_day), at)

    whole = FactsRequest(period, as_of(period))
    if audience.brand is not None:
        months = months_before(period) if period.cadence is Cadence.MONTHLY else ()
        return ReportJob(audience, whole, tuple(FactsRequest(m, as_of(m)) for m in months))
    weekly = period.cadence is Cadence.WEEKLY
    weeks = earlier(period, WEEKS_SHOWN - 1, is_working_day) if weekly else ()
    trend = tuple(FactsRequest(each, as_of(each), due_only=True) for each in weeks)
    return ReportJob(audience, whole, trend)


def working_days(office: BusinessHours) -> IsWorkingDay:
    """Whether the office opens on a date."""

    def is_working_day(day: date) -> bool:
        midnight = datetime.combine(day, time(), office.zone)
        return office.next_open(midnight).astimezone(office.zone).date() == day

    return is_working_day


def labels_between(
    cadence: Cadence, first: str, last: str, is_working_day: IsWorkingDay
) -> tuple[str, ...]:
    """The labels of the months, weeks, or working days, from `first` to `last`, both included.

    Raises ReportError where one names no period, or `last` comes before `first`.
    """
    try:
        begin, end = (parse(cadence, label, "UTC").first_day for label in (first, last))
    except ValueError as error:
        raise ReportError(str(error)) from None
    if end < begin:
        raise ReportError(f"{last} comes before {first}: give the earlier one first")
    if cadence is Cadence.MONTHLY:
        months = range(12 * begin.year + begin.month - 1, 12 * end.year + end.month)
        return tuple(f"{n // 12:04}-{n % 12 + 1:02}" for n in months)
    step = timedelta(days=7 if cadence is Cadence.WEEKLY else 1)
    days = [begin + n * step for n in range((end - begin) // step + 1)]
    if cadence is Cadence.DAILY:
        return tuple(day.isoformat() for day in days if is_working_day(day))
    weeks = (day.isocalendar() for day in days)
    return tuple(f"{week.year}-W{week.week:02}" for week in weeks)
