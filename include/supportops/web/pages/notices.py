"""Notices to customers: drafts that wait for somebody, and what was sent or not, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from supportops.alerts.acts.reference import reference_of
from supportops.alerts.description import incident_path
from supportops.flows.customers import show_notices as flow
from supportops.notices.notice import Notice, NoticeKind, NoticeState, Thread
from supportops.rendering.catalogue import catalogue
from supportops.web import queries
from supportops.web.notifications import (
    MOST_ATTEMPTS,
    MOST_MESSAGES,
    MessageLine,
    message_line,
)
from supportops.web.page import NotFound, Page, PageContext, Query, last_check, link
from supportops.web.tiles import Status

MOST = 50
KINDS = {
    NoticeKind.FIRST: "First notice",
    NoticeKind.UPDATE: "Update",
    NoticeKind.END: "Last notice",
}
NEXT = {
    0: "none promised",
    15: "15 minutes after this one",
    30: "30 minutes after this one",
    60: "1 hour after this one",
    120: "2 hours after this one",
    240: "4 hours after this one",
    1440: "a day after this one",
}
_MARKS = {
    NoticeState.WAITING: Status.DEGRADED,
    NoticeState.SENT: Status.UP,
    NoticeState.DROPPED: Status.FAULT,
    NoticeState.WITHDRAWN: Status.UNKNOWN,
}


class Focus(Query):
    """`id`: a notice that is shown with all that was done with it."""

    id: Annotated[int, Field(ge=1, le=2**62)] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A notice with its thread. `left`: until its time decides, for one that waits; `incidents`
    are names and addresses of what it is about. `language`: the name of the one it is written in.
    """

    thread: Thread
    notice: Notice
    kind: str
    mark: Status
    href: str
    incidents: tuple[tuple[str, str], ...]
    sites: tuple[str, ...]
    language: str
    left: timedelta | None = None
    next_minutes: int = 0


def notices(page: PageContext, query: Focus) -> dict[str, Any]:
    """What the notices' template shows. Raises NotFound for a number that no notice has."""
    found = flow.listed(page.connection, MOST)
    rows = [_row(page, thread, notice) for thread, notice in found]
    waiting = [row for row in rows if row.notice.state is NoticeState.WAITING]
    details = {row.notice.id: _shown(page, row.notice.id) for row in waiting}
    chosen = None if query.id is None else details.get(query.id) or _shown(page, query.id)
    return {
        "check": last_check(page.connection, page.now),
        "waiting": waiting,
        "decided": [row for row in rows if row.notice.state is not NoticeState.WAITING],
        "details": details,
        "chosen": chosen,
        "messages": _messages(page, chosen) if chosen else [],
        "on": page.configuration.notices.rules is not None,
        "next": NEXT,
        "kinds": KINDS,
        "now": page.now,
        "zone": page.zone,
    }


def _shown(page: PageContext, number: int) -> flow.Shown:
    try:
        return flow.shown(page.connection, page.configuration, number, page.now)
    except flow.UnknownNotice as error:
        raise NotFound("no notice has this number") from error


def _messages(page: PageContext, chosen: flow.Shown) -> list[MessageLine]:
    """Those that carried it to the customer, with what became of each."""
    key = chosen.notice.alert
    if key is None:
        return []
    rows = queries.messages_of(page.connection, key, MOST_MESSAGES)
    attempts = queries.attempts_of(page.connection, key, MOST_ATTEMPTS)
    return [message_line(row, attempts.get(row["id"], ())) for row in rows]


def _row(page: PageContext, thread: Thread, notice: Notice) -> Row:
    waits = notice.state is NoticeState.WAITING
    every, keys = notice.every, sorted(thread.incidents)
    return Row(
        thread=thread,
        notice=notice,
        kind=KINDS[notice.kind],
        mark=_MARKS[notice.state],
        href=link("notices", id=notice.id),
        incidents=tuple((f"#{reference_of(key)}", incident_path(key)) for key in keys),
        sites=tuple(sorted({site for site, _ in notice.items})),
        language=_language(notice.language),
        left=notice.decide_at - page.now if waits else None,
        next_minutes=0 if every is None else round(every.total_seconds() / 60),
    )


NOTICES = Page("notices", Focus, notices)


def _language(tag: str) -> str:
    """ "German" of the BCP 47 tag "de-AT"."""
    return catalogue(tag).locale.get_language_name("en") or tag
