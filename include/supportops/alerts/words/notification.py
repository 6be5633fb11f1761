"""Why a receiver gets a message about an alert now, and when the alert began and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from supportops.alerts.alert import Alert, Phase
from supportops.alerts.facts import Facts
from supportops.rendering.catalogue import N_

MOST_SITES = 100
MAY_BE_REPEATED = N_("This message may be repeated: an earlier attempt was not answered.")


@dataclass(frozen=True, slots=True)
class Notification:
    """An alert and the reason why one receiver gets a message about it now.

    `step` counts escalation steps from 0. `reminder`: the receiver was notified before, and the
    alert is still open. `repeated`: an earlier attempt timed out, so that this message may be the
    second of its kind. `at`: the instant at which it is sent.
    """

    alert: Alert
    phase: Phase
    step: int = 0
    reminder: bool = False
    repeated: bool = False
    at: datetime | None = None


def start_of(alert: Alert, facts: Facts) -> datetime:
    """Its first failure, or when it was raised."""
    return facts.instant("first_failed_at") or alert.opened_at


def end_of(alert: Alert, facts: Facts) -> datetime | None:
    """When what it is about was over; None while it is not."""
    return facts.instant("ended_at") or alert.resolved_at
