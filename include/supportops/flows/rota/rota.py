"""Who is on duty, what is wrong with the rota, and the rota as a calendar."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from supportops.alerts.alert import Kind
from supportops.alerts.policy import Target
from supportops.alerts.rota.calendar_file import calendar
from supportops.alerts.rota.calendar_reading import Occurrence, occurrences
from supportops.alerts.rota.checking import FaultKind, RotaFault, begins, faults, horizon
from supportops.alerts.rota.team import Duty, Override, Team
from supportops.alerts.store import list_open
from supportops.config.configuration import Configuration, File
from supportops.config.model import did_you_mean
from supportops.config.rota import Rota
from supportops.config.yaml_source import Fault
from supportops.context import Secrets
from supportops.db.engine import reading
from supportops.names import folded

_FILE = "rota.yaml"
# The duty of an instant began and ends within this, or is as good as endless.
_AROUND = timedelta(days=62)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who of a team is on duty at an instant, from when until when, and who comes next.

    `people` and `next_people` by name; empty where nobody is. `targets`: by which they are
    notified, or those of the whole team where nobody is on duty.
    """

    team: str
    zone: str
    people: tuple[str, ...]
    since: datetime
    until: datetime
    next_people: tuple[str, ...]
    targets: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The fields by name, instants in ISO."""
        return {
            "team": self.team,
            "people": list(self.people),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "next": list(self.next_people),
            "targets": list(self.targets),
        }


def who(configuration: Configuration, team: str | None, at: datetime) -> list[OnDuty]:
    """Who is on duty at `at`, of one team or of each. Raises LookupError for an unknown one."""
    rota = configuration.rota
    return [_on_duty(configuration, rota, each, at) for each in _teams(rota, team)]


def export(
    configuration: Configuration, team: str | None, since: datetime, until: datetime, now: datetime
) -> str:
    """The duties from `since` until `until` as iCalendar. Raises LookupError, ValueError."""
    if since >= until:
        raise ValueError("the calendar ends before it begins")
    rota = configuration.rota
    duties = {each.name: each.duties(since, until) for each in _teams(rota, team)}
    names = {key: person.name for key, person in rota.people.items()}
    return calendar(duties, names, now)


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    """What a calendar says: who has the duty in place of the turns, and events of nobody."""

    team: Team
    overrides: tuple[Override, ...]
    unknown: tuple[Occurrence, ...]

    def lines(self) -> Iterator[str]:
        """The overrides as rota.yaml has them, on the team's clock."""
        yield "overrides:" if self.overrides else "overrides: []"
        for each in self.overrides:
            since, until = (_local(self.team, at) for at in (each.since, each.until))
            yield f"  - {{from: {since}, until: {until}, person: {each.person}}}"


def read_calendar(
    configuration: Configuration, team: str, text: str, since: datetime, until: datetime
) -> ReadCalendar:
    """The duties in a calendar as overrides of a team.

    An event is a person's whose identifier or name stands in its summary, if it is one person's
    alone. Raises LookupError for an unknown team, CalendarError.
    """
    rota = configuration.rota
    found = _teams(rota, team)[0]
    overrides, unknown = [], []
    for each in occurrences(text, since, until, found.zone):
        people = [key for key, person in rota.people.items() if _is_of(each, key, person.name)]
        if len(people) == 1:
            overrides.append(Override(each.since, each.until, people[0]))
        else:
            unknown.append(each)
    return ReadCalendar(found, tuple(overrides), tuple(unknown))


def _is_of(event: Occurrence, key: str, name: str) -> bool:
    words = folded(event.summary)
    return any(re.search(rf"(?<!\w){re.escape(folded(each))}(?!\w)", words) for each in (key, name))


def _local(team: Team, at: datetime) -> str:
    return f"{at.astimezone(team.zone):%Y-%m-%d %H:%M}"


def findings(
    configuration: Configuration,
    now: datetime,
    secrets: Secrets | None = None,
    failing: Collection[str] = (),
) -> list[Fault]:
    """What is wrong with the rota in the year to come, and who cannot be notified.

    Whether addresses are set is asked of `secrets`, where they are given; `failing`: targets whose
    messages fail. Nothing where there is no usable rota.yaml.
    """
    if not configuration.has(File.ROTA):
        return []
    rota = configuration.rota
    found = [
        _fault(team, each, rota)
        for team in rota.teams.values()
        for each in faults(team, begins(team, now), horizon(team, now))
    ]
    return [*found, *_unreachable(configuration, rota, secrets, failing)]


def failing_targets(engine: Engine) -> set[str]:
    """The targets whose messages fail at present."""
    with reading(engine) as connection:
        return {alert.subject for alert in list_open(connection, Kind.DELIVERY)}


def _teams(rota: Rota, team: str | None) -> list[Team]:
    if team is None:
        return list(rota.teams.values())
    if team not in rota.teams:
        hint = did_you_mean(team, rota.teams)
        raise LookupError(f"no team {team!r}; {hint or 'rota.yaml has ' + ', '.join(rota.teams)}")
    return [rota.teams[team]]


def _on_duty(configuration: Configuration, rota: Rota, team: Team, at: datetime) -> OnDuty:
    duties = team.duties(at - _AROUND, at + _AROUND)
    place = next(n for n, duty in enumerate(duties) if duty.since <= at < duty.until)
    following = duties[place + 1].people if place + 1 < len(duties) else ()
    duty = duties[place]
    return OnDuty(
        team.name,
        team.zone.key,
        _names(rota, duty.people),
        duty.since,
        duty.until,
        _names(rota, following),
        _targets(configuration, rota, duty),
    )


def _targets(configuration: Configuration, rota: Rota, duty: Duty) -> tuple[str, ...]:
    receivers = configuration.displayed().alerts.receivers
    found = (each.name for person in duty.people for each in _of(rota, person, receivers))
    return tuple(dict.fromkeys(found))


def _of(rota: Rota, person: str, receivers: Mapping[str, tuple[Target, ...]]) -> Iterator[Target]:
    for name in rota.people[person].receivers:
        yield from receivers.get(name, ())


def _names(rota: Rota, people: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(rota.people[person].name for person in people)


def _fault(team: Team, fault: RotaFault, rota: Rota) -> Fault:
    place = f"teams.{fault.team}"
    people = " and ".join(_names(rota, fault.people))
    span = f"from {_time(team, fault.since)} to {_time(team, fault.until)}"
    more = f" (and {fault.more} more times within a year)" if fault.more else ""
    found, expected = {
        FaultKind.GAP: (f"nobody on duty {span}", "somebody at every hour"),
        FaultKind.OVERLAP: (f"{people} on duty together {span}", "one person at a time"),
        FaultKind.OVERRIDES: (f"overrides for {people} that overlap {span}", "one at a time"),
        FaultKind.OUTSIDE: (
            f"an override for {people} {span}, when nobody has the turn",
            "a time in which somebody is replaced",
        ),
        FaultKind.SKIPPED: (
            f"a hand-over on {team.zone.key}'s clock that is skipped: it is at "
            f"{_time(team, fault.since)}",
            "a time that every day has",
        ),
        FaultKind.REPEATED: (
            f"a hand-over on {team.zone.key}'s clock that comes twice on "
            f"{fault.since.astimezone(team.zone):%a %d %b %Y}: the first counts",
            "a time that every day has once",
        ),
    }[fault.kind]
    return Fault(_FILE, None, place, found + more, expected)


def _time(team: Team, at: datetime) -> str:
    return f"{at.astimezone(team.zone):%a %d %b %Y %H:%M}"


def _unreachable(
    configuration: Configuration,
    rota: Rota,
    secrets: Secrets | None,
    failing: Collection[str],
) -> Iterator[Fault]:
    """People of a team of whose receivers none works."""
    if not configuration.has(File.ALERTS):
        return
    receivers = configuration.alerts.receivers
    used = dict.fromkeys(person for team in rota.teams.values() for person in team.people)
    for person in used:
        why = {each.name: _why_not(each, secrets, failing) for each in _of(rota, person, receivers)}
        if all(why.values()):
            found = ", ".join(f"{name} {reason}" for name, reason in why.items())
            yield Fault(
                _FILE,
                None,
                f"people.{person}",
                f"no receiver that works: {found or 'none'}",
                "one by which the person is notified",
            )


def _why_not(
    target: Target, secrets: Callable[[str], str | None] | None, failing: Collection[str]
) -> str:
    if target.name in failing:
        return "fails"
    if secrets is not None and not secrets(target.secret):
        return f"has no address (secret {target.secret})"
    return ""
