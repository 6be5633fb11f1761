"""A message of a mailbox as far as it could be read. Every text may be hostile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a message that is no text. `media_type` is what the message calls it, in small
    letters; `whole`: nothing of its content was left unread."""

    name: str
    media_type: str
    content: bytes
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. `headers` has every value of a header by its name in small letters.

    `identity` is equal for copies of one message wherever they are found; `message_id` is its
    Message-ID, None where it has none that can be used, and `references` are those of the messages
    that it answers, the nearest first. `media_type` is that of the whole and `report_type` what an
    RFC 3464 report calls itself. `sent_at` is its own Date, an aware instant. `whole`: all of it
    was read; else it was too large, and `size` is the server's count of its bytes.
    """

    headers: Mapping[str, tuple[str, ...]]
    subject: str
    sender_name: str
    sender: str
    text: str
    attachments: tuple[Attachment, ...]
    identity: str
    message_id: str | None
    references: tuple[str, ...]
    media_type: str
    report_type: str
    sent_at: datetime | None
    size: int
    whole: bool

    def header(self, name: str) -> str:
        """The first value of a header, empty where there is none."""
        return next(iter(self.headers.get(name, ())), "")
