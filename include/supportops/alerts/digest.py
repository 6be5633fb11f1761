"""One letter about many tickets: what was promised and is late, or soon will be.

The subject line is the answer; the letter lists the most urgent, section by section.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from supportops.alerts.alert import SERVICE_LEVEL_KINDS, Alert, Channel, Kind, Phase, Severity
from supportops.alerts.facts import Facts
from supportops.alerts.policy import OfficeHours
from supportops.alerts.story import Notice, cut, tell
from supportops.alerts.ticket_clock import TicketClock
from supportops.notify.send import Letter
from supportops.rendering.board_links import safe_link
from supportops.rendering.gsm7 import fit_sms, gsm7, septets
from supportops.rendering.render import render

MOST_ROWS = 50
MOST_ROWS_IN_CHAT = 20
# However many come before them, each section shows some of its own.
_ROWS_OF_EACH = 5
_SMS_SEPTETS = 160
_LAST = datetime.max.replace(tzinfo=UTC)


class Part(StrEnum):
    """The sections, in their order. The value stands in the subject line."""

    BREACHED = "breached"
    STILL_OPEN = "still open"
    DUE_SOON = "due soon"
    RETRACTED = "retracted"
    OTHER = "other"


_HEADINGS = {
    Part.BREACHED: "Breached",
    Part.STILL_OPEN: "Still open long after the breach",
    Part.DUE_SOON: "Due soon",
    Part.RETRACTED: "Retracted: not breached after all",
    Part.OTHER: "Other alerts",
}
_TIMES = {
    Part.BREACHED: "Overdue by",
    Part.STILL_OPEN: "Overdue by",
    Part.DUE_SOON: "Time left",
}
_MARKS = {
    Part.BREACHED: "🟠",
    Part.STILL_OPEN: "🟠",
    Part.DUE_SOON: "🟡",
    Part.RETRACTED: "🟢",
    Part.OTHER: "⚪",
}
_PARTS = {
    Kind.SLA_BREACH: Part.BREACHED,
    Kind.SLA_FOLLOW_UP: Part.STILL_OPEN,
    Kind.SLA_WARNING: Part.DUE_SOON,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row, unescaped. `business` and `calendar` are lengths of time, over or left."""

    ticket: str
    title: str
    about: str
    promise: str
    due: str
    business: str
    calendar: str
    over: bool
    assignee: str
    notes: tuple[str, ...]
    short: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Section:
    """The lines that are shown of a section with `total` of them. `time` heads the lengths."""

    part: Part
    heading: str
    lines: tuple[Line, ...]
    total: int
    time: str


@dataclass(frozen=True, slots=True)
class _Reader:
    """The clock on the reader's wall, and the hours of the office."""

    zone: str
    now: datetime
    office: OfficeHours

    def clock(self, notice: Notice) -> TicketClock:
        return TicketClock.of(notice.alert).at(self.now, self.office)


def compose_digest(
    notices: Sequence[Notice],
    channel: Channel,
    zone: str,
    board_url: str | None,
    now: datetime,
    office: OfficeHours,
) -> Letter:
    """One letter that tells `notices` (at least one), breaches first, then what is due soonest.

    `zone` is the IANA name of the clock the reader lives by; times over and left are as of `now`,
    in `office` hours and on the calendar. A clock is told once, by its gravest notice. At most
    50 rows, the rest is counted. An SMS fits 160 GSM-7 characters.
    """
    if not notices:
        raise ValueError("compose_digest() needs at least one notice")
    parts = _sorted(notices)
    repeated = any(notice.repeated for notice in notices)
    reader = _Reader(zone, now, office)
    title = _title(parts, reader, repeated)
    board = safe_link(board_url)
    if channel is Channel.SMS:
        return Letter("", _sms(title, board))
    most = MOST_ROWS_IN_CHAT if channel is Channel.CHAT else MOST_ROWS
    sections = _sections(parts, reader, most)
    total = sum(section.total for section in sections)
    context = {
        "title": title,
        "sections": sections,
        "more": total - sum(len(section.lines) for section in sections),
        "board": board,
        "repeated": repeated,
        "marks": _MARKS,
    }
    if channel is Channel.CHAT:
        return Letter("", render("alerts/digest.md", **context), markdown=True)
    text, html = render("alerts/digest.txt", **context), render("alerts/digest.html", **context)
    return Letter(title, text, html)


def _sorted(notices: Sequence[Notice]) -> dict[Part, list[Notice]]:
    found: dict[Part, list[Notice]] = {part: [] for part in Part}
    seen: set[tuple[object, ...]] = set()
    order = {part: place for place, part in enumerate(Part)}
    for notice in sorted(notices, key=lambda n: (order[_part(n)], *_urgency(n.alert))):
        part, facts = _part(notice), notice.alert.facts
        clock = tuple(
            str(facts.get(name)) for name in ("source", "ticket", "metric", "instance", "deadline")
        )
        if part in _PARTS.values():
            if clock in seen:
                continue
            seen.add(clock)
        found[part].append(notice)
    return {part: those for part, those in found.items() if those}


def _part(notice: Notice) -> Part:
    if notice.alert.kind not in SERVICE_LEVEL_KINDS:
        return Part.OTHER
    if notice.alert.retracted or notice.phase is Phase.RESOLVED:
        return Part.RETRACTED
    return _PARTS[notice.alert.kind]


def _urgency(alert: Alert) -> tuple[bool, datetime, str]:
    deadline = Facts(alert.facts).instant("deadline")
    return alert.severity is not Severity.CRITICAL, deadline or _LAST, alert.key


def _title(parts: dict[Part, list[Notice]], reader: _Reader, repeated: bool) -> str:
    """ "SLA: 3 breached, 5 due soon - first: #1234 reply was due Fri 17:00"."""
    counts = ", ".join(f"{len(those)} {part.value}" for part, those in parts.items())
    first = next(iter(parts.values()))[0]
    several = sum(map(len, parts.values())) > 1
    word = "Alerts" if set(parts) == {Part.OTHER} else "SLA"
    note = " (may be repeated)" if repeated else ""
    return f"{word}: {counts} - {'first: ' if several else ''}{_first(first, reader)}{note}"


def _first(notice: Notice, reader: _Reader) -> str:
    if _part(notice) is Part.OTHER:
        story = tell(notice, reader.zone)
        return f"{cut(story.subject, 60)} {story.word}"
    clock = reader.clock(notice)
    return f"{clock.ticket} {clock.in_short(reader.zone)}"


def _sections(parts: dict[Part, list[Notice]], reader: _Reader, most: int) -> list[Section]:
    """As many lines as there is room for, some of every section."""
    found = []
    left = most
    later = [min(len(those), _ROWS_OF_EACH) for those in parts.values()]
    for place, (part, those) in enumerate(parts.items()):
        shown = min(len(those), max(left - sum(later[place + 1 :]), 0))
        lines = tuple(_line(notice, reader) for notice in those[:shown])
        found.append(Section(part, _HEADINGS[part], lines, len(those), _TIMES.get(part, "")))
        left -= shown
    return found


def _line(notice: Notice, reader: _Reader) -> Line:
    critical = notice.alert.severity is Severity.CRITICAL
    part, notes = _part(notice), tuple(_notes(notice))
    if part is Part.OTHER:
        story = tell(notice, reader.zone)
        title = f"{story.word}: {cut(story.reason, 150)}"
        return Line(story.subject, title, "", "", "", "", "", False, "", notes, "", critical)
    clock = reader.clock(notice)
    return Line(
        ticket=clock.ticket,
        title=cut(clock.title, 120),
        about=", ".join(word for word in (clock.tier, cut(clock.customer, 60)) if word),
        promise=clock.promise,
        due=clock.due(reader.zone),
        business=clock.business if part in _TIMES else "",
        calendar=clock.calendar if part in _TIMES else "",
        over=clock.over,
        assignee=cut(clock.assignee, 60) or "nobody",
        notes=notes,
        short=clock.in_short(reader.zone),
        critical=critical,
    )


def _notes(notice: Notice) -> Iterator[str]:
    facts = Facts(notice.alert.facts)
    if _part(notice) is Part.RETRACTED:
        yield cut(facts.text("why") or "not breached after all", 150)
    elif facts.instant("fulfilled_at") or facts.instant("ended"):
        yield "done by now, late"
    if facts.text("milestone") == "aim":
        yield "the aim was missed"
    if notice.reminder:
        yield "reminder"
    if notice.repeated:
        yield "may be repeated"


def _sms(title: str, board: str | None) -> str:
    if board and septets(gsm7(f"{title} {board}")) <= _SMS_SEPTETS:
        return gsm7(f"{title} {board}")
    return fit_sms(title, _SMS_SEPTETS)
