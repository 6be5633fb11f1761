"""One incident or alert: what, when, why, on what evidence, and who was notified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from supportops.alerts import store as alert_store
from supportops.alerts.acts.reference import reference_of
from supportops.alerts.acts.timeline import EntryKind
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.description import Description, describe
from supportops.alerts.facts import Facts
from supportops.alerts.kind_texts import not_mended
from supportops.alerts.words.notification import Notification
from supportops.alerts.words.ticket import path_of
from supportops.db.schema import incidents
from supportops.flows.alerts import alert_acts, incident_notes
from supportops.web.alerting.filters import DURATIONS
from supportops.web.notifications import notifications
from supportops.web.page import NotFound, Page, PageContext, Query, Redirect, Text, last_check, link
from supportops.web.report_queries import edition_path
from supportops.web.tickets.related import outage_links

_PHASES = (
    ("dns", "DNS"),
    ("connect", "Connect"),
    ("tls", "TLS"),
    ("first_byte", "First byte"),
    ("total", "Body"),
)
BAR = 100.0
MOST_SITES = 500
MOST_CAUSES = 50


@dataclass(frozen=True, slots=True)
class Phase:
    """A bar of the waterfall, in hundredths of the whole exchange."""

    name: str
    x: float
    width: float
    ms: float


class Key(Query):
    """An alert, by its key."""

    key: Text


def incident(page: PageContext, query: Key) -> dict[str, Any]:
    """What the incident's template shows. Raises NotFound where there is none with this key, and
    Redirect for a report or a notice, whose messages are shown on its own page.
    """
    key = query.key
    alert = alert_store.find(page.connection, key)
    if alert is None:
        raise NotFound("no incident has this key")
    alert = alert.at(page.now)
    if alert.kind is Kind.REPORT and (path := edition_path(page.connection, key)):
        raise Redirect(path)
    if alert.kind in (Kind.NOTICE, Kind.NOTICE_WAITING) and "notice" in alert.facts:
        raise Redirect(link("notices", id=str(alert.facts["notice"])))
    facts = Facts(alert.facts)
    description = describe(Notification(alert, alert.phase), page.zone)
    began = facts.instant("first_failed_at") or alert.opened_at
    flapping, ended = _recorded(page, key)
    return {
        "check": last_check(page.connection, page.now),
        "alert": alert,
        "description": description,
        "began": began,
        "ended": ended or facts.instant("ended_at") or alert.resolved_at,
        "flapping": flapping,
        "timeline": sorted(_timeline(page, alert, facts), key=lambda entry: entry[1]),
        "phases": waterfall(alert.facts.get("phases")),
        "sites": [(name, link("site", name=name)) for name in description.sites[:MOST_SITES]],
        "more_sites": max(0, len(description.sites) - MOST_SITES),
        "site_href": _about(alert),
        "ticket_href": outage_links(page.connection, [alert]).get(alert.key),
        "notifications": notifications(page, alert),
        "rows": _rows(description),
        "noted": incident_notes.of_alert(page.connection, alert),
        "causes": incident_notes.causes(page.connection, MOST_CAUSES),
        "durations": DURATIONS,
        "reference": reference_of(alert.key),
        "now": page.now,
        "zone": page.zone,
    }


def _about(alert: Alert) -> str | None:
    """The page of its ticket, or of its site."""
    return path_of(alert) or (link("site", name=alert.site) if alert.site else None)


def _recorded(page: PageContext, key: str) -> tuple[bool, datetime | None]:
    """Whether the incident flaps, and when it ended; an alert without one does neither."""
    c = incidents.c
    found = page.connection.execute(select(c.flapping, c.ended_at).where(c.key == key)).first()
    return (False, None) if found is None else (found.flapping, found.ended_at)


def _rows(description: Description) -> list[Any]:
    """The evidence; what the page says elsewhere is left out."""
    elsewhere = {
        "Timing",
        "Ended",
        "Closed",
        "Lasted",
        "First failure",
        "Last good check",
        "Alert opened",
    }
    return [row for row in description.rows if row.label not in elsewhere]


def _timeline(page: PageContext, alert: Alert, facts: Facts) -> Iterator[tuple[str, datetime]]:
    if good := facts.instant("last_good_at"):
        yield "Last good check", good
    if failed := facts.instant("first_failed_at"):
        yield "First failure", failed
    yield "Confirmed, alert raised", alert.opened_at
    for entry in alert_acts.history_of(page.connection, alert, page.now).entries:
        if entry.kind in (EntryKind.ACT, EntryKind.SILENCE):
            by, note = entry.who and f" by {entry.who}", entry.note and f": {entry.note}"
            yield f"{entry.what[:1].upper()}{entry.what[1:]}{by}{note}", entry.at
    if ended := facts.instant("ended_at") or alert.resolved_at:
        ending = not_mended(alert)
        yield ending.closed if ending else "Over", ended


def waterfall(found: Any) -> list[Phase]:
    """The phases of an exchange as bars; each begins where the one before it ended."""
    if not isinstance(found, Mapping):
        return []
    phases = Facts(found)
    reached = [
        (name, max(0.0, ms)) for key, name in _PHASES if (ms := phases.number(key)) is not None
    ]
    if phases.number("first_byte") is None:
        reached = [("Until it failed" if name == "Body" else name, ms) for name, ms in reached]
    whole = max((ms for _, ms in reached), default=0.0)
    if whole <= 0:
        return []
    bars, before = [], 0.0
    for name, ms in reached:
        start = min(before, ms)
        width = max((ms - start) / whole * BAR, 0.5)
        bars.append(
            Phase(name, round(min(start / whole * BAR, BAR - width), 2), round(width, 2), ms)
        )
        before = ms
    return bars


INCIDENT = Page("incident", Key, incident)
