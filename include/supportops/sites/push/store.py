"""Pushes in the store: an append-only log, its fold by monitor, and the stops of the endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select

from supportops.db.schema import endpoint_stops, push_standings, pushes
from supportops.db.statements import insert_new, insert_or_update
from supportops.sites.history import LAST, Span
from supportops.sites.push.content import Content, Outcome
from supportops.sites.push.standing import Push, PushStanding, from_json, to_json

# How long pushes are stored, and how many of one monitor at most.
STORED_FOR = timedelta(days=35)
MOST_OF_ONE = 5_000
_c, _s = pushes.c, push_standings.c


def append(
    connection: Connection,
    monitor: str,
    received_at: datetime,
    content: Content,
    signature: str | None = None,
) -> bool:
    """Records a push of `monitor`, the name of its token; False where its signature is known.

    The caller holds `Lock.RECORD_PUSHES`: numbers are then in the order of the commits, and a fold
    that has reached one has seen all before it.
    """
    row = {
        "monitor": monitor,
        "received_at": received_at,
        "outcome": content.outcome.value,
        "exit_code": content.exit_code,
        "message": content.message,
        "reported": dict(content.values),
        "signature": signature,
    }
    return bool(insert_new(connection, pushes, [row]))


def counted(
    connection: Connection, monitor: str, since: datetime, outcome: Outcome | None = None
) -> int:
    """How many pushes of a monitor were recorded since then, of one outcome or any."""
    statement = select(func.count()).where(_c.monitor == monitor, _c.received_at > since)
    if outcome is not None:
        statement = statement.where(_c.outcome == outcome.value)
    return connection.execute(statement).scalar_one()


def not_folded(connection: Connection, only: str | None = None) -> dict[str, list[Push]]:
    """The pushes that no standing has in it yet, by monitor, in the order of their numbers."""
    statement = (
        select(_c.id, _c.monitor, _c.received_at, _c.outcome, _c.exit_code, _c.message, _c.reported)
        .outerjoin(push_standings, _s.monitor == _c.monitor)
        .where(or_(_s.folded.is_(None), _c.id > _s.folded))
        .order_by(_c.id)
    )
    if only is not None:
        statement = statement.where(_c.monitor == only)
    found: dict[str, list[Push]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.monitor, []).append(_push(row))
    return found


def first_since(connection: Connection, since: datetime) -> datetime | None:
    """When the first push of any monitor came after `since`, a refused one among them."""
    statement = select(func.min(_c.received_at)).where(_c.received_at > since)
    found: datetime | None = connection.execute(statement).scalar()
    return found


def _push(row: Any) -> Push:
    content = Content(Outcome(row.outcome), row.exit_code, row.message, row.reported)
    return Push(row.id, row.received_at, content)


def standings(connection: Connection) -> dict[str, PushStanding]:
    """By monitor, the name of its token."""
    rows = connection.execute(select(_s.monitor, _s.fold))
    return {row.monitor: from_json(row.fold) for row in rows}


def save_standings(
    connection: Connection,
    found: Mapping[str, tuple[PushStanding, str]],
    now: datetime,
) -> None:
    """Writes standings with their states, by monitor."""
    rows = [
        {
            "monitor": monitor,
            "folded": standing.folded,
            "judged_at": now,
            "state": state,
            "fold": to_json(standing),
        }
        for monitor, (standing, state) in sorted(found.items())
    ]
    insert_or_update(connection, push_standings, rows)


def forget(connection: Connection, monitors: Iterable[str]) -> None:
    """Deletes standing and pushes of what is no longer configured: if it comes back it is new."""
    names = sorted(set(monitors))
    if names:
        connection.execute(delete(push_standings).where(_s.monitor.in_(names)))
        connection.execute(delete(pushes).where(_c.monitor.in_(names)))


def prune(connection: Connection, now: datetime, came: Iterable[str]) -> int:
    """Deletes pushes that are folded and old, or too many; answers how many.

    `came`: the monitors with pushes since the last call, which alone can have too many now.
    """
    folded = select(_s.folded).where(_s.monitor == _c.monitor).scalar_subquery()
    gone = delete(pushes).where(_c.received_at < now - STORED_FOR, _c.id < folded)
    deleted = connection.execute(gone).rowcount
    for monitor in sorted(set(came)):
        beyond = (
            select(_c.id)
            .where(_c.monitor == monitor)
            .order_by(_c.id.desc())
            .limit(1)
            .offset(MOST_OF_ONE)
        )
        oldest = connection.execute(beyond).scalar()
        if oldest is not None:
            many = _c.id <= oldest, _c.id < folded
            deleted += connection.execute(
                delete(pushes).where(_c.monitor == monitor, *many)
            ).rowcount
    connection.execute(delete(endpoint_stops).where(endpoint_stops.c.until < now - STORED_FOR))
    return deleted


def add_stop(connection: Connection, since: datetime, until: datetime) -> None:
    """Records that the endpoint did not serve in [since, until)."""
    connection.execute(endpoint_stops.insert().values(since=since, until=until))


def stops(connection: Connection, since: datetime) -> list[Span]:
    """When the endpoint did not serve, as far as it touches what is after `since`."""
    c = endpoint_stops.c
    statement = select(c.since, c.until).where(c.until >= since).order_by(c.since, c.id)
    return [Span(row.since, min(row.until, LAST)) for row in connection.execute(statement)]
