"""A notice to one customer about what is wrong with some of their sites, and its thread.

A thread begins with the first trouble and holds every notice about it, from the first to the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from supportops.notices.settings import Timeout

# Who decides where no person does.
OURSELVES = "supportops"
# A site and the path of one of its pages; "" for the whole site.
Item = tuple[str, str]


class NoticeKind(StrEnum):
    """The place of a notice in its thread."""

    FIRST = "first"
    UPDATE = "update"
    END = "end"


class NoticeState(StrEnum):
    """WAITING can still be edited; the others are how a draft ended.

    DROPPED: it was decided not to send it. WITHDRAWN: what it says was no longer so.
    """

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice as stored; `text` is that of its last `version`. Instants are aware UTC.

    `items`: what it is about. `edited`: whether a person wrote the text. `decide_at`: when
    `timeout` decides, if nobody has. `every`: how long after it was sent the next update is due,
    None where the customer is not to wait for one; `next_at` is that instant once it was sent.
    `alert`: the key of the message in the outbox. `due`: by when the customer's tickets about it
    are answered, a sentence a line, as it was when the notice was sent.
    """

    id: int
    thread: int
    number: int
    kind: NoticeKind
    state: NoticeState
    version: int
    language: str
    subject: str
    text: str
    items: frozenset[Item]
    cause: str
    drafted_at: datetime
    decide_at: datetime
    timeout: Timeout
    edited: bool
    every: timedelta | None
    decided_by: str | None = None
    decided_at: datetime | None = None
    next_at: datetime | None = None
    alert: str | None = None
    due: str | None = None

    @property
    def by_person(self) -> bool:
        """Whether a person decided about it."""
        return self.decided_by not in (None, OURSELVES)


@dataclass(frozen=True, slots=True)
class Thread:
    """All notices to one customer about troubles that belong together, in their order.

    `incidents` are the keys of those troubles, `sites` the customer's own ones among their sites.
    """

    id: int
    customer: str
    opened_at: datetime
    sites: frozenset[str]
    incidents: frozenset[str]
    notices: tuple[Notice, ...] = ()
    closed_at: datetime | None = None

    @property
    def waiting(self) -> Notice | None:
        """The draft that is to be decided about; there is at most one."""
        return next((n for n in self.notices if n.state is NoticeState.WAITING), None)

    @property
    def sent(self) -> tuple[Notice, ...]:
        return tuple(n for n in self.notices if n.state is NoticeState.SENT)

    @property
    def last_sent(self) -> Notice | None:
        return next(reversed(self.sent), None)

    @property
    def dropped(self) -> Notice | None:
        """The last notice, if it was decided not to send it."""
        decided = [n for n in self.notices if n.state in (NoticeState.SENT, NoticeState.DROPPED)]
        last = next(reversed(decided), None)
        return last if last is not None and last.state is NoticeState.DROPPED else None

    @property
    def named(self) -> frozenset[Item]:
        """What the customer was notified of since the thread's beginning, or its last end."""
        found: frozenset[Item] = frozenset()
        for notice in self.sent:
            found = frozenset() if notice.kind is NoticeKind.END else found | notice.items
        return found

    @property
    def failing(self) -> frozenset[Item]:
        """What does not work as far as the customer knows: what the last notice named."""
        last = self.last_sent
        return frozenset() if last is None or last.kind is NoticeKind.END else last.items

    @property
    def was_over(self) -> bool:
        """Whether the customer was notified of an end before: what went on is not steady."""
        return any(n.kind is NoticeKind.END for n in self.sent)
