"""What a notice is on the customer's tickets: a public comment, posted in their source once.

The comment is written with the notice, posted later, and marked after that. After a crash in
between it is posted again, and the source knows the text. When it comes back with the next sync it
is recognised as this program's own: it keeps the customer notified, and is nobody's reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from supportops.config.configuration import Configuration
from supportops.db.engine import reading, writing
from supportops.db.schema import incidents, sync_marks
from supportops.db.schema import tickets as tickets_table
from supportops.flows.tickets.own_tickets.outage_tickets import MOST_UNNOTICED
from supportops.notices import comment_log
from supportops.notices.comment_log import Comment, CommentState
from supportops.notices.notice import Notice, Thread
from supportops.notices.settings import TicketComment
from supportops.notices.wording import Reader, sent_text
from supportops.tickets.log.twins import twins_of
from supportops.tickets.source import (
    OWN_SOURCES,
    Desk,
    SourceError,
    TicketRefused,
    TicketSource,
)
from supportops.tickets.ticket import Author, Event, EventKind

# After 1, 2, 4, 8 and then every 15 minutes: for two hours.
MOST_ATTEMPTS = 11
_LONGEST_PAUSE = timedelta(minutes=15)
# What is refused as the ticket is closed or gone waits for the sync that says so, for a quarter of
# an hour.
_MOST_REFUSALS = 4


def write(
    connection: Connection,
    configuration: Configuration,
    thread: Thread,
    notice: Notice,
    due: Mapping[tuple[str, str], str],
    now: datetime,
) -> None:
    """Writes the comments of a notice that is being sent; those of earlier ones are not posted any
    more. `notice` as it is sent, with when the next update comes. `due`: what is said of each
    ticket, which stands on that one alone."""
    comment_log.supersede(connection, [each.id for each in thread.sent], now)
    settings = configuration.notices.of(configuration.customers.get(thread.customer))
    if settings is None or settings.tickets is TicketComment.NONE:
        return
    reader = Reader(notice.language, configuration.alerts.timezone)
    for ticket in open_tickets(connection, configuration, thread):
        own = replace(notice, due=due.get(ticket))
        text = f"{notice.subject}\n\n{sent_text(own, reader)}"
        comment_log.add(connection, notice.id, [ticket], text, settings.tickets, now)


def post(
    engine: Engine, sources: Sequence[TicketSource], clock: Callable[[], datetime]
) -> dict[str, int]:
    """Posts what is due; how many were posted. Raises SourceError, in one line, after all were
    tried: what failed is tried again for two hours."""
    with reading(engine) as connection:
        due = comment_log.due(connection, clock())
    posted, errors = 0, list[SourceError]()
    for comment in due:
        with writing(engine) as connection:
            if not comment_log.take(connection, comment, clock()):
                continue
            if _goes_elsewhere(connection, comment, clock()):
                continue
        try:
            posted += _posted(engine, comment, sources, clock())
        except TicketRefused as refused:
            _failed(engine, comment, str(refused), clock(), most=_MOST_REFUSALS)
        except SourceError as error:
            errors.append(error)
            _failed(engine, comment, str(error), clock())
    if errors:
        raise errors[0]
    return {"comments": posted}


def as_notices(connection: Connection, source: str, events: Sequence[Event]) -> list[Event]:
    """Events as a source gives them, with the comments of notices as what they are."""
    ours = [each for each in events if _may_be_ours(each)]
    known = comment_log.written(connection, source, (each.ticket for each in ours)) if ours else {}
    return [_as_notice(each, known) if each.ticket in known else each for each in events]


def open_tickets(
    connection: Connection, configuration: Configuration, thread: Thread
) -> list[tuple[str, str]]:
    """The customer's open tickets about the thread's sites since the trouble began."""
    i, t = incidents.c, tickets_table.c
    began = connection.execute(
        select(func.min(i.started_at)).where(i.key.in_(sorted(thread.incidents)))
    ).scalar()
    since = min(began or thread.opened_at, thread.opened_at) - MOST_UNNOTICED
    customers, synced = configuration.customers, select(sync_marks.c.source)
    rows = connection.execute(
        select(t.source, t.ticket, t.customer)
        .where(t.source.in_(synced), t.source.not_in(OWN_SOURCES), t.open, t.ended_at.is_(None))
        .where(t.site.in_(sorted(thread.sites)), t.created_at >= since)
        .order_by(t.id)
    ).all()
    twins = {source: twins_of(connection, source) for source in {row.source for row in rows}}
    mine = customers.key(thread.customer)
    return [
        (row.source, row.ticket)
        for row in rows
        if row.ticket not in twins[row.source] and customers.key(row.customer) in ("", mine)
    ]


def _posted(
    engine: Engine, comment: Comment, sources: Sequence[TicketSource], now: datetime
) -> bool:
    source = next((each for each in sources if each.name == comment.source), None)
    desk: object = source
    if not isinstance(desk, Desk):
        _failed(engine, comment, f"{comment.source} is not connected", now)
        return False
    desk.act(comment.ticket, comment.text, public=True, status=None)
    with writing(engine) as connection:
        comment_log.finish(connection, comment, CommentState.POSTED, "posted", now)
    return True


def _goes_elsewhere(connection: Connection, comment: Comment, now: datetime) -> bool:
    """Ends a comment on a ticket that is not open any more; one on a ticket that was merged goes to
    the ticket that it is a part of now, if that is of the same customer and has none of it yet."""
    t = tickets_table.c
    columns = (t.ticket, t.open, t.status, t.customer, t.merged_into)
    about = select(*columns).where(t.source == comment.source)
    ticket = connection.execute(about.where(t.ticket == comment.ticket)).one_or_none()
    if ticket is None or ticket.open:
        return False
    state, why = CommentState.GIVEN_UP, f"the ticket is {ticket.status}"
    if ticket.merged_into is not None:
        why = f"merged into {ticket.merged_into}"
        whole = connection.execute(about.where(t.ticket == ticket.merged_into)).one_or_none()
        if whole is not None and whole.customer == ticket.customer:
            state, to = CommentState.SUPERSEDED, [(comment.source, whole.ticket)]
            comment_log.add(connection, comment.notice, to, comment.text, comment.counts_as, now)
    comment_log.finish(connection, comment, state, why, now)
    return True


def _failed(
    engine: Engine, comment: Comment, why: str, now: datetime, *, most: int = MOST_ATTEMPTS
) -> None:
    pause = min(timedelta(minutes=2**comment.attempts), _LONGEST_PAUSE)
    with writing(engine) as connection:
        if comment.attempts + 1 >= most:
            comment_log.finish(connection, comment, CommentState.GIVEN_UP, why, now)
        else:
            comment_log.put_off(connection, comment, why, now + pause)


def _may_be_ours(event: Event) -> bool:
    return event.kind is EventKind.COMMENT and event.author is not Author.CUSTOMER


def _as_notice(event: Event, known: dict[str, list[Comment]]) -> Event:
    if not _may_be_ours(event):
        return event
    words = _words(str(event.facts.get("text", "")))
    same = next((each for each in known[event.ticket] if _words(each.text) == words), None)
    if same is None or same.counts_as is TicketComment.REPLY:
        return event
    facts = {**event.facts, "notice": same.notice}
    return replace(event, kind=EventKind.NOTICE, author=Author.AUTOMATIC, facts=facts)


def _words(text: str) -> str:
    """A source may trim and wrap what it stores."""
    return " ".join(text.split())
