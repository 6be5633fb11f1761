"""Duties as a calendar (iCalendar, RFC 5545), one event for each time that somebody is on duty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from supportops.alerts.rota.team import Duty

# RFC 5545, 3.1: a line holds at most 75 octets, and the next begins with a blank where it goes on.
_LONGEST = 75


def calendar(
    duties: Mapping[str, Iterable[Duty]], names: Mapping[str, str], written_at: datetime
) -> str:
    """The calendar of `duties` by team; `names` of people by their identifiers.

    An event keeps its UID as long as its team, its person and its beginning stay, so that a program
    that reads the calendar again changes it and adds no second one.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//supportops//rota//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
    ]
    for team, found in duties.items():
        for duty in found:
            for person in duty.people:
                lines += _event(team, person, names.get(person, person), duty, written_at)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(team: str, person: str, name: str, duty: Duty, written_at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{team}-{person}-{_stamp(duty.since)}@supportops"
    yield f"DTSTAMP:{_stamp(written_at)}"
    yield f"DTSTART:{_stamp(duty.since)}"
    yield f"DTEND:{_stamp(duty.until)}"
    yield f"SUMMARY:{_text(f'{name} ({team})')}"
    yield f"CATEGORIES:{_text(team)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    """RFC 5545, 3.3.11: backslashes, semicolons, commas and line breaks are escaped."""
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _folded(line: str) -> Iterator[str]:
    """A line in pieces of at most 75 octets, none of which cuts a character."""
    piece, size = "", 0
    for sign in line:
        octets = len(sign.encode())
        if size + octets > _LONGEST:
            yield piece
            piece, size = " ", 1
        piece, size = piece + sign, size + octets
    yield piece
