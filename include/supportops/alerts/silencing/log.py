"""Silences in the store. One is never changed but for its early end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from supportops.alerts.routing.matcher import How, MatcherError, Pattern
from supportops.alerts.silencing.silence import Label, Matcher, Silence, checked
from supportops.db.schema import alerts, silences
from supportops.db.storable import storable

LARGEST = 2**63 - 1


def add(connection: Connection, silence: Silence) -> Silence:
    """Stores a new silence; answers it with its number."""
    row = {
        "matchers": [
            {"label": m.label.value, "how": m.pattern.how.value, "values": list(m.pattern.values)}
            for m in silence.matchers
        ],
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "reason": silence.reason,
        "created_by": silence.created_by,
        "created_at": silence.created_at,
        "replaces": silence.replaces,
    }
    statement = silences.insert().returning(silences.c.id)
    return replace(silence, id=connection.execute(statement, [storable(row)]).scalar_one())


def expire(connection: Connection, number: int, by: str, now: datetime) -> bool:
    """Ends a silence at `now`; False where it is over, or there is none."""
    c = silences.c
    mine = update(silences).where(c.id == number, c.expired_at.is_(None), c.ends_at > now)
    result = connection.execute(mine.values(expired_by=storable(by), expired_at=now))
    return result.rowcount == 1


def find(connection: Connection, number: int) -> Silence | None:
    """The silence with this number; None for one that no database holds, too."""
    if not 0 < number <= LARGEST:
        return None
    found = connection.execute(select(silences).where(silences.c.id == number)).mappings().first()
    return None if found is None else _silence(found)


def ending_after(connection: Connection, instant: datetime) -> list[Silence]:
    """The silences that were to end after `instant`, in the order of their beginning."""
    c = silences.c
    rows = select(silences).where(c.ends_at > instant).order_by(c.starts_at, c.id)
    return [_silence(row) for row in connection.execute(rows).mappings()]


def for_unsettled(connection: Connection) -> list[Silence]:
    """Those that may concern an alert of which somebody may still have to be notified."""
    oldest = select(func.min(alerts.c.opened_at)).where(alerts.c.settled_at.is_(None))
    instant = connection.execute(oldest).scalar()
    return [] if instant is None else ending_after(connection, instant)


def newest(connection: Connection, most: int) -> list[Silence]:
    """The last `most` silences, the newest first, also those that are over."""
    rows = select(silences).order_by(silences.c.id.desc()).limit(most)
    return [_silence(row) for row in connection.execute(rows).mappings()]


def _silence(row: RowMapping) -> Silence:
    """A silence with matchers that this version cannot read matches nothing."""
    values = {name: row[name] for name in row if name in Silence.__slots__}
    return Silence(**values | {"matchers": _matchers(row["matchers"])})


_NOTHING = (Matcher(Label.KIND, Pattern(How.EQUAL, ("",))),)


def _matchers(stored: Any) -> Sequence[Matcher]:
    try:
        return checked([_matcher(each) for each in stored])
    except (MatcherError, KeyError, TypeError, ValueError):
        return _NOTHING


def _matcher(stored: Mapping[str, Any]) -> Matcher:
    values = tuple(str(each) for each in stored["values"])
    return Matcher(Label(stored["label"]), Pattern(How(stored["how"]), values))
