"""Two reports side by side: what is better, what is worse, and what chance may explain."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reports.figure_builders import figures
from supportops.reports.compare import (
    Change,
    Comparison,
    Group,
    Line,
    Measure,
    Value,
    change,
    compare,
    last_restated,
)
from supportops.reports.figures import Attainment, By, Quantile, Restatement, TicketReason, Times
from supportops.reports.measuring.figures_json import to_json
from supportops.reports.measuring.proportion import attainment
from supportops.reports.words import comparing
from supportops.reports.words.dates import Reader

READER = Reader("en-GB", "Europe/London", tier_titles={"bug_fix": "Bug fixes"})
TIERS = ("bug_fix", "mission_critical", "user_support")


def share(met: int, due: int) -> Value:
    found = attainment(due, met)
    return Value(found.share, met, due, found.low, found.high)


def line(comparison: Comparison, group: Group, name: str | None, measure: Measure) -> Line:
    found = [
        each
        for each in comparison.of(group)
        if (each.name, each.metric, each.measure) == (name, None, measure)
    ]
    assert len(found) == 1
    return found[0]


def with_bug_fixes(met: int, due: int) -> dict[str, Any]:
    """The report of the small agency in which so many bug fixes were kept."""
    report = figures()
    lines = tuple(
        replace(each, attainment=attainment(due, met))
        if (each.by, each.name, each.metric) == (By.TIER, "bug_fix", None)
        else each
        for each in report.promises
    )
    return to_json(replace(report, promises=lines))


def test_a_report_compared_with_its_like_has_the_same_figures_throughout() -> None:
    report = to_json(figures())
    found = compare(report, report)
    assert len(found.lines) > 40
    assert {each.change for each in found.lines} <= {Change.SAME, Change.UNKNOWN}
    assert all(each.difference == 0 for each in found.lines if each.difference is not None)
    assert [each.group for each in found.lines] == sorted(
        (each.group for each in found.lines), key=list(Group).index
    )


def test_every_tier_and_all_together_are_compared_each_figure_once() -> None:
    found = compare(to_json(figures()), to_json(figures()))
    kept = {each.name for each in found.of(Group.PROMISES) if each.metric is None}
    assert kept == {*TIERS, None}
    keys = [(each.group, each.name, each.metric, each.measure) for each in found.lines]
    assert len(keys) == len(set(keys))


def test_a_share_that_fell_beyond_chance_is_worse_and_back_again_better() -> None:
    good, bad = with_bug_fixes(95, 100), with_bug_fixes(75, 100)
    fell = line(compare(good, bad), Group.PROMISES, "bug_fix", Measure.KEPT)
    rose = line(compare(bad, good), Group.PROMISES, "bug_fix", Measure.KEPT)
    assert (fell.change, rose.change) == (Change.WORSE, Change.BETTER)
    assert fell.difference == pytest.approx(-0.2)
    words = {row.difference for row in comparing.blocks(compare(good, bad), READER)[0].rows}
    assert "20 points less, worse" in words


def test_a_share_that_chance_explains_has_no_verdict() -> None:
    found = compare(with_bug_fixes(92, 100), with_bug_fixes(89, 100))
    assert line(found, Group.PROMISES, "bug_fix", Measure.KEPT).change is Change.UNSURE
    (row,) = (
        row
        for row in comparing.blocks(found, READER)[0].rows
        if row.name == "Bug fixes" and row.what == "kept"
    )
    assert (row.first, row.second) == ("92.0 % of 100", "89.0 % of 100")
    assert row.difference == "3 points less, maybe by chance"


@pytest.mark.parametrize(("then", "now"), [((12, 12), (2, 12)), ((12, 12), (100, 200))])
def test_under_twenty_promises_no_share_is_better_or_worse(
    then: tuple[int, int], now: tuple[int, int]
) -> None:
    assert change(Measure.KEPT, share(*then), share(*now)) is Change.UNSURE
    found = compare(with_bug_fixes(*then), with_bug_fixes(*now))
    (row,) = (
        row
        for row in comparing.blocks(found, READER)[0].rows
        if row.name == "Bug fixes" and row.what == "kept"
    )
    assert row.first == "12 of 12"
    assert row.difference == "maybe by chance"


def test_the_interval_of_a_difference_is_newcombes() -> None:
    """Table II of Newcombe 1998, method 10: 56/70 less 48/80 lies between 0.0524 and 0.3339."""
    assert change(Measure.KEPT, share(48, 80), share(56, 70)) is Change.BETTER
    # 9/10 less 3/10 would be a difference, but ten are few.
    assert change(Measure.KEPT, share(3, 10), share(9, 10)) is Change.UNSURE


@pytest.mark.parametrize(
    ("measure", "more"),
    [
        (Measure.OVERDUE, Change.WORSE),
        (Measure.OPEN, Change.WORSE),
        (Measure.REOPENED, Change.WORSE),
        (Measure.OUTAGES, Change.WORSE),
        (Measure.DOWN, Change.WORSE),
        (Measure.MEDIAN_BUSINESS, Change.WORSE),
        (Measure.UNDELIVERED, Change.WORSE),
        (Measure.UP, Change.BETTER),
        (Measure.ARRIVED, Change.OTHER),
        (Measure.SOLVED, Change.OTHER),
    ],
)
def test_more_of_a_thing_is_better_worse_or_neither(measure: Measure, more: Change) -> None:
    assert change(measure, Value(0.5), Value(0.75)) is more
    less = {Change.WORSE: Change.BETTER, Change.BETTER: Change.WORSE}.get(more, more)
    assert change(measure, Value(0.75), Value(0.5)) is less


def test_a_time_that_was_not_reached_is_compared_by_what_is_known_of_it() -> None:
    three, over_five, over_two = Value(3.0), Value(None, over=5.0), Value(None, over=2.0)
    measure = Measure.P90_CALENDAR
    assert change(measure, three, over_five) is Change.WORSE
    assert change(measure, over_five, three) is Change.BETTER
    assert change(measure, three, over_two) is Change.UNKNOWN
    assert change(measure, over_five, over_two) is Change.UNKNOWN
    report = figures()
    waits = Times(3, 3, Quantile(None, 9000.0), Quantile(None, 9000.0))
    lines = tuple(
        replace(each, calendar=waits) if each.metric and each.by is By.TIER else each
        for each in report.promises
    )
    found = compare(to_json(report), to_json(replace(report, promises=lines)))
    rows = comparing.blocks(found, READER)[1].rows
    assert "not reached, over 2 h 30 min" in {row.second for row in rows}


def test_what_only_one_report_has_is_shown_beside_a_gap() -> None:
    report = figures()
    without = replace(report, sites=report.sites[1:])
    gone = report.sites[0].site
    found = compare(to_json(report), to_json(without))
    lost = line(found, Group.SITES, gone, Measure.UP)
    assert (lost.second, lost.change) == (None, Change.UNKNOWN)
    back = compare(to_json(without), to_json(report))
    (block,) = (b for b in comparing.blocks(back, READER) if b.title == "Sites")
    (row,) = (row for row in block.rows if row.name == gone and row.what == "up")
    assert (row.first, row.difference) == ("–", "only in the second")


def test_reports_without_any_figure_have_nothing_in_common() -> None:
    found = compare({}, {})
    assert found.lines == ()
    assert comparing.answer(found) == "The two have no figure in common."
    assert comparing.blocks(found, READER) == ()


def test_the_last_word_on_each_tier_of_a_period_is_repeated() -> None:
    def said(label: str, tier: str | None, met: int) -> dict[str, Any]:
        why = (TicketReason("zendesk", "9", "merged"),)
        each = Restatement(label, tier, Attainment(23, 21), Attainment(22, met), why)
        stored: dict[str, Any] = to_json(figures(restatements=(each,)))["restatements"][0]
        return stored

    later = [
        [said("2026-W46", "bug_fix", 20), said("2026-W45", "bug_fix", 1)],
        [said("2026-W46", "bug_fix", 19), said("2026-W46", None, 18)],
    ]
    found = last_restated("2026-W46", later)
    assert [(each.tier, each.now.met) for each in found] == [("bug_fix", 19), (None, 18)]
    assert comparing.restated(found[0], READER) == (
        "Bug fixes, 2026-W46: 91 % of 23 due, now 86 % of 22 due: ticket zendesk/9 merged"
    )


def test_hostile_names_stay_on_one_line() -> None:
    report = to_json(figures(hostile=True))
    for block in comparing.blocks(compare(report, report), READER):
        for row in block.rows:
            assert "\n" not in row.name
            assert "\u202e" not in row.name
