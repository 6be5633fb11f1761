"""`rota.yaml`: who is on duty when, as operators write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from supportops.alerts.policy import OnCall, Target
from supportops.alerts.rota.team import Override, Team
from supportops.alerts.rota.turns import EVERY_DAY, HOLIDAY, MIDNIGHT, Every, Turn
from supportops.config.basics.public_holidays import FIRST_YEAR, LAST_YEAR, public_holidays
from supportops.config.model import Model, Wrong, entries, items, mapping, unknown
from supportops.config.of_tickets.service_levels import Region
from supportops.config.values import WEEKDAYS, Clock, Identifier, Name, Weekday, Zone
from supportops.config.yaml_source import KeyPath

_HOLIDAY = "holiday"
# Beside rota.yaml, and nowhere else.
_FILE_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,100}\.ics$"


def _day(found: Any) -> int:
    if found == _HOLIDAY:
        return HOLIDAY
    for number, name in enumerate(WEEKDAYS):
        if isinstance(found, str) and found.lower()[:3] == name:
            return number
    raise ValueError(f"a weekday ({', '.join(WEEKDAYS)}) or holiday")


def _end_of_day(found: Any) -> Any:
    return time() if found in ("24:00", 24 * 60) else found


def _in_our_time(found: date) -> date:
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        raise ValueError(f"a date from {FIRST_YEAR} to {LAST_YEAR - 1}")
    return found


def _local(found: Any) -> datetime:
    try:
        at = found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or not FIRST_YEAR <= at.year < LAST_YEAR:
        raise ValueError("a date and time on the rota's clock, such as 2026-12-24 09:00")
    return at


Day = Annotated[
    int,
    BeforeValidator(_day),
    WithJsonSchema({"type": "string", "enum": [*WEEKDAYS, _HOLIDAY]}),
]
EndClock = Annotated[
    time,
    BeforeValidator(_end_of_day),
    *Clock.__metadata__,
]
LocalTime = Annotated[
    datetime,
    BeforeValidator(_local),
    WithJsonSchema({"type": "string", "examples": ["2026-12-24 09:00"]}),
]
People = Annotated[list[Identifier], Field(min_length=1)]


class PersonEntry(Model):
    """`receivers`: those of alerts.yaml by which the person is notified."""

    name: Name | None = None
    receivers: Annotated[list[Identifier], Field(min_length=1)]


class TurnEntry(Model):
    name: Name | None = None
    every: Every = Every.WEEK
    day: Weekday | None = None
    at: Clock = time(9)
    start: Annotated[date, AfterValidator(_in_our_time)]
    people: People
    days: Annotated[list[Day], Field(min_length=1)] | None = None
    opens: Clock = MIDNIGHT
    closes: EndClock = MIDNIGHT

    @model_validator(mode="after")
    def _begins_on_its_day(self) -> Self:
        if self.day is not None and self.every is Every.DAY:
            raise ValueError("`day` only where a turn hands over every week")
        if self.day is not None and self.start.weekday() != self.day:
            raise ValueError(f"a start on the day of the hand-over, {WEEKDAYS[self.day]}")
        return self

    def turn(self) -> Turn:
        days = EVERY_DAY if self.days is None else frozenset(self.days)
        return Turn(
            people=tuple(self.people),
            start=self.start,
            every=self.every,
            hand_over=self.at,
            days=days,
            opens=self.opens,
            closes=self.closes,
            name=self.name or "",
        )


class OverrideEntry(Model):
    since: Annotated[LocalTime, Field(alias="from")]
    until: LocalTime
    person: Identifier

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.until <= self.since:
            raise ValueError("`until` after `from`")
        return self

    def override(self, zone: ZoneInfo) -> Override:
        since, until = (each.replace(tzinfo=zone) for each in (self.since, self.until))
        return Override(since.astimezone(UTC), until.astimezone(UTC), self.person)


class CalendarEntry(Model):
    """Where a calendar is: at the https address that is the value of `secret`, or in `file` beside
    rota.yaml. `allow_private`: also at an address that is not public."""

    secret: Identifier | None = None
    file: Annotated[str, StringConstraints(pattern=_FILE_NAME)] | None = None
    allow_private: bool = False

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if (self.secret is None) == (self.file is None):
            raise ValueError("`secret` or `file`, one of them")
        return self

    def source(self) -> CalendarSource:
        return CalendarSource(self.secret or "", self.file or "", self.allow_private)


class TeamEntry(Model):
    """`people`: the members of a team whose duties are in a calendar; by default all of the
    file."""

    timezone: Zone | None = None
    turns: list[TurnEntry] = []
    overrides: list[OverrideEntry] = []
    calendar: CalendarEntry | None = None
    people: People | None = None

    @model_validator(mode="after")
    def _has_duties(self) -> Self:
        if not self.turns and self.calendar is None:
            raise ValueError("`turns`, a `calendar`, or both")
        return self


class HolidaysEntry(Model):
    """Public holidays of a `region`, and more `dates`."""

    region: Region | None = None
    dates: list[date] = []

    def found(self) -> frozenset[date]:
        known = () if self.region is None else public_holidays(self.region)
        return frozenset([*known, *self.dates])


@dataclass(frozen=True, slots=True)
class CalendarSource:
    """Where the calendar of a team is: at the address in `secret`, or in `file` of the folder."""

    secret: str
    file: str
    allow_private: bool = False

    @property
    def words(self) -> str:
        """What it is, without what is secret."""
        return self.file or f"the address in {self.secret}"


@dataclass(frozen=True, slots=True)
class Person:
    """How a person is called, and the receivers by which they are notified."""

    name: str
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rota:
    """What rota.yaml means: people and teams by their identifiers, and `calendars` by team."""

    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    calendars: Mapping[str, CalendarSource] = field(default_factory=dict)

    def on_call(self, team: str, receivers: Mapping[str, tuple[Target, ...]]) -> OnCall | None:
        """The team as a step of alerts.yaml names it; `receivers` by name. None if it is none."""
        found = self.teams.get(team)
        if found is None:
            return None
        members = {
            person: tuple(
                target
                for name in self.people[person].receivers
                for target in receivers.get(name, ())
            )
            for person in found.people
        }
        return OnCall(team, members, found)


class RotaFile(Model):
    """The whole of `rota.yaml`."""

    timezone: Zone | None = None
    holidays: HolidaysEntry = HolidaysEntry()
    people: dict[Identifier, PersonEntry]
    teams: Annotated[dict[Identifier, TeamEntry], Field(min_length=1)]

    @classmethod
    def across(cls, data: Any) -> Iterator[Wrong]:
        """Only people that the file lists."""
        people = mapping(data, "people")
        for path, name in _people_used(data):
            if isinstance(name, str) and name not in people:
                yield unknown(path, name, people, "a person out of")

    @classmethod
    def among(cls, data: Any, others: Mapping[str, Any]) -> Iterator[Wrong]:
        """Only receivers that alerts.yaml has."""
        if "alerts" not in others:
            return
        receivers = mapping(others["alerts"], "receivers")
        for person, entry in mapping(data, "people").items():
            for path, name in items(entry, "receivers"):
                if isinstance(name, str) and name not in receivers:
                    expected = "a receiver of alerts.yaml:"
                    yield unknown(("people", person, *path), name, receivers, expected)

    def rota(self, zone: str, read: Mapping[str, Any] | None = None) -> Rota:
        """`zone`: the office's, for a file and teams that name none. `read`: what was read from
        the calendars, by team, as `flows.rota_calendars` stores it."""
        people = {
            key: Person(entry.name or key, tuple(entry.receivers))
            for key, entry in self.people.items()
        }
        holidays = self.holidays.found()
        teams = {
            name: _team(
                name,
                entry,
                ZoneInfo(entry.timezone or self.timezone or zone),
                holidays,
                tuple(people),
                (read or {}).get(name) or {},
            )
            for name, entry in self.teams.items()
        }
        calendars = {
            name: entry.calendar.source() for name, entry in self.teams.items() if entry.calendar
        }
        return Rota(people, teams, calendars)


def _team(
    name: str,
    entry: TeamEntry,
    zone: ZoneInfo,
    holidays: frozenset[date],
    everybody: tuple[str, ...],
    read: Mapping[str, Any],
) -> Team:
    turns = tuple(turn.turn() for turn in entry.turns)
    overrides = tuple(each.override(zone) for each in entry.overrides)
    if entry.calendar is None:
        return Team(name, zone, turns, overrides, holidays, members=tuple(entry.people or ()))
    known = set(everybody)
    duties = [
        Override(datetime.fromisoformat(since), datetime.fromisoformat(until), person)
        for since, until, person in read.get("duties", ())
        if person in known
    ]
    return Team(
        name=name,
        zone=zone,
        turns=turns,
        overrides=overrides,
        holidays=holidays,
        calendar=tuple(duties),
        calendar_until=datetime.fromisoformat(read["until"]) if read else None,
        members=tuple(entry.people or everybody),
    )


def _people_used(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Every place that names a person."""
    for team, entry in mapping(data, "teams").items():
        for path, turn in entries(entry, "turns"):
            for place, name in items(turn, "people"):
                yield ("teams", team, *path, *place), name
        for path, override in entries(entry, "overrides"):
            yield ("teams", team, *path, "person"), override.get("person")
        for place, name in items(entry, "people"):
            yield ("teams", team, *place), name
