"""Who of a team is on duty: an override if there is one, else whoever has the turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from supportops.alerts.rota.turns import HOLIDAY, Turn


@dataclass(frozen=True, slots=True)
class Override:
    """`person` is on duty from `since` until `until`, whoever has the turn."""

    since: datetime
    until: datetime
    person: str


@dataclass(frozen=True, slots=True)
class Duty:
    """From `since` until `until` the same `people` are on duty: nobody, one, or too many."""

    since: datetime
    until: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """People who share a duty. `holidays`: the dates on which turns that name HOLIDAY have duty,
    and no other turn has, where there is such a turn; else they are days like any other.

    `calendar`: the duties that were read from a calendar, until `calendar_until`, where the team
    has one. They count as overrides do, and an override before them. `members` belong to the team
    whether or not they are ever on duty.
    """

    name: str
    zone: ZoneInfo
    turns: tuple[Turn, ...]
    overrides: tuple[Override, ...] = ()
    holidays: frozenset[date] = field(default=frozenset(), repr=False)
    calendar: tuple[Override, ...] = ()
    calendar_until: datetime | None = None
    members: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who is ever on duty or a member, each once."""
        named = [person for turn in self.turns for person in turn.people]
        instead = [each.person for each in (*self.calendar, *self.overrides)]
        return tuple(dict.fromkeys([*named, *self.members, *instead]))

    def on_duty(self, at: datetime) -> tuple[str, ...]:
        """Who is on duty at an aware instant, each person once; empty where nobody is."""
        instead = _having(self.overrides, at) or _having(self.calendar, at)
        return tuple(dict.fromkeys(instead or self._by_turn(at)))

    def duties(self, since: datetime, until: datetime) -> list[Duty]:
        """Who is on duty in turn, from `since` until `until`, without gaps between the entries."""
        since, until = since.astimezone(UTC), until.astimezone(UTC)
        found: list[Duty] = []
        for begin, end in pairwise(self._edges(since, until)):
            people = self.on_duty(begin)
            if found and found[-1].people == people:
                found[-1] = Duty(found[-1].since, end, people)
            else:
                found.append(Duty(begin, end, people))
        return found

    def _by_turn(self, at: datetime) -> Iterator[str]:
        local = at.astimezone(self.zone).date()
        dates = [local - timedelta(days=1), local]
        for turn in self.turns:
            windows = (turn.window_of(day, self.zone) for day in dates if self._has_duty(turn, day))
            if any(window.since <= at < window.until for window in windows):
                person = turn.person_at(at, self.zone)
                if person is not None:
                    yield person

    def _has_duty(self, turn: Turn, day: date) -> bool:
        marked = day in self.holidays and any(HOLIDAY in each.days for each in self.turns)
        return (HOLIDAY if marked else day.weekday()) in turn.days

    def _edges(self, since: datetime, until: datetime) -> list[datetime]:
        edges = {since, until}
        for turn in self.turns:
            edges.update(turn.edges(since, until, self.zone))
        for each in (*self.overrides, *self.calendar):
            edges.update((each.since, each.until))
        return sorted(edge for edge in edges if since <= edge <= until)


def _having(overrides: tuple[Override, ...], at: datetime) -> list[str]:
    return [each.person for each in overrides if each.since <= at < each.until]
