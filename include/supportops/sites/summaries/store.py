"""Summaries of days in the store, and how far each site's log is folded into them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, select, update

from supportops.db.schema import MICROSECOND, pruned, site_days, site_folds
from supportops.db.statements import insert_new, insert_or_update
from supportops.sites.history import LAST, LONGEST_LEAD, Span
from supportops.sites.outages import CountedChecks
from supportops.sites.summaries.day import (
    ALL_UP,
    DAY,
    DaySummary,
    day_of,
    next_day,
    quarters_from_text,
    quarters_to_text,
)

_d, _f = site_days.c, site_folds.c
# More names than this in a question are left out of it, and all rows are read.
MOST_NAMES = 500


def folded_until(
    connection: Connection, names: Collection[str] | None = None
) -> dict[str, datetime]:
    """Up to which instant the log of each site, or of each of `names`, is folded; a site that
    never was is missing."""
    statement = select(_f.site, _f.until)
    if names is not None and len(names) <= MOST_NAMES:
        statement = statement.where(_f.site.in_(sorted(names)))
    rows = connection.execute(statement)
    return {row.site: row.until for row in rows}


def furthest(connection: Connection) -> datetime | None:
    """Up to which instant any site's log is folded; None where nothing is."""
    found: datetime | None = connection.execute(select(func.max(_f.until))).scalar()
    return found


def known_until(connection: Connection, as_of: datetime, start: datetime) -> datetime:
    """Up to which day since `start` summaries hold nothing but what was known at `as_of`; LAST
    where all of them do.

    Of a time whose checks were removed there is nothing else than its summaries, so those count
    with what became known later.
    """
    statement = select(func.min(_d.day)).where(_d.day > start - DAY, _d.known_at > as_of)
    found: datetime | None = connection.execute(statement).scalar()
    if found is None:
        return LAST
    return max(found, pruned_until(connection) or found)


def add_sites(connection: Connection, sites: Iterable[tuple[str, datetime]]) -> None:
    """Adds sites, each with the instant from which on its log is to be folded."""
    insert_new(connection, site_folds, [{"site": name, "until": at} for name, at in sites])


def keep(connection: Connection, days: Iterable[DaySummary]) -> None:
    """Stores summaries of days, in the place of those that there are."""
    rows = [
        {
            "day": each.day,
            "site": each.site,
            "customer": each.customer,
            "up": each.up // MICROSECOND,
            "degraded": each.degraded // MICROSECOND,
            "down": each.down // MICROSECOND,
            "maintenance": each.maintenance // MICROSECOND,
            "checks": each.checks,
            "hours": " ".join(map(str, each.hours)),
            "timeline": each.timeline,
            "known_at": each.known_at,
            "quarters": None
            if each.quarters is None
            else quarters_to_text(each.hours, each.quarters),
        }
        for each in days
    ]
    insert_or_update(connection, site_days, rows)


def move(connection: Connection, until: dict[str, datetime]) -> None:
    """Notes how far sites are folded now."""
    rows = [{"site": name, "until": at} for name, at in sorted(until.items())]
    insert_or_update(connection, site_folds, rows)


CHECKS = "checks"
"""The name of single checks in `pruned`."""


def pruned_until(connection: Connection) -> datetime | None:
    """Before which instant single checks were removed; None where all are there."""
    statement = select(pruned.c.until).where(pruned.c.what == CHECKS)
    found: datetime | None = connection.execute(statement).scalar()
    return found


def note_pruned(connection: Connection, until: datetime) -> None:
    """Notes that the checks before an instant were removed, or before a later one."""
    if insert_new(connection, pruned, [{"what": CHECKS, "until": until}]):
        return
    c = pruned.c
    # Of two prunings at once one is behind, and may be the one that is killed.
    later = update(pruned).where(c.what == CHECKS, c.until < until)
    connection.execute(later.values(until=until))


def reopen(connection: Connection, at: datetime) -> bool:
    """Forgets what was folded from the day of `at` on; returns whether anything was.

    For a run that was begun or judged after its hour was folded: its configuration or its checks
    may change what that hour means. What was folded from checks that were removed stays.
    """
    day = day_of(at)
    latest, removed = furthest(connection), pruned_until(connection)
    if latest is None or latest <= at or (removed is not None and day < removed + LONGEST_LEAD):
        return False
    connection.execute(delete(site_days).where(_d.day >= day))
    connection.execute(update(site_folds).where(_f.until > day).values(until=day))
    return True


def days(
    connection: Connection, start: datetime, end: datetime, names: Collection[str] | None = None
) -> list[DaySummary]:
    """Every summary of a day that begins in [start, end), in the order of days and sites."""
    statement = _of(select(site_days), names).where(_d.day >= start, _d.day < end)
    ordered = statement.order_by(_d.day, _d.site, _d.customer)
    return [_summary(row) for row in connection.execute(ordered).mappings()]


def has_quarters(connection: Connection, day: datetime) -> bool:
    """Whether the checks of each site of a day are counted by the quarter of an hour."""
    lacking = select(_d.site).where(_d.day == day, _d.quarters.is_(None)).limit(1)
    return connection.execute(lacking).first() is None


def timelines(
    connection: Connection, start: datetime, end: datetime, names: Collection[str] | None = None
) -> dict[str, list[tuple[datetime, str]]]:
    """The days since that of `start` and before `end` in which a site was not up all the time,
    with their timelines; by site, in order."""
    statement = (
        _of(select(_d.site, _d.day, _d.timeline).distinct(), names)
        .where(_d.day > start - DAY, _d.day < end, _d.timeline != ALL_UP)
        .order_by(_d.site, _d.day)
    )
    found: dict[str, list[tuple[datetime, str]]] = {}
    for site, day, timeline in connection.execute(statement):
        found.setdefault(site, []).append((day, timeline))
    return found


def checks(
    connection: Connection, start: datetime, end: datetime, names: Collection[str] | None = None
) -> dict[str, list[CountedChecks]]:
    """The checks of the whole days in [start, end), counted together; by site."""
    first, last = next_day(start), day_of(end)
    if first >= last:
        return {}
    statement = (
        _of(select(_d.site, _d.customer, func.sum(_d.checks)), names)
        .where(_d.day >= first, _d.day < last)
        .group_by(_d.site, _d.customer)
        .order_by(_d.site, _d.customer)
    )
    found: dict[str, list[CountedChecks]] = {}
    for site, customer, number in connection.execute(statement):
        found.setdefault(site, []).append(CountedChecks(Span(first, last), customer, int(number)))
    return found


def _of(statement: Select[Any], names: Collection[str] | None) -> Select[Any]:
    if names is None or len(names) > MOST_NAMES:
        return statement
    return statement.where(_d.site.in_(sorted(names)))


def _summary(row: RowMapping) -> DaySummary:
    hours, quarters = tuple(map(int, row["hours"].split())), row["quarters"]
    return DaySummary(
        site=row["site"],
        day=row["day"],
        customer=row["customer"],
        up=row["up"] * MICROSECOND,
        degraded=row["degraded"] * MICROSECOND,
        down=row["down"] * MICROSECOND,
        maintenance=row["maintenance"] * MICROSECOND,
        hours=hours,
        timeline=row["timeline"],
        known_at=row["known_at"],
        quarters=None if quarters is None else quarters_from_text(hours, quarters),
    )
