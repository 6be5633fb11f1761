"""The days of many sites: how long each was in which state, from summaries where there are any."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from supportops.sites.availability import NOTHING, Availability
from supportops.sites.history import LAST
from supportops.sites.log.checks import FleetOf
from supportops.sites.log.reading import pasts
from supportops.sites.outages import SitePast
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import DAY, DaySummary, day_of


@dataclass(frozen=True, slots=True)
class SiteDay:
    """A UTC day of a site while it was that of `customer`, or what has come of the day.

    `up` (with `degraded` a part of it), `down`, `maintenance` and `unknown` add up to it. `checks`
    counts runs.
    """

    site: str
    customer: str
    day: datetime
    up: timedelta
    degraded: timedelta
    down: timedelta
    maintenance: timedelta
    unknown: timedelta
    checks: int


def site_days(
    connection: Connection,
    fleet_of: FleetOf,
    start: datetime,
    end: datetime,
    *,
    only: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> dict[str, list[SiteDay]]:
    """The days of each site, or of each of `only`, from the midnight `start` until `end`; in order.

    A day on which no configuration in force had the site is missing. The figures are those of an
    `Availability` of that day. Summaries are one query, whatever the number of sites and days.
    """
    folded = summaries.folded_until(connection, only)
    known = LAST if as_of is None else summaries.known_until(connection, as_of, start)
    until = {name: day_of(min(at, known, end)) for name, at in folded.items()}
    found: defaultdict[str, list[SiteDay]] = defaultdict(list)
    for row in summaries.days(connection, start, max(until.values(), default=start), only):
        if row.site in until and row.day < until[row.site]:
            found[row.site].append(_from_summary(row))
    names, _ = pasts(connection, fleet_of, start, end, only=only, as_of=as_of)
    groups: defaultdict[datetime, list[str]] = defaultdict(list)
    for name in names:
        groups[max(start, until.get(name, start))].append(name)
    for cut, several in groups.items():
        if cut < end:
            _, rest = pasts(
                connection,
                fleet_of,
                cut,
                end,
                only=several,
                as_of=as_of,
                cuts=(),
            )
            for past in rest:
                found[past.name] += _from_past(past, cut, end)
    return {name: found[name] for name in names}


def _from_summary(row: DaySummary) -> SiteDay:
    seen = row.up + row.down + row.maintenance
    return SiteDay(
        row.site,
        row.customer,
        row.day,
        row.up,
        row.degraded,
        row.down,
        row.maintenance,
        max(DAY - seen, NOTHING),
        row.checks,
    )


def _from_past(past: SitePast, start: datetime, end: datetime) -> Iterator[SiteDay]:
    while start < end:
        following = min(start + DAY, end)
        inside = past.history.between(start, following)
        for part in inside.by_customer() if inside else ():
            parts: Availability = past.availability(start, following, part)
            yield SiteDay(
                past.name,
                part.latest.customer,
                start,
                parts.up,
                parts.degraded,
                parts.down,
                parts.maintenance,
                parts.unknown,
                parts.checks,
            )
        start = following
