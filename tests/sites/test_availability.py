"""How much of a period a site was up, against the rules and against a slow reference."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import NOON, checks, fleet, fold_all, site, tries
from supportops.sites.availability import Availability, availability
from supportops.sites.history import SiteHistory
from supportops.sites.incident import IncidentKind
from supportops.sites.maintenance import OneOffMaintenance, WeeklyMaintenance
from supportops.sites.site import CheckPolicy, Site
from supportops.sites.standing import SiteState
from supportops.sites.timeline import CheckedRun, Flip, is_decided, timeline

POLICY = CheckPolicy()
MINUTE = timedelta(minutes=1)


def always(where: Site) -> SiteHistory:
    return SiteHistory.always(where, POLICY)


def runs(*answers: str, every: float = 5) -> list[CheckedRun]:
    """Runs at a steady pace; an empty text is one that was missed, `!` marks a blind one."""
    return [
        CheckedRun(tries("shop", marks.strip("!"), NOON + every * n * MINUTE), "!" in marks)
        for n, marks in enumerate(answers)
        if marks
    ]


def measured(
    *answers: str, minutes: float, start: float = 0, where: Site | None = None, every: float = 5
) -> Availability:
    first = NOON + start * MINUTE
    last = first + minutes * MINUTE
    return availability(runs(*answers, every=every), always(where or site()), first, last)


def test_a_good_hour() -> None:
    found = measured(*["."] * 12, minutes=60)
    assert (found.up, found.checks) == (60 * MINUTE, 12)
    assert found.up_share == 1


def test_an_outage_counts_from_its_first_failed_check_to_its_first_good_one() -> None:
    found = measured(".", ".", "xxx", "x", "..", ".", minutes=30)
    assert (found.up, found.down) == (20 * MINUTE, 10 * MINUTE)


def test_checks_that_failed_on_our_side_make_time_unknown_and_never_down() -> None:
    found = measured(".", ".", "iii", "iii", "i.", ".", minutes=30)
    assert (found.up, found.unknown, found.down) == (20 * MINUTE, 10 * MINUTE, 0 * MINUTE)


def test_degraded_time_is_up_and_shown_apart() -> None:
    answers = [*["."] * 12, *["xx."] * 12, *["."] * 24]
    found = measured(*answers, minutes=240)
    assert found.degraded == 55 * MINUTE + timedelta(seconds=40)
    assert (found.up, found.up_share) == (240 * MINUTE, 1.0)


def test_an_outage_in_degraded_time_is_down() -> None:
    found = measured(*["xx."] * 6, *["xxx"] * 2, "..", *["xx."] * 6, minutes=75)
    assert (found.down, found.degraded) == (10 * MINUTE, found.up)


def test_an_outage_that_two_runs_confirm_counts_from_the_first() -> None:
    assert measured(".", "xx", "x", "..", minutes=20).down == 10 * MINUTE


def test_a_blip_is_not_down() -> None:
    assert measured(".", "xx.", ".", minutes=15).down == timedelta(0)


def test_a_period_before_the_first_check_is_unknown() -> None:
    found = measured(".", minutes=10, start=-5)
    assert (found.unknown, found.up) == (5 * MINUTE, 5 * MINUTE)


def test_a_period_without_any_check_is_unknown_and_has_no_share() -> None:
    found = measured(minutes=60)
    assert (found.unknown, found.up_share) == (60 * MINUTE, None)


def test_a_gap_is_unknown_after_one_interval() -> None:
    found = measured(".", "", "", "", ".", minutes=25)
    assert (found.up, found.unknown) == (10 * MINUTE, 15 * MINUTE)


def test_one_missed_run_is_no_gap() -> None:
    assert measured(".", "", ".", minutes=15).up == 15 * MINUTE


def test_an_outage_is_not_stretched_over_a_gap() -> None:
    found = measured("xxx", "x", "", "", "", "x", minutes=30)
    assert (found.down, found.unknown) == (15 * MINUTE, 15 * MINUTE)


def test_what_comes_after_the_last_check_is_unknown() -> None:
    assert measured(".", minutes=60).unknown == 55 * MINUTE


def test_blind_runs_are_unknown_where_they_failed_and_count_where_they_did_not() -> None:
    found = measured(".", "!xxx", "!.", ".", minutes=20)
    assert (found.up, found.unknown, found.down) == (15 * MINUTE, 5 * MINUTE, timedelta(0))


def test_maintenance_counts_apart_whatever_the_checks_say() -> None:
    window = OneOffMaintenance(NOON + 5 * MINUTE, NOON + 15 * MINUTE)
    found = measured(".", "xxx", "xxx", ".", minutes=20, where=site(maintenance=(window,)))
    assert (found.up, found.maintenance, found.down) == (10 * MINUTE, 10 * MINUTE, timedelta(0))


def test_an_outage_goes_on_on_both_sides_of_maintenance() -> None:
    window = OneOffMaintenance(NOON + 5 * MINUTE, NOON + 15 * MINUTE)
    found = measured("xxx", "x", "x", "x", minutes=20, where=site(maintenance=(window,)))
    assert (found.down, found.maintenance) == (10 * MINUTE, 10 * MINUTE)


def test_windows_that_overlap_count_once() -> None:
    windows = (
        OneOffMaintenance(NOON, NOON + 10 * MINUTE),
        OneOffMaintenance(NOON + 5 * MINUTE, NOON + 15 * MINUTE),
    )
    found = measured(*["."] * 6, minutes=30, where=site(maintenance=windows))
    assert (found.maintenance, found.up) == (15 * MINUTE, 15 * MINUTE)


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-29", 60), ("2026-10-25", 180)])
def test_a_weekly_window_over_the_change_of_the_clock_has_its_real_length(
    day: str, minutes: int
) -> None:
    window = WeeklyMaintenance(6, time(0, 30), time(2, 30), "Europe/London")
    start = datetime.fromisoformat(f"{day}T00:00+00:00") - 2 * 60 * MINUTE
    found = availability([], always(site(maintenance=(window,))), start, start + timedelta(hours=8))
    assert found.maintenance == minutes * MINUTE
    assert found.unknown == timedelta(hours=8) - minutes * MINUTE


def test_a_period_must_end_after_it_starts() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        measured(minutes=0)


def test_a_few_runs_tell_up_from_down_only_where_they_confirm_it() -> None:
    where = always(site())
    assert not is_decided(runs(), where)
    assert not is_decided(runs(".", "x", ".", "x"), where)
    assert is_decided(runs("x", ".", "."), where)
    assert is_decided(runs(".", "xxx"), where)
    assert not is_decided(runs(".", "", "", "."), where)


answers = st.lists(
    st.sampled_from(["", ".", "..", "x.", "xx", "xxx", "x", "!xxx", "!."]), max_size=40
)
windows = st.lists(
    st.tuples(st.integers(-30, 200), st.integers(1, 60)).map(
        lambda w: OneOffMaintenance(NOON + w[0] * MINUTE, NOON + sum(w) * MINUTE)
    ),
    max_size=3,
).map(tuple)
edges = st.lists(
    st.integers(-60 * 60, 230 * 60).map(lambda s: NOON + timedelta(seconds=s)),
    min_size=3,
    max_size=3,
    unique=True,
).map(sorted)


@given(answers, windows, edges)
def test_the_parts_add_up_to_the_period_and_periods_to_their_whole(
    history: Sequence[str], quiet: tuple[OneOffMaintenance, ...], at: Sequence[datetime]
) -> None:
    where, log = always(site(maintenance=quiet)), runs(*history)
    whole, left, right = (
        availability(log, where, a, b) for a, b in ((at[0], at[2]), at[:2], at[1:])
    )
    assert whole.up + whole.down + whole.unknown + whole.maintenance == at[2] - at[0]
    for part in ("up", "down", "unknown", "maintenance", "checks"):
        assert getattr(whole, part) == getattr(left, part) + getattr(right, part), part


def slowly(
    flips: Sequence[Flip], where: Site, start: datetime, minutes: int
) -> dict[SiteState, int]:
    """Minutes by state, walked one by one."""
    found = dict.fromkeys(SiteState, 0)
    for n in range(minutes):
        at = start + n * MINUTE
        before = [flip.state for flip in flips if flip.at <= at]
        state = before[-1] if before else SiteState.UNKNOWN
        found[SiteState.MAINTENANCE if where.in_maintenance(at) else state] += 1
    return found


@given(
    st.lists(st.sampled_from(["", ".", "x", "!x"]), max_size=30),
    windows,
    st.integers(-20, 150),
    st.integers(1, 120),
)
def test_the_parts_agree_with_a_walk_from_minute_to_minute(
    history: Sequence[str], quiet: tuple[OneOffMaintenance, ...], start: int, minutes: int
) -> None:
    where, log = site(maintenance=quiet), runs(*history)
    first = NOON + start * MINUTE
    found = availability(log, always(where), first, first + minutes * MINUTE)
    walked = slowly(timeline(log, always(where)).flips, where, first, minutes)
    assert {state: walked[state] * MINUTE for state in SiteState} == {
        SiteState.UP: found.up - found.degraded,
        SiteState.DEGRADED: found.degraded,
        SiteState.DOWN: found.down,
        SiteState.UNKNOWN: found.unknown,
        SiteState.MAINTENANCE: found.maintenance,
    }


@given(st.lists(st.sampled_from([".", "..", "x.", "xx", "xxx", "x"]), max_size=14))
def test_time_down_is_the_time_of_the_incidents(history: Sequence[str]) -> None:
    """Without gaps and flapping, an incident and a time of being down are the same thing."""
    end = NOON + 5 * len(history) * MINUTE + 1 * MINUTE
    changes = [
        change
        for _, found in fold_all(
            [checks(5 * n, {"shop": marks}) for n, marks in enumerate(history)], fleet("shop")
        )
        for change in found
    ]
    if any(change.incident.flapping for change in changes):
        return
    last = {c.incident.key: c.incident for c in changes if c.incident.kind is IncidentKind.OUTAGE}
    total = sum(((i.ended_at or end - MINUTE) - i.started_at for i in last.values()), timedelta(0))
    found = availability(runs(*history), always(site()), NOON, end - MINUTE) if history else None
    assert (found.down if found else timedelta(0)) == total
