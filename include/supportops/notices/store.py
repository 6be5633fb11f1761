"""Threads and notices in the store. Whoever decides about a draft does so once, by one UPDATE.

The UPDATE names the draft's state and version: of two people who approve at once, of an approval
and an edit, or of a person and the time that ran out, the first has it and the other learns of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, or_, select, update

from supportops.db.schema import notice_acts, notice_threads, notices
from supportops.db.storable import storable
from supportops.notices.notice import Item, Notice, NoticeKind, NoticeState, Thread
from supportops.notices.settings import Timeout
from supportops.notices.wording import Text

_n, _t = notices.c, notice_threads.c
_WAITING = NoticeState.WAITING.value


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice that is to be written: its place in the thread and what it says."""

    kind: NoticeKind
    text: Text
    language: str
    items: frozenset[Item]
    cause: str
    decide_at: datetime
    timeout: Timeout
    every: timedelta | None


@dataclass(frozen=True, slots=True)
class NoticeAct:
    """What was done with a notice, by whom, and the text as it stood after it."""

    act: str
    version: int
    who: str
    at: datetime
    why: str
    subject: str
    text: str


def threads(
    connection: Connection,
    *,
    closed_since: datetime | None = None,
    customers: Iterable[str] | None = None,
) -> list[Thread]:
    """The open threads, and those that were closed since an instant; the oldest first. With
    `customers`, those of these names."""
    wanted: ColumnElement[bool] = _t.closed_at.is_(None)
    if closed_since is not None:
        wanted = or_(wanted, _t.closed_at >= closed_since)
    statement = select(notice_threads).where(wanted)
    if customers is not None:
        statement = statement.where(_t.customer.in_([storable(name) for name in customers]))
    return _threads(connection, connection.execute(statement.order_by(_t.id)).all())


def customers(connection: Connection, closed_since: datetime) -> set[str]:
    """Those with a thread that is open, or was closed since an instant."""
    wanted = or_(_t.closed_at.is_(None), _t.closed_at >= closed_since)
    return set(connection.execute(select(_t.customer).where(wanted).distinct()).scalars())


def find(connection: Connection, notice: int) -> tuple[Thread, Notice] | None:
    """A notice by its number, with its thread; None for one that there is not."""
    if not 0 < notice < 2**63:
        return None
    thread = select(_n.thread).where(_n.id == notice).scalar_subquery()
    rows = connection.execute(select(notice_threads).where(_t.id == thread)).all()
    for each in _threads(connection, rows):
        return each, next(one for one in each.notices if one.id == notice)
    return None


def thread(connection: Connection, number: int) -> Thread:
    """A thread that is stored."""
    rows = connection.execute(select(notice_threads).where(_t.id == number)).all()
    return _threads(connection, rows)[0]


def by_alerts(connection: Connection, keys: Iterable[str]) -> dict[str, tuple[Thread, Notice]]:
    """What was sent, by the keys of the messages' alerts."""
    found = connection.execute(select(_n.thread, _n.alert).where(_n.alert.in_(set(keys)))).all()
    rows = connection.execute(
        select(notice_threads).where(_t.id.in_({row.thread for row in found}))
    ).all()
    every = [(each, one) for each in _threads(connection, rows) for one in each.notices]
    wanted = {row.alert for row in found}
    return {one.alert: (each, one) for each, one in every if one.alert in wanted and one.alert}


def newest(connection: Connection, most: int) -> list[tuple[Thread, Notice]]:
    """The last notices, the newest first."""
    ids = connection.execute(select(_n.id, _n.thread).order_by(_n.id.desc()).limit(most)).all()
    rows = connection.execute(
        select(notice_threads).where(_t.id.in_({row.thread for row in ids}))
    ).all()
    known = {one.id: (each, one) for each in _threads(connection, rows) for one in each.notices}
    return [known[row.id] for row in ids]


def begin(
    connection: Connection,
    customer: str,
    sites: Iterable[str],
    incidents: Iterable[str],
    now: datetime,
) -> int:
    """A new thread; its number."""
    row = {
        "customer": customer,
        "opened_at": now,
        "sites": sorted(sites),
        "incidents": sorted(incidents),
    }
    statement = insert(notice_threads).returning(_t.id)
    return int(connection.execute(statement, [storable(row)]).scalar_one())


def extend(
    connection: Connection, number: int, sites: Iterable[str], incidents: Iterable[str]
) -> None:
    """The thread is about these sites and incidents from now on, and open."""
    values = {"sites": sorted(sites), "incidents": sorted(incidents)}
    connection.execute(
        update(notice_threads)
        .where(_t.id == number)
        .values(**storable(values), closed_at=None, closed_why=None)
    )


def close(connection: Connection, number: int, why: str, now: datetime) -> None:
    """Nothing more is sent in this thread."""
    connection.execute(
        update(notice_threads)
        .where(_t.id == number, _t.closed_at.is_(None))
        .values(closed_at=now, closed_why=why)
    )


def draft(
    connection: Connection, number: int, draft: Draft, who: str, why: str, now: datetime
) -> int:
    """Writes the next notice of a thread; its number."""
    last = select(func.coalesce(func.max(_n.number), 0)).where(_n.thread == number)
    row = {
        "thread": number,
        "number": connection.execute(last).scalar_one() + 1,
        "kind": draft.kind.value,
        "state": _WAITING,
        "version": 1,
        "language": draft.language,
        "subject": draft.text.subject,
        "text": draft.text.text,
        "items": sorted(map(list, draft.items)),
        "cause": draft.cause,
        "drafted_at": now,
        "decide_at": draft.decide_at,
        "timeout": draft.timeout.value,
        "edited": False,
        "every": None if draft.every is None else round(draft.every.total_seconds()),
    }
    statement = insert(notices).returning(_n.id)
    found = int(connection.execute(statement, [storable(row)]).scalar_one())
    _log(connection, found, "drafted", who, why, now)
    return found


def rewrite(
    connection: Connection, notice: Notice, draft: Draft, who: str, why: str, now: datetime
) -> bool:
    """Gives a draft that waits another text of ours; False where it is another by now."""
    values = {
        "subject": draft.text.subject,
        "text": draft.text.text,
        "items": sorted(map(list, draft.items)),
        "cause": draft.cause,
    }
    return _change(connection, notice, "redrafted", values, who, why, now)


def edit(
    connection: Connection,
    notice: Notice,
    text: Text,
    every: timedelta | None,
    who: str,
    now: datetime,
) -> bool:
    """A person's text; False where the draft is another by now, or was decided about."""
    values = {
        "subject": text.subject,
        "text": text.text,
        "edited": True,
        "every": None if every is None else round(every.total_seconds()),
    }
    return _change(connection, notice, "edited", values, who, "", now)


def decide(
    connection: Connection,
    notice: Notice,
    state: NoticeState,
    who: str,
    why: str,
    now: datetime,
    *,
    next_at: datetime | None = None,
    alert: str | None = None,
    due: str | None = None,
) -> bool:
    """Ends a draft that waits; False where it is another by now, or was decided about."""
    values = {
        "state": state.value,
        "decided_by": who,
        "decided_at": now,
        "next_at": next_at,
        "alert": alert,
        "due": due,
    }
    statement = update(notices).where(
        _n.id == notice.id, _n.state == _WAITING, _n.version == notice.version
    )
    if connection.execute(statement.values(**storable(values))).rowcount != 1:
        return False
    _log(connection, notice.id, state.value, who, why, now)
    return True


def acts_of(connection: Connection, notice: int) -> list[NoticeAct]:
    """What was done with a notice, in its order."""
    c = notice_acts.c
    columns = (c.act, c.version, c.who, c.at, c.why, c.subject, c.text)
    rows = connection.execute(select(*columns).where(c.notice == notice).order_by(c.id))
    return [NoticeAct(*row) for row in rows]


def _change(
    connection: Connection,
    notice: Notice,
    act: str,
    values: dict[str, Any],
    who: str,
    why: str,
    now: datetime,
) -> bool:
    statement = update(notices).where(
        _n.id == notice.id, _n.state == _WAITING, _n.version == notice.version
    )
    changed = statement.values(**storable(values), version=_n.version + 1)
    if connection.execute(changed).rowcount != 1:
        return False
    _log(connection, notice.id, act, who, why, now)
    return True


def _log(connection: Connection, notice: int, act: str, who: str, why: str, now: datetime) -> None:
    """The act, with version and text as they stand after it."""
    row = connection.execute(select(_n.version, _n.subject, _n.text).where(_n.id == notice)).one()
    values = {"notice": notice, "act": act, "version": row.version, "who": who, "at": now}
    values |= {"why": why, "subject": row.subject, "text": row.text}
    connection.execute(insert(notice_acts), [storable(values)])


def _threads(connection: Connection, rows: Sequence[Row[Any]]) -> list[Thread]:
    ids = [row.id for row in rows]
    found: defaultdict[int, list[Notice]] = defaultdict(list)
    for start in range(0, len(ids), 1_000):
        chunk = ids[start : start + 1_000]
        statement = select(notices).where(_n.thread.in_(chunk)).order_by(_n.thread, _n.number)
        for row in connection.execute(statement):
            found[row.thread].append(_notice(row))
    return [
        Thread(
            id=row.id,
            customer=row.customer,
            opened_at=row.opened_at,
            sites=frozenset(row.sites),
            incidents=frozenset(row.incidents),
            notices=tuple(found[row.id]),
            closed_at=row.closed_at,
        )
        for row in rows
    ]


def _notice(row: Row[Any]) -> Notice:
    stored = row._mapping
    values = {name: stored[name] for name in Notice.__slots__}
    values |= {
        "kind": NoticeKind(row.kind),
        "state": NoticeState(row.state),
        "timeout": Timeout(row.timeout),
        "items": frozenset((site, page) for site, page in stored["items"]),
        "every": None if row.every is None else timedelta(seconds=row.every),
    }
    return Notice(**values)
