"""A page that fails at times: neither up nor down, told once, and over by hysteresis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest

from builders import CONTROL, NOON, checks, fleet, site
from supportops.sites.failure_rate import CountedRun, DegradedPolicy, FailureRate
from supportops.sites.incident import Change, FleetState
from supportops.sites.judging.fold import fold
from supportops.sites.maintenance import OneOffMaintenance
from supportops.sites.site import Fleet, Page, Site
from supportops.sites.standing import SiteState, Track, from_json, to_json

MINUTE = timedelta(minutes=1)
SHOP = fleet("shop")


def lived(
    answers: Iterable[str], of: Fleet = SHOP, key: str | tuple[str, str] = "shop"
) -> Iterator[tuple[FleetState, list[Change]]]:
    """Runs every five minutes, each with the marks of one page's tries."""
    state = FleetState()
    for number, marks in enumerate(answers):
        run = {CONTROL: ".", "shop": ".", key: marks}
        state, changes = fold(state, checks(5 * number, run), of)
        yield state, changes


def told(
    answers: Iterable[str], of: Fleet = SHOP, key: str | tuple[str, str] = "shop"
) -> list[tuple[int, str, str]]:
    """(run, what, subject) of every change."""
    return [
        (number, change.kind.value, change.incident.subject)
        for number, (_, changes) in enumerate(lived(answers, of, key))
        for change in changes
    ]


def last(answers: Iterable[str], of: Fleet = SHOP) -> FleetState:
    *_, (state, _) = lived(answers, of)
    return state


def test_two_of_three_requests_failing_is_one_alert_and_neither_up_nor_down() -> None:
    answers = [*["."] * 12, *["xx."] * 36]
    assert told(answers) == [(14, "opened", "shop (degraded)")]
    standing = last(answers).standings[("shop", "", Track.OUTAGE)]
    assert (standing.state, standing.down) == (SiteState.DEGRADED, False)


def test_it_says_how_many_fail_and_since_when() -> None:
    (incident,) = last(["."] * 12 + ["5."] * 3 + ["xx."] * 3).open.values()
    assert (incident.reason, incident.kind.value) == ("degraded", "fault")
    assert incident.started_at == NOON + 60 * MINUTE
    assert incident.facts["failed"] <= incident.facts["requests"]
    assert "requests in" in incident.facts["words"]


@pytest.mark.parametrize("pattern", [["x."], ["xx."], ["xx.", "."], ["x.", "."]])
def test_what_fails_regularly_is_told_once_within_the_hour(pattern: list[str]) -> None:
    found = told(pattern * (48 // len(pattern)))
    assert [each[1:] for each in found] == [("opened", "shop (degraded)")]
    assert found[0][0] <= 12


def test_blips_are_not_told() -> None:
    assert told((["x."] + ["."] * 5) * 8) == []


def test_it_ends_an_hour_after_the_last_failures_and_dates_the_end_to_them() -> None:
    answers = ["xx."] * 12 + ["."] * 14
    found = list(lived(answers))
    closed = [(n, c.incident) for n, (_, cs) in enumerate(found) for c in cs if c.incident.ended_at]
    ((number, incident),) = closed
    assert 20 <= number <= 24
    assert incident.ended_at == NOON + 55 * MINUTE + timedelta(seconds=40)
    assert found[-1][0].standings[("shop", "", Track.OUTAGE)].state is SiteState.UP


def test_a_rate_between_the_two_limits_neither_begins_nor_ends_it() -> None:
    steady = ["x.", ".", ".", "."] * 12
    well = ["."] * 12
    assert told(well + steady) == []
    assert len(told(well + ["xx."] * 6 + steady)) == 1


def test_an_outage_counts_as_that_and_leaves_nothing_behind() -> None:
    assert [each[1:] for each in told(["."] * 6 + ["xxx"] * 6 + [".."] + ["."] * 12)] == [
        ("opened", "shop"),
        ("closed", "shop"),
    ]


def test_a_degraded_site_that_goes_down_is_an_outage_and_degraded_again_when_it_is_back() -> None:
    answers = ["xx."] * 4 + ["xxx"] * 3 + [".."] + ["xx."] * 6
    assert [each[1:] for each in told(answers)] == [
        ("opened", "shop (degraded)"),
        ("opened", "shop"),
        ("closed", "shop"),
    ]


def test_failures_while_we_are_blind_do_not_count() -> None:
    state, changes = FleetState(), list[Change]()
    for number in range(12):
        run = checks(5 * number, {CONTROL: "x", "shop": "xx", "blog": "xx"})
        state, more = fold(state, run, fleet("shop", "blog", vantage=(CONTROL[1],)))
        changes += more
    assert [change.incident.subject for change in changes] == ["our connection"]


def test_failures_in_maintenance_do_not_count() -> None:
    quiet = OneOffMaintenance(NOON, NOON + 600 * MINUTE)
    assert told(["xx."] * 24, fleet(site("shop", maintenance=(quiet,)))) == []


def basket() -> Site:
    return site("shop", pages=(Page("/basket", site().expect),))


def test_a_page_that_fails_at_times_is_told_too() -> None:
    found = told(["55."] * 12, fleet(basket()), ("shop", "/basket"))
    assert [each[1:] for each in found] == [("opened", "shop /basket (degraded)")]


def test_a_front_page_that_is_slow_at_times_is_told_too() -> None:
    assert [each[1:] for each in told(["ss."] * 12)] == [("opened", "shop (slow at times)")]


def test_a_site_that_is_checked_seldom_has_a_longer_window() -> None:
    hourly = fleet(site("shop", interval=60 * MINUTE))
    state, changes = FleetState(), list[Change]()
    for number in range(6):
        state, more = fold(state, checks(60 * number, {"shop": "xx."}), hourly)
        changes += more
    assert [change.incident.subject for change in changes] == ["shop (degraded)"]


def test_a_standing_is_stored_with_its_rate() -> None:
    for state, _ in lived(["xx."] * 6):
        standing = state.standings[("shop", "", Track.OUTAGE)]
        assert from_json(to_json(standing)) == standing


def test_what_an_earlier_version_stored_has_no_rate() -> None:
    written = to_json(last(["."]).standings[("shop", "", Track.OUTAGE)])
    del written["rate"]
    assert from_json(written).rate == FailureRate()


def test_the_limits_are_options() -> None:
    strict = DegradedPolicy(above=0.05, below=0.01, window=600 * MINUTE)
    rate = FailureRate()
    for number in range(30):
        run = CountedRun(NOON + 5 * number * MINUTE, number % 10 == 0, 1)
        rate = rate.after(run, strict, 5 * MINUTE)
    assert rate.since == NOON
