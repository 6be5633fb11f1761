"""The messages that were read, and the recordings that came with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from supportops.db.schema import mailbox_messages, recordings

LONGEST_WHY = 400


class Outcome(StrEnum):
    """What became of a message. Values are stored."""

    TICKET = "ticket"
    JOINED = "joined"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Record:
    """One message that was read, and what became of it. `ticket`: the number of the ticket that it
    made or joined; `why`: by what it was recognised, or what is wrong with it."""

    identity: str
    mailbox: str
    folder: str
    message_id: str | None
    outcome: Outcome
    why: str
    ticket: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known of a recording besides its content. `seconds`: how long it is, if known."""

    id: int
    ticket: str
    name: str
    media_type: str
    size: int
    seconds: float | None
    received_at: datetime


def outcome_of(connection: Connection, identity: str) -> Outcome | None:
    """What became of the message of this identity; None for one that was not read yet."""
    c = mailbox_messages.c
    found = connection.execute(select(c.outcome).where(c.identity == identity)).scalar_one_or_none()
    return None if found is None else Outcome(found)


def write(connection: Connection, record: Record, now: datetime) -> int:
    """Stores what became of a message, in the place of what did before; the number of its row."""
    values = {
        "identity": record.identity,
        "mailbox": record.mailbox,
        "folder": record.folder,
        "message_id": record.message_id,
        "outcome": record.outcome.value,
        "why": record.why[:LONGEST_WHY],
        "ticket": record.ticket,
        "received_at": record.received_at,
        "recorded_at": now,
    }
    c = mailbox_messages.c
    again = update(mailbox_messages).where(c.identity == record.identity).values(values)
    before = connection.execute(again.returning(c.id)).scalar_one_or_none()
    if before is not None:
        return int(before)
    new = insert(mailbox_messages).values(values).returning(c.id)
    return int(connection.execute(new).scalar_one())


def keep(
    connection: Connection,
    message: int,
    recording: Recording,
    content: bytes,
    *,
    transcribed_at: datetime | None,
) -> None:
    """Keeps a recording of the message whose row has the number `message`.

    `transcribed_at`: None where a transcript is still to be made.
    """
    values = {
        "message": message,
        "ticket": recording.ticket,
        "name": recording.name,
        "media_type": recording.media_type,
        "size": recording.size,
        "seconds": recording.seconds,
        "received_at": recording.received_at,
        "transcribed_at": transcribed_at,
        "content": content,
    }
    connection.execute(insert(recordings).values(values))


def ticket_of(connection: Connection, message_ids: Sequence[str]) -> str | None:
    """The ticket of the first of these messages that has one."""
    c = mailbox_messages.c
    rows = select(c.message_id, c.ticket, c.id).where(
        c.message_id.in_(message_ids), c.ticket.is_not(None)
    )
    found: dict[str, str] = {}
    for row in connection.execute(rows.order_by(c.id)):
        found.setdefault(row.message_id, row.ticket)
    return next((found[each] for each in message_ids if each in found), None)


_KNOWN = [column for column in recordings.c if column.name != "content"]


def recordings_of(connection: Connection, ticket: str) -> list[Recording]:
    """The recordings of a ticket, in the order in which they came."""
    c = recordings.c
    rows = connection.execute(select(*_KNOWN).where(c.ticket == ticket).order_by(c.id))
    return [_recording(row) for row in rows]


def untranscribed(connection: Connection, most: int) -> list[Recording]:
    """The oldest recordings whose transcripts are still to be made."""
    c = recordings.c
    rows = select(*_KNOWN).where(c.transcribed_at.is_(None)).order_by(c.id).limit(most)
    return [_recording(row) for row in connection.execute(rows)]


def content_of(connection: Connection, recording: int) -> tuple[Recording, bytes] | None:
    """A recording with its content; None where there is none of this number."""
    c = recordings.c
    row = connection.execute(select(recordings).where(c.id == recording)).one_or_none()
    return None if row is None else (_recording(row), bytes(row.content))


def mark_transcribed(connection: Connection, recording: int, now: datetime) -> bool:
    """Marks that a recording needs no transcript any more; whether it was needed until now."""
    c = recordings.c
    waiting = update(recordings).where(c.id == recording, c.transcribed_at.is_(None))
    return connection.execute(waiting.values(transcribed_at=now)).rowcount == 1


def _recording(row: object) -> Recording:
    names = Recording.__slots__
    return Recording(**{name: getattr(row, name) for name in names})
