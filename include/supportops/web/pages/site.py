"""One site: its availability, day by day, and the results of its last checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from supportops.alerts.description import incident_path
from supportops.flows.sites import push_check
from supportops.flows.sites.push_check import Monitored
from supportops.flows.sites.show_domains import DomainState, states
from supportops.sites import store
from supportops.sites.announced import store as announced_store
from supportops.sites.announced.window import AnnouncedWindow
from supportops.sites.availability import Availability
from supportops.sites.domains.domain import domain_of
from supportops.sites.history import Span
from supportops.sites.incident import DEGRADED, Incident, IncidentKind, ended_well
from supportops.sites.log.chains import chains_of
from supportops.sites.log.reading import pasts
from supportops.sites.outages import SitePast
from supportops.sites.push.monitor import Monitor
from supportops.sites.site import Fleet, Site
from supportops.web import queries
from supportops.web.latency import latency_chart
from supportops.web.page import NotFound, Page, PageContext, Query, Text, last_check, link
from supportops.web.pages.board import KIND_TITLES
from supportops.web.strip import DAY, Strip, disruptions, strip
from supportops.web.tiles import Status, Tile, reason_words, tile

LONGEST = timedelta(days=90)
MOST_RESULTS = 20
MOST_INCIDENTS = 20
MOST_CHAINS = 5
RESULTS_OF = timedelta(hours=26)
_PERIODS = (
    ("24 hours", DAY),
    ("7 days", timedelta(days=7)),
    ("30 days", timedelta(days=30)),
    ("90 days", LONGEST),
)


@dataclass(frozen=True, slots=True)
class Share:
    """One period's availability, for the table."""

    words: str
    parts: Availability

    @property
    def unknown(self) -> float:
        """The share of the period in which the state was unknown, from 0 to 1."""
        parts = self.parts
        whole = parts.up + parts.down + parts.unknown + parts.maintenance
        return parts.unknown / whole if whole else 1.0


@dataclass(frozen=True, slots=True)
class DayStrip:
    """One UTC day as a bar: shares of its seen part, stacked from the bottom."""

    date: datetime
    parts: Availability
    bars: tuple[tuple[Status, float, float], ...]


class Name(Query):
    """A site, by its name."""

    name: Text


def site(page: PageContext, query: Name) -> dict[str, Any]:
    """What the site's template shows. Raises NotFound where no site has or had this name."""
    name = query.name
    start, day = page.now - LONGEST, Span(page.now - DAY, page.now)
    configured = page.configuration.fleet.by_name().get(name)
    past = _past(page, name, start, configured)
    found = configured or (past.history.latest if past else _removed_site(page, name))
    recent = store.list_incidents(page.connection, start, page.now, name)
    checks = queries.good_checks(page.connection, name, day.start, page.now)
    drawn, unseen = _strip(page, found, past, recent, day)
    return {
        "check": last_check(page.connection, page.now),
        "site": found,
        "tile": _tile(page, found) if configured else _removed(found, past),
        "shares": [
            Share(words, past.availability(page.now - length, page.now) if past else Availability())
            for words, length in _PERIODS
        ],
        "days": days(past, start, page.now) if past else [],
        "strip": drawn,
        "unseen": unseen,
        "latency": latency_chart(checks, day),
        "maintenance": _announced(page, configured),
        "jobs": _jobs(page, configured),
        "domain": _domain(page, configured),
        "incidents": [_line(each, past, page.now) for each in _concerning(recent, name)],
        "results": queries.last_results(page.connection, name, page.now - RESULTS_OF, MOST_RESULTS),
        "certificate": queries.certificate_of(page.connection, name),
        "chains": chains_of(page.connection, name, MOST_CHAINS),
        "reason_words": reason_words,
        "link": link,
        "now": page.now,
        "zone": page.zone,
    }


def _announced(page: PageContext, configured: Site | None) -> list[AnnouncedWindow]:
    """The windows of the site that people announced and that are not over."""
    if configured is None:
        return []
    windows = announced_store.not_over(page.connection, page.now)
    return [window for window in windows if window.concerns(configured)]


def _is_of(monitor: Monitor, site: Site) -> bool:
    return monitor.site == site.name or (site.host is not None and monitor.server == site.host)


def _jobs(page: PageContext, configured: Site | None) -> list[Monitored]:
    """The push monitors of the site and of its server."""
    monitors = page.configuration.monitors.all
    mine = [each for each in monitors if configured and _is_of(each, configured)]
    if not mine:
        return []
    return push_check.monitored(page.connection, page.configuration, page.now, only=mine)


def _domain(page: PageContext, configured: Site | None) -> DomainState | None:
    """What is known of the site's domain, where domains are checked."""
    policy = page.configuration.domains
    name = domain_of(configured, policy) if configured and policy else None
    if name is None:
        return None
    return next(iter(states(page.connection, page.configuration, [name])), None)


def _past(
    page: PageContext, name: str, start: datetime, configured: Site | None
) -> SitePast | None:
    """The past since `start`; None where no configuration in force had the site."""
    unchecked = None if configured is None else Fleet((configured,))
    _, found = pasts(
        page.connection,
        page.fleet_of,
        start,
        page.now,
        only=[name],
        unchecked=unchecked,
        cuts=[page.now - length for _, length in _PERIODS],
    )
    return next(iter(found), None)


def _removed_site(page: PageContext, name: str) -> Site:
    """A site that was removed before the shown period, as its last check found it configured."""
    for digest in queries.last_configurations(page.connection, name):
        found = page.fleet_of(page.connection, digest).by_name().get(name)
        if found is not None:
            return found
    raise NotFound("no site of this name is or was configured")


def _removed(found: Site, past: SitePast | None) -> Tile:
    since = past.history.terms[-1].span.end if past else None
    words = "no longer configured"
    return Tile(found.name, found.customer, found.host, Status.UNKNOWN, words, since, None)


def _tile(page: PageContext, found: Site) -> Tile:
    fronts = queries.front_pages(page.connection, found.name)
    faults = queries.faulty_pages(page.connection, found.name)
    return tile(found, fronts.get(found.name), faults.get(found.name, ()), page.now)


def days(past: SitePast, start: datetime, now: datetime) -> list[DayStrip]:
    """Every UTC day from `start` on, the last one until `now`."""
    edge = start.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    strips = []
    while edge < now:
        end = min(edge + DAY, now)
        parts = past.availability(edge, end)
        strips.append(DayStrip(edge, parts, tuple(_stack(parts))))
        edge = end
    return strips


def _stack(parts: Availability) -> list[tuple[Status, float, float]]:
    """(status, y, height) in hundredths; what was down is never too thin to be seen."""
    lengths = {
        Status.DOWN: parts.down,
        Status.DEGRADED: parts.degraded,
        Status.UNKNOWN: parts.unknown,
        Status.MAINTENANCE: parts.maintenance,
    }
    whole = sum(lengths.values(), parts.up - parts.degraded)
    bars, y = [(Status.UP, 0.0, 100.0)], 0.0
    for status, length in lengths.items():
        if length and whole:
            height = max(length / whole * 100, 8.0 if status is Status.DOWN else 3.0)
            height = min(height, 100.0 - y)
            bars.append((status, round(y, 1), round(height, 1)))
            y += height
    return bars


def _strip(
    page: PageContext, found: Site, past: SitePast | None, recent: Sequence[Incident], day: Span
) -> tuple[Strip, str]:
    """The strip, and the path of what no site was seen in."""
    since = queries.first_checked(page.connection, [found.name], day.start)
    slots = queries.run_slots(page.connection, day.start)
    in_day = [each for each in recent if (each.ended_at or day.end) > day.start]
    history = past.history if past else None
    common = disruptions(in_day, slots, day)
    return strip(found.name, history, since.get(found.name), common, day), common.path


def _concerning(incidents: Sequence[Incident], name: str) -> list[Incident]:
    """Those of the site and of its server while it was among the failing; the newest first."""
    mine = [i for i in incidents if i.site == name or name in (i.facts.get("sites") or ())]
    return sorted(mine, key=lambda i: i.started_at, reverse=True)[:MOST_INCIDENTS]


def _status_of(still_open: Incident, severe: bool) -> Status:
    if still_open.reason == DEGRADED:
        return Status.DEGRADED
    return Status.DOWN if severe else Status.FAULT


def _line(each: Incident, past: SitePast | None, now: datetime) -> dict[str, Any]:
    """`length`: of an outage the time down, without maintenance and unknown time."""
    severe = each.kind in (IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE)
    open_, well = each.ended_at is None, ended_well(each)
    ended = Status.UP if well else Status.UNKNOWN
    words = each.facts.get("words") or reason_words(each.reason)
    length = each.ended_at - each.started_at if each.ended_at else None
    if past and severe and each.ended_at:
        mine = [outage for outage in past.outages if outage.incident.key == each.key]
        length = sum((past.down_in(o, o.span.start, now) for o in mine), timedelta(0))
    return {
        "status": _status_of(each, severe) if open_ else ended,
        "kind": KIND_TITLES.get(each.kind, each.kind.value),
        "subject": each.subject,
        "words": words if open_ or well else f"{words}; {each.facts.get('over')}",
        "started_at": each.started_at,
        "ended_at": each.ended_at,
        "length": length,
        "href": incident_path(each.key),
    }


SITE = Page("site", Name, site)
