"""What happens with a draft that is decided: sent or not, in one transaction with its messages.

A notice that is sent is posted like a report; its receivers are the customer's contacts.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.outbox import MessageState
from supportops.alerts.policy import Target
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.configuration import Configuration
from supportops.db.schema import messages, notices
from supportops.flows.alerts.dispatching import addressing
from supportops.flows.customers.noticing import comments
from supportops.flows.customers.noticing.due_lines import due_lines
from supportops.notices import store
from supportops.notices.notice import Notice, NoticeKind, NoticeState, Thread
from supportops.rendering.render import local, one_line

_LONGEST_DETAIL = 600


def send(
    connection: Connection,
    configuration: Configuration,
    thread: Thread,
    notice: Notice,
    who: str,
    why: str,
    now: datetime,
) -> bool:
    """Sends a draft: queues its messages; False where it is another by now, or was decided.

    Earlier notices of the thread that wait in the outbox are not sent any more.
    """
    promised = notice.every is not None and notice.kind is not NoticeKind.END
    next_at = now + notice.every if promised and notice.every else None
    key = alert_key(notice)
    lines = due_lines(connection, configuration, thread, notice, now)
    due = "\n".join(lines.values()) or None
    done = store.decide(
        connection, notice, NoticeState.SENT, who, why, now, next_at=next_at, alert=key, due=due
    )
    if not done:
        return False
    _withdraw_unsent(connection, thread, now)
    sent = replace(notice, state=NoticeState.SENT, decided_at=now, next_at=next_at, due=due)
    comments.write(connection, configuration, thread, sent, lines, now)
    alert = Alert(
        key=key,
        kind=Kind.NOTICE,
        severity=Severity.CRITICAL,
        subject=key,
        headline=notice.subject,
        opened_at=now,
        customer=thread.customer,
        facts={"notice": notice.id, "thread": thread.id},
    )
    addressing.post(connection, alert, contacts(configuration, thread.customer), now)
    no_longer_waits(connection, notice, f"sent by {who}", now)
    return True


def end(
    connection: Connection, notice: Notice, state: NoticeState, who: str, why: str, now: datetime
) -> bool:
    """Ends a draft without sending it; False where it is another by now, or was decided."""
    if not store.decide(connection, notice, state, who, why, now):
        return False
    no_longer_waits(connection, notice, f"{state.value} by {who}: {why}", now)
    return True


def alert_key(notice: Notice) -> str:
    """Names the message that carries a notice."""
    return f"{Kind.NOTICE}:{notice.id}"


def contacts(configuration: Configuration, customer: str) -> list[Target]:
    """The targets of a customer's contacts, each once."""
    known = configuration.alerts.receivers
    named = configuration.customers.get(customer).contacts
    found = [target for name in named for target in known.get(name, ())]
    return list({target.name: target for target in found}.values())


def waits(connection: Connection, thread: Thread, notice: Notice, zone: str, now: datetime) -> None:
    """Raises the alert by which the team learns of a draft that it is to decide about.

    It names a customer, so it is about none: routes for one customer's alerts do not match it.
    """
    then = "sent" if notice.timeout.value == "send" else "dropped"
    clock = local(notice.decide_at, zone).split(" ", 4)[-1]
    headline = f"to {one_line(thread.customer)}: {notice.subject}; {then} at {clock}"
    alert = Alert(
        key=f"{Kind.NOTICE_WAITING}:{notice.id}",
        kind=Kind.NOTICE_WAITING,
        severity=Severity.CRITICAL,
        subject=f"notice {notice.id}",
        headline=headline,
        opened_at=now,
        facts={"notice": notice.id, "detail": one_line(notice.text)[:_LONGEST_DETAIL]},
    )
    raise_alert(connection, alert, now)


def no_longer_waits(connection: Connection, notice: Notice, over: str, now: datetime) -> None:
    """Ends the alert about a draft."""
    resolve_alert(
        connection, Kind.NOTICE_WAITING, f"notice {notice.id}", now, {"over": one_line(over)}
    )


def _withdraw_unsent(connection: Connection, thread: Thread, now: datetime) -> None:
    """What no attempt was made at yet says what is no longer so, or is said better by now."""
    m = messages.c
    earlier = select(notices.c.alert).where(
        notices.c.thread == thread.id, notices.c.alert.is_not(None)
    )
    mine = [key for key in connection.execute(earlier).scalars() if key]
    connection.execute(
        update(messages)
        .where(m.alert.in_(mine), m.state == MessageState.WAITING.value)
        .where(m.finished_at.is_(None), m.maybe_sent.is_(False))
        .values(state=MessageState.SUPERSEDED.value, finished_at=now)
    )
    connection.execute(
        update(messages)
        .where(m.alert.in_(mine), m.state == MessageState.WAITING.value)
        .where(m.finished_at.is_(None), m.maybe_sent.is_(True))
        .values(state=MessageState.UNKNOWN.value, finished_at=now)
    )
