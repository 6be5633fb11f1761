"""Composes one message about many tickets: what is past its deadline, or soon will be.

The subject line is the answer; the message lists the most urgent, section by section.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Kind, Phase, Severity
from supportops.alerts.channels.channel import Channel
from supportops.alerts.channels.content import (
    LIMIT_REACHED,
    DigestContent,
    DigestRow,
    DigestSection,
    SectionKind,
)
from supportops.alerts.description import cut, describe, incident_link, list_link, reference
from supportops.alerts.facts import Facts
from supportops.alerts.kind_texts import ended_by_now
from supportops.alerts.message import clock_time
from supportops.alerts.policy import OfficeHours
from supportops.alerts.ticket_clock import TicketClock
from supportops.alerts.words.notification import Notification
from supportops.alerts.words.ticket import doubt, page_at_source, page_on
from supportops.notify.outgoing import OutgoingMessage
from supportops.rendering.board_links import safe_link

# However many come before them, each section shows some of its own.
_ROWS_OF_EACH = 5
_LAST = datetime.max.replace(tzinfo=UTC)

_HEADINGS = {
    SectionKind.BREACHED: "Breached",
    SectionKind.STILL_OPEN: "Still open long after the breach",
    SectionKind.DUE_SOON: "Due soon",
    SectionKind.RETRACTED: "Retracted: not breached after all",
    SectionKind.OTHER: "Other alerts",
}
_TIME_HEADINGS = {
    SectionKind.BREACHED: "Overdue by",
    SectionKind.STILL_OPEN: "Overdue by",
    SectionKind.DUE_SOON: "Time left",
}
_SECTIONS = {
    Kind.SLA_BREACH: SectionKind.BREACHED,
    Kind.SLA_FOLLOW_UP: SectionKind.STILL_OPEN,
    Kind.SLA_WARNING: SectionKind.DUE_SOON,
}
# What a message begins with that is only about alerts from before the installation was live.
HISTORY = "History"
_HISTORY_NOTE = "from before going live"
_Sections = dict[SectionKind, list[Notification]]


@dataclass(frozen=True, slots=True)
class _Reader:
    """What a reader's times depend on: the time zone, the present and the office hours; the address
    of the board; and whether only part of the message is from before going live."""

    board: str | None
    zone: str
    now: datetime
    office: OfficeHours
    partly_history: bool = False

    def clock(self, notification: Notification) -> TicketClock:
        """The clock of a ticket's alert, as of now."""
        return TicketClock.of(notification.alert).at(self.now, self.office)


def compose_digest(
    notifications: Sequence[Notification],
    channel: Channel,
    zone: str,
    board_url: str | None,
    now: datetime,
    office: OfficeHours,
    next_at: datetime | None = None,
    together: str | None = None,
) -> OutgoingMessage:
    """One message with all `notifications` (at least one, else ValueError), breaches first, then
    what is due soonest.

    `zone` is the IANA name of the readers' time zone; lengths of time are as of `now`, in `office`
    hours and on the calendar. A clock with several notifications is listed once, in the most
    serious section. At most `channel.digest_rows` rows, the rest is counted. `next_at` is as in
    `message.compose`, and so is `together`.
    """
    if not notifications:
        raise ValueError("compose_digest() needs at least one notification")
    grouped = _grouped(notifications)
    repeated = any(notification.repeated for notification in notifications)
    history = [_is_history(each) for each in notifications]
    partly = any(history) and not all(history)
    reader = _Reader(board_url, zone, now, office, partly)
    sections = tuple(_sections(grouped, reader, channel.digest_rows))
    first = next(iter(grouped.values()))[0]
    return channel.digest(
        DigestContent(
            title=_title(grouped, reader, repeated),
            sections=sections,
            left_out=sum(section.total - len(section.rows) for section in sections),
            board=list_link(board_url, together),
            repeated=repeated,
            next_words=LIMIT_REACHED.format(time=clock_time(next_at, zone)) if next_at else None,
            only=_row(first, reader) if sum(map(len, grouped.values())) == 1 else None,
        )
    )


def _grouped(notifications: Sequence[Notification]) -> _Sections:
    """By section, in the order of the sections; within each the most urgent first."""
    found: _Sections = {kind: [] for kind in SectionKind}
    seen: set[tuple[object, ...]] = set()
    order = {kind: place for place, kind in enumerate(SectionKind)}
    for each in sorted(notifications, key=lambda n: (order[_section(n)], *_urgency(n.alert))):
        section, facts = _section(each), each.alert.facts
        clock = tuple(
            str(facts.get(name)) for name in ("source", "ticket", "metric", "instance", "deadline")
        )
        if section in _SECTIONS.values():
            if clock in seen:
                continue
            seen.add(clock)
        found[section].append(each)
    return {kind: members for kind, members in found.items() if members}


def _section(notification: Notification) -> SectionKind:
    alert = notification.alert
    if alert.kind not in SERVICE_LEVEL_KINDS:
        return SectionKind.OTHER
    if alert.retracted or notification.phase is Phase.RESOLVED:
        return SectionKind.RETRACTED
    return _SECTIONS[alert.kind]


def _urgency(alert: Alert) -> tuple[bool, datetime, str]:
    deadline = Facts(alert.facts).instant("deadline")
    return alert.severity is not Severity.CRITICAL, deadline or _LAST, alert.key


def _title(grouped: _Sections, reader: _Reader, repeated: bool) -> str:
    """ "SLA: 3 breached, 5 due soon - first: #1234 reply was due Fri 17:00"."""
    counts = ", ".join(f"{len(members)} {kind.value}" for kind, members in grouped.items())
    first = next(iter(grouped.values()))[0]
    several = sum(map(len, grouped.values())) > 1
    topic = "Alerts" if set(grouped) == {SectionKind.OTHER} else "SLA"
    note = " (may be repeated)" if repeated else ""
    history = all(_is_history(each) for members in grouped.values() for each in members)
    start = f"{HISTORY}, {_HISTORY_NOTE}: " if history else ""
    return f"{start}{topic}: {counts} - {'first: ' if several else ''}{_first(first, reader)}{note}"


def _is_history(notification: Notification) -> bool:
    """Whether it was raised before the installation was live, and is no reminder of it."""
    firing = notification.phase is Phase.FIRING
    return notification.alert.held and firing and not notification.reminder


def _first(notification: Notification, reader: _Reader) -> str:
    if _section(notification) is SectionKind.OTHER:
        description = describe(notification, reader.zone)
        return f"{cut(description.subject, 60)} {description.label}"
    clock = reader.clock(notification)
    return f"{clock.ticket} {clock.summary(reader.zone)}"


def _sections(grouped: _Sections, reader: _Reader, most: int) -> Iterator[DigestSection]:
    """At most `most` rows together, with some of every section."""
    left = most
    reserved = [min(len(members), _ROWS_OF_EACH) for members in grouped.values()]
    for place, (kind, members) in enumerate(grouped.items()):
        shown = min(len(members), max(left - sum(reserved[place + 1 :]), 0))
        rows = tuple(_row(notification, reader) for notification in members[:shown])
        times = _TIME_HEADINGS.get(kind, "")
        yield DigestSection(kind, _HEADINGS[kind], rows, len(members), times)
        left -= shown


def _row(notification: Notification, reader: _Reader) -> DigestRow:
    section = _section(notification)
    if section is SectionKind.OTHER:
        return _other_row(notification, reader)
    clock = reader.clock(notification)
    return DigestRow(
        ticket=clock.ticket,
        title=cut(clock.title, 120),
        about=", ".join(part for part in (clock.tier, cut(clock.customer, 60)) if part),
        metric=clock.metric_label,
        due=clock.due(reader.zone),
        business=clock.business if section in _TIME_HEADINGS else "",
        calendar=clock.calendar if section in _TIME_HEADINGS else "",
        overdue=clock.overdue,
        assignee=cut(clock.assignee, 60) or "nobody",
        notes=tuple(_notes(notification, reader.partly_history)),
        summary=clock.summary(reader.zone),
        critical=notification.alert.severity is Severity.CRITICAL,
        reference=reference(notification.alert),
        link=page_on(reader.board, notification.alert) or page_at_source(notification.alert),
    )


def _other_row(notification: Notification, reader: _Reader) -> DigestRow:
    """An alert that is not about a ticket: its subject, and the rest in the title."""
    description = describe(notification, reader.zone, reader.board)
    own = incident_link(reader.board, notification.alert)
    own = own if own != safe_link(reader.board) else None
    return DigestRow(
        ticket=description.subject,
        title=f"{description.label}: {cut(description.reason, 150)}",
        about="",
        metric="",
        due="",
        business="",
        calendar="",
        overdue=False,
        assignee="",
        notes=tuple(_notes(notification, reader.partly_history)),
        summary="",
        critical=notification.alert.severity is Severity.CRITICAL,
        reference=description.reference,
        link=description.ticket_page or own,
    )


def _notes(notification: Notification, partly_history: bool) -> Iterator[str]:
    facts = Facts(notification.alert.facts)
    if _section(notification) is SectionKind.RETRACTED:
        yield cut(facts.text("why") or "not breached after all", 150)
    elif notification.alert.kind in SERVICE_LEVEL_KINDS and (
        now := ended_by_now(notification.alert)
    ):
        yield now
    if facts.text("milestone") == "aim":
        yield "the aim was missed"
    if notification.phase is Phase.FIRING and (uncertain := doubt(notification.alert)):
        yield cut(uncertain, 150)
    if notification.reminder:
        yield "reminder"
    if partly_history and _is_history(notification):
        yield _HISTORY_NOTE
    if notification.repeated:
        yield "may be repeated"
