"""Policies and ticket histories for the tests of the clocks, in as few words as possible."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from supportops.sla.calendar.business_hours import BusinessHours
from supportops.sla.clock import Clocks
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import (
    Amount,
    Calendar,
    DayReading,
    Metric,
    PolicyBook,
    PolicyVersion,
    Promise,
    Target,
)
from supportops.tickets.columns import EventColumns
from supportops.tickets.ticket import Author, Event, EventKind
from tickets.event_columns import columns_of

LONDON = ZoneInfo("Europe/London")
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
HOLIDAYS = {
    date(2026, 4, 3): "Good Friday",
    date(2026, 4, 6): "Easter Monday",
    date(2026, 12, 25): "Christmas Day",
}
PENDING = frozenset({"pending"})
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@cache
def office() -> Calendar:
    hours = BusinessHours.from_spec(
        {
            "tz": "Europe/London",
            "hours": {day: [["09:00", "17:00"]] for day in WEEK[:5]},
            "holidays": [day.isoformat() for day in HOLIDAYS],
        }
    )
    return Calendar("office", hours, 8 * 3600, HOLIDAYS)


@cache
def always() -> Calendar:
    spec = {"tz": "Europe/London", "hours": {day: [["00:00", "24:00"]] for day in WEEK}}
    return Calendar("always", BusinessHours.from_spec(spec), 86_400)


def days(number: int) -> Amount:
    return Amount(working_days=number)


def minutes(number: int) -> Amount:
    return Amount(seconds=number * 60)


def user_support(reading: DayReading = DayReading.BUSINESS_HOURS, working_days: int = 3) -> Promise:
    targets = (
        Target(Metric.FIRST_REPLY, days(working_days)),
        Target(Metric.NEXT_REPLY, days(working_days)),
        Target(Metric.RESOLUTION, pauses=PENDING),
    )
    return Promise("user_support", "user_support", "office", targets, reading)


def bug_fix(reading: DayReading = DayReading.BUSINESS_HOURS) -> Promise:
    targets = (
        Target(Metric.FIRST_REPLY, days(1)),
        Target(Metric.NEXT_REPLY, days(1)),
        Target(Metric.UPDATE, days(1), pauses=PENDING),
        Target(Metric.RESOLUTION, days(2), days(1), PENDING),
    )
    return Promise("bug_fix", "bug_fix", "office", targets, reading)


def mission_critical() -> Promise:
    targets = (
        Target(Metric.FIRST_REPLY, minutes(15)),
        Target(Metric.NEXT_REPLY, minutes(30)),
        Target(Metric.UPDATE, minutes(60), pauses=PENDING),
        Target(Metric.RESOLUTION, pauses=PENDING),
    )
    return Promise("mission_critical", "mission_critical", "always", targets)


def version(
    promises: Sequence[Promise], name: str = "2000", since: datetime = LONG_AGO
) -> PolicyVersion:
    return PolicyVersion(name, since, tuple(promises))


def book(*versions: PolicyVersion, reading: DayReading = DayReading.BUSINESS_HOURS) -> PolicyBook:
    """The published promises, or the given versions."""
    tiers = [user_support(reading), bug_fix(reading), mission_critical()]
    calendars = {"office": office(), "always": always()}
    return PolicyBook(versions or (version(tiers),), calendars, "user_support")


def london(text: str) -> datetime:
    """The UTC instant of a local reading, such as "2026-04-04 11:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


WORDS = {
    "asks": (EventKind.CREATED, Author.CUSTOMER),
    "opened by agent": (EventKind.CREATED, Author.AGENT),
    "opened by itself": (EventKind.CREATED, Author.AUTOMATIC),
    "answers": (EventKind.COMMENT, Author.AGENT),
    "writes": (EventKind.COMMENT, Author.CUSTOMER),
    "auto-replies": (EventKind.COMMENT, Author.AUTOMATIC),
    "notes": (EventKind.NOTE, Author.AGENT),
    "merged": (EventKind.MERGED, Author.AGENT),
    "deleted": (EventKind.DELETED, Author.AGENT),
    "restored": (EventKind.RESTORED, Author.AGENT),
}


def story(*lines: str, ticket: str = "1") -> list[Event]:
    """Events from lines such as "2026-04-04 11:00 asks" or "2026-04-07 10:00 status pending"."""
    events = []
    for number, line in enumerate(lines):
        day, hour, words = line.split(" ", 2)
        at = london(f"{day} {hour}")
        kind, author, value = _said(words)
        key = f"{ticket}-{number}"
        happened = Event("test", key, ticket, kind, at, at, author, value, sequence=number + 1)
        events.append(happened)
    return events


def _said(words: str) -> tuple[EventKind, Author, str | None]:
    if words in WORDS:
        return *WORDS[words], None
    kind, value = words.split(" ", 1)
    return EventKind(kind), Author.AGENT, value


def columns(events: Sequence[Event]) -> EventColumns:
    """The columns of events whose tickets are named by numbers."""
    return columns_of(events, {(e.source, e.ticket): int(e.ticket) for e in events})


def clocks(events: EventColumns, policies: PolicyBook, as_of: datetime) -> Clocks:
    """Every clock of these events as of an aware instant."""
    return judge(prepare(events), policies, as_of)
