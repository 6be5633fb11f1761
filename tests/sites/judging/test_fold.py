"""Runs folded into incidents: maintenance, hostile names, and what holds of any history."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import CONTROL, checks, fleet, fold_all, site, tries
from sites.judging.story import Answers, Story, minute, shop
from sites.test_standing import icinga
from supportops.sites.incident import ChangeKind, Incident, IncidentKind, Run
from supportops.sites.maintenance import OneOffMaintenance, WeeklyMaintenance
from supportops.sites.site import FIVE_MINUTES, Expectation, Fleet, Page
from supportops.sites.standing import Track

LONDON = "Europe/London"


class TestMaintenance:
    def test_failures_in_an_announced_window_open_no_incident(self) -> None:
        window = OneOffMaintenance(minute(5), minute(15))
        story = Story(fleet(site(maintenance=(window,))))
        assert story.alone(".", "xxx", "xxx", "..") == [[], [], [], []]

    def test_a_site_that_stays_down_after_the_window_is_down_from_its_end(self) -> None:
        window = OneOffMaintenance(minute(5), minute(15))
        story = Story(fleet(site(maintenance=(window,))))
        assert story.alone(".", "xxx", "xxx", "xxx")[3] == ["opened outage shop"]
        assert story.last.started_at == minute(15)

    def test_an_outage_from_before_the_window_is_neither_closed_nor_opened_again(self) -> None:
        window = OneOffMaintenance(minute(5), minute(15))
        story = Story(fleet(site(maintenance=(window,))))
        assert story.alone("xxx", "x", "x", "x") == [["opened outage shop"], [], [], []]

    @pytest.mark.parametrize(
        ("instant", "quiet"),
        [
            (datetime(2026, 4, 4, 20, 59, tzinfo=UTC), False),
            (datetime(2026, 4, 4, 21, tzinfo=UTC), True),  # 22:00 in London's summer
            (datetime(2026, 4, 4, 23, 30, tzinfo=UTC), True),  # Sunday already
            (datetime(2026, 4, 5, 0, 59, 59, tzinfo=UTC), True),
            (datetime(2026, 4, 5, 1, tzinfo=UTC), False),  # 02:00
            (datetime(2026, 4, 3, 23, 30, tzinfo=UTC), False),  # the night before
        ],
    )
    def test_a_weekly_window_runs_over_midnight(self, instant: datetime, quiet: bool) -> None:
        window = WeeklyMaintenance(5, time(22), time(2), LONDON)
        assert site(maintenance=(window,)).in_maintenance(instant) is quiet

    @pytest.mark.parametrize(
        ("day", "hours"), [((2026, 3, 29), 1), ((2026, 10, 25), 3), ((2026, 11, 1), 2)]
    )
    def test_a_window_over_the_change_of_the_clock_is_as_long_as_the_clock_says(
        self, day: tuple[int, int, int], hours: int
    ) -> None:
        """From 00:30 to 02:30: an hour is missing in March and comes twice in October."""
        window = WeeklyMaintenance(6, time(0, 30), time(2, 30), LONDON)
        midnight = datetime(*day, tzinfo=UTC) - timedelta(hours=2)
        covered = sum(window.covers(midnight + timedelta(minutes=m)) for m in range(6 * 60))
        assert covered == hours * 60


def test_a_hostile_name_is_a_name_like_any_other() -> None:
    name = 'O\'Brien "&" <script>alert(1)</script>\r\nSubject: x \N{PILE OF POO}'
    story = Story(fleet(name))
    assert story.run({name: "xxx"}) == [f"opened outage {name}"]
    assert story.run({name: ".."}) == [f"closed outage {name}"]


def test_a_run_without_results_changes_nothing() -> None:
    story = shop()
    story.alone("xxx")
    before = story.state
    assert story.run({}) == []
    assert story.state == before


def test_a_site_that_the_fleet_does_not_have_is_ignored() -> None:
    assert shop().run({"stranger": "xxx"}) == []


marks = st.sampled_from(["", ".", "..", "x", "x.", "xx", "xxx", "555", "s", "sss"])
histories = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys("abcd", marks),
            ("a", "/basket"): marks,
            CONTROL: st.sampled_from(["", ".", "xxx"]),
        }
    ),
    max_size=14,
)


def them() -> Fleet:
    window = OneOffMaintenance(minute(21), minute(32))
    return fleet(
        site("a", host="web-1", pages=(Page("/basket", Expectation()),)),
        site("b", host="web-1"),
        site("c", host="web-1", maintenance=(window,)),
        site("d", interval=timedelta(minutes=15)),
        vantage=(CONTROL[1],),
    )


def runs_of(history: Sequence[Answers]) -> list[Run]:
    return [checks(5 * number, answers) for number, answers in enumerate(history)]


@given(histories, st.randoms(use_true_random=False))
def test_neither_the_order_of_results_nor_that_of_sites_matters(
    history: Sequence[Answers], luck: random.Random
) -> None:
    mixed = [
        replace(run, attempts=luck.sample(run.attempts, len(run.attempts)))
        for run in runs_of(history)
    ]
    sites = list(them().sites)
    luck.shuffle(sites)
    shuffled = replace(them(), sites=tuple(sites))
    assert list(fold_all(mixed, shuffled)) == list(fold_all(runs_of(history), them()))


@given(histories)
def test_what_is_opened_is_closed_at_most_once_and_ends_after_it_starts(
    history: Sequence[Answers],
) -> None:
    opened: dict[str, Incident] = {}
    closed: set[str] = set()
    for _, changes in fold_all(runs_of(history), them()):
        for change in changes:
            incident = change.incident
            if change.kind is ChangeKind.OPENED:
                assert incident.key not in opened
                assert incident.started_at <= incident.opened_at
                opened[incident.key] = incident
            else:
                assert incident.key in opened
                assert incident.key not in closed
            if change.kind is ChangeKind.CLOSED:
                closed.add(incident.key)
                assert incident.ended_at is not None
                assert incident.closed_at is not None
                assert incident.started_at <= incident.ended_at <= incident.closed_at


def slowly(history: Sequence[str]) -> list[tuple[datetime, datetime | None]]:
    """Outages of one site as (start, end), by reading the whole list of checks again and again."""
    seen: list[tuple[datetime, bool]] = []
    changes: list[bool] = []
    found: list[tuple[datetime, datetime | None]] = []
    flapping = down = False
    recovered: datetime | None = None
    for number, answers in enumerate(history):
        was = down
        for attempt in tries("shop", answers, minute(5 * number)):
            seen.append((attempt.result.checked_at, attempt.bad_for(Track.OUTAGE)))
            row = in_a_row(seen)
            if not down and seen[-1][1] and len(row) >= 3:
                down, began = True, row[0]
            elif down and not seen[-1][1] and len(row) >= 2:
                down, recovered = False, row[0]
        if answers:
            changes.append(was != down)
            percent = icinga(changes)
            flapping = percent > (25 if flapping else 30)
            if down and (not found or found[-1][1] is not None):
                found.append((began, None))
            elif found and found[-1][1] is None and not down and not flapping:
                found[-1] = (found[-1][0], recovered)
    return found


def in_a_row(seen: Sequence[tuple[datetime, bool]]) -> list[datetime]:
    """The instants of the checks that end like the last one did, without a gap between them."""
    row = [seen[-1]]
    for check in reversed(seen[:-1]):
        if check[1] != row[0][1] or row[0][0] - check[0] > 2 * FIVE_MINUTES:
            break
        row.insert(0, check)
    return [at for at, _ in row]


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(["", ".", "x.", "xx", "xxx", "..", "xxx", "..", "x", "s"]), max_size=40
    )
)
def test_incidents_agree_with_a_slow_and_obvious_reference(history: list[str]) -> None:
    story = shop()
    for answers in history:
        story.run({"shop": answers})
    latest: dict[str, Incident] = {}
    for change in story.changes:
        if change.incident.kind is IncidentKind.OUTAGE:
            latest[change.incident.key] = change.incident
    assert [(i.started_at, i.ended_at) for i in latest.values()] == slowly(history)
