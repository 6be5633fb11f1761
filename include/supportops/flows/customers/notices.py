"""Notices to customers: drafted, approved, sent and ended as their sites' troubles are.

Level-triggered: each round looks at what is wrong now and at the notices that exist. Nothing
depends on who called, or how often; what was long ago is not sent any more. A draft and the alert
about it, and a notice and its messages, are each one transaction; the dispatch of alerts sends.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from supportops.alerts import hold
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.activity import CLOCK_TOLERANCE, Flow, worked
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import messages
from supportops.flows.active_configuration import active_configuration
from supportops.flows.customers import status_pages
from supportops.flows.customers.noticing import comments, publishing
from supportops.flows.customers.noticing.due_lines import due_lines
from supportops.flows.customers.noticing.rounds import NO_NOTICES, CustomerRound, foreign_names
from supportops.flows.customers.noticing.seen import Seen, seen
from supportops.notices import comment_log, store
from supportops.notices.deciding import IN_PART, REOPENED_WITHIN, Act
from supportops.notices.notice import OURSELVES, Notice, NoticeState, Thread
from supportops.notices.published import Published, published
from supportops.notices.wording import Reader, Text, foreign, sent_text
from supportops.rendering.render import one_line
from supportops.tickets.source import TicketSource

log = logging.getLogger(__name__)
LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_NAME, LONGEST_WHY = 200, 5_000, 200, 500
LONGEST_EVERY = timedelta(days=7)
# A round of many customers looks again at what is wrong after so long.
FRESH = timedelta(seconds=10)


class NoticeError(ValueError):
    """Why something cannot be done with a notice, in one line."""


class UnknownNotice(NoticeError, LookupError):
    """No notice has this number."""


class AlreadyDecided(NoticeError):
    """Somebody decided about it before."""


class ChangedSince(NoticeError):
    """It is another text by now than the one that was meant."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice with all that was done with it. `text` is what the customer reads, with when the
    next update comes; `contacts` are the targets that a notice to the customer goes to, `comments`
    those on the customer's tickets. `due`: what `text` says of tickets."""

    thread: Thread
    notice: Notice
    text: str
    acts: tuple[store.NoticeAct, ...]
    contacts: tuple[str, ...]
    comments: tuple[comment_log.Comment, ...]
    due: str

    def to_json(self) -> dict[str, Any]:
        """Plain values; instants as ISO texts in UTC."""
        notice = self.notice
        return summary(self.thread, notice) | {
            "text": notice.text,
            "reads": self.text,
            "contacts": list(self.contacts),
            "comments": [
                {
                    "ticket": f"{each.source}/{each.ticket}",
                    "state": each.state.value,
                    "detail": each.detail,
                }
                for each in self.comments
            ],
            "acts": [
                {
                    "act": each.act,
                    "version": each.version,
                    "who": each.who,
                    "at": each.at.isoformat(),
                    "why": each.why,
                    "subject": each.subject,
                    "text": each.text,
                }
                for each in self.acts
            ],
        }


@dataclass(frozen=True, slots=True)
class Done:
    """What was done with a notice, in a sentence, and the notice after it."""

    notice: Notice
    said: str


def run(context: Context, clock: Callable[[], datetime]) -> dict[str, Any]:
    """One round for every customer: what it did, by count. Logged and pushed to XCom.

    Nobody is notified before the installation is live, nor where customers.yaml says nothing of
    notices. What fails for one customer is raised after all others had their round.
    """
    now = clock()
    with reading(context.engine) as connection:
        try:
            configuration = active_configuration(connection)
        except LookupError as none_yet:
            return _nothing(context, now, str(none_yet))
        if (since := hold.held_since(connection)) is not None:
            note = f"nobody is notified since {since:%Y-%m-%d %H:%M} UTC, until go-live"
            return _nothing(context, now, note)
        known = store.customers(connection, now - REOPENED_WITHIN)
        found = _seen(connection, configuration, now)
        idle = _idle(connection, configuration, found, known, now)
    if not configuration.has(File.ALERTS, File.CUSTOMERS):
        return _nothing(context, now, "there is no usable alerts.yaml or customers.yaml")
    done, failed = sum(idle.values(), Counter[str]()), list[Exception]()
    for customer in sorted(_concerned(configuration, found, known) - idle.keys()):
        try:
            if clock() - found.at > FRESH:
                with reading(context.engine) as connection:
                    found = _seen(connection, configuration, clock())
            done += _round(context, configuration, found, customer, clock())
        except Exception as error:
            log.exception("the notices of one customer failed")
            failed.append(error)
    status_pages.refresh_for_notices(context, clock())
    if failed:
        raise failed[0]
    with writing(context.engine) as connection:
        worked(connection, Flow.NOTICES, now, max(clock() - now, timedelta(0)))
        to_dispatch = _is_due(connection, now)
        comments_due = bool(comment_log.due(connection, clock()))
    due = {"to_dispatch": bool(done) or to_dispatch, "comments_due": comments_due}
    return {**done, **due}


def _concerned(configuration: Configuration, found: Seen, known: Iterable[str]) -> set[str]:
    """Those with something wrong, and those with threads, as customers.yaml calls them."""
    return {*found.troubles, *map(configuration.customers.named, known)}


def _idle(
    connection: Connection,
    configuration: Configuration,
    found: Seen,
    known: Iterable[str],
    now: datetime,
) -> dict[str, Counter[str]]:
    """The customers for whom nothing is to be done at `now`, with what is counted of them.

    It is judged from one reading of all threads. Where one of them cannot be read, nobody is idle,
    and each customer has a round of their own.
    """
    if not configuration.has(File.ALERTS, File.CUSTOMERS):
        return {}
    try:
        threads = store.threads(connection, closed_since=now - REOPENED_WITHIN)
    except Exception:
        log.exception("not all threads of notices can be read")
        return {}
    mine: defaultdict[str, list[Thread]] = defaultdict(list)
    for thread in threads:
        mine[configuration.customers.named(thread.customer)].append(thread)
    late = {each.subject: each.headline for each in list_open(connection, Kind.NOTICE_LATE)}
    idle: dict[str, Counter[str]] = {}
    for customer in _concerned(configuration, found, known):
        work = _work(connection, configuration, found, customer, now)
        if work.is_idle(mine[customer], late):
            idle[customer] = work.done
    return idle


def post_comments(
    context: Context, sources: Sequence[TicketSource], clock: Callable[[], datetime]
) -> dict[str, int]:
    """Posts the notices that are due on customers' tickets; how many. Raises SourceError."""
    return comments.post(context.engine, sources, clock)


def _nothing(context: Context, now: datetime, note: str) -> dict[str, Any]:
    with writing(context.engine) as connection:
        worked(connection, Flow.NOTICES, now)
    return {"note": note, "to_dispatch": False, "comments_due": False}


def _is_due(connection: Connection, now: datetime) -> bool:
    """Whether a notice waits that was sent by somebody since the last dispatch."""
    m = messages.c
    waits = select(m.id).where(m.finished_at.is_(None), m.next_attempt_at <= now, m.attempts == 0)
    mine = waits.where(m.alert.startswith(f"{Kind.NOTICE}:", autoescape=True))
    return connection.execute(mine.limit(1)).first() is not None


def _round(
    context: Context, configuration: Configuration, found: Seen, customer: str, now: datetime
) -> Counter[str]:
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.DRAFT_NOTICES)
        if hold.held_since(connection) is not None:
            return Counter()
        work = _work(connection, configuration, found, customer, now)
        since = now - REOPENED_WITHIN
        threads = store.threads(connection, closed_since=since, customers=work.names)
        if any(found.at < _touched(thread) < found.at + CLOCK_TOLERANCE for thread in threads):
            return Counter()  # by another process, which saw what came later: the next round
        work.run(threads)
    return work.done


def _touched(thread: Thread) -> datetime:
    """When something was last done in a thread."""
    acts = (each.decided_at or each.drafted_at for each in thread.notices)
    return max(acts, default=thread.opened_at)


def _seen(connection: Connection, configuration: Configuration, now: datetime) -> Seen:
    if configuration.notices.rules is None:
        return Seen({}, sure=False, at=now)
    return seen(connection, configuration, now)


def _work(
    connection: Connection,
    configuration: Configuration,
    found: Seen,
    customer: str,
    now: datetime,
) -> CustomerRound:
    troubles = found.troubles.get(customer, [])
    return CustomerRound(connection, configuration, customer, troubles, found.sure, now)


def listing(context: Context, most: int = 100) -> list[tuple[Thread, Notice]]:
    """Drafts that wait, the oldest first, then the last notices, the newest first."""
    with reading(context.engine) as connection:
        return listed(connection, most)


def listed(connection: Connection, most: int) -> list[tuple[Thread, Notice]]:
    """As `listing`, in a snapshot that is open."""
    waiting = [(t, t.waiting) for t in store.threads(connection) if t.waiting is not None]
    first = [(thread, notice) for thread, notice in waiting if notice is not None]
    first.sort(key=lambda each: (each[1].decide_at, each[1].id))
    known = {notice.id for _, notice in first}
    return first + [each for each in store.newest(connection, most) if each[1].id not in known]


def show(context: Context, number: int, now: datetime | None = None) -> Shown:
    """One notice by its number; see `shown`. Raises UnknownNotice."""
    with reading(context.engine) as connection:
        return shown(connection, active_configuration(connection), number, now)


def shown(
    connection: Connection,
    configuration: Configuration,
    number: int,
    now: datetime | None = None,
) -> Shown:
    """As `show`, in a snapshot that is open; with `now`, a draft says of tickets what it would say
    if it were sent then."""
    thread, notice = _found(connection, number)
    zone = configuration.displayed().alerts.timezone
    read = notice
    if now is not None and notice.state is NoticeState.WAITING:
        lines = due_lines(connection, configuration, thread, notice, now)
        read = replace(notice, due="\n".join(lines.values()))
    return Shown(
        thread,
        notice,
        sent_text(read, Reader(notice.language, zone)),
        tuple(store.acts_of(connection, number)),
        tuple(t.name for t in publishing.contacts(configuration.displayed(), thread.customer)),
        tuple(comment_log.of_notice(connection, number)),
        read.due or "",
    )


def published_to(
    connection: Connection,
    configuration: Configuration,
    customer: str,
    since: datetime,
    incident: str | None = None,
) -> list[Published]:
    """The notices as a customer has them, the oldest first: those of threads that are open, or were
    closed since an instant; with `incident`, its key, those about it alone."""
    names = configuration.customers.also_called([customer])
    threads = store.threads(connection, closed_since=since, customers=names)
    return published(threads, names, configuration.displayed().alerts.timezone, incident)


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
    return Done(_again(context, number), f"notice {number} to {one_line(thread.customer)}: {to}")


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


def summary(thread: Thread, notice: Notice) -> dict[str, Any]:
    """A notice as plain values; instants as ISO texts in UTC."""
    every = notice.every
    return {
        "id": notice.id,
        "customer": thread.customer,
        "kind": notice.kind.value,
        "state": notice.state.value,
        "version": notice.version,
        "subject": notice.subject,
        "sites": sorted({site for site, _ in notice.items}),
        "incidents": sorted(thread.incidents),
        "drafted_at": notice.drafted_at.isoformat(),
        "decide_at": notice.decide_at.isoformat(),
        "timeout": notice.timeout.value,
        "edited": notice.edited,
        "next_minutes": None if every is None else round(every.total_seconds() / 60),
        "decided_by": notice.decided_by,
        "decided_at": notice.decided_at.isoformat() if notice.decided_at else None,
        "next_at": notice.next_at.isoformat() if notice.next_at else None,
    }


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
    found = _seen(connection, configuration, now)
    work = _work(connection, configuration, found, thread.customer, now)
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
    thread, notice = _found(connection, number)
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


def _found(connection: Connection, number: int) -> tuple[Thread, Notice]:
    found = store.find(connection, number)
    if found is None:
        raise UnknownNotice(f"there is no notice {number}; see `supportops notices list`")
    return found


def _again(context: Context, number: int) -> Notice:
    with reading(context.engine) as connection:
        return _found(connection, number)[1]


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
