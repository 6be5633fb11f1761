"""What a message says, as the events of its ticket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from supportops.config.configuration import Configuration
from supportops.mailbox.account import Account
from supportops.mailbox.audio import audio_type, is_meant_as_audio, wav_seconds
from supportops.mailbox.caller import Caller, shown
from supportops.mailbox.classification import Category
from supportops.mailbox.mail import Attachment, Mail
from supportops.mailbox.store import Recording
from supportops.rendering.render import one_line
from supportops.tickets.reading import AUTOMATIC_HEADERS
from supportops.tickets.source import MAILBOX
from supportops.tickets.ticket import DONE, Author, Event, EventKind, Status, fold
from supportops.tickets.validation import LONGEST_WORD, clean

MOST_NAMED = 20
_OVER_THE_LIMIT = "a recording over the limit"
MOST_RECORDINGS = 10
_CHANNELS = {Category.VOICEMAIL: "voice", Category.REQUEST: "email"}


def number_of(identity: str) -> str:
    """The number of the ticket that a message makes."""
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording that is to be kept; `content` is at most as large as the mailbox allows."""

    name: str
    media_type: str
    content: bytes

    def kept_as(self, ticket: str, at: datetime) -> Recording:
        size, seconds = len(self.content), wav_seconds(self.content)
        return Recording(0, ticket, self.name, self.media_type, size, seconds, at)


@dataclass(frozen=True, slots=True)
class Contents:
    """What came with a message: recordings to keep, and in words what stays in the mailbox."""

    recordings: tuple[Recorded, ...]
    left: tuple[str, ...]

    @classmethod
    def of(cls, mail: Mail, account: Account) -> Contents:
        kept: list[Recorded] = []
        left: list[str] = []
        for each in mail.attachments:
            name = clean(each.name, 100) or each.media_type
            why = _why_not(each, account, len(kept))
            if why:
                left.append(f"{name} ({_size(len(each.content), whole=each.whole)}): {why}")
                continue
            media_type = audio_type(each.content)
            if media_type is None:
                left.append(f"{name} ({_size(len(each.content), whole=True)})")
            else:
                kept.append(Recorded(name, media_type, each.content))
        if not mail.whole:
            size = _size(mail.size, whole=True)
            left.append(f"the message itself ({size}): only its beginning was read")
        return cls(tuple(kept), tuple(left))

    @property
    def words(self) -> str:
        """What there is to hear, for the alert; empty for nothing."""
        if not self.recordings:
            too_large = any(_OVER_THE_LIMIT in each for each in self.left)
            return "too large for the ticket's page, it is in the mailbox" if too_large else ""
        seconds = wav_seconds(self.recordings[0].content)
        length = f"{seconds:.0f} s, " if seconds is not None else ""
        more = f" ({len(self.recordings)} of them)" if len(self.recordings) > 1 else ""
        return f"{length}to be played on the ticket's page{more}"


def _why_not(each: Attachment, account: Account, kept: int) -> str:
    """Why a recording is not kept; empty where it is, and for what is none."""
    meant, media_type = is_meant_as_audio(each), audio_type(each.content)
    if not meant and media_type is None:
        return ""
    if not each.whole or len(each.content) > account.largest_audio:
        limit = _size(account.largest_audio, whole=True)
        return f"{_OVER_THE_LIMIT} of {limit}, which is not kept here"
    if media_type is None:
        return "called a recording, but it is none that can be played"
    return "more recordings than are kept of one message" if kept >= MOST_RECORDINGS else ""


def requester_of(mail: Mail, category: Category, caller: Caller, customers: Sequence[str]) -> str:
    """Who it is from: the caller by number, with the customers whose number it is as a hint."""
    if category is Category.REQUEST:
        address = f"<{mail.sender}>" if mail.sender else ""
        return clean(one_line(f"{mail.sender_name} {address}"), 200) or "an unknown sender"
    if caller.withheld:
        return "a withheld number"
    if caller.number is None:
        return clean(one_line(mail.sender_name or mail.sender), 200) or "an unknown caller"
    hint = f" (perhaps {' or '.join(customers[:3])})" if customers else ""
    return shown(caller.number) + hint


def creation(
    mail: Mail,
    account: Account,
    category: Category,
    caller: Caller,
    contents: Contents,
    configuration: Configuration,
    at: datetime,
    now: datetime,
) -> Iterator[Event]:
    """The events of a new ticket, apart from its tier."""
    number = number_of(mail.identity)

    def event(kind: EventKind, author: Author, value: str | None = None, **facts: Any) -> Event:
        key = f"{number}/{facts.pop('key', kind.value)}"
        return Event(MAILBOX, key, number, kind, at, now, author, value, facts)

    customers = [each.name for each in _known_by(configuration, caller)]
    facts: dict[str, Any] = {
        "subject": clean(mail.subject, LONGEST_WORD) or _untitled(category),
        "text": clean(mail.text),
        "requester": requester_of(mail, category, caller, customers),
        "channel": _CHANNELS[category],
        "mailbox": account.name,
    }
    if caller.number:
        facts["number"] = caller.number
    # An answerphone is a program: only of what a person may have written do they say something.
    if category is Category.REQUEST and (headers := _automatic_headers(mail)):
        facts["headers"] = headers
    if contents.words:
        facts["recording"] = contents.words
    yield event(EventKind.CREATED, Author.CUSTOMER, **facts)
    if len(customers) == 1 and caller.number:
        rule = f"a hint: {shown(caller.number)} is a number of theirs"
        yield event(EventKind.CUSTOMER, Author.AUTOMATIC, customers[0], rule=rule)
    if len(customers) > 1 and caller.number:
        names = ", ".join(customers[:MOST_NAMED])
        said = f"{shown(caller.number)} is a number of several customers: {names}."
        yield event(EventKind.NOTE, Author.AUTOMATIC, text=said, key="customers")
    if note := note_of(contents, account):
        yield event(EventKind.NOTE, Author.AUTOMATIC, text=note, key="left")


def joining(
    mail: Mail,
    account: Account,
    contents: Contents,
    stored: Sequence[Event],
    at: datetime,
    now: datetime,
) -> Iterator[Event]:
    """The events that a reply adds to the ticket with the events `stored`.

    Whoever writes again is waited for no longer, and reopens what was solved.
    """
    ticket = fold(stored)
    key = f"{ticket.ticket}/mail/{number_of(mail.identity)}"
    happened = max(at, max(each.happened_at for each in stored))
    sender = requester_of(mail, Category.REQUEST, Caller(), ())

    def event(
        place: int, kind: EventKind, author: Author, value: str | None, **facts: Any
    ) -> Event:
        name = f"{key}/{kind.value}"
        found = (MAILBOX, name, ticket.ticket, kind, happened, now, author, value)
        return Event(*found, facts, sequence=len(stored) + place)

    said = clean(mail.text) or "(without a text)"
    yield event(0, EventKind.COMMENT, Author.CUSTOMER, None, text=said, by=sender)
    if ticket.status in {*DONE, Status.PENDING, Status.HOLD}:
        yield event(1, EventKind.STATUS, Author.CUSTOMER, Status.OPEN.value, by=sender)
    if note := note_of(contents, account):
        yield event(2, EventKind.NOTE, Author.AUTOMATIC, None, text=note)


def note_of(contents: Contents, account: Account) -> str:
    """What is not kept here, and where it is; empty for nothing."""
    if not contents.left:
        return ""
    lines = "\n".join(f"- {each}" for each in contents.left[:MOST_NAMED])
    more = len(contents.left) - MOST_NAMED
    rest = f"\n- and {more} more" if more > 0 else ""
    return f"In the mailbox {account.name}, folder {account.handled}:\n{lines}{rest}"


def _known_by(configuration: Configuration, caller: Caller) -> Sequence[Any]:
    """The customers who have the caller's number."""
    if caller.number is None:
        return ()
    found: Sequence[Any] = configuration.customers.by_phone(caller.number)
    return found


def _automatic_headers(mail: Mail) -> dict[str, str]:
    """What triage knows automatic messages by."""
    return {name: mail.header(name) for name in AUTOMATIC_HEADERS if name in mail.headers}


def _untitled(category: Category) -> str:
    return "Voicemail" if category is Category.VOICEMAIL else "Without a subject"


def _size(size: int, *, whole: bool) -> str:
    words = f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} kB"
    return words if whole else f"more than {words}"
