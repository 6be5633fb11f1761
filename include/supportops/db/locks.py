"""What only one transaction may do at a time, and the lock that sees to it."""

from __future__ import annotations

from enum import IntEnum, unique

from sqlalchemy import Connection, text


@unique
class Lock(IntEnum):
    """The number of each advisory lock: arbitrary, and unique in the database."""

    MIGRATE_SCHEMA = 7_305_000
    JUDGE_SITES = 7_305_001
    DISPATCH_ALERTS = 7_305_002
    APPEND_TICKET_EVENTS = 7_305_003
    DRAFT_NOTICES = 7_305_004
    JUDGE_DOMAINS = 7_305_061
    RECORD_PUSHES = 7_305_060
    SWEEP_CLOCKS = 7_305_020
    ISSUE_REPORT = 7_305_040
    STORE_REPORT = 7_305_041


def advisory_lock(connection: Connection, lock: Lock) -> None:
    """Waits until no other transaction holds `lock`; it is released with this transaction.

    On SQLite nothing needs to be locked: `engine.writing` admits one writer at a time.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock.value})
