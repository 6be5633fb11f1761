"""Open alerts, queued messages, and receivers that cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supportops.alerts import store
from supportops.alerts.alert import Alert, Kind
from supportops.alerts.description import incident_path
from supportops.alerts.kind_texts import KIND_TEXTS
from supportops.alerts.words.ticket import doubt, title
from supportops.web import queries
from supportops.web.notifications import OUTCOMES, message_line
from supportops.web.page import NoQuery, Page, PageContext, last_check

MOST_ALERTS = 200
MOST_MESSAGES = 100
MOST_UNREADABLE = 10


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """A row of the table of open alerts; `word` is the label of its kind, `title` what it is about,
    `doubt` whether its tier is certain."""

    alert: Alert
    word: str
    href: str
    title: str
    doubt: str | None


@dataclass(frozen=True, slots=True)
class Receiver:
    """A target of alerts.yaml and what its newest attempt came to; `failing` has an alert."""

    name: str
    channel: str
    outcome: str
    detail: str
    at: datetime | None
    failing: bool


def alerts(page: PageContext, _query: NoQuery) -> dict[str, Any]:
    """What the alerts' template shows."""
    found = store.read_most_severe(page.connection, MOST_ALERTS)
    failing = {alert.subject for alert in store.list_open(page.connection, Kind.DELIVERY)}
    rows, unfinished = queries.unfinished_messages(page.connection, MOST_MESSAGES)
    return {
        "check": last_check(page.connection, page.now),
        "alerts": [
            OpenAlert(
                alert,
                KIND_TEXTS[alert.kind].label,
                incident_path(alert.key),
                title(alert),
                doubt(alert),
            )
            for alert in found.alerts
        ],
        "total": store.count_open(page.connection) - len(found.unreadable),
        "unreadable": found.unreadable[:MOST_UNREADABLE],
        "unreadable_total": len(found.unreadable),
        "messages": [(message_line(row), incident_path(row["alert"])) for row in rows],
        "unfinished": unfinished,
        "receivers": receivers(page, failing),
        "now": page.now,
        "zone": page.zone,
    }


def receivers(page: PageContext, failing: set[str]) -> list[Receiver]:
    """Every target that is configured, the failing ones first."""
    targets = page.configuration.alerts.targets()
    newest = queries.newest_attempts(page.connection, targets)
    found = []
    for name, target in targets.items():
        row = newest.get(name)
        found.append(
            Receiver(
                name=name,
                channel=target.channel,
                outcome=OUTCOMES.get(row["outcome"], row["outcome"]) if row else "nothing sent yet",
                detail=row["detail"] if row and row["outcome"] != "handed_over" else "",
                at=row["started_at"] if row else None,
                failing=name in failing,
            )
        )
    return sorted(found, key=lambda receiver: (not receiver.failing, receiver.name))


ALERTS = Page("alerts", NoQuery, alerts)
