"""Notices to customers: drafted, approved, sent and ended as their sites' troubles are.

Level-triggered: each round looks at what is wrong now and at the notices that exist. Nothing
depends on who called, or how often; what was long ago is not sent any more. A draft and the alert
about it, and a notice and its messages, are each one transaction; the dispatch of alerts sends.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
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
from supportops.flows.customers.noticing import comments
from supportops.flows.customers.noticing.rounds import round_of
from supportops.flows.customers.noticing.troubles import KnownTroubles, known_troubles
from supportops.notices import comment_log, store
from supportops.notices.deciding import REOPENED_WITHIN
from supportops.notices.notice import Thread
from supportops.tickets.source import TicketSource

log = logging.getLogger(__name__)
# A round of many customers looks again at what is wrong after so long.
FRESH = timedelta(seconds=10)


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
        found = known_troubles(connection, configuration, now)
        idle = _idle(connection, configuration, found, known, now)
    if not configuration.has(File.ALERTS, File.CUSTOMERS):
        return _nothing(context, now, "there is no usable alerts.yaml or customers.yaml")
    done, failed = sum(idle.values(), Counter[str]()), list[Exception]()
    for customer in sorted(_concerned(configuration, found, known) - idle.keys()):
        try:
            if clock() - found.at > FRESH:
                with reading(context.engine) as connection:
                    found = known_troubles(connection, configuration, clock())
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


def _concerned(
    configuration: Configuration, found: KnownTroubles, known: Iterable[str]
) -> set[str]:
    """Those with something wrong, and those with threads, as customers.yaml calls them."""
    return {*found.troubles, *map(configuration.customers.named, known)}


def _idle(
    connection: Connection,
    configuration: Configuration,
    found: KnownTroubles,
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
        work = round_of(connection, configuration, found, customer, now)
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
    context: Context,
    configuration: Configuration,
    found: KnownTroubles,
    customer: str,
    now: datetime,
) -> Counter[str]:
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.DRAFT_NOTICES)
        if hold.held_since(connection) is not None:
            return Counter()
        work = round_of(connection, configuration, found, customer, now)
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
