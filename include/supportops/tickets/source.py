"""The contract of a ticket source: what syncing, importing and mirroring outages need of it.

A source is a system in which people work on tickets, such as Zendesk. The flows know sources by
this contract alone; `supportops.tickets.registry` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection

from supportops.tickets.log.quarantine import Rejected
from supportops.tickets.ticket import Event, Status

# Tickets that this program makes itself: logged calls, outages found by checks, and what came to a
# mailbox.
PHONE, OUTAGE, MAILBOX = "phone", "outage", "mailbox"
OWN_SOURCES = (PHONE, OUTAGE, MAILBOX)
# Those of them by which customers call for help: their alerts are calls.
CALL_SOURCES = (PHONE, MAILBOX)
# Stands for a ticket's number in the form of a source's addresses.
NUMBER = "{ticket}"


class SourceError(RuntimeError):
    """A source did not do what was asked. The message is one line and holds no secret.

    `refused`: the credentials or their permissions were refused, so trying again is no use.
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class TicketRefused(SourceError):
    """The source takes no such change of this ticket, as it is closed, merged or deleted."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What records of a source mean: events, and the records that cannot be read."""

    events: tuple[Event, ...]
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a stream, fetched but not yet stored.

    `mark` says, in the source's own words, how far the stream is read once this page is stored;
    `records` is how many the page holds. With `last` there is nothing more for now. `notes` are
    for whoever reads the summary of the sync. `read` gives the page's meaning at a given time of
    recording; it may look up in the store what earlier pages said, and store marks of its own. It
    must not use the network, since it runs within the transaction that stores the page.
    """

    mark: str
    records: int
    last: bool
    read: Callable[[Connection, datetime], Batch]
    notes: tuple[str, ...] = ()


class Stream(Protocol):
    """One of the lists that a source is read by, at work in one sync."""

    @property
    def name(self) -> str:
        """Names the stream's mark in the store, so it never changes."""

    @property
    def counted_as(self) -> str:
        """What its records are called in a summary, such as `tickets`."""

    def page(self, mark: str | None) -> Page:
        """The page after `mark`, which is None before the first one. Raises SourceError.

        A record may come twice: its event then has the same `source_event`, and is stored once.
        The implementation ends a stream (`last`) that would repeat a page for ever.
        """


class TicketSource(Protocol):
    """A connected source. Every method may raise SourceError."""

    @property
    def name(self) -> str:
        """Its name in the store and of its connection, such as `zendesk`; it never changes."""

    @property
    def title(self) -> str:
        """Its name in sentences, such as `Zendesk`."""

    @property
    def remote_time(self) -> datetime | None:
        """The time by the source's clock when it last answered; None where it does not say."""

    def streams(self) -> Sequence[Stream]:
        """The streams of one sync, in the order in which they are read to their ends."""

    def raise_outage(self, reference: str, subject: str, text: str) -> str:
        """The number of the source's one ticket about an outage, raised where there is none.

        `reference` is ours, such as `outage/3f2a...`; the source keeps it on the ticket and
        recognises the ticket by it. So a repetition, from another process and days later, raises
        no second one. The ticket has the most urgent priority.
        """

    def comment(self, ticket: str, text: str) -> None:
        """Adds an internal comment; a ticket that has one of this text already is left alone.

        So is one that takes no comments any more: closed, merged or deleted.
        """

    def solve(self, ticket: str) -> bool:
        """Solves a ticket that `raise_outage` raised; returns whether it is solved now.

        One that people have taken, answered or closed is theirs to solve and is left alone.
        """

    def close(self) -> None:
        """Ends the connection."""


@runtime_checkable
class Linked(Protocol):
    """What a source may have besides: pages of its tickets, for the people who work there."""

    @property
    def pages(self) -> str:
        """The https address of a ticket's page, with NUMBER for the ticket's number."""

    def address(self, ticket: str) -> str:
        """The https address of a ticket's page."""


@runtime_checkable
class Desk(Protocol):
    """What a source may have besides: its tickets can be worked on from here."""

    def act(self, ticket: str, text: str, *, public: bool, status: Status | None) -> None:
        """Adds a comment where `text` is not empty, and sets the status where one is given.

        A ticket that has a comment of this text already gets no second one. Raises SourceError,
        also where the account may not do it, and TicketRefused where the ticket takes no change.
        """
