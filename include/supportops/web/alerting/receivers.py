"""The configured receivers, and what the last attempt at each came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.web import queries
from supportops.web.notifications import OUTCOMES
from supportops.web.page import PageContext


@dataclass(frozen=True, slots=True)
class Receiver:
    """A target of alerts.yaml and what its newest attempt came to; `failing` has an alert."""

    name: str
    channel: str
    outcome: str
    detail: str
    at: datetime | None
    failing: bool


def receivers(page: PageContext) -> list[Receiver]:
    """Every target that is configured, the failing ones first."""
    failing = {alert.subject for alert in list_open(page.connection, Kind.DELIVERY)}
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
