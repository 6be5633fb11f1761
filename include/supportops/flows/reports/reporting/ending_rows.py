"""Certificates and registrations of domains, and when they end: rows of a report's facts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, func, select

from supportops.db.schema import check_results
from supportops.sites.domains.domain import DomainPolicy, domains_of
from supportops.sites.domains.standing import DomainStanding
from supportops.sites.domains.store import known_as_of
from supportops.sites.site import Fleet

SEEN_WITHIN = timedelta(days=2)
"""A certificate that was seen longer ago may have been renewed since."""

Row = dict[str, Any]


def ending(
    connection: Connection, fleet: Fleet, as_of: datetime, policy: DomainPolicy | None = None
) -> list[Row]:
    """A row a site of `fleet` whose certificate was seen by `as_of`, and one a site with a domain:
    AHEAD_COLUMNS. When that ends its registry had said by then, or else `policy` says so; where
    domains are checked and neither does, it is not known."""
    seen = _seen(connection, as_of)
    registered = known_as_of(connection, as_of)
    written, nothing = (policy or DomainPolicy()).of, DomainStanding(as_of)
    domains = [
        {
            "kind": "domain",
            "site": site.name,
            "customer": site.customer,
            "name": domain.name,
            "ends_at": ends_at,
        }
        for domain in domains_of(fleet, policy)
        if (ends_at := registered.get(domain.name, nothing).ends_at(written(domain.name)))
        or policy is not None
        for site in domain.sites
    ]
    return domains + [
        {
            "kind": "certificate",
            "site": site.name,
            "customer": site.customer,
            "name": urlsplit(site.url).hostname or site.name,
            "ends_at": seen[site.name],
        }
        for site in fleet.sites
        if site.name in seen
    ]


def _seen(connection: Connection, as_of: datetime) -> dict[str, datetime]:
    """When the certificate ends that each site showed last on its front page."""
    c = check_results.c
    shown = (
        c.page == "",
        c.slot > as_of - SEEN_WITHIN,
        c.slot <= as_of,
        c.certificate_expires.is_not(None),
    )
    last = select(c.site, func.max(c.slot).label("slot")).where(*shown).group_by(c.site).subquery()
    rows = (
        select(c.site, c.certificate_expires)
        .join(last, (c.site == last.c.site) & (c.slot == last.c.slot))
        .where(*shown)
        .order_by(c.site, c.attempt)
    )
    return {row.site: row.certificate_expires for row in connection.execute(rows)}
