"""What is wrong with each customer's sites now, as incidents, alerts and silences say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from supportops.alerts.alert import Affected, Alert
from supportops.alerts.hold import live_since
from supportops.alerts.silencing.effect import quiet
from supportops.alerts.silencing.log import ending_after
from supportops.alerts.store import find_all
from supportops.config.configuration import Configuration
from supportops.customers import Customers
from supportops.db.schema import site_status
from supportops.instants import aware_instant
from supportops.notices.deciding import LATEST_END
from supportops.notices.settings import NoticeSettings
from supportops.notices.trouble import Trouble, What
from supportops.sites.check import Reason
from supportops.sites.ending import Ending
from supportops.sites.incident import DEGRADED, Incident, IncidentKind, ended_well, failed_since
from supportops.sites.site import STALE_AFTER, Site
from supportops.sites.standing import Track
from supportops.sites.store import last_run, list_incidents

_KINDS = frozenset({IncidentKind.OUTAGE, IncidentKind.HOST_OUTAGE, IncidentKind.FAULT})
_WHAT = {
    **dict.fromkeys(
        (*(Reason.TLS_EXPIRED, Reason.TLS_NOT_YET_VALID, Reason.TLS_NAME), Reason.TLS_UNTRUSTED),
        What.CERTIFICATE,
    ),
    **dict.fromkeys(
        (
            *(Reason.STATUS, Reason.TOO_MANY_REDIRECTS, Reason.BAD_REDIRECT, Reason.TRUNCATED),
            *(Reason.INVALID_HTTP, Reason.ENCODING),
        ),
        What.ERROR,
    ),
    **dict.fromkeys(
        (*(Reason.WRONG_HOST, Reason.TEXT_MISSING, Reason.TEXT_FORBIDDEN), Reason.TEXT_BEYOND_CAP),
        What.WRONG,
    ),
    Reason.SLOW: What.UNSTEADY,
}
_BEFORE_LIVE = "it was confirmed before the installation went live"
_MAINTENANCE = "the site is in maintenance"
_SILENCED = "its alert is silenced"


@dataclass(frozen=True, slots=True)
class KnownTroubles:
    """What is known at the instant `at`. `troubles` by customer, as customers.yaml calls them;
    `sure`: whether sites are being checked and our own connection works."""

    troubles: Mapping[str, list[Trouble]]
    sure: bool
    at: datetime


def known_troubles(
    connection: Connection, configuration: Configuration, now: datetime
) -> KnownTroubles:
    """The troubles of every customer that gets notices, open or over lately."""
    if configuration.notices.rules is None:
        return KnownTroubles({}, sure=False, at=now)
    incidents = list_incidents(connection, now - 2 * LATEST_END, now + timedelta(days=1))
    blind = any(i.kind is IncidentKind.BLIND and i.closed_at is None for i in incidents)
    wanted = [each for each in incidents if each.kind in _KINDS]
    reader = _Reader(connection, configuration, now, wanted)
    found: defaultdict[str, list[Trouble]] = defaultdict(list)
    spelled: dict[str, str] = {}
    for incident in wanted:
        for customer, trouble in reader.read(incident):
            key = configuration.customers.key(customer)
            found[spelled.setdefault(key, customer)].append(trouble)
    return KnownTroubles(found, not blind and _is_fresh(connection, now), now)


def _is_fresh(connection: Connection, now: datetime) -> bool:
    run = last_run(connection, judged=True)
    return run is not None and run.judged_at is not None and now - run.judged_at <= STALE_AFTER


@dataclass(slots=True)
class _Reader:
    connection: Connection
    configuration: Configuration
    now: datetime
    incidents: list[Incident]
    sites: Mapping[str, Site] = field(init=False)
    customers: Customers = field(init=False)
    alerts: dict[str, Alert] = field(init=False)
    reasons: dict[str, str] = field(init=False)
    live: datetime | None = field(init=False)
    silences: Any = field(init=False)

    def __post_init__(self) -> None:
        self.sites = self.configuration.displayed().fleet.by_name()
        self.customers = self.configuration.customers
        lasting = [each for each in self.incidents if each.closed_at is None]
        self.alerts = find_all(self.connection, [each.key for each in lasting])
        wide = any(each.kind is IncidentKind.HOST_OUTAGE for each in lasting)
        self.reasons = _reasons(self.connection) if wide else {}
        self.live = live_since(self.connection)
        self.silences = ending_after(self.connection, self.now) if lasting else []

    def read(self, incident: Incident) -> Iterator[tuple[str, Trouble]]:
        """Each customer's troubles out of one incident."""
        if incident.kind is not IncidentKind.HOST_OUTAGE:
            if incident.site is not None and incident.customer is not None:
                yield from self._own(incident, incident.site, incident.customer)
            return
        for each in incident.facts.get("affected", ()):
            if isinstance(each, Mapping) and each.get("customer") and each.get("site"):
                yield from self._part(incident, each)

    def _own(self, incident: Incident, site: str, customer: str) -> Iterator[tuple[str, Trouble]]:
        name = self.customers.named(customer)
        settings = self.configuration.notices.of(self.customers.get(name))
        since = failed_since(incident)
        notify_at = _notify_at(incident, settings, since)
        if notify_at is None:
            return
        yield (
            name,
            Trouble(
                incident=incident.key,
                site=site,
                page=incident.page or "",
                what=_what(incident.reason),
                since=since,
                notify_at=notify_at,
                until=incident.ended_at if incident.closed_at is not None else None,
                quiet=self._quiet(incident, site, customer),
                answers=self._answers(incident),
                good=ended_well(incident),
                renamed=incident.facts.get("ending") == Ending.RENAMED.value,
                follows=_follows(incident),
            ),
        )

    def _part(
        self, incident: Incident, affected: Mapping[str, Any]
    ) -> Iterator[tuple[str, Trouble]]:
        """One site of a server's outage: it is over for its customer once the site is back."""
        site, customer = str(affected["site"]), str(affected["customer"])
        name = self.customers.named(customer)
        settings = self.configuration.notices.of(self.customers.get(name))
        if settings is None or not settings.outages:
            return
        since = aware_instant(affected.get("since")) or failed_since(incident)
        back = aware_instant(affected.get("until"))
        closed = incident.ended_at if incident.closed_at is not None else None
        until = back or closed
        yield (
            name,
            Trouble(
                incident=incident.key,
                site=site,
                page="",
                what=_what(self.reasons.get(site, "")),
                since=since,
                notify_at=max(incident.opened_at, since),
                until=until if until is None else max(until, since),
                quiet=self._quiet(incident, site, customer),
                answers=back is None and self._answers(incident),
                good=back is not None or _well_enough(incident),
                renamed=incident.facts.get("ending") == Ending.RENAMED.value,
                follows=_follows(incident),
                formerly=_formerly(incident, site),
            ),
        )

    def _quiet(self, incident: Incident, site: str, customer: str) -> str:
        """Why nobody is to be notified of it now; empty where somebody is, or it is over."""
        if incident.closed_at is not None:
            return ""
        if self.live is not None and incident.opened_at < self.live:
            return _BEFORE_LIVE
        known = self.sites.get(site)
        if known is not None and known.in_maintenance(self.now):
            return _MAINTENANCE
        alert = self.alerts.get(incident.key)
        about = [Affected(site, customer)]
        if alert is not None and quiet(alert, self.silences, about).at(self.now):
            return _SILENCED
        return ""

    def _answers(self, incident: Incident) -> bool:
        alert = self.alerts.get(incident.key)
        return alert is not None and alert.awaits_its_end


def _notify_at(
    incident: Incident, settings: NoticeSettings | None, since: datetime
) -> datetime | None:
    """From when on the customer is to be notified; None for never."""
    if settings is None:
        return None
    if incident.kind is IncidentKind.OUTAGE:
        return incident.opened_at if settings.outages else None
    age = settings.faults_after
    return None if age is None else max(incident.opened_at, since + age)


def _well_enough(incident: Incident) -> bool:
    """Of a server's outage that ended in part: what is down still goes on by itself."""
    return ended_well(incident) or (incident.facts.get("ending") == Ending.PARTLY_RECOVERED.value)


def _what(reason: str) -> What:
    if reason == DEGRADED:
        return What.UNSTEADY
    try:
        return _WHAT.get(Reason(reason), What.UNREACHABLE)
    except ValueError:
        return What.UNREACHABLE


def _follows(incident: Incident) -> frozenset[str]:
    found = incident.facts.get("follows", ())
    return frozenset(map(str, found)) if isinstance(found, list | tuple) else frozenset()


def _formerly(incident: Incident, site: str) -> frozenset[str]:
    """What a server's outage called the site before it was renamed."""
    renamed = incident.facts.get("renamed")
    names, before = {site}, 0
    while isinstance(renamed, Mapping) and len(names) > before:
        before = len(names)
        names |= {str(old) for old, new in renamed.items() if new in names}
    return frozenset(names - {site})


def _reasons(connection: Connection) -> dict[str, str]:
    """Why each site fails, by its last judgement."""
    c = site_status.c
    rows = select(c.site, c.reason).where(c.page == "", c.track == Track.OUTAGE.value)
    return {row.site: row.reason for row in connection.execute(rows)}
