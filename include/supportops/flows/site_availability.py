"""The availability of every site in a period: the log of checks, folded and weighted by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.sites import store
from supportops.sites.availability import Availability, CheckedRun, availability, is_decided
from supportops.sites.site import CheckPolicy, Fleet, Site


@dataclass(frozen=True, slots=True)
class SiteAvailability:
    """One site and its share of the period."""

    site: Site
    availability: Availability

    def to_json(self) -> dict[str, Any]:
        """JSON values; durations in seconds, `up_share` from 0 to 1 or None."""
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
        }


def of_period(engine: Engine, start: datetime, end: datetime) -> list[SiteAvailability]:
    """Each site of the active configuration, in [start, end), in the order of the file."""
    with reading(engine) as connection:
        return of_fleet(connection, active_configuration(connection).fleet, start, end)


def of_fleet(
    connection: Connection, fleet: Fleet, start: datetime, end: datetime
) -> list[SiteAvailability]:
    """Each site of a fleet, in [start, end), in its order."""
    log = _Log(connection, fleet.policy)
    return [
        SiteAvailability(
            site, availability(log.around(site, start, end), site, fleet.policy, start, end)
        )
        for site in fleet.sites
    ]


# A site that was neither confirmed up nor down for so long counts as new.
LONGEST_LEAD = timedelta(days=7)


class _Log:
    """The checks of a site in and around a period."""

    def __init__(self, connection: Connection, policy: CheckPolicy) -> None:
        self.connection = connection
        self.policy = policy
        self.blind: dict[tuple[datetime, datetime], set[datetime]] = {}

    def around(self, site: Site, start: datetime, end: datetime) -> list[CheckedRun]:
        """The runs in [start, end), as many before them as decide the state at its start, and
        enough after them to confirm what began at its end."""
        few = (len(self.policy.confirm_after) + self.policy.recovery_checks + 2) * site.interval
        lead = few
        before = self._runs(site, start - lead, start)
        while lead < LONGEST_LEAD and not is_decided(before, site, self.policy):
            lead *= 4
            before = self._runs(site, start - lead, start)
        return before + self._runs(site, start, end + few)

    def _runs(self, site: Site, start: datetime, end: datetime) -> list[CheckedRun]:
        span = (start, end)
        if span not in self.blind:
            self.blind[span] = store.blind_slots(self.connection, *span)
        found = store.front_page_runs(self.connection, site.name, *span)
        return [CheckedRun(tries, slot in self.blind[span]) for slot, tries in found.items()]
