"""What a report tells of earlier ones: what they were about, why they changed, and that once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.gathering import LATER, refill
from flows.reports.reporting.report_builders import (
    READERS,
    WEEK,
    ReportDesk,
    a_week,
    later_event,
    raised,
    reporting_desk,
)
from sla.policies import book, london, story
from supportops.db.engine import make_engine, reading
from supportops.db.migrate import upgrade
from supportops.flows.reports.reporting.comparing import current_clocks
from supportops.reports.measuring.restating import CURRENT_COLUMNS

WITH_TREND = READERS.replace("[tiers, restatements]", "[tiers, trend, restatements]").replace(
    "[tiers, breaches]", "[tiers, trend, restatements]"
)
MANAGERS = "name: managers,"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ReportDesk]:
    """On one store: what is restated does not depend on it."""
    engine = make_engine(f"sqlite+pysqlite:///{tmp_path}/desk.db")
    upgrade(engine)
    room = reporting_desk(engine, tmp_path / "config", WITH_TREND)
    room.append(*a_week())
    yield room
    engine.dispose()


def edit(desk: ReportDesk, old: str, new: str) -> None:
    file = desk.folder / "reports.yaml"
    file.write_text(file.read_text().replace(old, new))


def report(desk: ReportDesk, number: int, audience: str = "managers", **options: Any) -> Any:
    """The figures of a week's report, issued on its Monday unless the options say otherwise."""
    monday = {16: "2026-04-20", 17: "2026-04-27", 18: "2026-05-04", 19: "2026-05-11"}[number]
    asked_for = {"send": True, "audiences": (audience,)} | options
    desk.weekly(f"2026-W{number}", at=f"{monday} 08:00", **asked_for)
    return desk.editions()[-1].figures


def restated(figures: Any, tier: str | None = "user_support") -> list[tuple[Any, ...]]:
    """Week, then due and met as issued and as they are now, and why."""
    return [
        (
            each["label"],
            (each["issued"]["due"], each["issued"]["met"]),
            (each["now"]["due"], each["now"]["met"]),
            [f"{one['number']} {one['why']}" for one in each["because"]],
        )
        for each in figures["restatements"]
        if each["tier"] == tier
    ]


def points(figures: Any, tier: str | None = None) -> dict[str, tuple[int, bool]]:
    """What was due, and whether a report said so, by week."""
    (found,) = (each for each in figures["trends"] if each["name"] == tier)
    return {each["label"]: (each["due"], each["issued"]) for each in found["points"]}


# --- once ----------------------------------------------------------------------------------------


def test_a_change_is_restated_in_the_first_report_after_it_and_not_every_week(
    desk: ReportDesk,
) -> None:
    report(desk, 16)
    desk.append(later_event("3", "2026-04-21 10:00 merged"))

    assert restated(report(desk, 17)) == [(WEEK, (4, 2), (3, 2), ["3 merged"])]
    again = report(desk, 18)
    assert again["restatements"] == []
    assert points(again)[WEEK] == (6, True)
    assert "No change that was not reported before" in desk.text("managers")


def test_what_changes_again_is_restated_again_against_what_was_issued(desk: ReportDesk) -> None:
    desk.append(*raised("6", "2026-04-14 09:00 asks"))
    report(desk, 16)
    desk.append(later_event("3", "2026-04-21 10:00 merged"))
    report(desk, 17)
    desk.append(later_event("6", "2026-04-28 10:00 deleted"))

    assert restated(report(desk, 18)) == [(WEEK, (5, 2), (3, 2), ["3 merged", "6 deleted"])]
    assert report(desk, 19)["restatements"] == []


def test_what_counts_as_issued_again_is_restated_too(desk: ReportDesk) -> None:
    report(desk, 16)
    desk.append(later_event("3", "2026-04-21 10:00 deleted"))
    assert restated(report(desk, 17)) == [(WEEK, (4, 2), (3, 2), ["3 deleted"])]
    desk.append(later_event("3", "2026-04-28 10:00 restored"))

    assert restated(report(desk, 18)) == [(WEEK, (4, 2), (4, 2), ["3 counts as issued again"])]
    assert report(desk, 19)["restatements"] == []


def test_a_day_off_that_is_written_afterwards_is_named_as_the_cause(desk: ReportDesk) -> None:
    report(desk, 16)
    file = desk.folder / "service_levels.yaml"
    file.write_text(file.read_text().replace("holidays: []", "holidays: [2026-04-16]", 1))

    figures = report(desk, 17)
    assert [each["rules"] for each in figures["restatements"]] == [["calendar office"]] * 2
    shown = " ".join(desk.text("managers").split())
    assert "changed since, also for that time: calendar office" in shown
    of_customer = report(desk, 17, "acme")
    assert not of_customer["restatements"]


def test_a_promise_of_later_is_no_cause(desk: ReportDesk) -> None:
    report(desk, 16)
    desk.append(later_event("3", "2026-04-21 10:00 merged"))
    later = """
  - name: summer
    from: 2026-06-01
    promises:
      - {tier: user_support, calendar: office, targets: {first_reply_time: {within: 1h}}}
"""
    file = desk.folder / "service_levels.yaml"
    file.write_text(file.read_text() + later)
    assert [each["rules"] for each in report(desk, 17)["restatements"]] == [[], []]


def test_a_draft_restates_for_nobody_so_the_report_that_is_sent_does(desk: ReportDesk) -> None:
    report(desk, 16)
    desk.append(later_event("3", "2026-04-21 10:00 merged"))
    report(desk, 17, send=False)

    assert len(restated(report(desk, 17))) == len(restated(report(desk, 17, again=True))) == 1
    assert restated(report(desk, 18)) == []


def test_a_correction_is_what_later_changes_are_measured_by(desk: ReportDesk) -> None:
    report(desk, 16)
    desk.append(later_event("3", "2026-04-19 10:00 merged"))
    report(desk, 17)
    desk.weekly(WEEK, at="2026-04-28 09:00", send=True, again=True, audiences=("managers",))

    figures = report(desk, 18)

    assert figures["restatements"] == []
    assert points(figures)[WEEK] == (5, True)


def test_weeks_that_are_sent_at_once_look_back_upon_each_other(desk: ReportDesk) -> None:
    desk.append(later_event("3", "2026-04-21 10:00 merged"))
    labels = (WEEK, "2026-W17", "2026-W18")

    desk.weekly(*labels, at="2026-05-04 08:00", send=True, audiences=("managers",))

    found = [row.figures for row in desk.editions()]
    once = [(WEEK, (4, 2), (3, 2), ["3 merged"])]
    assert [restated(figures) for figures in found] == [[], once, []]
    assert points(found[-1])[WEEK] == (6, True)


# --- why -----------------------------------------------------------------------------------------


def test_a_bug_that_was_opened_again_is_restated_with_its_new_deadline(desk: ReportDesk) -> None:
    """Two working days from Monday 10:00; what was solved by noon has the rest of them from the
    next Tuesday 10:00 on."""
    desk.append(
        *raised(
            "6",
            "2026-04-13 09:00 asks",
            "2026-04-13 09:00 tier bug_fix",
            "2026-04-13 10:00 answers",
            "2026-04-13 12:00 status solved",
        )
    )
    report(desk, 16)
    desk.append(later_event("6", "2026-04-21 10:00 status open"))

    changed = restated(report(desk, 17), "bug_fix")

    assert changed == [
        (WEEK, (5, 3), (4, 2), ["6 was reopened on 2026-04-21; is due on 2026-04-22 now"])
    ]


def test_what_was_reopened_is_counted_once_and_named_where_it_was_counted_before(
    desk: ReportDesk,
) -> None:
    """Solved in week 16, reopened in 17 and solved again: week 16 gives it up, week 17 has it."""
    lines = ("asks", "tier bug_fix", "answers", "status solved")  # an hour after each other
    desk.append(*raised("6", *(f"2026-04-13 1{n}:00 {line}" for n, line in enumerate(lines))))
    first = report(desk, 16)
    desk.append(later_event("6", "2026-04-21 10:00 status open"))
    desk.append(later_event("6", "2026-04-21 11:00 status solved"))
    second = report(desk, 17)

    def resolutions(figures: Any) -> list[tuple[int, int]]:
        return [
            (line["kept"]["due"], line["kept"]["met"])
            for line in figures["promises"]
            if (line["by"], line["metric"]) == ("tier", "resolution_time") and line["promised"]
        ]

    ((week, (due, met), (now_due, now_met), why),) = restated(second, "bug_fix")
    assert (week, due - now_due, met - now_met) == (WEEK, 1, 1)
    assert why == ["6 was reopened on 2026-04-21; is due on 2026-04-22 now"]
    assert resolutions(first) == [(2, 1)]  # ticket 5 is the broken one
    assert resolutions(second) == [(1, 1)]
    assert restated(report(desk, 18), "bug_fix") == []


def test_a_report_on_some_tiers_restates_the_tier_that_a_ticket_has_now(
    desk: ReportDesk,
) -> None:
    edit(desk, MANAGERS, f"{MANAGERS} tiers: [user_support],")
    report(desk, 16)
    desk.append(later_event("1", "2026-04-13 09:30 tier bug_fix"))

    ((_, _, now, why),) = restated(report(desk, 17))

    assert now == (3, 1)
    assert why == ["1 now bug_fix, then user_support; is due on 2026-04-13 now"]


def test_a_customer_hears_no_more_of_a_ticket_that_is_somebody_elses(desk: ReportDesk) -> None:
    report(desk, 16, "acme")
    desk.append(later_event("1", "2026-04-21 10:00 customer Birch"))

    changed = restated(report(desk, 17, "acme"))

    assert changed == [(WEEK, (3, 1), (2, 0), ["1 is not this customer's now"])]


def test_the_clocks_of_a_few_tickets_stand_as_of_an_instant(store: Engine) -> None:
    refill(
        store,
        [
            *story("2026-04-14 10:00 asks", "2026-04-15 10:00 answers"),
            *story("2026-04-14 10:00 asks", "2026-04-14 10:00 customer Acme", ticket="2"),
        ],
    )
    then = london("2026-04-15 09:00")
    with reading(store) as connection:
        found = current_clocks(connection, book(), {("test", "1"), ("test", "9")}, then)
        none = current_clocks(connection, book(), set(), LATER)
        own = current_clocks(connection, book(), {("test", "2")}, then)

    assert tuple(found.columns) == tuple(none.columns) == CURRENT_COLUMNS
    assert found[["number", "metric", "state"]].values.tolist() == [
        ["1", "first_reply_time", "running"]
    ]
    assert none.empty
    assert own["customer"].tolist() == ["Acme"]


# --- whose ---------------------------------------------------------------------------------------


def test_what_was_issued_under_the_same_name_to_another_customer_is_no_earlier_report(
    desk: ReportDesk,
) -> None:
    report(desk, 16, "acme")
    edit(desk, "customer: Acme", "customer: Birch")

    figures = report(desk, 17, "acme")

    assert figures["restatements"] == []
    assert points(figures)[WEEK] == (3, False)
    assert points(figures, "user_support")[WEEK] == (1, False)


def test_a_tier_that_is_watched_from_now_on_has_its_past_and_restates_nothing(
    desk: ReportDesk,
) -> None:
    edit(desk, MANAGERS, f"{MANAGERS} tiers: [bug_fix],")
    report(desk, 16)
    edit(desk, " tiers: [bug_fix],", "")

    figures = report(desk, 17)

    assert figures["restatements"] == []
    assert points(figures, "user_support")[WEEK] == (4, False)
    assert points(figures)[WEEK] == (6, False)


def test_a_week_on_another_zones_clock_is_another_week(desk: ReportDesk) -> None:
    report(desk, 16)
    edit(desk, MANAGERS, f"{MANAGERS} timezone: Asia/Kolkata,")

    assert points(report(desk, 17))[WEEK] == (6, False)
