"""Records that cannot be read, in the table `quarantine` with the reason and their content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from supportops.db.schema import quarantine
from supportops.db.statements import insert_new
from supportops.tickets.validation import LONGEST_WORD, clean

LONGEST_CONTENT = 4_000


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be read: its name, where it stood, why, and its content, shortened.

    (source, `record`) is the key: a record that comes again is kept once.
    """

    record: str
    place: str
    reason: str
    content: str


def reject(record: str, place: str, reason: str, content: Any) -> Rejected:
    """Rejects `content`, any JSON value; a `record` that ends in `?` is named after its content."""
    written = json.dumps(content, sort_keys=True, default=str)
    if record.endswith("?"):
        record += hashlib.sha256(written.encode()).hexdigest()[:12]
    return Rejected(clean(record, LONGEST_WORD), place, reason, clean(written, LONGEST_CONTENT))


def set_aside(
    connection: Connection, source: str, rejected: Sequence[Rejected], now: datetime
) -> int:
    """Stores rejected records; returns how many were not there yet."""
    rows = [
        {
            "source": source,
            "record": one.record,
            "place": one.place,
            "reason": one.reason,
            "content": one.content,
            "recorded_at": now,
        }
        for one in rejected
    ]
    return insert_new(connection, quarantine, rows)
