"""Reads the events of a calendar (iCalendar, RFC 5545) as the duties of people.

Read are single events, recurring ones (RRULE, RDATE, EXDATE), changed and cancelled occurrences.
Recurrences are those of `dateutil.rrule`. A time without a zone is on the clock of the team.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr

# One event may recur for ever; beyond this it is a mistake. A calendar is read from elsewhere: what
# it costs to read is bounded by the events, those that recur, and the steps of each from its start.
MOST_OCCURRENCES = 5_000
MOST_EVENTS = 5_000
MOST_RECURRING = 100
MOST_STEPS = 12_000
# Recurrences that fit no day: each is searched until the year 9999, which takes a second or three.
MOST_EMPTY = 5
_NARROWING = {"BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER"}
_STEPS = {
    "YEARLY": timedelta(days=365),
    "MONTHLY": timedelta(days=28),
    "WEEKLY": timedelta(days=7),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
}
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_LINE = re.compile(r"([A-Za-z0-9-]+)((?:;[^:;=]+=(?:\"[^\"]*\"|[^:;\"]*))*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([^:;=]+)=(\"[^\"]*\"|[^:;\"]*)")


class CalendarError(ValueError):
    """Why a calendar cannot be read, in one line."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event at one of its times, in UTC."""

    summary: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class _Property:
    value: str
    parameters: Mapping[str, str]


@dataclass(slots=True)
class _Event:
    properties: dict[str, list[_Property]] = field(default_factory=dict)

    def one(self, name: str) -> _Property | None:
        return next(iter(self.properties.get(name, ())), None)

    def text(self, name: str) -> str:
        found = self.one(name)
        return _unescaped(found.value) if found else ""


@dataclass(slots=True)
class _Window:
    """The times that are asked for, the clock of times without a zone, and how many recurrences
    fitted no day so far."""

    since: datetime
    until: datetime
    zone: ZoneInfo
    empty: int = 0


def occurrences(text: str, since: datetime, until: datetime, zone: ZoneInfo) -> list[Occurrence]:
    """Every time of every event that overlaps `since` to `until`, by its beginning.

    Raises CalendarError.
    """
    events = list(islice(_events(text), MOST_EVENTS + 1))
    if len(events) > MOST_EVENTS or sum(map(_recurs, events)) > MOST_RECURRING:
        raise CalendarError(
            f"it has more than {MOST_EVENTS} events, or {MOST_RECURRING} that recur"
        )
    changed: dict[str, set[datetime]] = {}
    for event in events:
        again = event.one("RECURRENCE-ID")
        if again is not None:
            changed.setdefault(event.text("UID"), set()).add(_instant(again, zone).astimezone(UTC))
    found = []
    window = _Window(since, until, zone)
    for event in events:
        if event.text("STATUS").upper() == "CANCELLED":
            continue
        own = event.one("RECURRENCE-ID") is not None
        replaced = set() if own else changed.get(event.text("UID"), set())
        for begin, end in _times(event, window):
            if begin not in replaced and begin < until and end > since:
                found.append(Occurrence(event.text("SUMMARY"), begin, end))
    return sorted(found, key=lambda each: (each.since, each.until, each.summary))


def _events(text: str) -> Iterator[_Event]:
    lines = _unfolded(text)
    if not lines or lines[0].strip().upper() != "BEGIN:VCALENDAR":
        raise CalendarError("it is no calendar: it does not begin with BEGIN:VCALENDAR")
    open_parts: list[str] = []
    event: _Event | None = None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise CalendarError(f"its line {number} is none of a calendar")
        name, value = match[1].upper(), match[3]
        if name == "BEGIN":
            open_parts.append(value.strip().upper())
            if open_parts[1:] == ["VEVENT"]:
                event = _Event()
        elif name == "END":
            if not open_parts or open_parts.pop() != value.strip().upper():
                raise CalendarError(f"its line {number} ends what did not begin")
            if event is not None and open_parts == ["VCALENDAR"]:
                yield event
                event = None
        elif event is not None and open_parts[-1] == "VEVENT":
            given = {key.upper(): word.strip('"') for key, word in _PARAMETER.findall(match[2])}
            event.properties.setdefault(name, []).append(_Property(value, given))
    if open_parts:
        raise CalendarError("it ends in the middle; load it again")


def _unfolded(text: str) -> list[str]:
    """RFC 5545, 3.1: a line that begins with a blank goes on from the one before."""
    return re.sub(r"\r?\n[ \t]", "", text.lstrip("\ufeff")).splitlines()


def _times(event: _Event, window: _Window) -> Iterator[tuple[datetime, datetime]]:
    start = event.one("DTSTART")
    if start is None:
        raise CalendarError(f"the event {event.text('SUMMARY')[:60]!r} has no DTSTART")
    try:
        yield from _times_from(event, start, window)
    except CalendarError:
        raise
    except (ValueError, ArithmeticError) as error:  # a length or an instant that no clock has
        words = event.text("SUMMARY")[:60]
        raise CalendarError(f"the times of {words!r} cannot be ({type(error).__name__})") from None


def _times_from(
    event: _Event, start: _Property, window: _Window
) -> Iterator[tuple[datetime, datetime]]:
    begin = _instant(start, window.zone)
    own_zone = begin.tzinfo
    naive = begin.replace(tzinfo=None)
    length, by_clock = _length(event, start, begin, window.zone)
    starts = _starts(event, naive, own_zone, window) if _recurs(event) else [naive]
    for each in starts:
        first = each.replace(tzinfo=own_zone)
        # A day is a day of the calendar; an hour is one of the clock.
        last = (each + length).replace(tzinfo=own_zone) if by_clock else None
        one = first.astimezone(UTC)
        yield one, last.astimezone(UTC) if last is not None else one + length


def _recurs(event: _Event) -> bool:
    return any(name in event.properties for name in ("RRULE", "RDATE"))


def _starts(event: _Event, naive: datetime, own: object, window: _Window) -> Sequence[datetime]:
    """The beginnings on the event's own clock, with a margin around the times asked for."""
    assert own is not None
    found = rruleset()
    margin = timedelta(days=400)
    first, last = (
        (at.replace(tzinfo=None)) for at in (window.since - margin, window.until + margin)
    )
    try:
        for rule in event.properties.get("RRULE", ()):
            if window.empty >= MOST_EMPTY:
                raise CalendarError(f"more than {MOST_EMPTY} of its events recur on no day")
            beginnings = _by_rule(_local_until(rule.value, own, window.zone), naive, last)
            window.empty += not beginnings
            for each in beginnings:
                found.rdate(each)
        found.rdate(naive)
        for name, add in (("RDATE", found.rdate), ("EXDATE", found.exdate)):
            for listed in event.properties.get(name, ()):
                for word in listed.value.split(","):
                    once = _Property(word.partition("/")[0], listed.parameters)
                    at = _instant(once, window.zone)
                    add(at.astimezone(own).replace(tzinfo=None))  # type: ignore[arg-type]
        starts = []
        for each in found.xafter(first, inc=True):
            if each > last:
                break
            starts.append(each)
            if len(starts) > MOST_OCCURRENCES:
                raise CalendarError("an event recurs more often than a duty can")
    except CalendarError:
        raise
    except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError):
        words = event.text("SUMMARY")[:60]
        raise CalendarError(f"the recurrence of {words!r} cannot be read") from None
    return starts


def _by_rule(rule: str, naive: datetime, last: datetime) -> Sequence[datetime]:
    """The beginnings by one rule, not beyond `last`. COUNT is counted here, because a rule has one
    end alone.

    `rrule` tries each step of a rule that fits no day until the year 9999, which takes seconds for
    one by days: those may not be bound to what such a rule needs.
    """
    words = dict(part.partition("=")[::2] for part in rule.upper().split(";"))
    if words.get("FREQ") in ("DAILY", "HOURLY") and _NARROWING & words.keys():
        raise CalendarError("an event recurs by days and is bound to months or days of these")
    step = _STEPS.get(words.get("FREQ", ""), timedelta(days=365)) * int(words.get("INTERVAL", 1))
    if step <= timedelta(0) or (last - naive) / step > MOST_STEPS:
        raise CalendarError("an event recurs more often than a duty can")
    count = int(words.pop("COUNT", MOST_OCCURRENCES * 10))
    if "UNTIL" not in words or words["UNTIL"][:8] > f"{last:%Y%m%d}":
        words["UNTIL"] = f"{last:%Y%m%dT%H%M%S}"
    ended = ";".join(f"{name}={word}" for name, word in words.items())
    return list(islice(iter(rrulestr(ended, dtstart=naive)), count))


def _local_until(rule: str, own: object, zone: ZoneInfo) -> str:
    """The rule with its UNTIL on the event's own clock, as `rrule` wants it."""
    if re.search(r"FREQ=(SECONDLY|MINUTELY)", rule, re.IGNORECASE):
        raise CalendarError("an event recurs more often than a duty can")
    match = re.search(r"UNTIL=([0-9TZ]+)", rule, re.IGNORECASE)
    if match is None:
        return rule
    at = _instant(_Property(match[1].upper(), {}), zone)
    if match[1].upper().endswith("Z"):
        at = at.astimezone(own)  # type: ignore[arg-type]
    elif "T" not in match[1].upper():
        at = at.replace(hour=23, minute=59, second=59)
    return rule.replace(match[0], f"UNTIL={at:%Y%m%dT%H%M%S}")


def _length(
    event: _Event, start: _Property, begin: datetime, zone: ZoneInfo
) -> tuple[timedelta, bool]:
    """How long the event lasts, and whether that is counted on the clock and not in hours."""
    end, duration = event.one("DTEND"), event.one("DURATION")
    if end is not None:
        last = _instant(end, zone)
        same = last.tzinfo == begin.tzinfo
        length = (
            last.replace(tzinfo=None) - begin.replace(tzinfo=None)
            if same
            else last.astimezone(UTC) - begin.astimezone(UTC)
        )
        if length <= timedelta(0):
            raise CalendarError(f"the event {event.text('SUMMARY')[:60]!r} ends before it begins")
        return length, same
    if duration is not None:
        match = _DURATION.fullmatch(duration.value.strip().upper().lstrip("+"))
        if match is None or not any(match.groups()):
            raise CalendarError(f"{duration.value[:30]!r} is no duration")
        weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        whole = timedelta(weeks=weeks, days=days)
        rest = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return whole + rest, not rest
    return timedelta(days=1) if _is_date(start) else timedelta(0), True


def _is_date(found: _Property) -> bool:
    return re.fullmatch(r"\d{8}", found.value.strip()) is not None


def _instant(found: _Property, zone: ZoneInfo) -> datetime:
    """A DATE or DATE-TIME with its zone: its own, UTC, or `zone`. Raises CalendarError."""
    word = found.value.strip()
    match = re.fullmatch(r"(\d{8})(?:T(\d{6})(Z?))?", word.upper())
    try:
        if match is None:
            raise ValueError(word)
        at = datetime.strptime(match[1] + (match[2] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise CalendarError(f"{word[:30]!r} is no time of a calendar") from None
    if match[3]:
        return at.replace(tzinfo=UTC)
    name = found.parameters.get("TZID")
    return at.replace(tzinfo=_zone(name) if name else zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name.strip().lstrip("/"))
    except (KeyError, ValueError, OSError):
        raise CalendarError(
            f"the zone {name[:60]!r} is not of the IANA list; export the calendar in UTC"
        ) from None


def _unescaped(words: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], words).strip()
