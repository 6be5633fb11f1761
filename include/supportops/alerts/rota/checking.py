"""What is wrong with a rota in a time to come: nobody on duty, too many, hand-overs of no hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from supportops.alerts.rota.team import Team
from supportops.alerts.rota.turns import instant, is_repeated, is_skipped

# Of the same fault every week, the first few show what it is.
MOST_OF_A_KIND = 3


class FaultKind(StrEnum):
    """The kinds of faults of a rota."""

    GAP = "gap"
    OVERLAP = "overlap"
    SKIPPED = "skipped"
    REPEATED = "repeated"
    OVERRIDES = "overrides"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class RotaFault:
    """A fault of a team's rota from `since` until `until`; `people`: those concerned.

    `more`: how many of the same kind follow.
    """

    team: str
    kind: FaultKind
    since: datetime
    until: datetime
    people: tuple[str, ...] = ()
    more: int = 0


def faults(team: Team, since: datetime, until: datetime) -> list[RotaFault]:
    """Every fault of `team` from `since` until `until`, by kind, the first few of each."""
    found = [
        *_uncovered(team, since, until),
        *_of_clocks(team, since, until),
        *_of_overrides(team, since),
    ]
    short: list[RotaFault] = []
    for kind in FaultKind:
        these = [fault for fault in found if fault.kind is kind]
        short += these[:MOST_OF_A_KIND]
        if len(these) > MOST_OF_A_KIND:
            last = these[MOST_OF_A_KIND - 1]
            more = len(these) - MOST_OF_A_KIND
            short[-1] = RotaFault(team.name, kind, last.since, last.until, last.people, more)
    return short


def _uncovered(team: Team, since: datetime, until: datetime) -> Iterator[RotaFault]:
    for duty in team.duties(since, until):
        if len(duty.people) != 1:
            kind = FaultKind.OVERLAP if duty.people else FaultKind.GAP
            yield RotaFault(team.name, kind, duty.since, duty.until, duty.people)


def _of_clocks(team: Team, since: datetime, until: datetime) -> Iterator[RotaFault]:
    """Hand-overs at a time that the clock skips, or shows twice."""
    for turn in team.turns:
        for number in turn.numbers(since, until, team.zone):
            at = turn.hand_over_at(number, team.zone)
            day = turn.start + turn.period * number
            for kind, test in (
                (FaultKind.SKIPPED, is_skipped),
                (FaultKind.REPEATED, is_repeated),
            ):
                if test(day, turn.hand_over, team.zone):
                    yield RotaFault(team.name, kind, at, at, turn.people)


def _of_overrides(team: Team, since: datetime) -> Iterator[RotaFault]:
    """Overrides, not past, that overlap another or replace nobody's duty."""
    for n, each in enumerate(team.overrides):
        if each.until <= since:
            continue
        for other in team.overrides[:n]:
            begin, end = max(each.since, other.since), min(each.until, other.until)
            if begin < end and each.person != other.person:
                people = (other.person, each.person)
                yield RotaFault(team.name, FaultKind.OVERRIDES, begin, end, people)
        plain = replace(team, overrides=())
        if not any(duty.people for duty in plain.duties(each.since, each.until)):
            yield RotaFault(team.name, FaultKind.OUTSIDE, each.since, each.until, (each.person,))


def horizon(team: Team, now: datetime) -> datetime:
    """Until when `team` is looked at: a year, in which every hand-over and holiday comes once.

    Without any turn, as far as its calendar was read.
    """
    if not team.turns:
        return max(now, team.calendar_until or now)
    begins = (instant(turn.start, turn.hand_over, team.zone) for turn in team.turns)
    return max(now, *begins) + timedelta(days=366)


def begins(team: Team, now: datetime) -> datetime:
    """From when on: now, or when the first turn begins."""
    starts = [instant(turn.start, turn.hand_over, team.zone) for turn in team.turns]
    return max(now, min(starts, default=now))
