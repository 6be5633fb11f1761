"""Who is on duty, against a slow count of days, and on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from supportops.alerts.rota.checking import FaultKind, faults
from supportops.alerts.rota.team import Override, Team
from supportops.alerts.rota.turns import EVERY_DAY, HOLIDAY, MIDNIGHT, Every, Turn

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 1, 5)
NINE = time(9)
ZONES = [ZoneInfo(name) for name in ("Europe/London", "America/New_York", "Australia/Lord_Howe")]
CLOCKS = [time(hour, minute) for hour in range(24) for minute in (0, 30)]


def weekly(*people: str, **fields: object) -> Turn:
    return Turn(people, MONDAY, **({"hand_over": NINE} | fields))  # type: ignore[arg-type]


def team(*turns: Turn, zone: ZoneInfo = LONDON, **fields: object) -> Team:
    return Team("web", zone, turns, **fields)  # type: ignore[arg-type]


def at(words: str, zone: ZoneInfo = LONDON) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=zone).astimezone(UTC)


def slow(team: Team, at: datetime) -> set[str]:
    """Counts every hand-over and looks at every date from the beginning on."""
    instead = {o.person for o in team.overrides if o.since <= at < o.until}
    if instead:
        return instead
    some = any(HOLIDAY in turn.days for turn in team.turns)
    found = set()
    for turn in team.turns:
        step = timedelta(days=1 if turn.every is Every.DAY else 7)
        whose, day, n = None, turn.start, 0
        while datetime.combine(day, turn.hand_over, team.zone).astimezone(UTC) <= at:
            whose = turn.people[n % len(turn.people)]
            day, n = day + step, n + 1
        day = turn.start - timedelta(days=3)
        while day <= at.date() + timedelta(days=2):
            kind = HOLIDAY if some and day in team.holidays else day.weekday()
            last = day + timedelta(days=0 if turn.closes > turn.opens else 1)
            since = datetime.combine(day, turn.opens, team.zone).astimezone(UTC)
            until = datetime.combine(last, turn.closes, team.zone).astimezone(UTC)
            if kind in turn.days and since <= at < until and whose is not None:
                found.add(whose)
            day += timedelta(days=1)
    return found


def random_turn(random: Random, start: date) -> Turn:
    days = random.choice([EVERY_DAY, frozenset(random.sample(range(8), random.randint(1, 8)))])
    return Turn(
        tuple("abcde"[: random.randint(1, 5)]),
        start + timedelta(days=random.randint(0, 9)),
        random.choice(list(Every)),
        random.choice(CLOCKS),
        days,
        random.choice([MIDNIGHT, random.choice(CLOCKS)]),
        random.choice([MIDNIGHT, random.choice(CLOCKS)]),
    )


def test_random_rotas_equal_a_slow_count() -> None:
    random, asked = Random(11), 0
    changes = [date(2026, 3, 1), date(2026, 3, 25), date(2026, 9, 28), date(2026, 10, 20)]
    while asked < 10_000:
        start = random.choice(changes)
        zone = random.choice(ZONES)
        begin = datetime.combine(start, MIDNIGHT, UTC)
        hours = [random.randint(0, 600) for _ in range(2)]
        rota = Team(
            "web",
            zone,
            tuple(random_turn(random, start) for _ in range(random.randint(1, 2))),
            tuple(
                Override(begin + timedelta(hours=n), begin + timedelta(hours=n + 7), "z")
                for n in hours[: random.randint(0, 2)]
            ),
            frozenset({start + timedelta(days=random.randint(0, 12))}),
        )
        for _ in range(4):
            instant = begin + timedelta(minutes=random.randint(-1_000, 30_000))
            assert set(rota.on_duty(instant)) == slow(rota, instant), (rota, instant)
            asked += 1


def test_duties_say_what_asking_at_each_instant_says() -> None:
    random = Random(12)
    for _ in range(40):
        start = date(2026, 3, 20)
        zone = random.choice(ZONES)
        rota = team(*(random_turn(random, start) for _ in range(2)), zone=zone)
        since = datetime.combine(start, MIDNIGHT, UTC) - timedelta(days=1)
        duties = rota.duties(since, since + timedelta(days=20))
        assert duties[0].since == since
        assert duties[-1].until == since + timedelta(days=20)
        for duty, following in pairwise(duties):
            assert duty.until == following.since
            assert duty.people != following.people
        for duty in duties:
            inside = duty.since + (duty.until - duty.since) * random.random()
            assert rota.on_duty(inside) == duty.people


def test_a_week_is_handed_over_at_its_hour_on_both_sides_of_a_clock_change() -> None:
    rota = team(weekly("anna", "ben"))
    for monday in ("2026-03-30", "2026-10-26"):
        before = rota.on_duty(at(f"{monday}T08:59"))
        assert rota.on_duty(at(f"{monday}T09:00")) != before
        assert rota.on_duty(at(f"{monday}T08:59:59")) == before


def test_nobody_is_on_duty_before_the_beginning() -> None:
    rota = team(weekly("anna"))
    assert rota.on_duty(at("2026-01-05T08:59")) == ()
    assert rota.on_duty(at("2026-01-05T09:00")) == ("anna",)


def test_a_night_is_one_persons_though_the_date_changes_in_it() -> None:
    night = Turn(("anna", "ben"), MONDAY, Every.DAY, time(12), opens=time(18), closes=NINE)
    rota = team(night)
    assert rota.on_duty(at("2026-01-05T23:00")) == rota.on_duty(at("2026-01-06T03:00")) == ("anna",)
    assert rota.on_duty(at("2026-01-06T12:30")) == ()
    assert rota.on_duty(at("2026-01-06T19:00")) == ("ben",)


def test_on_a_public_holiday_the_turn_for_holidays_has_duty_and_no_other() -> None:
    week = weekly("anna", days=frozenset(range(5)))
    free = weekly("ben", days=frozenset({5, 6, HOLIDAY}))
    rota = team(week, free, holidays=frozenset({date(2026, 4, 3)}))
    assert rota.on_duty(at("2026-04-02T12:00")) == ("anna",)
    assert rota.on_duty(at("2026-04-03T12:00")) == ("ben",)
    assert rota.on_duty(at("2026-04-04T12:00")) == ("ben",)
    alone = team(weekly("anna", days=frozenset(range(5))), holidays=rota.holidays)
    assert alone.on_duty(at("2026-04-03T12:00")) == ("anna",)


def test_an_override_comes_before_the_turn() -> None:
    instead = Override(at("2026-01-06T10:00"), at("2026-01-06T12:00"), "ben")
    rota = team(weekly("anna"), overrides=(instead,))
    assert rota.on_duty(at("2026-01-06T09:59")) == ("anna",)
    assert rota.on_duty(at("2026-01-06T10:00")) == ("ben",)
    assert rota.on_duty(at("2026-01-06T12:00")) == ("anna",)


SINCE, UNTIL = at("2026-02-01T00:00"), at("2027-02-01T00:00")


@pytest.mark.parametrize(
    ("rota", "kind", "people"),
    [
        (team(weekly("anna", days=frozenset(range(6)))), FaultKind.GAP, ()),
        (team(weekly("anna"), weekly("ben")), FaultKind.OVERLAP, ("anna", "ben")),
        (
            team(Turn(("anna",), date(2026, 1, 4), hand_over=time(1, 30))),
            FaultKind.SKIPPED,
            ("anna",),
        ),
        (
            team(Turn(("anna",), date(2026, 1, 4), hand_over=time(1, 30))),
            FaultKind.REPEATED,
            ("anna",),
        ),
        (
            team(
                weekly("anna", days=frozenset({0})),
                overrides=(Override(at("2026-03-05T10:00"), at("2026-03-05T12:00"), "ben"),),
            ),
            FaultKind.OUTSIDE,
            ("ben",),
        ),
        (
            team(
                weekly("anna"),
                overrides=(
                    Override(at("2026-03-05T10:00"), at("2026-03-05T12:00"), "ben"),
                    Override(at("2026-03-05T11:00"), at("2026-03-05T13:00"), "cleo"),
                ),
            ),
            FaultKind.OVERRIDES,
            ("ben", "cleo"),
        ),
    ],
)
def test_each_fault_of_a_rota_is_found(
    rota: Team, kind: FaultKind, people: tuple[str, ...]
) -> None:
    found = [fault for fault in faults(rota, SINCE, UNTIL) if fault.kind is kind]
    assert 1 <= len(found) <= 3
    assert found[0].people == people


def test_the_hour_that_is_skipped_and_the_one_that_comes_twice_are_named() -> None:
    rota = team(Turn(("anna", "ben"), date(2026, 1, 4), hand_over=time(1, 30)))
    days = {fault.kind: fault.since.date() for fault in faults(rota, SINCE, UNTIL)}
    assert days == {
        FaultKind.SKIPPED: date(2026, 3, 29),
        FaultKind.REPEATED: date(2026, 10, 25),
    }


def test_a_rota_without_fault_has_none() -> None:
    assert faults(team(weekly("anna", "ben", "cleo")), SINCE, UNTIL) == []
    nights = Turn(("anna", "ben"), MONDAY, hand_over=NINE, opens=time(17), closes=NINE)
    days = Turn(("cleo",), MONDAY, hand_over=NINE, opens=NINE, closes=time(17))
    assert faults(team(nights, days), SINCE, UNTIL) == []


def test_a_fault_of_every_week_is_named_three_times_with_a_count() -> None:
    found = faults(team(weekly("anna", days=frozenset(range(6)))), SINCE, UNTIL)
    assert len(found) == 3
    assert found[-1].more == 50
