"""By when the customer's tickets about an outage are answered, as a notice says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, tuple_

from supportops.config.configuration import Configuration, File
from supportops.db.schema import tickets as tickets_table
from supportops.flows.customers.noticing import comments
from supportops.flows.sla.judging.due_answers import due_tickets, known_until
from supportops.notices.notice import Notice, NoticeKind, Thread
from supportops.notices.settings import TicketComment
from supportops.notices.wording import Reader, due_line
from supportops.rendering.due_by import due_by
from supportops.sla.policy import Metric

MOST_TICKETS = 10
_REPLIES = (Metric.FIRST_REPLY, Metric.NEXT_REPLY)

Lines = Mapping[tuple[str, str], str]


def due_lines(
    connection: Connection,
    configuration: Configuration,
    thread: Thread,
    notice: Notice,
    now: datetime,
) -> Lines:
    """A sentence for each of the customer's open tickets about the thread's sites, by source and
    number, the oldest first; none where that is not configured, promised or known.

    A notice is itself an update, and with `tickets: reply` a reply: of those nothing is said.
    """
    settings = configuration.notices.of(configuration.customers.get(thread.customer))
    wanted = settings is not None and settings.due_by and notice.kind is not NoticeKind.END
    if not wanted or not configuration.has(File.SERVICE_LEVELS) or not configuration.promises:
        return {}
    names = comments.open_tickets(connection, configuration, thread)
    if not names or known_until(connection, now) is None:
        return {}
    assert settings is not None
    given = (Metric.UPDATE, *(_REPLIES if settings.tickets is TicketComment.REPLY else ()))
    t = tickets_table.c
    mine = tuple_(t.source, t.ticket).in_(names)
    found = due_tickets(connection, configuration.promises, mine, now, without=given)
    zone = configuration.displayed().alerts.timezone
    reader = Reader(notice.language, zone)
    lines: dict[tuple[str, str], str] = {}
    for each in found:
        if each.metric is None:
            continue
        said = due_by(
            each.metric, each.due_at, language=notice.language, zone=ZoneInfo(zone), now=now
        )
        number = f"#{each.number}" if each.number.isdecimal() else each.number
        lines[each.source, each.number] = due_line(number, said, reader)
    return dict(list(lines.items())[:MOST_TICKETS])
