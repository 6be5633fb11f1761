"""Who is on duty now and in the weeks to come, of each team, and where nobody is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import field_validator

from supportops.alerts.rota.calendar_store import StoredCalendar, stored_calendars
from supportops.alerts.rota.team import Override, Team
from supportops.config.configuration import File
from supportops.config.rota import Rota
from supportops.flows.rota.known_duties import KnownDuty, known_duties
from supportops.flows.rota.rota import OnDuty, who
from supportops.web.page import Page, PageContext, Query, last_check, link
from supportops.web.rota.drawing import WEEK, Week, midnight, monday_of, styles_of, weeks

WEEKS = 5
MOST_ROWS = 60
_FURTHEST = timedelta(days=366 * 2)


class Shown(Query):
    """`since`: the weeks from that of this date on; this week's by default."""

    since: date | None = None

    @field_validator("since", mode="after")
    @classmethod
    def _in_our_time(cls, since: date | None) -> date | None:
        if since is not None and not 1990 <= since.year <= 2100:
            raise ValueError("a date from 1990 to 2100")
        return since


@dataclass(frozen=True, slots=True)
class Replacement:
    """Somebody who has the duty in place of whoever has the turn."""

    since: datetime
    until: datetime
    person: str


@dataclass(frozen=True, slots=True)
class CalendarState:
    """How the calendar of a team was read last; `unknown`: its events that name nobody."""

    source: str
    read_at: datetime | None
    error: str | None
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeamDuties:
    """A team: who has its duty now, and in the weeks shown. `styles`: of each person's strip."""

    name: str
    zone: str
    now: OnDuty
    duties: tuple[KnownDuty, ...]
    more: int
    weeks: tuple[Week, ...]
    styles: dict[str, str]
    replacements: tuple[Replacement, ...]
    calendar: CalendarState | None

    @property
    def gaps(self) -> list[KnownDuty]:
        """The times shown in which nobody is on duty."""
        return [each for each in self.duties if each.known and not each.people]

    @property
    def overlaps(self) -> list[KnownDuty]:
        """The times shown in which several people are."""
        return [each for each in self.duties if len(each.people) > 1]


def rota(page: PageContext, query: Shown) -> dict[str, Any]:
    """What the rota's template shows."""
    configuration = page.configuration
    found = configuration.rota if configuration.has(File.ROTA) else None
    today = page.now.astimezone(ZoneInfo(page.zone)).date()
    first = monday_of(query.since or today)
    teams = list(found.teams.values()) if found else []
    read = stored_calendars(page.connection) if found and found.calendars else {}
    return {
        "check": last_check(page.connection, page.now),
        "teams": [_team(page, found, each, first, read) for each in teams] if found else [],
        "refused": found is None and configuration.document.get(File.ROTA.value) is not None,
        "first": first,
        "last": first + WEEK * WEEKS - timedelta(days=1),
        "this_week": monday_of(today) == first,
        "earlier": _href(first - WEEK * WEEKS, today),
        "later": _href(first + WEEK * WEEKS, today),
        "now": page.now,
        "zone": page.zone,
    }


def _href(first: date, today: date) -> str | None:
    return link("rota", since=first.isoformat()) if abs(first - today) < _FURTHEST else None


def _team(
    page: PageContext,
    found: Rota,
    team: Team,
    first: date,
    read: Mapping[str, StoredCalendar],
) -> TeamDuties:
    since, until = (midnight(day, team.zone) for day in (first, first + WEEK * WEEKS))
    duties = known_duties(page.connection, page.configuration, team.name, since, until, page.now)
    named = [found.people[person].name for person in team.people]
    people = dict.fromkeys([*named, *(name for duty in duties for name in duty.people)])
    styles = dict(styles_of(list(people)))
    return TeamDuties(
        name=team.name,
        zone=team.zone.key,
        now=who(page.configuration, team.name, page.now)[0],
        duties=tuple(duties[:MOST_ROWS]),
        more=max(0, len(duties) - MOST_ROWS),
        weeks=tuple(weeks(duties, first, WEEKS, team.zone, page.now, styles)),
        styles=styles,
        replacements=tuple(
            Replacement(each.since, each.until, found.people[each.person].name)
            for each in _within(team.overrides, since, until)
        ),
        calendar=_calendar(found, team.name, read.get(team.name)),
    )


def _calendar(found: Rota, team: str, read: StoredCalendar | None) -> CalendarState | None:
    source = found.calendars.get(team)
    if source is None:
        return None
    if read is None or read.source != source.words:
        return CalendarState(source.words, None, None, ())
    unknown = tuple(dict.fromkeys(summary for _, summary in read.unknown))
    return CalendarState(source.words, read.read_at, read.error, unknown)


def _within(overrides: tuple[Override, ...], since: datetime, until: datetime) -> list[Override]:
    found = [each for each in overrides if each.since < until and each.until > since]
    return sorted(found, key=lambda each: (each.since, each.until, each.person))


ROTA = Page("rota", Shown, rota)
