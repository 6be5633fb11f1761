"""Messages of alerts in the outbox: queued, claimed and recorded as a dispatcher does it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, select

from alert_builders import NOON, minutes, office, policy, route, step
from supportops.alerts import claims, outbox
from supportops.alerts.alert import Alert
from supportops.alerts.escalation import decide
from supportops.alerts.notification_log import Attempt
from supportops.alerts.outbox import MessageState, QueuedMessage
from supportops.alerts.store import raise_alert
from supportops.db.engine import reading, writing
from supportops.db.schema import messages
from supportops.notify.outgoing import Outcome

LEASE = minutes(3)
POLICY = policy(route(step("team_chat"), step("boss_email", after=30)))


def queued(store: Engine, *alerts: Alert, now: datetime = NOON) -> int:
    """Raises `alerts` and queues what the policy wants at `now`."""
    with writing(store) as connection:
        for each in alerts:
            raise_alert(connection, each, now)
        known = outbox.history(connection)
        decided = [
            (each, decide(each, POLICY, known.get(each.key, ()), now, office())) for each in alerts
        ]
        return outbox.queue(connection, decided, now)


def claimed(
    store: Engine, now: datetime = NOON, who: str = "me", most: int = 32, without: Any = ()
) -> list[QueuedMessage]:
    with writing(store) as connection:
        due = claims.due_targets(connection, now)
        mine = {name: most for name in due if name not in without}
        return claims.claim(connection, now, who, LEASE, mine)


def recorded(
    store: Engine, message: QueuedMessage, outcome: str, who: str = "me", **what: Any
) -> None:
    ends = {"handed_over": MessageState.HANDED_OVER}.get(outcome, MessageState.WAITING)
    now = what.pop("now", NOON)
    attempt = {"detail": "so it went", "bundle": f"{message.id}/{message.attempt}"}
    attempt |= {name: what.pop(name) for name in ("detail", "bundle") if name in what}
    made = Attempt(Outcome(outcome), **attempt, started_at=now, seconds=0.1)
    result = claims.Result(message, made, what.pop("state", ends), now + minutes(1))
    with writing(store) as connection:
        claims.record(connection, [result], who, now)


def rows(store: Engine) -> list[Any]:
    with reading(store) as connection:
        return list(connection.execute(select(messages).order_by(messages.c.id)))


def names(found: Iterable[QueuedMessage]) -> list[str]:
    return [message.alert.split(":")[1] for message in found]
