"""What was read from the calendars of teams, in the store: the last good reading of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from supportops.db.schema import rota_calendars
from supportops.db.statements import insert_or_update


@dataclass(frozen=True, slots=True)
class StoredCalendar:
    """The last good reading of a team's calendar, and how the last try went.

    `duties`: [since, until, person] with instants in ISO, until `until`; `unknown`: [since,
    summary] of events that name nobody. None and empty before the first. `failures`: how many tries
    in a row failed, `error` why the last one did.
    """

    team: str
    source: str
    tried_at: datetime
    duties: tuple[tuple[str, str, str], ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    until: datetime | None = None
    read_at: datetime | None = None
    failures: int = 0
    error: str | None = None

    def to_document(self) -> dict[str, Any]:
        """What of it is part of a configuration; the same as long as the duties are."""
        assert self.until is not None
        return {
            "duties": [list(each) for each in self.duties],
            "until": self.until.isoformat(),
        }


def stored_calendars(connection: Connection) -> dict[str, StoredCalendar]:
    """Every team's, by its name."""
    c = rota_calendars.c
    rows = connection.execute(select(rota_calendars).order_by(c.team)).mappings()
    return {row["team"]: _of(row) for row in rows}


def save(connection: Connection, calendar: StoredCalendar) -> None:
    """Puts it in the place of what is stored of its team."""
    insert_or_update(connection, rota_calendars, [asdict(calendar)])


def forget(connection: Connection, teams: Collection[str]) -> None:
    """Removes what is stored of these teams."""
    if teams:
        connection.execute(delete(rota_calendars).where(rota_calendars.c.team.in_(sorted(teams))))


def _of(row: Mapping[Any, Any]) -> StoredCalendar:
    duties = tuple((since, until, person) for since, until, person in row["duties"])
    unknown = tuple((since, summary) for since, summary in row["unknown"])
    return StoredCalendar(**{**row, "duties": duties, "unknown": unknown})
