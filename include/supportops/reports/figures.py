"""Every figure of one report for one audience: what is issued, stored, and compared later.

Frozen values, computed once from the facts. Instants are aware UTC, durations seconds, shares of
one. Texts come from tickets, sites and operators: hostile until a document escapes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from supportops.reports.facts import Tutorials
from supportops.reports.period import Period

FEW = 20
"""With fewer promises due a share means nothing: counts only, and no colour."""


class By(StrEnum):
    """What lines are grouped by; ALL is one line over everything."""

    TIER = "tier"
    CUSTOMER = "customer"
    SITE = "site"
    ASSIGNEE = "assignee"
    ALL = "all"


class _Share:
    """What follows from how many promises were due and met."""

    __slots__ = ()
    due: int
    met: int

    @property
    def share(self) -> float | None:
        """Met of due, between 0 and 1; None where nothing was due."""
        return self.met / self.due if self.due else None

    @property
    def few(self) -> bool:
        """Too few for the share to mean anything."""
        return self.due < FEW


@dataclass(frozen=True, slots=True)
class Attainment(_Share):
    """Promises that fell due in the period and how many were met.

    `low`, `high`: the Wilson 95 % interval of the share, None where nothing was due. `target`: the
    share that the agency set itself, None where it set none.
    """

    due: int
    met: int
    low: float | None = None
    high: float | None = None
    target: float | None = None

    @property
    def breached(self) -> int:
        """Promises that were not met."""
        return self.due - self.met


@dataclass(frozen=True, slots=True)
class Quantile:
    """Seconds by which that part was done; None where it is not reached yet.

    `over` is then the longest wait seen so far: the answer is more than that. Both are None where
    nothing was measured.
    """

    seconds: float | None
    over: float | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took, by Kaplan-Meier over the clocks that started in the period.

    `n` started, `unfinished` of them were still open at `as_of` (censored there).
    """

    n: int
    unfinished: int
    median: Quantile
    p90: Quantile


@dataclass(frozen=True, slots=True)
class Promises:
    """One line: how promises of a group were kept, by one metric or (None) by all together.

    `business` counts the promise's open time, `calendar` the time that the customer waited.
    `promised`: whether any of it has a deadline; a metric without one is measured alone. As of
    `as_of`: `open` clocks (on a line over all metrics only promised ones), `at_risk` that fall due
    soon, `overdue` ones, and `oldest`, the longest that an open clock has run in calendar time.
    Times are None on a line over all metrics: medians of different things do not mix.
    """

    by: By
    name: str | None
    metric: str | None
    attainment: Attainment
    business: Times | None
    calendar: Times | None
    open: int
    at_risk: int
    overdue: int
    oldest: float | None
    promised: bool = True


@dataclass(frozen=True, slots=True)
class TicketTimes:
    """How long the whole tickets of a group took that were created in the period, by Kaplan-Meier.

    `full_resolution`: from the creation to the last solution. `requester_wait`: the part of it in
    which a ticket was new, open or on hold; of tickets that a customer created. Zendesk's metrics
    of these names, and no promise's clock. Each on the business hours of the tickets' promises and
    on the calendar. Merged and deleted tickets count nowhere.
    """

    by: By
    name: str | None
    full_resolution_business: Times
    full_resolution_calendar: Times
    requester_wait_business: Times
    requester_wait_calendar: Times


@dataclass(frozen=True, slots=True)
class Volume:
    """One line of tickets: what came and went in the period, and what is open at `as_of`.

    `backlog`: open tickets aged under 1 day, 1-3, 3-7, and over 7 days. `oldest`: seconds.
    """

    by: By
    name: str | None
    arrived: int
    solved: int
    reopened: int
    reassigned: int
    open: int
    backlog: tuple[int, int, int, int]
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise of one ticket, for the lists of breaches and of what is at risk.

    `overdue_by`: open time past the deadline, negative before it; the promise's time. `cause` and
    `note`: as people noted of the ticket, empty where they did not.
    """

    source: str
    number: str
    subject: str
    customer: str | None
    site: str | None
    assignee: str | None
    tier: str
    metric: str
    instance: int
    policy: str | None
    state: str
    started_at: datetime
    deadline: datetime | None
    breached_at: datetime | None
    ended_at: datetime | None
    open_seconds: float
    calendar_seconds: float
    target_seconds: float | None
    overdue_by: float | None
    cause: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class SiteLine:
    """One site. `up_share` of the time that was seen; None where that was less than half.

    `since` and `until`: when it was added and removed, where that was in the period.

    `budget_seconds`: how much longer it might have been down under its target, negative when it
    was down longer; None without a target. `resolution_seconds`: nothing shorter can be seen.
    `degraded_seconds`: the part of the time up in which many requests failed; `degraded_share` is
    that of the time that was seen, None where `up_share` is.
    """

    site: str
    customer: str
    up_share: float | None
    unknown_share: float
    down_seconds: float
    maintenance_seconds: float
    checks: int
    outages: int
    target: float | None
    budget_seconds: float | None
    resolution_seconds: float
    since: datetime | None = None
    until: datetime | None = None
    degraded_seconds: float = 0.0
    degraded_share: float | None = None


@dataclass(frozen=True, slots=True)
class Uptime:
    """All sites of one customer (or, with None, all of them) together, weighted by time.

    Degraded time as in `SiteLine`.
    """

    customer: str | None
    sites: int
    up_share: float | None
    unknown_share: float
    down_seconds: float
    checks: int
    outages: int
    degraded_seconds: float = 0.0
    degraded_share: float | None = None


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident of one site. `seconds` counts to its end, or to `as_of` while it lasts.

    Of an outage it counts the time down, without maintenance and unknown time; `down_seconds` is
    how much of that lies in the period. `detected_after`: from the first failed check until it was
    confirmed. `cause` and `note` as in `Clock`.
    """

    key: str
    kind: str
    site: str
    customer: str | None
    reason: str
    started_at: datetime
    ended_at: datetime | None
    seconds: float
    detected_after: float
    down_seconds: float = 0.0
    cause: str = ""
    note: str = ""
    done: str = ""  # what was done about it, in words for customers


@dataclass(frozen=True, slots=True)
class Delivered:
    """Messages by channel: handed over, failed attempts, never handed over; cause to delivery."""

    channel: str
    handed_over: int
    failed_attempts: int
    undelivered: int
    median: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Point(_Share):
    """One period of a trend. `issued`: as a report said it; else computed for this one."""

    label: str
    due: int
    met: int
    issued: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """Attainment over periods, the last one this report's, as an XmR chart.

    `mean`, `low`, `high`: the natural limits (mean +- 2.66 x the mean moving range, within 0 and
    1), None while there are too few periods to tell. `signals`: places in `points` that chance
    does not explain. Periods with few promises take no part.
    """

    by: By
    name: str | None
    points: tuple[Point, ...]
    mean: float | None
    low: float | None
    high: float | None
    signals: tuple[int, ...]
    target: float | None


@dataclass(frozen=True, slots=True)
class TicketReason:
    """A ticket that changed an issued figure, and why, in a few words."""

    source: str
    number: str
    why: str


SERVICE_LEVELS = "service levels"


@dataclass(frozen=True, slots=True)
class Restatement:
    """An issued figure that is another one as known today. `tier` None: all tiers together.

    `rules`: what of service_levels.yaml was changed since and judges that time otherwise, such as
    "calendar office", for a customer SERVICE_LEVELS alone; none where it judges it by the same.
    """

    label: str
    tier: str | None
    issued: Attainment
    now: Attainment
    because: tuple[TicketReason, ...]
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What no figure counts: tickets merged or deleted in the period, and those without clocks.

    `broken`: promises broken in the period whose ticket was merged or deleted after that.
    """

    merged: int
    deleted: int
    unjudged: tuple[TicketReason, ...]
    broken: int = 0


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One ticket of a customer's month: solved in it, or open at `as_of` (`solved_at` None).

    `answered_after`: open time until the first reply, None where there was none or no promise of
    one. `solved_after`: from the creation to the last solution, in business and in calendar time.
    `due_metric`: of an open ticket what is due next, by the metric of its clock; `due_at` None
    while it waits for the customer.
    """

    source: str
    number: str
    subject: str
    site: str | None
    tier: str
    created_at: datetime | None
    solved_at: datetime | None
    answered_after: float | None
    solved_after_business: float | None
    solved_after: float | None
    due_metric: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A certificate or a domain that ends soon."""

    kind: str
    site: str
    name: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class MonthSums:
    """What adds up over months: seconds of all sites together, promises and tickets.

    `label`: "2026-11". `issued`: as that month's own report said it.
    """

    label: str
    sites: int
    up_seconds: float
    down_seconds: float
    unknown_seconds: float
    outages: int
    due: int
    met: int
    arrived: int
    solved: int
    issued: bool = False

    @property
    def up_share(self) -> float | None:
        """Of the time that was seen; None where that was less than half."""
        seen = self.up_seconds + self.down_seconds
        return self.up_seconds / seen if seen and seen >= self.unknown_seconds else None


@dataclass(frozen=True, slots=True)
class Month:
    """What the report of a customer's month has beside the figures of every report.

    `solved`: in the order of their solution. `waiting`: open tickets, the oldest first. `ahead`:
    what ends within `AHEAD_DAYS`, the next one first; `watched`: of how many certificates and
    domains. `year`: the months of the year so far, this one last. `unknown`: domains of whose
    registration nobody knows when it ends, by name.
    """

    solved: tuple[TicketLine, ...]
    waiting: tuple[TicketLine, ...]
    ahead: tuple[Ahead, ...]
    watched: int
    year: tuple[MonthSums, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """One report. `promises` holds, for each `By` asked for, a line per name and metric and one
    over all metrics; tiers first, ALL last. `ticket_times`: a line a tier, and one over all of
    them where several have one. `breaches` fell due in the period, `open_breaches` are
    open at `as_of` whenever they fell due, `at_risk` fall due soonest first.
    """

    audience: str
    customer: str | None  # set where the report is about this customer alone
    period: Period
    as_of: datetime
    risk_until: datetime
    data_until: datetime | None
    stale: bool
    policies: tuple[str, ...]
    promises: tuple[Promises, ...]
    volumes: tuple[Volume, ...]
    open_breaches: tuple[Clock, ...]
    breaches: tuple[Clock, ...]
    at_risk: tuple[Clock, ...]
    sites: tuple[SiteLine, ...]
    uptimes: tuple[Uptime, ...]
    incidents: tuple[IncidentLine, ...]
    detection_median: float | None
    recovery_median: float | None
    delivered: tuple[Delivered, ...]
    trends: tuple[Trend, ...]
    restatements: tuple[Restatement, ...]
    left_out: LeftOut
    tiers: tuple[str, ...] = ()  # that it is about alone; empty: all
    ticket_times: tuple[TicketTimes, ...] = ()
    month: Month | None = None  # of a customer's month
    tutorials: Tutorials | None = None

    def line(self, by: By, name: str | None, metric: str | None = None) -> Promises | None:
        """The line of a group by one metric, or over all of them."""
        found = (p for p in self.promises if (p.by, p.name, p.metric) == (by, name, metric))
        return next(found, None)
