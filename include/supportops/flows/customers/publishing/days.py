"""The last 90 days of each site, out of summaries of days, and today as far as it has come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from sqlalchemy import Connection, select

from supportops.customers import Customers
from supportops.db.listed import listed
from supportops.db.schema import MICROSECOND, site_days
from supportops.sites.log import days as log
from supportops.sites.log.checks import FleetOf
from supportops.sites.summaries import store as summaries
from supportops.status_pages.page import DAYS, Day

Found = Mapping[tuple[str, str], Mapping[date, Day]]
_d = site_days.c


def days_of(
    connection: Connection,
    fleet_of: FleetOf,
    customers: Customers,
    names: Sequence[str],
    now: datetime,
) -> Found:
    """By the name of a site and its customer, as names are compared. Days are those of UTC."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    start = today - timedelta(days=DAYS - 1)
    folded = summaries.folded_until(connection)
    settled = [name for name in names if name in folded and folded[name] >= today]
    rest = sorted(set(names).difference(settled))
    found: defaultdict[tuple[str, str], dict[date, Day]] = defaultdict(dict)
    key = cache(customers.key)
    for site, customer, day in _settled(connection, settled, start, today):
        _add(found[site, key(customer)], day)
    for first, several in ((today, settled), (start, rest)):
        if several:
            days = log.site_days(connection, fleet_of, first, now, only=several)
            for each in (day for row in days.values() for day in row):
                part = Day(each.day.date(), each.up, each.degraded, each.down, each.maintenance)
                _add(found[each.site, key(each.customer)], part)
    return dict(found)


def _settled(
    connection: Connection, names: Sequence[str], start: datetime, today: datetime
) -> Iterable[tuple[str, str, Day]]:
    """The days before `today` of sites whose summaries reach until then, as `log.site_days` has
    them; days that are alike are one object, since nearly all are."""
    if not names:
        return
    columns = (_d.site, _d.customer, _d.day, _d.up, _d.degraded, _d.down, _d.maintenance)
    wanted = _d.site.in_(select(listed(connection, names).c.value))
    statement = select(*columns).where(_d.day >= start, _d.day < today, wanted)
    alike: dict[tuple[datetime, int, int, int, int], Day] = {}
    for site, customer, *values in connection.execute(statement).all():
        written = tuple(values)
        day = alike.get(written)
        if day is None:
            at, *lengths = written
            day = alike[written] = Day(at.date(), *(each * MICROSECOND for each in lengths))
        yield site, customer, day


def _add(days: dict[date, Day], part: Day) -> None:
    """Two names of one customer may share a day."""
    before = days.get(part.date)
    days[part.date] = part if before is None else before + part
