"""What channels render: alerts, digests and reports as plain text on single lines, unescaped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from supportops.alerts.channels.counts import Count
from supportops.alerts.description import Description
from supportops.notify.mail_parts import Attachment

LIMIT_REACHED = (
    "The rate limit of this receiver is reached: what comes next is sent from {time} on."
)


@dataclass(frozen=True, slots=True)
class AlertsContent:
    """One alert or several, at least one, the most urgent first.

    `alerts` are those that are described one by one, `counts` counts all. `title` is the subject
    line. `board` is the address of the board, `page` the page about exactly these alerts: the
    alert's own page, or the board for several. `thread` is the
    Message-ID that all messages about one alert refer to; None for several. `notes` hold for the
    whole message. `next_at`: the time from which the next message can come, where this one uses
    up the receiver's rate limit. `take`: where its receiver can take the one alert, or decide what
    it asks for: then there is more to do there than to press a button (`decides`).
    """

    title: str
    alerts: tuple[Description, ...]
    board: str | None
    page: str | None
    thread: str | None
    counts: tuple[Count, ...]
    notes: tuple[str, ...] = ()
    next_at: str | None = None
    take: str | None = None
    decides: bool = False

    @property
    def take_words(self) -> str:
        """What the link to `take` says."""
        return "Read and decide" if self.decides else "Acknowledge"

    @property
    def action(self) -> str | None:
        """The address that takes the alert at one press of a button."""
        return None if self.decides else self.take

    @property
    def total(self) -> int:
        """How many alerts the message is about."""
        return sum(count.total for count in self.counts)

    @property
    def next_words(self) -> str | None:
        """Why nothing comes for a while."""
        return self.next_at and LIMIT_REACHED.format(time=self.next_at)


class SectionKind(StrEnum):
    """The sections of a digest, in their order. The value stands in the subject line."""

    BREACHED = "breached"
    STILL_OPEN = "still open"
    DUE_SOON = "due soon"
    RETRACTED = "retracted"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One ticket's clock. `business` and `calendar` are lengths of time, past the deadline where
    `overdue`, else until it; `summary` is the clock in a few words. `link` is the ticket's page,
    `reference` finds the alert again."""

    ticket: str
    title: str
    about: str
    metric: str
    due: str
    business: str
    calendar: str
    overdue: bool
    assignee: str
    notes: tuple[str, ...]
    summary: str
    critical: bool
    reference: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True)
class DigestSection:
    """The rows that are shown of a section with `total` of them. `time_heading` heads the lengths
    of time."""

    kind: SectionKind
    heading: str
    rows: tuple[DigestRow, ...]
    total: int
    time_heading: str


@dataclass(frozen=True, slots=True)
class DigestContent:
    """Many tickets. `left_out` counts the rows that no section shows; `repeated`: some of it may
    have been sent before; `only`: the row of a digest that is about one ticket."""

    title: str
    sections: tuple[DigestSection, ...]
    left_out: int
    board: str | None
    repeated: bool
    next_words: str | None = None
    only: DigestRow | None = None


class ReportUnavailable(LookupError):
    """A report cannot be sent as it is stored; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class ReportContent:
    """One issued report, or one notice to a customer. `name` begins the names of its files:
    "weekly-2026-W47".

    `html` and `text` are its e-mail, `images` the pictures in `html`, `summary` its result in a
    line or two. `attachments` are all that could be sent along, in order of importance;
    `attach_at_most` is the size in bytes that an e-mail with them may have. `page` is its page on
    the board, None where its recipients have no board. `repeated`: it may have been sent before.
    `language` is that of the report, in which a channel adds its own words. `thread` is the
    Message-ID that all mails about one matter refer to; None for a report.
    """

    name: str
    subject: str
    html: str | None
    text: str | None
    summary: tuple[str, ...]
    images: tuple[Attachment, ...]
    attachments: tuple[Attachment, ...]
    attach_at_most: int
    page: str | None = None
    language: str = "en-GB"
    repeated: bool = False
    thread: str | None = None
