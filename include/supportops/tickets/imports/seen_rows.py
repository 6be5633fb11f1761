"""Which rows of a file there have been, on disk, to find two of one name with other content."""

from __future__ import annotations

import hashlib
import sqlite3

from supportops.tickets.imports.mapping import ImportMapping, Record, RecordError, Rows


class SeenRows:
    """Remembers a digest of each row; of a million rows in a temporary file, not in memory."""

    def __init__(self, mapping: ImportMapping) -> None:
        self._mapping = mapping
        self._columns = sorted(mapping.columns)
        # SQLite takes an empty name for a temporary database that spills to disk.
        self._database = sqlite3.connect("")
        self._database.execute(
            "CREATE TABLE rows (name TEXT PRIMARY KEY, digest BLOB, line INT) WITHOUT ROWID"
        )

    def add(self, record: Record, line: int) -> None:
        """Raises RecordError where an earlier row has this one's name and other content."""
        if self._mapping.rows is Rows.SNAPSHOTS:
            return
        names = (self._mapping.ticket, *self._mapping.row_id)
        name = "\x1f".join(record.get(column, "") for column in names)
        content = "\x1f".join(record.get(column, "") for column in self._columns)
        digest = hashlib.blake2b(content.encode("utf-8", "surrogateescape"), digest_size=12)
        insert = "INSERT OR IGNORE INTO rows VALUES (?, ?, ?)"
        if self._database.execute(insert, (name, digest.digest(), line)).rowcount:
            return
        found = "SELECT digest, line FROM rows WHERE name = ?"
        known, before = self._database.execute(found, (name,)).fetchone()
        if known != digest.digest():
            what = ", ".join(names)
            raise RecordError(f"{what}: line {before} has the same, with other content")

    def close(self) -> None:
        """Deletes the temporary database."""
        self._database.close()
