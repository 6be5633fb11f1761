"""How the small agency's sites did in a week, as lines of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from reports.small_agency import BOOKS, CINDER, DAY, HOUR, SITES
from supportops.reports.figures import IncidentLine, SiteLine, Uptime


def site(name: str, customer: str) -> SiteLine:
    """`cinder-shop` was down longer than it may, `delft` was not seen at all."""
    seen = 0.0 if name == "delft" else 7 * DAY - 2 * HOUR
    down = {"cinder-shop": 2520.0, "books": 300.0}.get(name, 0.0)
    return SiteLine(
        name,
        customer,
        up_share=1 - down / seen if seen else None,
        unknown_share=1 - seen / (7 * DAY),
        down_seconds=down,
        maintenance_seconds=1800.0 if name == "books" else 0.0,
        checks=2010 if seen else 0,
        outages=1 if down else 0,
        target=None if name == "cinder-press" else 0.999,
        budget_seconds=None if name == "cinder-press" else 0.001 * seen - down,
        resolution_seconds=300.0,
    )


def uptimes(customers: Sequence[str]) -> Iterator[Uptime]:
    """A line a customer and one of all."""
    for customer in (*customers, None):
        mine = customers if customer is None else (customer,)
        lines = [site(name, each) for each in mine for name in SITES[each]]
        down, checks = sum(s.down_seconds for s in lines), sum(s.checks for s in lines)
        seen = sum(1 - s.unknown_share for s in lines) * 7 * DAY
        yield Uptime(
            customer,
            len(lines),
            1 - down / seen if seen else None,
            1 - seen / (7 * DAY * len(lines)),
            down,
            checks,
            sum(s.outages for s in lines),
        )


def incidents() -> Iterator[IncidentLine]:
    """Two outages that are over, and a certificate that is about to run out."""
    at = datetime(2026, 11, 20, 14, 5, tzinfo=UTC)
    rows = (
        ("books", BOOKS, "outage", "timeout", 5, True),
        ("cinder-shop", CINDER, "outage", "connection refused", 42, True),
        ("cinder-press", CINDER, "certificate", "expires in 6 days", 2 * 1440, False),
    )
    for site, customer, kind, reason, minutes, over in rows:
        end = at + timedelta(minutes=minutes)
        key = f"{kind}:{site}:{at:%Y%m%dT%H%M}"
        yield IncidentLine(
            key, kind, site, customer, reason, at, end if over else None, minutes * 60.0, 340.0
        )
