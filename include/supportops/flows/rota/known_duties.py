"""Who is and was on duty: what is past by the rota that was in force then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from supportops.alerts.rota.team import Team
from supportops.config import snapshots
from supportops.config.configuration import Configuration, File
from supportops.config.rota import Rota
from supportops.db.schema import check_runs


@dataclass(frozen=True, slots=True)
class KnownDuty:
    """From `since` until `until` the same `people`, by name, had the duty of a team.

    Nobody where `people` is empty. `known` is False where no rota had the team.
    """

    since: datetime
    until: datetime
    people: tuple[str, ...]
    known: bool = True


def known_duties(
    connection: Connection,
    active: Configuration,
    team: str,
    since: datetime,
    until: datetime,
    now: datetime,
) -> list[KnownDuty]:
    """Without gaps from `since` until `until`. What comes after `now` is by `active`."""
    found: list[KnownDuty] = []
    for configuration, begin, end in _in_force(connection, active, since, until, now):
        for duty in _of(configuration, team, begin, end):
            last = found[-1] if found else None
            if last and (last.people, last.known) == (duty.people, duty.known):
                found[-1] = replace(last, until=duty.until)
            else:
                found.append(duty)
    return found


def _of(
    configuration: Configuration, team: str, since: datetime, until: datetime
) -> Iterator[KnownDuty]:
    rota = configuration.rota if configuration.has(File.ROTA) else None
    if rota is None or team not in rota.teams:
        yield KnownDuty(since, until, (), known=False)
        return
    found = rota.teams[team]
    # Of a team without turns nothing is known beyond what was read of its calendar.
    known_until = until if found.turns else min(until, found.calendar_until or since)
    if known_until > since:
        yield from _named(rota, found, since, known_until)
    if known_until < until:
        yield KnownDuty(max(since, known_until), until, (), known=False)


def _named(rota: Rota, team: Team, since: datetime, until: datetime) -> Iterator[KnownDuty]:
    for duty in team.duties(since, until):
        names = tuple(rota.people[person].name for person in duty.people)
        yield KnownDuty(duty.since, duty.until, names)


def _in_force(
    connection: Connection,
    active: Configuration,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Iterator[tuple[Configuration, datetime, datetime]]:
    """Which configuration was in force from when until when, as the runs of checks recorded it."""
    changes = _changes(connection, since, min(until, now))
    begin = since
    for number, (at, digest) in enumerate(changes):
        end = changes[number + 1][0] if number + 1 < len(changes) else min(until, now)
        if digest == active.digest and number + 1 == len(changes):
            break
        # Before the first run nothing else is known.
        yield snapshots.get(connection, digest), begin if number == 0 else at, end
        begin = end
    if begin < until:
        yield active, begin, until


def _changes(
    connection: Connection, since: datetime, until: datetime
) -> list[tuple[datetime, str]]:
    """The first run after `since` and each that had another configuration than the one before."""
    c = check_runs.c
    runs = (
        select(
            c.slot,
            c.configuration,
            func.lag(c.configuration).over(order_by=c.slot).label("before"),
        )
        .where(c.slot >= since, c.slot < until)
        .subquery()
    )
    r = runs.c
    changed = r.before.is_(None) | (r.before != r.configuration)
    statement = select(r.slot, r.configuration).where(changed).order_by(r.slot)
    return [(slot, digest) for slot, digest in connection.execute(statement)]
