"""The watch over the dispatch of alerts, by every other flow that runs on a schedule.

A dispatch that stands still cannot send the alert about itself. So the alert is raised by the next
flow that works, the site check sends it by itself, the heartbeat is no longer called, and the board
shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts import claims, hold, notification_log, store
from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.policy import AlertPolicy
from supportops.alerts.rate_limit import free_from
from supportops.config.configuration import File
from supportops.db.activity import EVERY, Flow, expect, longest, set_back, standstill, worked
from supportops.db.engine import reading, writing
from supportops.db.schema import messages
from supportops.flows.active_configuration import active_configuration
from supportops.flows.tickets.mailing.standing import SCHEDULE, end_of_removed
from supportops.rendering.render import duration

SUBJECT = "alert dispatch"
LONGEST = longest(Flow.ALERT_DISPATCH)
_EXPLANATION = (
    "Messages about alerts do not go out. See whether the DAG alert_dispatch runs, or run "
    "supportops alert-dispatch by hand."
)


def watch_dispatch(
    engine: Engine,
    watcher: Flow,
    now: datetime,
    took: timedelta | None = None,
    counts: Mapping[str, Any] | None = None,
) -> str | None:
    """Notes that `watcher` works, and raises the alert while the dispatch does not.

    `took` and `counts` are those of `activity.worked`.

    Answers in a few words what is wrong with the dispatch, None for nothing. It ends the alert
    itself, once it works again.
    """
    with writing(engine) as connection:
        set_back(connection, now)
        expect(connection, Flow.ALERT_DISPATCH, now)
        worked(connection, watcher, now, took, counts)
        idle = standstill(connection, Flow.ALERT_DISPATCH, now, watcher)
        if idle is not None:
            why = f"no dispatch has finished for {duration(idle)}"
        elif (late := _overdue(connection, now)) is not None and late > LONGEST:
            why = f"a message has been due for {duration(late)}"
        else:
            return None
        store.raise_alert(connection, _standing(why, idle or late, now), now)
    return why


def standing_alert(engine: Engine) -> str | None:
    """The key of the open alert on the dispatch."""
    with reading(engine) as connection:
        alert = store.find_open(connection, Kind.TASK_FAILED, SUBJECT)
    return None if alert is None else alert.key


def dispatch_worked(connection: Connection, now: datetime, began: datetime) -> None:
    """Notes that a dispatch has finished, and ends the alert that it had not."""
    worked(connection, Flow.ALERT_DISPATCH, now, max(now - began, timedelta(0)))
    over = {"over": "messages go out again"}
    store.resolve_alert(connection, Kind.TASK_FAILED, SUBJECT, now, over)


def _standing(why: str, age: timedelta | None, now: datetime) -> Alert:
    return operations_alert(
        Kind.TASK_FAILED,
        SUBJECT,
        f"messages about alerts do not go out: {why}",
        now,
        severity=Severity.CRITICAL,
        facts={
            "explanation": _EXPLANATION,
            "dag_id": Flow.ALERT_DISPATCH.value,
            "standing_seconds": age.total_seconds() if age else None,
        },
    )


def _overdue(connection: Connection, now: datetime) -> timedelta | None:
    """For how long the oldest message has been due that neither a rate limit nor the time before
    going live holds back.
    """
    if hold.held_since(connection) is not None:
        return None
    oldest = claims.oldest_due(connection, now)
    if all(now - since <= LONGEST for since in oldest.values()):
        return None
    unreadable = [each.key for each in store.read_unsettled(connection).unreadable]
    oldest = claims.oldest_due(connection, now, messages.c.alert.not_in(unreadable))
    try:
        configuration = active_configuration(connection)
    except LookupError:
        return None  # nobody is known yet
    if not configuration.has(File.ALERTS):
        return max((now - since for since in oldest.values()), default=None)
    held_until = _held_until(connection, configuration.alerts, now)
    free = {name: max(since, held_until.get(name, since)) for name, since in oldest.items()}
    return max((now - since for since in free.values()), default=None)


def _held_until(connection: Connection, policy: AlertPolicy, now: datetime) -> dict[str, datetime]:
    """When the rate limit of each target last made it wait, or will have."""
    periods = [limit.period for limits in policy.limits.values() for limit in limits]
    if not periods:
        return {}
    sent = notification_log.sent_in(connection, now - 2 * max(periods), now)
    found = {
        name: free_from(policy.limits.get(target.channel, ()), sent.get(name, ()))
        for name, target in policy.targets().items()
    }
    return {name: at for name, at in found.items() if at is not None}


def watch_flows(connection: Connection, now: datetime) -> None:
    """The dispatch's own watch over all that runs on a schedule: raises or ends their alerts."""
    set_back(connection, now)
    for flow in _FLOWS:
        subject = f"{flow.value} schedule"
        idle = standstill(connection, flow, now, Flow.ALERT_DISPATCH, only_regular=True)
        if idle is None:
            over = {"over": "runs again"}
            store.resolve_alert(connection, Kind.TASK_FAILED, subject, now, over)
            continue
        alert = operations_alert(
            Kind.TASK_FAILED,
            subject,
            f"has not run for {duration(idle)}, it should every {duration(EVERY[flow])}",
            now,
            facts={"explanation": _FLOWS[flow], "dag_id": flow.value},
        )
        store.raise_alert(connection, alert, now)
    _watch_mailboxes(connection, now)


def _watch_mailboxes(connection: Connection, now: datetime) -> None:
    """Whether they are read as often as mailbox.yaml says, where it names any."""
    subject = SCHEDULE
    try:
        mailboxes = active_configuration(connection).mailboxes
    except LookupError:
        return  # nobody is known yet
    end_of_removed(connection, mailboxes.by_name, now)
    limit = max(2 * mailboxes.interval, _LEAST_SILENCE)
    idle = standstill(
        *(connection, Flow.MAILBOX, now, Flow.ALERT_DISPATCH), only_regular=True, limit=limit
    )
    if idle is None or not mailboxes.accounts:
        over = {"over": "they are read again"}
        store.resolve_alert(connection, Kind.TASK_FAILED, subject, now, over)
        return
    alert = operations_alert(
        Kind.TASK_FAILED,
        subject,
        f"no mailbox was read for {duration(idle)}, it should every {duration(mailboxes.interval)}",
        now,
        facts={"explanation": _MAILBOXES, "dag_id": Flow.MAILBOX.value},
    )
    store.raise_alert(connection, alert, now)


# A busy scheduler may be a few minutes late.
_LEAST_SILENCE = timedelta(minutes=10)
_MAILBOXES = "Messages on the answerphone and e-mail are not read: urgent ones would go unnoticed."
_FLOWS = {
    Flow.SLA_SWEEP: "Deadlines of tickets are not checked: a breach would go unnoticed.",
    Flow.TICKET_SYNC: "Tickets are not read and not judged: urgent ones would go unnoticed.",
    Flow.NOTICES: "Customers are not notified of outages, and nobody learns that they are not.",
    Flow.PUSH_CHECK: "Jobs that fall silent are not noticed; what they push is recorded.",
    Flow.HOUSEKEEPING: "Nothing is summarised or removed: pages get slower, and the store grows.",
}
