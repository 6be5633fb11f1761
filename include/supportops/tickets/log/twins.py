"""The tickets that this program raised in other systems, one for each outage: their twins.

Each is a mark of the source, named by the reference that the source's ticket has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, select

from supportops.db.schema import sync_marks
from supportops.tickets.source import OUTAGE


@dataclass(frozen=True, slots=True)
class Twin:
    """An outage's ticket in a source.

    `ended`: the comment that the outage is over is on it. `finished`: it was then solved there, or
    left to the people who work on it. `adopted`: the store knows it as the outage's.
    """

    ticket: str
    ended: bool = False
    finished: bool = False
    adopted: bool = False

    @classmethod
    def read(cls, mark: str) -> Self:
        """The twin of a mark; earlier versions wrote `ticket` and `told_end` only."""
        fields = json.loads(mark)
        return cls(
            fields["ticket"],
            fields["told_end"],
            fields.get("finished", False),
            fields.get("adopted", False),
        )

    def write(self) -> str:
        """The mark as the store has it."""
        fields = {
            "ticket": self.ticket,
            "told_end": self.ended,
            "finished": self.finished,
            "adopted": self.adopted,
        }
        return json.dumps(fields, sort_keys=True)


def reference(number: str) -> str:
    """How a twin names its outage, by the number of the outage's own ticket."""
    return f"{OUTAGE}/{number}"


def twins_by_outage(connection: Connection, source: str) -> dict[str, Twin]:
    """The twins in a source, by the number of the outage's own ticket."""
    c, prefix = sync_marks.c, reference("")
    rows = select(c.stream, c.mark).where(c.source == source, c.stream.startswith(prefix))
    found = connection.execute(rows.order_by(c.stream)).all()
    return {row.stream.removeprefix(prefix): Twin.read(row.mark) for row in found}


def twins_of(connection: Connection, source: str) -> dict[str, str]:
    """The number of the outage's own ticket by the number of its twin in a source."""
    found = twins_by_outage(connection, source)
    return {twin.ticket: number for number, twin in found.items()}
