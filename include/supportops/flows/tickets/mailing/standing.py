"""How each mailbox stands: when it was last read, since when it cannot be, and the alert on that.

What may pass by itself, such as a server that starts again, is alerted on when a second reading
fails in a row; a refused login or a missing folder at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from supportops.alerts import store
from supportops.alerts.alert import Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.db.schema import alerts, sync_marks
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.mailbox.account import Account, AccountKind
from supportops.mailbox.folder import MailboxError
from supportops.tickets.log.sync_marks import read_mark, set_mark
from supportops.tickets.source import MAILBOX

_READ, _FAILING = "read", "failing"
_SUBJECT = "mailbox "
# The subject of the alert on the reading of all of them.
SCHEDULE = "mailboxes"
_EXPLANATION = (
    "Messages in this mailbox are not read: no ticket is made of them, and nobody is paged. "
    "`supportops mailbox check` tries it."
)
_REMOVED = {"over": "it is not configured any more", "ending": "no_longer_configured"}


def subject_of(name: str) -> str:
    """The subject of the alert on a mailbox."""
    return f"{_SUBJECT}{name}"


def was_read(connection: Connection, account: Account, now: datetime) -> None:
    """Notes that all of a mailbox could be read, and ends the alert that it could not."""
    set_mark(connection, MAILBOX, f"{_READ}/{account.name}", "all it had", now)
    set_mark(connection, MAILBOX, f"{_FAILING}/{account.name}", "", now)
    if account.kind is AccountKind.SUPPORT:
        mark_synced(connection, MAILBOX, now)
    over = {"over": "it is read again"}
    store.resolve_alert(connection, Kind.TASK_FAILED, subject_of(account.name), now, over)


def failed(
    connection: Connection, account: Account, error: MailboxError, words: str, now: datetime
) -> bool:
    """Notes that a mailbox could not be read, and raises the alert where it is to be raised.

    Returns whether it is new.
    """
    stream = f"{_FAILING}/{account.name}"
    again = bool(read_mark(connection, MAILBOX, stream))
    if not again:
        set_mark(connection, MAILBOX, stream, words, now)
    if error.fault.passing and not again:
        return False
    before = store.find_open(connection, Kind.TASK_FAILED, subject_of(account.name))
    critical = account.kind is AccountKind.VOICEMAIL
    alert = operations_alert(
        Kind.TASK_FAILED,
        subject_of(account.name),
        words,
        _since(connection, stream) or now,
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        facts={"explanation": _EXPLANATION, "dag_id": "mailbox"},
    )
    store.raise_alert(connection, alert, now)
    return before is None


def end_of_removed(connection: Connection, names: Iterable[str], now: datetime) -> None:
    """Ends the alerts on mailboxes that are not among `names` any more."""
    known, c = {subject_of(name) for name in names}, alerts.c
    mine = c.subject.startswith(_SUBJECT, autoescape=True)
    rows = select(c.subject).where(c.kind == Kind.TASK_FAILED.value, c.resolved_at.is_(None), mine)
    for subject in sorted({*connection.execute(rows).scalars()} - known):
        store.resolve_alert(connection, Kind.TASK_FAILED, subject, now, _REMOVED)


def last_read(connection: Connection, name: str) -> datetime | None:
    """When all of a mailbox was last read; None where it never was."""
    return _since(connection, f"{_READ}/{name}")


def _since(connection: Connection, stream: str) -> datetime | None:
    c = sync_marks.c
    query = select(c.moved_at).where(c.source == MAILBOX, c.stream == stream)
    return connection.execute(query).scalar_one_or_none()
