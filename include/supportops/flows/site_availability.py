"""The availability of every site in a period: the log of checks, folded and weighted by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from supportops.config.snapshots import fleet_of, newest
from supportops.db.engine import reading
from supportops.sites.availability import Availability
from supportops.sites.log.reading import pasts
from supportops.sites.outages import SitePast
from supportops.sites.site import Site


@dataclass(frozen=True, slots=True)
class SiteAvailability:
    """One site, as it was configured last in the period, and its share of the period.

    `interval`: the longest between two checks in it.
    """

    site: Site
    availability: Availability
    interval: timedelta

    def to_json(self) -> dict[str, Any]:
        """JSON values; durations in seconds, `up_share` from 0 to 1 or None, `since` and `until`
        ISO 8601 where the site was added or removed in the period."""
        parts = self.availability
        return {
            "site": self.site.name,
            "customer": self.site.customer,
            "up_share": parts.up_share,
            "up_seconds": parts.up.total_seconds(),
            "down_seconds": parts.down.total_seconds(),
            "unknown_seconds": parts.unknown.total_seconds(),
            "maintenance_seconds": parts.maintenance.total_seconds(),
            "checks": parts.checks,
            "outages": parts.outages,
            "since": parts.since.isoformat() if parts.since else None,
            "until": parts.until.isoformat() if parts.until else None,
        }


def of_period(
    engine: Engine, start: datetime, end: datetime, only: Sequence[str] | None = None
) -> list[SiteAvailability]:
    """Each site that was configured at any time in [start, end), or of `only`.

    In the order of the file, as it was last in the period; those removed by then follow. Raises
    LookupError for a name that no site had then, and before the first configuration.
    """
    with reading(engine) as connection:
        active = newest(connection)
        if active is None:
            raise LookupError("no configuration was activated yet: run a site check first")
        names, found = pasts(
            connection, fleet_of, start, end, only=only, unchecked=active.displayed().fleet
        )
        for name in only or ():
            if name not in names:
                raise LookupError(f"no site {name!r} was configured in this period")
        return in_order(names, found, start, end)


def in_order(
    names: Sequence[str], found: Iterator[SitePast], start: datetime, end: datetime
) -> list[SiteAvailability]:
    """The availability of each past in the order of `names`; one that changed its customer has a
    row for each, the last one first."""
    rows = {past.name: of_past(past, start, end) for past in found}
    return [row for name in names for row in rows[name]]


def of_past(past: SitePast, start: datetime, end: datetime) -> list[SiteAvailability]:
    """The availability of one site in [start, end), for each customer that it belonged to."""
    inside = past.history.between(start, end)
    assert inside is not None
    return [
        SiteAvailability(
            part.latest,
            past.availability(start, end, part),
            max(term.site.interval for term in part.terms),
        )
        for part in inside.by_customer()
    ]
