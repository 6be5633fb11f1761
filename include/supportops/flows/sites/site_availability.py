"""The availability of every site in a period: the log of checks, folded and weighted by time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from supportops.config.snapshots import fleet_of, newest
from supportops.customers import Customers
from supportops.db.engine import reading
from supportops.names import recognised, suggestion
from supportops.sites.availability import NOTHING, Availability
from supportops.sites.log.reading import pasts
from supportops.sites.outages import SitePast
from supportops.sites.site import Site
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import QUARTER, day_of, hour_of


@dataclass(frozen=True, slots=True)
class SiteAvailability:
    """One site, as it was configured last in the period, and its share of the period.

    `interval`: the longest between two checks in it.
    """

    site: Site
    availability: Availability
    interval: timedelta

    def to_json(self) -> dict[str, Any]:
        """JSON values; durations in seconds, shares from 0 to 1 or None, `since` and `until`
        ISO 8601 where the site was added or removed in the period."""
        parts = self.availability
        return {
            "site": self.site.name,
            "customer": self.site.customer,
            "up_share": parts.up_share,
            "degraded_share": parts.degraded_share,
            "up_seconds": parts.up.total_seconds(),
            "degraded_seconds": parts.degraded.total_seconds(),
            "down_seconds": parts.down.total_seconds(),
            "unknown_seconds": parts.unknown.total_seconds(),
            "maintenance_seconds": parts.maintenance.total_seconds(),
            "checks": parts.checks,
            "outages": parts.outages,
            "since": parts.since.isoformat() if parts.since else None,
            "until": parts.until.isoformat() if parts.until else None,
        }


def of_period(
    engine: Engine,
    start: datetime,
    end: datetime,
    only: Sequence[str] | None = None,
    now: datetime | None = None,
) -> list[SiteAvailability]:
    """Each site that was configured at any time in [start, end), or of `only`; time after `now`
    does not count against a share.

    In the order of the file, as it was last in the period; those removed by then follow. Raises
    LookupError for a name that no site had then, and before the first configuration.
    """
    with reading(engine) as connection:
        active = newest(connection)
        if active is None:
            raise LookupError("no configuration was activated yet: run a site check first")
        fleet = active.displayed().fleet
        if only is not None:
            configured, _ = pasts(connection, fleet_of, start, end, unchecked=fleet)
            only = [_meant(name, configured) for name in only]
        names, found = pasts(connection, fleet_of, start, end, only=only, unchecked=fleet)
        rows = {past.name: of_past(past, start, end, active.customers) for past in found}
        ahead = max(end - max(start, now), NOTHING) if now is not None else NOTHING
        return [_with(row, ahead) for name in names for row in rows[name]]


def estimated(engine: Engine, start: datetime, end: datetime) -> datetime | None:
    """Before which instant single checks were removed, where the period begins or ends before it
    and within a quarter of an hour, or within an hour of which no more was counted: how many checks
    that part had is then an estimate. Times are exact. None where nothing is estimated."""
    with reading(engine) as connection:
        removed = summaries.pruned_until(connection)
        if removed is None:
            return None
        for at in (start, end):
            if hour_of(at) == at or hour_of(at) >= removed:
                continue
            day = day_of(at)
            if (at - day) % QUARTER or not summaries.has_quarters(connection, day):
                return removed
    return None


def _meant(written: str, configured: Sequence[str]) -> str:
    if name := recognised(written, configured):
        return name
    hint = suggestion(written, configured)
    raise LookupError(
        f"no site {written!r} was configured in this period" + (f"; {hint}" if hint else "")
    )


def _with(row: SiteAvailability, ahead: timedelta) -> SiteAvailability:
    parts = replace(row.availability, ahead=min(ahead, row.availability.unknown))
    return replace(row, availability=parts)


def of_past(
    past: SitePast, start: datetime, end: datetime, customers: Customers
) -> list[SiteAvailability]:
    """The availability of one site in [start, end), for each customer that it belonged to, the
    last one first. Names of one customer by `customers` are one."""
    inside = past.history.between(start, end)
    assert inside is not None
    return [
        SiteAvailability(
            part.latest,
            past.availability(start, end, part),
            max(term.site.interval for term in part.terms),
        )
        for part in inside.by_customer(customers.key)
    ]
