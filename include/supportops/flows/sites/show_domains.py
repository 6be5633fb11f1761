"""What is known of domains: their registrations, records and mail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from supportops.config.configuration import Configuration
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.sites.domains import store
from supportops.sites.domains.domain import domains_of
from supportops.sites.domains.mail import MailRecord


@dataclass(frozen=True, slots=True)
class DomainState:
    """A domain as it stands. `ends` is aware UTC, None where it is not known; `status` is that of
    its registry. `records` by "name TYPE", `mail` by record. Not checked yet: `checked_at` None."""

    domain: str
    sites: tuple[str, ...]
    status: str
    ends: datetime | None
    checked_at: datetime | None
    records: dict[str, tuple[str, ...]]
    mail: dict[str, MailRecord]

    @property
    def mail_faults(self) -> list[str]:
        """What is wrong with its mail records, in words."""
        return [f"{k}: {v.fault}" for k, v in self.mail.items() if v.valid is False]

    def to_json(self) -> dict[str, Any]:
        """Plain values; instants as ISO texts in UTC."""
        return {
            "domain": self.domain,
            "sites": list(self.sites),
            "status": self.status,
            "ends": self.ends.isoformat() if self.ends else None,
            "checked_at": self.checked_at.isoformat() if self.checked_at else None,
            "records": {key: list(values) for key, values in self.records.items()},
            "mail": {
                key: {"valid": each.valid, "fault": each.fault, "record": each.record}
                for key, each in self.mail.items()
            },
        }


def domains(context: Context) -> list[DomainState]:
    """Every domain of the active configuration, by name. Raises LookupError before the first."""
    with reading(context.engine) as connection:
        return states(connection, active_configuration(connection))


def states(
    connection: Connection, configuration: Configuration, only: Collection[str] | None = None
) -> list[DomainState]:
    """The domains of sites, by name; `only` these. None where domains are not checked."""
    policy = configuration.domains
    if policy is None:
        return []
    found = domains_of(configuration.displayed().fleet, policy)
    mine = [domain for domain in found if only is None or domain.name in only]
    known = store.load(connection, [domain.name for domain in mine])
    result = []
    for domain in mine:
        standing = known.get(domain.name)
        special = policy.of(domain.name)
        result.append(
            DomainState(
                domain.name,
                tuple(site.name for site in domain.sites),
                standing.status.value if standing else "unknown",
                standing.ends_at(special) if standing else None,
                standing.checked_at if standing else None,
                {k: v.values for k, v in standing.records.items()} if standing else {},
                dict(standing.mail) if standing else {},
            )
        )
    return result
