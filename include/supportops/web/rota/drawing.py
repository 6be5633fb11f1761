"""A rota as a picture: a strip for each week, on which everybody has a colour. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from supportops.flows.rota.known_duties import KnownDuty

WEEK = timedelta(days=7)
COLOURS = 8
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a week of 168 hours on the clock: `x` and `width` in hours, what it is, in words.

    `style`: "p0" to "p7" for a person, "gap", "both" or "unknown".
    """

    x: float
    width: float
    style: str
    words: str


@dataclass(frozen=True, slots=True)
class Week:
    """A week from its Monday on; `now`: where the hour is that the page was made, in hours."""

    monday: date
    pieces: tuple[Piece, ...]
    now: float | None


def styles_of(people: Sequence[str]) -> Mapping[str, str]:
    """The style of each person; beyond COLOURS they come again."""
    return {name: f"p{number % COLOURS}" for number, name in enumerate(people)}


def monday_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day, aware."""
    return datetime.combine(day, time(), zone)


def weeks(
    duties: Sequence[KnownDuty],
    first: date,
    count: int,
    zone: ZoneInfo,
    now: datetime,
    styles: Mapping[str, str],
) -> list[Week]:
    """`count` weeks from the Monday `first` on."""
    found = []
    for number in range(count):
        monday = first + WEEK * number
        pieces = tuple(_pieces(duties, monday, zone, styles))
        at = _hours(now, monday, zone)
        found.append(Week(monday, pieces, at if 0 <= at < 168 else None))
    return found


def _pieces(
    duties: Sequence[KnownDuty], monday: date, zone: ZoneInfo, styles: Mapping[str, str]
) -> Iterator[Piece]:
    for duty in duties:
        begin = max(0.0, _hours(duty.since, monday, zone))
        end = min(168.0, _hours(duty.until, monday, zone))
        if end > begin:
            words = " and ".join(duty.people) or ("nobody" if duty.known else "not known")
            yield Piece(round(begin, 2), round(end - begin, 2), _style(duty, styles), words)


def _style(duty: KnownDuty, styles: Mapping[str, str]) -> str:
    if not duty.known:
        return "unknown"
    if len(duty.people) > 1:
        return "both"
    return styles[duty.people[0]] if duty.people else "gap"


def _hours(at: datetime, monday: date, zone: ZoneInfo) -> float:
    """Hours on the clock from the beginning of the week: a day has 24 also where it changes."""
    there = at.astimezone(zone).replace(tzinfo=None)
    return (there - datetime.combine(monday, time())) / _HOUR
