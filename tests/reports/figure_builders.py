"""A whole report's figures, as a small agency would have them, for the tests of documents.

    figures()                          # week 47 of 2026, all customers
    figures(cadence=Cadence.DAILY)     # Friday the 20th, no trend, no restatements
    figures(of="Bramley Books")        # one customer's report, nobody else in it
    figures(hostile=True)              # the same counts, every text a hostile one
    figures(stale=True, sites=())      # any field of `Figures` changed
    figures(**EMPTY)                   # a week in which nothing happened

All counts agree with each other: lines are added up from one list of promises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reports.hostile_texts import made_hostile
from reports.site_builders import incidents, site, uptimes
from reports.small_agency import (
    AS_OF,
    ASSIGNEES,
    BOOKS,
    CUSTOMERS,
    DAY,
    HOUR,
    PERIODS,
    RISK_UNTIL,
    SITES,
    SUBJECTS,
    TARGETS,
)
from reports.trend_builders import restatements, trends
from supportops.reports.figures import (
    Attainment,
    By,
    Clock,
    Delivered,
    Figures,
    LeftOut,
    Promises,
    Quantile,
    TicketReason,
    TicketTimes,
    Times,
    Volume,
)
from supportops.reports.measuring.proportion import attainment
from supportops.reports.period import Cadence

# Tier, metric, target in open seconds; then due, met, and overdue by `as_of`, in a week and a day.
KEPT: dict[Cadence, tuple[tuple[str, str, float, int, int, int], ...]] = {
    Cadence.WEEKLY: (
        ("user_support", "first_reply_time", 24 * HOUR, 41, 40, 0),
        ("user_support", "next_reply_time", 24 * HOUR, 22, 21, 1),
        ("bug_fix", "first_reply_time", 8 * HOUR, 23, 21, 1),
        ("bug_fix", "update_time", 8 * HOUR, 31, 27, 1),
        ("bug_fix", "resolution_time", 16 * HOUR, 12, 11, 1),
        ("mission_critical", "first_reply_time", 900.0, 4, 3, 0),
        ("mission_critical", "update_time", HOUR, 8, 8, 0),
    ),
    Cadence.DAILY: (
        ("user_support", "first_reply_time", 24 * HOUR, 9, 9, 0),
        ("bug_fix", "first_reply_time", 8 * HOUR, 6, 5, 1),
        ("bug_fix", "update_time", 8 * HOUR, 7, 6, 0),
        ("bug_fix", "resolution_time", 16 * HOUR, 3, 3, 0),
        ("mission_critical", "first_reply_time", 900.0, 1, 0, 0),
    ),
}
KEPT[Cadence.MONTHLY] = KEPT[Cadence.WEEKLY]
MOST_AT_RISK = 6
EMPTY: dict[str, Any] = {
    "promises": (Promises(By.ALL, None, None, Attainment(0, 0), None, None, 0, 0, 0, None),),
    "ticket_times": (),
    "volumes": (Volume(By.ALL, None, 0, 0, 0, 0, 0, (0, 0, 0, 0), None),),
    "open_breaches": (),
    "breaches": (),
    "at_risk": (),
    "sites": (),
    "uptimes": (),
    "incidents": (),
    "detection_median": None,
    "recovery_median": None,
    "delivered": (),
    "trends": (),
    "restatements": (),
    "left_out": LeftOut(0, 0, ()),
}


def clock(**changes: Any) -> Clock:
    """An open, overdue first reply to a bug report, unless said otherwise."""
    started = changes.pop("started_at", datetime(2026, 11, 18, 10, tzinfo=UTC))
    known: dict[str, Any] = {
        "source": "zendesk",
        "number": "4711",
        "subject": SUBJECTS[1],
        "customer": BOOKS,
        "site": "books",
        "assignee": ASSIGNEES[0],
        "tier": "bug_fix",
        "metric": "first_reply_time",
        "instance": 1,
        "policy": "2026-01/bug_fix",
        "state": "running",
        "started_at": started,
        "deadline": started + timedelta(days=1),
        "breached_at": started + timedelta(days=1),
        "ended_at": None,
        "open_seconds": 21 * HOUR,
        "calendar_seconds": 118 * HOUR,
        "target_seconds": 8 * HOUR,
        "overdue_by": 13 * HOUR,
    }
    return Clock(**known | changes)


@dataclass(frozen=True, slots=True)
class _Promise:
    customer: str
    site: str
    assignee: str | None
    tier: str
    metric: str
    target: float
    number: str
    subject: str
    met: bool
    overdue: bool


def figures(
    *,
    cadence: Cadence = Cadence.WEEKLY,
    of: str | None = None,
    hostile: bool = False,
    **changes: Any,
) -> Figures:
    """A full report; `of` makes it one customer's, and any field can be changed."""
    promises = [p for p in _promises(cadence) if of in (None, p.customer)]
    customers = CUSTOMERS if of is None else (of,)
    weekly = cadence is Cadence.WEEKLY
    as_of = AS_OF[cadence]
    whole = Figures(
        audience="managers" if of is None else "customer",
        customer=of,
        period=PERIODS[cadence],
        as_of=as_of,
        risk_until=RISK_UNTIL[cadence],
        data_until=as_of - timedelta(minutes=4),
        stale=False,
        policies=("2026-01",),
        promises=tuple(_lines(promises)),
        volumes=tuple(_volumes(promises, customers, weekly)),
        ticket_times=tuple(_ticket_times(promises)),
        open_breaches=tuple(_clock(p, as_of) for p in promises if p.overdue),
        breaches=tuple(_clock(p, as_of) for p in promises if not p.met),
        at_risk=tuple(_at_risk(promises, RISK_UNTIL[cadence])),
        sites=tuple(site(name, c) for c in customers for name in SITES[c]),
        uptimes=tuple(uptimes(customers)),
        incidents=tuple(each for each in incidents() if each.customer in customers),
        detection_median=340.0,
        recovery_median=1260.0,
        delivered=()
        if of
        else (
            Delivered("chat", 14, 1, 0, 22.0, 65.0),
            Delivered("email", 21, 3, 1, 48.0, 340.0),
            Delivered("sms", 2, 0, 0, 31.0, 33.0),
        ),
        trends=tuple(trends()) if weekly else (),
        restatements=tuple(restatements()) if weekly else (),
        left_out=LeftOut(
            3,
            1,
            () if of else (TicketReason("zendesk", "4402", "two events contradict each other"),),
        ),
    )
    return replace(made_hostile(whole) if hostile else whole, **changes)


def _promises(cadence: Cadence) -> list[_Promise]:
    """Customers take turns, and so do their sites and the assignees; the last of each are late."""
    made: list[_Promise] = []
    for tier, metric, target, due, met, overdue in KEPT[cadence]:
        for n in range(due):
            customer = CUSTOMERS[n % 3]
            sites = SITES[customer]
            site, assignee = sites[n // 3 % len(sites)], ASSIGNEES[n % len(ASSIGNEES)]
            number, subject = str(4100 + len(made)), SUBJECTS[n % len(SUBJECTS)]
            late = (n < met, n >= due - overdue)
            made.append(
                _Promise(customer, site, assignee, tier, metric, target, number, subject, *late)
            )
    return made


def _lines(promises: Sequence[_Promise]) -> Iterator[Promises]:
    key: dict[By, Callable[[_Promise], str | None]] = {
        By.TIER: lambda p: p.tier,
        By.CUSTOMER: lambda p: p.customer,
        By.SITE: lambda p: p.site,
        By.ASSIGNEE: lambda p: p.assignee,
        By.ALL: lambda p: None,
    }
    for by, of in key.items():
        for name in dict.fromkeys(of(p) for p in promises):
            group = [p for p in promises if of(p) == name]
            for metric in (*dict.fromkeys(p.metric for p in group), None):
                yield _line(by, name, metric, [p for p in group if metric in (None, p.metric)])


def _line(by: By, name: str | None, metric: str | None, group: Sequence[_Promise]) -> Promises:
    n, overdue = len(group), sum(p.overdue for p in group)
    aim, open_ = group[0].target, overdue + (n + 2) // 5
    late = Quantile(None, 6.5 * aim) if n < 5 else Quantile(0.9 * aim)
    return Promises(
        by,
        name,
        metric,
        attainment(
            n, sum(p.met for p in group), TARGETS.get(name or "") if by is By.TIER else None
        ),
        business=Times(n, open_, Quantile(0.3 * aim), late) if metric else None,
        calendar=Times(n, open_, Quantile(1.1 * aim), replace(late, over=late.over and 20 * aim))
        if metric
        else None,
        open=open_,
        at_risk=min(n, MOST_AT_RISK) if by is By.ALL else (n + 2) // 15,
        overdue=overdue,
        oldest=3.2 * DAY if open_ else None,
    )


def _ticket_times(promises: Sequence[_Promise]) -> Iterator[TicketTimes]:
    """A third of each tier's promises were of new tickets."""
    lines = [(By.TIER, tier) for tier in dict.fromkeys(p.tier for p in promises)]
    for by, tier in (*lines, (By.ALL, None)):
        n = (sum(tier in (None, p.tier) for p in promises) + 2) // 3
        late = Quantile(None, 90 * HOUR) if n < 5 else Quantile(60 * HOUR)
        wait = Times(n, n // 4, Quantile(5 * HOUR), late)
        full = replace(wait, median=Quantile(11 * HOUR))
        felt = replace(full, median=Quantile(2.3 * DAY))
        yield TicketTimes(by, tier, full, felt, wait, replace(wait, median=Quantile(0.9 * DAY)))


def _volumes(
    promises: Sequence[_Promise], customers: Sequence[str], weekly: bool
) -> Iterator[Volume]:
    few = 1 if weekly else 0
    for n, tier in enumerate(dict.fromkeys(p.tier for p in promises)):
        arrived = sum(p.tier == tier for p in promises) // 2
        backlog = (2 + n, 3, 1, 4 * few)
        yield Volume(By.TIER, tier, arrived, arrived - 2, few, n, sum(backlog), backlog, 9.5 * DAY)
    for customer in customers:
        arrived = sum(p.customer == customer for p in promises) // 2
        yield Volume(By.CUSTOMER, customer, arrived, arrived, few, 1, 6, (3, 2, 1, 0), 4.1 * DAY)
    arrived = len(promises) // 2
    yield Volume(By.ALL, None, arrived, arrived - 6, 3 * few, 3, 30, (9, 9, 3, 9), 9.5 * DAY)


def _clock(promise: _Promise, as_of: datetime) -> Clock:
    started = as_of - timedelta(days=4, hours=int(promise.number) % 7)
    breached = started + timedelta(days=1)
    ended = None if promise.overdue else breached + timedelta(hours=3)
    past = 13 * HOUR if promise.overdue else 3 * HOUR
    return clock(
        **{name: getattr(promise, name) for name in ("customer", "site", "assignee", "tier")},
        number=promise.number,
        subject=promise.subject,
        metric=promise.metric,
        policy=f"2026-01/{promise.tier}",
        state="running" if promise.overdue else "fulfilled",
        started_at=started,
        deadline=breached,
        breached_at=breached,
        ended_at=ended,
        open_seconds=promise.target + past,
        calendar_seconds=((ended or as_of) - started).total_seconds(),
        target_seconds=promise.target,
        overdue_by=past,
    )


def _at_risk(promises: Sequence[_Promise], until: datetime) -> Iterator[Clock]:
    for n, promise in enumerate(promises[:MOST_AT_RISK]):
        deadline = until - timedelta(hours=14 - n)
        yield replace(
            _clock(promise, until - timedelta(hours=16)),
            number=str(4500 + n),
            state="running",
            deadline=deadline,
            breached_at=None,
            ended_at=None,
            started_at=deadline - timedelta(days=3),
            open_seconds=promise.target - 2 * HOUR - n,
            overdue_by=-2 * HOUR - n,
        )
