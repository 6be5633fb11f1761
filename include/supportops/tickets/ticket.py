"""A ticket is the fold of its events, an append-only log, as of any instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What can happen to a ticket. Values are stored; their order here is that within one act."""

    CREATED = "created"
    KNOWN_SINCE = "known_since"
    COMMENT = "comment"
    NOTE = "note"
    NOTICE = "notice"
    STATUS = "status"
    PRIORITY = "priority"
    TIER = "tier"
    ASSIGNEE = "assignee"
    SITE = "site"
    CUSTOMER = "customer"
    TAGS = "tags"
    MERGED = "merged"
    DELETED = "deleted"
    RESTORED = "restored"


class Author(StrEnum):
    """Who acted. AUTOMATIC covers triggers, auto-replies and imports; it never stops a clock."""

    CUSTOMER = "customer"
    AGENT = "agent"
    AUTOMATIC = "automatic"


class Status(StrEnum):
    """A ticket's status, in Zendesk's words. PENDING waits for the customer, HOLD for others."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    HOLD = "hold"
    SOLVED = "solved"
    CLOSED = "closed"


DONE = frozenset({Status.SOLVED, Status.CLOSED})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a ticket.

    (`source`, `source_event`) is the natural key: storing an event twice changes nothing.
    `happened_at` is when it was, `recorded_at` when it was stored; both aware UTC. `value` is
    the new status, priority, tier, assignee, site, customer, comma-separated tags, or the source
    id of the ticket that this one was merged into. `facts` are JSON values: on CREATED `subject`,
    `text` and `requester`, on COMMENT, NOTE and NOTICE `text`. A NOTICE is a public comment of this
    program about an outage: it keeps a customer notified, and is nobody's reply. `sequence` is
    the event's place among those of one ticket and instant in its source, from 0 to
    MAX_SEQUENCE; what this program derives from a creation has 0, before all that the source
    says. Where a log begins after its ticket's creation, KNOWN_SINCE says so twice: at the
    creation, with the instant as its value, and at that instant, without one.
    """

    source: str
    source_event: str
    ticket: str
    kind: EventKind
    happened_at: datetime
    recorded_at: datetime
    author: Author = Author.AUTOMATIC
    value: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    sequence: int = 0

    @property
    def order(self) -> tuple[datetime, bool, int, int]:
        """By instant; then the creation, the sequence in the source, and the kind.

        The text of an id never decides: "10" follows "9".
        """
        created = self.kind is EventKind.CREATED
        return (self.happened_at, not created, self.sequence, _KINDS.index(self.kind))


_KINDS = tuple(EventKind)
# Sequence and kind fit into one column of 64 bits.
MAX_SEQUENCE = 2**59 - 1


def from_creation(events: Iterable[Event]) -> list[Event]:
    """Events of one ticket in order, where what is stamped before its creation counts at it.

    Such events keep their order among themselves, and follow the creation and what was derived
    from it.
    """
    ordered = sorted(events, key=lambda event: event.order)
    created = next((e.happened_at for e in ordered if e.kind is EventKind.CREATED), None)
    if created is None or ordered[0].happened_at >= created:
        return ordered
    early = [e for e in ordered if e.happened_at < created]
    later = ordered[len(early) :]
    derived = [e for e in later if e.happened_at == created and _precedes_early(e)]
    others = [e for e in later if not (e.happened_at == created and _precedes_early(e))]
    return [*derived, *(replace(e, happened_at=created) for e in early), *others]


def known_since(created: Event, since: datetime) -> list[Event]:
    """What says that the log of a created ticket begins at `since`; nothing if that is no later."""
    if since <= created.happened_at:
        return []
    says = replace(
        created,
        source_event=f"{created.source_event}/known",
        kind=EventKind.KNOWN_SINCE,
        author=Author.AUTOMATIC,
        value=since.isoformat(),
        facts={},
        sequence=0,
    )
    name = f"{created.source_event}/known_since"
    return [says, replace(says, source_event=name, happened_at=since, value=None)]


def _precedes_early(event: Event) -> bool:
    return event.kind is EventKind.CREATED or event.sequence == 0


@dataclass(frozen=True, slots=True)
class Ticket:
    """The state of a ticket at an instant; `ended_at` is when it was merged or deleted.

    `known_since`: where its history begins, None where that is its creation.
    """

    source: str
    ticket: str
    created_at: datetime | None = None
    subject: str = ""
    requester: str = ""
    status: Status = Status.NEW
    priority: str | None = None
    tier: str | None = None
    assignee: str | None = None
    site: str | None = None
    customer: str | None = None
    tags: tuple[str, ...] = ()
    merged_into: str | None = None
    ended_at: datetime | None = None
    solved_at: datetime | None = None
    updated_at: datetime | None = None
    known_since: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is neither done nor merged or deleted."""
        return self.ended_at is None and self.status not in DONE


def fold(events: Iterable[Event]) -> Ticket:
    """The ticket after `events`: at least one, all of one ticket, in any order."""
    ordered = from_creation(events)
    ticket = Ticket(ordered[0].source, ordered[0].ticket)
    for event in ordered:
        ticket = replace(_apply(ticket, event), updated_at=event.happened_at)
    return ticket


def _apply(ticket: Ticket, event: Event) -> Ticket:
    value = event.value
    match event.kind:
        case EventKind.CREATED:
            return replace(
                ticket,
                created_at=event.happened_at,
                subject=str(event.facts.get("subject", "")),
                requester=str(event.facts.get("requester", "")),
            )
        case EventKind.STATUS:
            return _with_status(ticket, Status(value or Status.OPEN), event.happened_at)
        case EventKind.PRIORITY:
            return replace(ticket, priority=value)
        case EventKind.TIER:
            return replace(ticket, tier=value)
        case EventKind.ASSIGNEE:
            return replace(ticket, assignee=value)
        case EventKind.SITE:
            return replace(ticket, site=value)
        case EventKind.CUSTOMER:
            return replace(ticket, customer=value)
        case EventKind.TAGS:
            return replace(ticket, tags=tuple(t for t in (value or "").split(",") if t))
        case EventKind.MERGED:
            return replace(ticket, merged_into=value, ended_at=event.happened_at)
        case EventKind.DELETED:
            return replace(ticket, ended_at=event.happened_at)
        case EventKind.RESTORED:
            return replace(ticket, ended_at=None, merged_into=None)
        case EventKind.KNOWN_SINCE:
            since = datetime.fromisoformat(value) if value else ticket.known_since
            return replace(ticket, known_since=since)
        case EventKind.COMMENT | EventKind.NOTE | EventKind.NOTICE:
            return ticket


def _with_status(ticket: Ticket, status: Status, at: datetime) -> Ticket:
    was_done, is_done = ticket.status in DONE, status in DONE
    solved_at = ticket.solved_at if is_done and was_done else at if is_done else None
    return replace(ticket, status=status, solved_at=solved_at)
