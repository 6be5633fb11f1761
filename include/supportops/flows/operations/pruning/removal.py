"""What is removed from the store, and how: batches so small that nobody waits for one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Protocol

from sqlalchemy import Connection, Engine

from supportops.db.engine import writing

# How long a batch is to take: on SQLite every writer waits for it.
BATCH_SECONDS = 0.1
FIRST_SIZE, LEAST_SIZE, MOST_SIZE = 500, 50, 20_000


class Kind(StrEnum):
    """What piles up."""

    CHECKS = "checks"
    MESSAGES = "messages"
    QUARANTINE = "quarantine"
    RECORDINGS = "recordings"
    CONFIGURATIONS = "configurations"


@dataclass(frozen=True, slots=True)
class Removed:
    """A batch: so many rows of one kind, in so many seconds."""

    kind: Kind
    rows: int
    seconds: float


class Removal(Protocol):
    """The removal of all that is older than an instant, a batch at a time."""

    kind: Kind

    def rows(self, connection: Connection) -> dict[str, int]:
        """How many rows of each table will be removed."""

    def batch(self, connection: Connection, most: int) -> int | None:
        """Removes about `most` rows; how many they were, None where none is left."""


def remove(engine: Engine, removal: Removal) -> Iterator[Removed]:
    """Removes batch by batch, each a transaction. Batches grow and shrink with their duration."""
    size = FIRST_SIZE
    while True:
        began = monotonic()
        with writing(engine) as connection:
            rows = removal.batch(connection, size)
        seconds = monotonic() - began
        if rows is None:
            return
        yield Removed(removal.kind, rows, seconds)
        if seconds > BATCH_SECONDS:
            size = max(size // 2, LEAST_SIZE)
        elif seconds < BATCH_SECONDS / 2:
            size = min(size * 2, MOST_SIZE)
