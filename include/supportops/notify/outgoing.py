"""A message to be sent, and the result of an attempt to send it: values, without any transport."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from supportops.notify.mail_parts import Attachment


class Outcome(StrEnum):
    """What became of one attempt.

    HANDED_OVER: the service took the message. FAILED: it certainly did not. UNKNOWN: the message
    went out and no answer came, so that it may have arrived. NOBODY: the address leads nowhere.
    """

    HANDED_OVER = "handed_over"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message as it is sent. `html` is used where the service shows HTML (e-mail).

    `title` may be empty: an SMS and a chat message carry everything in `text`. `message_id` is
    the e-mail thread that the message belongs to, "<id@domain>". `attachments` go to services that
    take files. `images` are those that `html` shows as "cid:NAME"; they go by e-mail alone.
    `action`: an https address that takes the alert when it is POSTed to, for services with buttons.
    """

    title: str
    text: str
    html: str | None = None
    markdown: bool = False
    message_id: str | None = None
    attachments: tuple[Attachment, ...] = ()
    images: tuple[Attachment, ...] = ()
    action: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one attempt. `detail` is one line with every secret masked."""

    outcome: Outcome
    detail: str
    seconds: float
