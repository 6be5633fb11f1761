"""How every site fared in a period: the log of checks, folded and weighted by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from supportops.db.engine import reading
from supportops.flows.in_force import in_force
from supportops.sites import store
from supportops.sites.availability import Availability, CheckedRun, Span, availability
from supportops.sites.incident import IncidentKind
from supportops.sites.site import Fleet, Site


@dataclass(frozen=True, slots=True)
class SiteAvailability:
    """One site and its share of the period."""

    site: Site
    availability: Availability

    def to_json(self) -> dict[str, Any]:
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
    """Each site of the configuration in force, in [start, end), in the order of the file."""
    with reading(engine) as connection:
        fleet = in_force(connection).fleet
        blind = [
            Span(incident.started_at, incident.closed_at or end)
            for incident in store.list_incidents(connection, start, end)
            if incident.kind is IncidentKind.BLIND
        ]
        return [
            SiteAvailability(
                site,
                availability(
                    [
                        CheckedRun(
                            tries, any(span.covers(tries[-1].result.checked_at) for span in blind)
                        )
                        for tries in store.front_page_runs(
                            connection, site.name, start - _lead_in(fleet, site), end
                        )
                    ],
                    site,
                    fleet.policy,
                    start,
                    end,
                ),
            )
            for site in fleet.sites
        ]


def _lead_in(fleet: Fleet, site: Site) -> timedelta:
    """So many intervals before the period that its first state is confirmed, not guessed."""
    runs = len(fleet.policy.confirm_after) + fleet.policy.recovery_checks + 2
    return runs * site.interval
