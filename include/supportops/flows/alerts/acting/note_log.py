"""The log of what people noted about incidents and tickets. Append-only: the newest word counts.

`about` is an incident's key, or `ticket:SOURCE/NUMBER`. A cause, a note or what was
`done` of None leaves what was noted before; an empty one takes it back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from supportops.db.schema import incident_notes

_AT_ONCE = 1_000
_TICKET = "ticket:"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one person noted at an instant (aware UTC); None is what was left as it was."""

    about: str
    cause: str | None
    note: str | None
    by: str
    at: datetime
    done: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; the instant as ISO text in UTC."""
        done = {} if self.done is None else {"done": self.done}
        said = {"cause": self.cause, "note": self.note, **done}
        return {**said, "by": self.by, "at": self.at.isoformat()}

    @property
    def words(self) -> str:
        """What was noted, in a sentence's middle: "cause: hosting; note: disk full"."""
        said = (("cause", self.cause), ("done", self.done), ("note", self.note))
        return "; ".join(
            f"{what}: {text or 'taken back'}" for what, text in said if text is not None
        )


@dataclass(frozen=True, slots=True)
class Noted:
    """What counts of a history of entries, oldest first: the newest cause and the newest note."""

    entries: tuple[Entry, ...]

    @property
    def cause(self) -> str:
        """Empty where none was given, or it was taken back."""
        return next((e.cause for e in reversed(self.entries) if e.cause is not None), "")

    @property
    def note(self) -> str:
        """Empty as `cause`."""
        return next((e.note for e in reversed(self.entries) if e.note is not None), "")

    @property
    def done(self) -> str:
        """What was done about it; empty as `cause`."""
        return next((e.done for e in reversed(self.entries) if e.done is not None), "")

    @property
    def words(self) -> str:
        """ "hosting: disk full (Anna)"; empty where nothing is noted."""
        parts = [each for each in (self.cause, self.done, self.note) if each]
        return f"{': '.join(parts)} ({self.entries[-1].by})" if parts else ""


NOTHING = Noted(())


def about_ticket(source: str, number: str) -> str:
    """What a ticket is called in the log."""
    return f"{_TICKET}{source}/{number}"


def ticket_of(about: str) -> str | None:
    """The "source/number" of a ticket, None for an incident."""
    return about.removeprefix(_TICKET) if about.startswith(_TICKET) else None


def append(connection: Connection, entry: Entry) -> None:
    """Adds one entry."""
    row = {name: getattr(entry, name) for name in ("about", "cause", "note", "done")}
    connection.execute(insert(incident_notes), row | {"noted_by": entry.by, "noted_at": entry.at})


def noted(connection: Connection, about: Iterable[str]) -> dict[str, Noted]:
    """The entries of those that have any."""
    wanted, found = sorted(set(about)), defaultdict[str, list[Entry]](list)
    c = incident_notes.c
    for first in range(0, len(wanted), _AT_ONCE):
        page = wanted[first : first + _AT_ONCE]
        statement = select(incident_notes).where(c.about.in_(page)).order_by(c.id)
        for row in connection.execute(statement).mappings():
            found[row["about"]].append(_entry(row))
    return {each: Noted(tuple(entries)) for each, entries in found.items()}


def of_ticket(connection: Connection, source: str, number: str) -> Noted:
    """What was noted about a ticket."""
    about = about_ticket(source, number)
    return noted(connection, [about]).get(about, NOTHING)


def noted_of_tickets(connection: Connection) -> dict[tuple[str, str], Noted]:
    """Everything that was noted of tickets, by source and number."""
    c = incident_notes.c
    statement = select(c.about).where(c.about.startswith(_TICKET, autoescape=True)).distinct()
    found = noted(connection, connection.execute(statement).scalars())
    return {_name(about): each for about, each in found.items()}


def _name(about: str) -> tuple[str, str]:
    source, _, number = about.removeprefix(_TICKET).partition("/")
    return source, number


def noted_since(connection: Connection, since: datetime) -> list[str]:
    """What something was noted about at or after an instant, each once, by its name."""
    c = incident_notes.c
    statement = select(c.about).where(c.noted_at >= since).distinct().order_by(c.about)
    return list(connection.execute(statement).scalars())


def causes(connection: Connection) -> Sequence[tuple[str, int]]:
    """Every cause that was ever given, and how often, the most frequent first."""
    c, count = incident_notes.c, func.count()
    statement = (
        select(c.cause, count)
        .where(c.cause.is_not(None), c.cause != "")
        .group_by(c.cause)
        .order_by(count.desc(), c.cause)
    )
    return [(cause, number) for cause, number in connection.execute(statement)]


def _entry(row: Any) -> Entry:
    said = (row["cause"], row["note"])
    return Entry(row["about"], *said, row["noted_by"], row["noted_at"], row["done"])
