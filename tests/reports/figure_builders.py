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
from math import sqrt
from typing import Any

from reports.hostile_texts import made_hostile
from supportops.reports.figures import (
    Because,
    By,
    Clock,
    Delivered,
    Figures,
    IncidentLine,
    Kept,
    LeftOut,
    Point,
    Promises,
    Quantile,
    Restatement,
    SiteLine,
    Times,
    Trend,
    Uptime,
    Volume,
)
from supportops.reports.period import Cadence, Period

HOUR, DAY = 3600.0, 86400.0
TIERS = ("user_support", "bug_fix", "mission_critical")
TARGETS = {"user_support": 0.9, "bug_fix": 0.95, "mission_critical": 0.99}
BOOKS, CINDER, DELFT = CUSTOMERS = ("Bramley Books", "Cinder & Sons Ltd", "Delft Pottery")
SITES = {BOOKS: ("books",), CINDER: ("cinder-press", "cinder-shop"), DELFT: ("delft",)}
ASSIGNEES = ("Ana Ruiz", "Joe O'Neill", None)
SUBJECTS = ("Cannot upload an image", "Checkout answers 500", "Site is down", "Video will not play")

WEEK = Period(
    Cadence.WEEKLY,
    "2026-W47",
    datetime(2026, 11, 16, tzinfo=UTC),
    datetime(2026, 11, 23, tzinfo=UTC),
    "Europe/London",
)
FRIDAY = Period(
    Cadence.DAILY,
    "2026-11-20",
    datetime(2026, 11, 20, tzinfo=UTC),
    datetime(2026, 11, 21, tzinfo=UTC),
    "Europe/London",
)
AS_OF = {
    Cadence.WEEKLY: datetime(2026, 11, 23, 8, tzinfo=UTC),
    Cadence.DAILY: datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
}
RISK_UNTIL = {
    Cadence.WEEKLY: datetime(2026, 11, 30, tzinfo=UTC),
    Cadence.DAILY: datetime(2026, 11, 24, tzinfo=UTC),
}
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
EMPTY: dict[str, Any] = {
    "promises": (Promises(By.ALL, None, None, Kept(0, 0), None, None, 0, 0, 0, None),),
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


def kept(due: int, met: int, target: float | None = None) -> Kept:
    """With its Wilson interval, as the handbook writes it."""
    if not due:
        return Kept(0, 0, target=target)
    z2, p = 1.959963984540054**2, met / due
    middle = (p + z2 / (2 * due)) / (1 + z2 / due)
    half = sqrt(z2 * (p * (1 - p) / due + z2 / (4 * due * due))) / (1 + z2 / due)
    return Kept(due, met, max(0.0, middle - half), min(1.0, middle + half), target)


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


def trend(name: str | None, shares: Sequence[tuple[int, int]], **changes: Any) -> Trend:
    """Weeks that end with week 47, each as (due, met); all but the last as issued."""
    last = len(shares) - 1
    points = tuple(
        Point(f"2026-W{47 - last + n}", due, met, issued=n != last)
        for n, (due, met) in enumerate(shares)
    )
    told = [p.met / p.due for p in points if not p.few]
    known: dict[str, Any] = {"mean": None, "low": None, "high": None, "signals": ()}
    if len(told) >= 6:
        mean = sum(told) / len(told)
        moving = sum(abs(a - b) for a, b in zip(told[1:], told, strict=False)) / (len(told) - 1)
        low, high = max(0.0, mean - 2.66 * moving), min(1.0, mean + 2.66 * moving)
        outside = (
            n for n, p in enumerate(points) if not p.few and not low <= p.met / p.due <= high
        )
        known = {"mean": mean, "low": low, "high": high, "signals": tuple(outside)}
    by = By.ALL if name is None else By.TIER
    return Trend(by, name, points, **{**known, "target": TARGETS.get(name or ""), **changes})


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
    told = Figures(
        audience="managers" if of is None else "customer",
        customer=of,
        period=WEEK if weekly else FRIDAY,
        as_of=as_of,
        risk_until=RISK_UNTIL[cadence],
        data_until=as_of - timedelta(minutes=4),
        stale=False,
        policies=("2026-01",),
        promises=tuple(_lines(promises)),
        volumes=tuple(_volumes(promises, customers, weekly)),
        open_breaches=tuple(_clock(p, as_of) for p in promises if p.overdue),
        breaches=tuple(_clock(p, as_of) for p in promises if not p.met),
        at_risk=tuple(_at_risk(promises, RISK_UNTIL[cadence])),
        sites=tuple(_site(name, c) for c in customers for name in SITES[c]),
        uptimes=tuple(_uptimes(customers)),
        incidents=tuple(each for each in _incidents() if each.customer in customers),
        detection_median=340.0,
        recovery_median=1260.0,
        delivered=()
        if of
        else (
            Delivered("chat", 14, 1, 0, 22.0, 65.0),
            Delivered("email", 21, 3, 1, 48.0, 340.0),
            Delivered("sms", 2, 0, 0, 31.0, 33.0),
        ),
        trends=tuple(_trends()) if weekly else (),
        restatements=tuple(_restatements()) if weekly else (),
        left_out=LeftOut(
            3, 1, () if of else (Because("zendesk", "4402", "two events contradict each other"),)
        ),
    )
    return replace(made_hostile(told) if hostile else told, **changes)


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
        kept(n, sum(p.met for p in group), TARGETS.get(name or "") if by is By.TIER else None),
        business=Times(n, open_, Quantile(0.3 * aim), late) if metric else None,
        calendar=Times(n, open_, Quantile(1.1 * aim), replace(late, over=late.over and 20 * aim))
        if metric
        else None,
        open=open_,
        at_risk=(n + 2) // 15,
        overdue=overdue,
        oldest=3.2 * DAY if open_ else None,
    )


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
    for n, promise in enumerate(promises[:6]):
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


def _site(name: str, customer: str) -> SiteLine:
    """`cinder-shop` was down longer than it may, `delft` was not seen at all."""
    seen = 0.0 if name == "delft" else 7 * DAY - 2 * HOUR
    down = {"cinder-shop": 2520.0, "books": 300.0}.get(name, 0.0)
    return SiteLine(
        name,
        customer,
        up_share=1 - down / seen if seen else None,
        unknown_share=1 - seen / (7 * DAY),
        down_seconds=down,
        maintenance_seconds=1800.0 if name == "books" else 0.0,
        checks=2010 if seen else 0,
        outages=1 if down else 0,
        target=None if name == "cinder-press" else 0.999,
        budget_seconds=None if name == "cinder-press" else 0.001 * seen - down,
        resolution_seconds=300.0,
    )


def _uptimes(customers: Sequence[str]) -> Iterator[Uptime]:
    for customer in (*customers, None):
        mine = customers if customer is None else (customer,)
        lines = [_site(name, each) for each in mine for name in SITES[each]]
        down, checks = sum(s.down_seconds for s in lines), sum(s.checks for s in lines)
        seen = sum(1 - s.unknown_share for s in lines) * 7 * DAY
        yield Uptime(
            customer,
            len(lines),
            1 - down / seen if seen else None,
            1 - seen / (7 * DAY * len(lines)),
            down,
            checks,
            sum(s.outages for s in lines),
        )


def _incidents() -> Iterator[IncidentLine]:
    at = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
    rows = (
        ("books", BOOKS, "outage", "timeout", 5, True),
        ("cinder-shop", CINDER, "outage", "connection refused", 42, True),
        ("cinder-press", CINDER, "certificate", "expires in 6 days", 2 * 1440, False),
    )
    for site, customer, kind, reason, minutes, over in rows:
        end = at + timedelta(minutes=minutes)
        key = f"{kind}:{site}:{at:%Y%m%dT%H%M}"
        yield IncidentLine(
            key, kind, site, customer, reason, at, end if over else None, minutes * 60.0, 340.0
        )


def _trends() -> Iterator[Trend]:
    """User support wanders, bug fixes fell in week 44, mission critical is too little to tell."""
    wander = (0.97, 0.95, 0.98, 0.96, 0.94, 0.97, 0.96, 0.98, 0.95, 0.97, 0.96, 0.95)
    support = [(60, round(60 * share)) for share in wander] + [(63, 61)]
    fixes = [(50, 47), (48, 45), (52, 49), (15, 14), (55, 52), (50, 47), (49, 46), (51, 48)]
    fixes += [(53, 50), (50, 29), (47, 44), (52, 49), (66, 59)]
    critical = [(n % 5, n % 5) for n in range(12)] + [(12, 11)]
    yield trend("user_support", support)
    yield trend("bug_fix", fixes)
    yield trend("mission_critical", critical)
    added = zip(support, fixes, critical, strict=True)
    yield trend(None, [(sum(d for d, _ in row), sum(m for _, m in row)) for row in added])


def _restatements() -> Iterator[Restatement]:
    why = (Because("zendesk", "4123", "merged"), Because("zendesk", "4007", "was late after all"))
    yield Restatement("2026-W46", "bug_fix", kept(52, 49, 0.95), kept(51, 47, 0.95), why)
    yield Restatement("2026-W46", None, kept(117, 110), kept(116, 108), why)
