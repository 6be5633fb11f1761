"""What people decide about a notice that waits: it is sent, given another text, or not sent.

A notice and its messages are one transaction; what changed since it was shown is not sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from supportops.alerts import hold
from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import active_configuration
from supportops.flows.customers.noticing import publishing
from supportops.flows.customers.noticing.rounds import NO_NOTICES, foreign_names, round_of
from supportops.flows.customers.noticing.troubles import known_troubles
from supportops.flows.customers.show_notices import NoticeError, find_notice
from supportops.notices import store
from supportops.notices.deciding import IN_PART, Act
from supportops.notices.notice import OURSELVES, Notice, NoticeState, Thread
from supportops.notices.wording import Text, foreign
from supportops.rendering.render import one_line

LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_NAME, LONGEST_WHY = 200, 5_000, 200, 500
LONGEST_EVERY = timedelta(days=7)


class AlreadyDecided(NoticeError):
    """Somebody decided about it before."""


class ChangedSince(NoticeError):
    """It is another text by now than the one that was meant."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done with a notice, in a sentence, and the notice after it."""

    notice: Notice
    said: str


def approve(
    context: Context, number: int, who: str, now: datetime, version: int | None = None
) -> Done:
    """Sends a draft as it stands; with `version`, only if it is that one still.

    Raises AlreadyDecided, ChangedSince, or NoticeError where what it says is not so any more.
    """
    by = _who(who)
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.DRAFT_NOTICES)
        configuration, thread, notice = _to_decide(connection, number, version)
        if hold.held_since(connection) is not None:
            raise NoticeError("the installation is not live: nobody is notified before go-live")
        before = _before_sending(connection, configuration, thread, notice, now)
        sent = before is None and publishing.send(
            connection, configuration, thread, notice, by, "approved", now
        )
    if before is not None:
        raise before
    if not sent:
        raise ChangedSince("it was changed just now; look at it again")
    names = len(publishing.contacts(configuration, thread.customer))
    to = "1 receiver" if names == 1 else f"{names} receivers"
    said = f"notice {number} to {one_line(thread.customer)} goes to {to}"
    return Done(_again(context, number), said)


def edit(
    context: Context,
    number: int,
    subject: str,
    text: str,
    who: str,
    now: datetime,
    *,
    version: int | None = None,
    every: timedelta | None = None,
    promise: bool = True,
) -> Done:
    """Gives a draft another subject and text; it goes on waiting.

    `every`: how long after it is sent the next update is promised, None as it was; without
    `promise` none is. Raises AlreadyDecided, ChangedSince, NoticeError.
    """
    by, written = _who(who), _text(subject, text)
    if every is not None and not timedelta(0) < every <= LONGEST_EVERY:
        raise NoticeError(f"the next update comes within {LONGEST_EVERY.days} days, or never")
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.DRAFT_NOTICES)
        configuration, thread, notice = _to_decide(connection, number, version)
        next_in = (every or notice.every) if promise else None
        if (written, next_in) == (Text(notice.subject, notice.text), notice.every):
            return Done(notice, f"notice {number} is left as it was")
        if not store.edit(connection, notice, written, next_in, by, now):
            raise ChangedSince("it was changed just now; look at it again")
        names = foreign_names(configuration, thread.customer)
    found = foreign(f"{written.subject}\n{written.text}", names)
    warning = f"; it names {', '.join(found[:5])}" if found else ""
    return Done(_again(context, number), f"notice {number} is edited{warning}")


def drop(
    context: Context,
    number: int,
    who: str,
    now: datetime,
    *,
    why: str = "",
    version: int | None = None,
) -> Done:
    """Decides not to send a draft. Raises AlreadyDecided, ChangedSince."""
    by, reason = _who(who), one_line(why)[:LONGEST_WHY]
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.DRAFT_NOTICES)
        _, thread, notice = _to_decide(connection, number, version)
        if not publishing.end(connection, notice, NoticeState.DROPPED, by, reason, now):
            raise ChangedSince("it was changed just now; look at it again")
    name = one_line(thread.customer)
    return Done(_again(context, number), f"notice {number} to {name} is not sent")


def _before_sending(
    connection: Connection,
    configuration: Configuration,
    thread: Thread,
    notice: Notice,
    now: datetime,
) -> NoticeError | None:
    """Why the draft says what is not so any more: then it is withdrawn or written anew."""
    settings = configuration.notices.of(configuration.customers.get(thread.customer))
    if settings is None:
        publishing.end(connection, notice, NoticeState.WITHDRAWN, OURSELVES, NO_NOTICES, now)
        return NoticeError(f"it was not sent: {NO_NOTICES}")
    found = known_troubles(connection, configuration, now)
    work = round_of(connection, configuration, found, thread.customer, now)
    # A text that is old may still be approved by whoever reads it.
    decision = work.decision(thread, settings, at=min(now, notice.decide_at))
    if decision.act is Act.WITHDRAW:
        publishing.end(connection, notice, NoticeState.WITHDRAWN, OURSELVES, decision.why, now)
        return NoticeError(f"it was not sent: {decision.why}")
    if decision.act is Act.REDRAFT and decision.why == IN_PART:
        work.redraft(thread, notice, decision.why)
        return ChangedSince(f"it was written anew, as {decision.why}: look at it again")
    return None


def _to_decide(
    connection: Connection, number: int, version: int | None
) -> tuple[Configuration, Thread, Notice]:
    """The draft, if it waits and is that version."""
    thread, notice = find_notice(connection, number)
    if notice.state is not NoticeState.WAITING:
        by, at = notice.decided_by or "somebody", notice.decided_at or notice.drafted_at
        raise AlreadyDecided(
            f"notice {number} was {notice.state.value} by {by} at {at:%Y-%m-%d %H:%M} UTC"
        )
    if version is not None and version != notice.version:
        raise ChangedSince(
            f"notice {number} has version {notice.version} by now, not {version}: look at it again"
        )
    configuration = active_configuration(connection)
    configuration.require(File.ALERTS)
    return configuration, thread, notice


def _again(context: Context, number: int) -> Notice:
    with reading(context.engine) as connection:
        return find_notice(connection, number)[1]


def _who(who: str) -> str:
    name = one_line(who)
    if not name:
        raise NoticeError("a name is missing: who does it")
    return name[:LONGEST_NAME]


def _text(subject: str, text: str) -> Text:
    """One line, and lines of what can be seen."""
    line = one_line(subject)
    lines = [one_line(each) for each in text.replace("\r\n", "\n").split("\n")]
    body = "\n".join(lines).strip("\n")
    if not line or not body.strip():
        raise NoticeError("the subject or the text is empty")
    if len(line) > LONGEST_SUBJECT or len(body) > LONGEST_TEXT:
        raise NoticeError(
            f"the subject takes {LONGEST_SUBJECT} characters, the text {LONGEST_TEXT:,}"
        )
    return Text(line, body)
