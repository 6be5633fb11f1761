"""The last 90 days of each site, out of summaries of days, and today as far as it has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from sqlalchemy import Connection

from supportops.customers import Customers
from supportops.sites.log.checks import FleetOf
from supportops.sites.log.days import site_days
from supportops.status_pages.page import DAYS, Day


def first_instant(now: datetime) -> datetime:
    """The beginning of the first of the days, which are those of UTC."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return today - timedelta(days=DAYS - 1)


def days_of(
    connection: Connection,
    fleet_of: FleetOf,
    customers: Customers,
    names: Sequence[str],
    now: datetime,
) -> dict[tuple[str, str], Mapping[date, Day]]:
    """By the name of a site and its customer, as names are compared."""
    found: defaultdict[tuple[str, str], dict[date, Day]] = defaultdict(dict)
    if names:
        key = cache(customers.key)
        days = site_days(connection, fleet_of, first_instant(now), now, only=names)
        for each in (day for listed in days.values() for day in listed):
            own = found[each.site, key(each.customer)]
            day = Day(each.day.date(), each.up, each.degraded, each.down, each.maintenance)
            before = own.get(day.date)
            # Two names of one customer on one day.
            own[day.date] = day if before is None else before + day
    return dict(found)
