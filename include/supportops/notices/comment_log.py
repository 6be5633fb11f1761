"""Comments on customers' tickets that say what a notice says: written with it, posted once each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from supportops.db.schema import notice_comments
from supportops.db.statements import insert_missing
from supportops.db.storable import storable
from supportops.notices.settings import TicketComment

_c = notice_comments.c
# Who works on one has it for so long; after a crash another takes it up.
LEASE = timedelta(minutes=5)


class CommentState(StrEnum):
    """WAITING is unfinished; SUPERSEDED: a newer notice was sent before it was posted."""

    WAITING = "waiting"
    POSTED = "posted"
    SUPERSEDED = "superseded"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment on one ticket; `detail` says in a line what became of the last attempt."""

    id: int
    notice: int
    source: str
    ticket: str
    text: str
    counts_as: TicketComment
    state: CommentState
    attempts: int
    next_attempt_at: datetime
    detail: str
    finished_at: datetime | None


def add(
    connection: Connection,
    notice: int,
    tickets: Iterable[tuple[str, str]],
    text: str,
    counts_as: TicketComment,
    now: datetime,
) -> None:
    """Writes a comment for each of `tickets`, which are sources and numbers."""
    rows: list[dict[str, Any]] = [
        {
            "notice": notice,
            "source": source,
            "ticket": ticket,
            "text": text,
            "counts_as": counts_as.value,
            "state": CommentState.WAITING.value,
            "attempts": 0,
            "next_attempt_at": now,
            "detail": "",
        }
        for source, ticket in tickets
    ]
    insert_missing(connection, notice_comments, storable(rows))


def supersede(connection: Connection, notices: Iterable[int], now: datetime) -> None:
    """Posts nothing more of these notices."""
    connection.execute(
        update(notice_comments)
        .where(_c.notice.in_(list(notices)), _c.finished_at.is_(None))
        .values(state=CommentState.SUPERSEDED.value, finished_at=now)
    )


def due(connection: Connection, now: datetime) -> list[Comment]:
    """Those to be posted now, the oldest first."""
    waits = select(notice_comments).where(_c.finished_at.is_(None), _c.next_attempt_at <= now)
    return [_comment(row) for row in connection.execute(waits.order_by(_c.id))]


def take(connection: Connection, comment: Comment, now: datetime) -> bool:
    """Whether this attempt is ours; nobody else gets it before LEASE is over."""
    mine = update(notice_comments).where(
        _c.id == comment.id, _c.finished_at.is_(None), _c.attempts == comment.attempts
    )
    taken = mine.values(attempts=_c.attempts + 1, next_attempt_at=now + LEASE)
    return connection.execute(taken).rowcount == 1


def finish(
    connection: Connection, comment: Comment, state: CommentState, detail: str, now: datetime
) -> None:
    """Nothing more is done about it."""
    values = {"state": state.value, "detail": detail, "finished_at": now}
    mine = update(notice_comments).where(_c.id == comment.id, _c.finished_at.is_(None))
    connection.execute(mine.values(**storable(values)))


def put_off(connection: Connection, comment: Comment, detail: str, until: datetime) -> None:
    """It is tried again at `until`."""
    mine = update(notice_comments).where(_c.id == comment.id, _c.finished_at.is_(None))
    connection.execute(mine.values(detail=storable(detail), next_attempt_at=until))


def of_notice(connection: Connection, notice: int) -> list[Comment]:
    """The comments that say what a notice says."""
    rows = select(notice_comments).where(_c.notice == notice).order_by(_c.id)
    return [_comment(row) for row in connection.execute(rows)]


def written(
    connection: Connection, source: str, tickets: Iterable[str]
) -> dict[str, list[Comment]]:
    """The comments on each of these tickets of a source."""
    found: defaultdict[str, list[Comment]] = defaultdict(list)
    wanted = sorted(set(tickets))
    for start in range(0, len(wanted), 1_000):
        chunk = wanted[start : start + 1_000]
        rows = select(notice_comments).where(_c.source == source, _c.ticket.in_(chunk))
        for row in connection.execute(rows.order_by(_c.id)):
            found[row.ticket].append(_comment(row))
    return found


def _comment(row: Any) -> Comment:
    stored = row._mapping
    values = {name: stored[name] for name in Comment.__slots__}
    values |= {
        "state": CommentState(row.state),
        "counts_as": TicketComment(row.counts_as),
    }
    return Comment(**values)
