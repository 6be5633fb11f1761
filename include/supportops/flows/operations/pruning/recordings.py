"""Removes the sound of old voicemails; their tickets, with any transcript, remain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from supportops.db.schema import recordings
from supportops.flows.operations.pruning.removal import Kind

_c = recordings.c
# A row is as large as its sound: of few large ones the others are left for the next batch.
MOST_BYTES = 20_000_000


class OldRecordings:
    """Recordings that arrived before an instant, but for those of tickets on `hold`."""

    kind = Kind.RECORDINGS

    def __init__(self, before: datetime, hold: Sequence[str] = ()) -> None:
        self.old = (_c.received_at < before, _c.ticket.not_in(list(hold)))

    def rows(self, connection: Connection) -> dict[str, int]:
        """See `Removal`."""
        count = select(func.count()).where(*self.old)
        return {recordings.name: connection.execute(count).scalar_one()}

    def size(self, connection: Connection) -> int:
        """The bytes of sound that will be removed."""
        size = select(func.coalesce(func.sum(_c.size), 0)).where(*self.old)
        return int(connection.execute(size).scalar_one())

    def batch(self, connection: Connection, most: int) -> int | None:
        """See `Removal`."""
        old = select(_c.id, _c.size).where(*self.old)
        ids, size = list[int](), 0
        for row in connection.execute(old.order_by(_c.id).limit(most)).all():
            size += row.size
            if ids and size > MOST_BYTES:
                break
            ids.append(row.id)
        if not ids:
            return None
        return connection.execute(delete(recordings).where(_c.id.in_(ids))).rowcount
