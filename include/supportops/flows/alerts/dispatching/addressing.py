"""Posts what is for named targets alone: a report, a notice, a test, a hand-over.

It is an alert that asks nobody to act: it is over at once, no route adds a receiver, and what each
channel shows is read when the message is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts import outbox
from supportops.alerts.alert import Alert, Phase
from supportops.alerts.policy import Target
from supportops.alerts.routing.decision import Decision, Reason
from supportops.alerts.store import raise_ended


def post(connection: Connection, alert: Alert, targets: Iterable[Target], now: datetime) -> int:
    """Stores `alert`, which is of an addressed kind, and queues it for each target; how many."""
    raise_ended(connection, alert, now)
    return outbox.queue(connection, [(alert, [_addressed(each, now) for each in targets])], now)


def _addressed(target: Target, now: datetime) -> Decision:
    return Decision(
        target=target.name,
        channel=target.channel,
        phase=Phase.FIRING,
        step=0,
        reminder=0,
        reason=Reason.ADDRESSED,
        due_at=now,
    )
