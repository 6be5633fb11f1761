"""What is wrong with this installation itself: people would look at a page that is not true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts import store
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.description import incident_path
from supportops.alerts.kind_texts import KIND_TEXTS
from supportops.db.activity import Flow, last_worked, standstill
from supportops.web.page import PageContext

KINDS = (
    *(Kind.CONFIGURATION, Kind.CHECK_STALE, Kind.CHECK_TROUBLE, Kind.CLOCK, Kind.DELIVERY),
    *(Kind.TASK_FAILED, Kind.IMPORT_ERROR, Kind.REPORT_TROUBLE),
    *(Kind.NOTICE_LATE, Kind.NOTICE_WAITING),
)
MOST = 12
_FLOWS = {
    Flow.TICKET_SYNC: "Tickets are not read from their source",
    Flow.SLA_SWEEP: "Deadlines are not looked at: nobody is warned of them",
    Flow.NOTICES: "Notices are not drafted: customers do not hear of outages",
    Flow.PUSH_CHECK: "Jobs that fall silent are not noticed",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One line; `href`: of its alert, where there is one. `taken_by`: who has taken it."""

    label: str
    words: str
    since: datetime
    href: str = ""
    severe: bool = False
    taken_by: str | None = None


def troubles(page: PageContext) -> list[Trouble]:
    """The open alerts about the installation and the flows that stand still, severe ones first."""
    found = [*_standing_still(page.connection, page.now), *_alerts(page)]
    return sorted(found, key=lambda each: (not each.severe, each.since))


def _standing_still(connection: Connection, now: datetime) -> Iterator[Trouble]:
    for flow, words in _FLOWS.items():
        at = last_worked(connection, flow)
        if at is not None and standstill(connection, flow, now, only_regular=True):
            yield Trouble("Standstill", words, at, severe=True)


def _alerts(page: PageContext) -> Iterator[Trouble]:
    place = {kind: number for number, kind in enumerate(KINDS)}
    found = store.list_open(page.connection, *KINDS)
    for alert in sorted(found, key=lambda alert: place[alert.kind]):
        yield _trouble(alert.at(page.now))


def _trouble(alert: Alert) -> Trouble:
    label = KIND_TEXTS[alert.kind].label
    words = f"{alert.subject}: {alert.headline}" if alert.subject else alert.headline
    severe = alert.severity is Severity.CRITICAL or alert.kind is Kind.DELIVERY
    by = alert.acknowledged_by if alert.acknowledged_at else None
    return Trouble(label, words, alert.opened_at, incident_path(alert.key), severe, by)
