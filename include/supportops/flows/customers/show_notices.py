"""Notices as people see them: the list, one with all that was done with it, and those published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from supportops.config.configuration import Configuration
from supportops.context import Context
from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.flows.customers.noticing import publishing
from supportops.flows.customers.noticing.due_lines import due_lines
from supportops.notices import comment_log, store
from supportops.notices.notice import Notice, NoticeState, Thread
from supportops.notices.wording import Reader, sent_text


class NoticeError(ValueError):
    """Why something cannot be done with a notice, in one line."""


class UnknownNotice(NoticeError, LookupError):
    """No notice has this number."""


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
    thread, notice = find_notice(connection, number)
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


def find_notice(connection: Connection, number: int) -> tuple[Thread, Notice]:
    """A notice by its number, and its thread. Raises UnknownNotice."""
    found = store.find(connection, number)
    if found is None:
        raise UnknownNotice(f"there is no notice {number}; see `supportops notices list`")
    return found
