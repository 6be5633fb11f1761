"""Figures as JSON: every one of them, strictly, and an issued report's totals read back."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from reports.figure_builders import EMPTY, figures
from reports.hostile_texts import HOSTILE, hostile_text
from reports.small_agency import BOOKS
from reports.trend_builders import trend
from supportops.reports.figures import By, Figures, Month, MonthSums, SiteLine
from supportops.reports.measuring.figures_json import (
    for_comparison,
    month_sums_of,
    restatements_of,
    to_json,
    totals_of,
)
from supportops.reports.measuring.proportion import attainment
from supportops.reports.period import Cadence

REPORTS = {
    "weekly": figures(),
    "daily": figures(cadence=Cadence.DAILY),
    "one customer's": figures(of=BOOKS),
    "hostile": figures(hostile=True),
    "empty": figures(**EMPTY, data_until=None, stale=True),
}

# Which only a month has, and no other report names.
OF_A_MONTH = ("month", "tutorials")


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_strict_json_and_reads_back_as_it_was(name: str) -> None:
    plain = to_json(REPORTS[name])

    text = json.dumps(plain, allow_nan=False)

    assert json.loads(text) == plain
    assert json.dumps(to_json(REPORTS[name]), allow_nan=False) == text


@pytest.mark.parametrize("name", REPORTS)
def test_no_figure_is_missing(name: str) -> None:
    of_every_report = [field.name for field in fields(Figures) if field.name not in OF_A_MONTH]
    assert list(to_json(REPORTS[name])) == ["version", *of_every_report]


def test_a_customers_month_is_stored_with_what_later_months_add_up() -> None:
    sums = MonthSums("2026-11", 2, 90.0, 10.0, 0.0, 1, due=9, met=8, arrived=5, solved=4)
    plain = to_json(figures(month=Month((), (), (), 2, (replace(sums, label="2026-10"), sums))))
    assert plain["month"]["year"][-1]["up_share"] == 0.9
    assert month_sums_of(plain, "2026-11") == replace(sums, issued=True)
    assert month_sums_of(plain, "2026-09") is None
    assert month_sums_of(to_json(figures()), "2026-11") is None


def test_instants_are_utc_and_durations_seconds() -> None:
    plain = to_json(figures())

    assert plain["as_of"] == "2026-11-23T08:00:00Z"
    assert plain["period"] == {
        "cadence": "weekly",
        "label": "2026-W47",
        "start": "2026-11-16T00:00:00Z",
        "end": "2026-11-23T00:00:00Z",
        "zone": "Europe/London",
    }
    assert plain["breaches"][0]["target_seconds"] == 86400.0


def test_an_instant_of_another_zone_is_shown_in_utc() -> None:
    there = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=2)))

    assert to_json(figures(data_until=there))["data_until"] == "2026-07-01T07:00:00Z"


def test_shares_and_breaches_are_shown_beside_the_counts() -> None:
    plain = to_json(figures(**EMPTY | {"trends": (trend(None, [(40, 30)]),)}))
    nothing = plain["promises"][0]["kept"]
    (point,) = plain["trends"][0]["points"]

    assert (nothing["share"], nothing["breached"], nothing["few"]) == (None, 0, True)
    assert (point["share"], point["few"], point["issued"]) == (0.75, False, False)


def test_a_figure_that_is_no_number_is_none() -> None:
    line = SiteLine("s", "c", float("nan"), 1.0, 0.0, 0.0, 0, 0, None, float("inf"), 300.0)

    (site,) = to_json(figures(sites=(line,)))["sites"]

    assert (site["up_share"], site["budget_seconds"]) == (None, None)


def test_hostile_texts_are_data() -> None:
    assert json.loads(json.dumps([*HOSTILE])) == [*HOSTILE]
    plain, hostile = to_json(figures()), to_json(figures(hostile=True))
    subjects = [clock["subject"] for clock in plain["breaches"]]

    assert [clock["subject"] for clock in hostile["breaches"]] == list(map(hostile_text, subjects))


def test_an_issued_reports_totals_are_read_back() -> None:
    issued = json.loads(json.dumps(to_json(figures())))

    assert totals_of(issued) == {
        "user_support": (63, 61),
        "bug_fix": (66, 59),
        "mission_critical": (12, 11),
        None: (141, 131),
    }


@pytest.mark.parametrize("name", REPORTS)
def test_totals_are_those_of_the_lines_over_all_metrics(name: str) -> None:
    report = REPORTS[name]

    for tier, (due, met) in totals_of(to_json(report)).items():
        line = report.line(By.ALL if tier is None else By.TIER, tier)
        assert line is not None
        assert (line.attainment.due, line.attainment.met) == (due, met)


def test_a_group_without_a_tier_is_not_taken_for_the_whole() -> None:
    report = figures()
    line = next(p for p in report.promises if p.by is By.TIER and p.metric is None)
    nameless = line.__class__(By.TIER, None, None, attainment(7, 7), None, None, 0, 0, 0, None)

    for promises in ((nameless, *report.promises), (*report.promises, nameless)):
        assert totals_of(to_json(figures(promises=promises)))[None] == (141, 131)


@pytest.mark.parametrize("wrong", [{}, {"promises": [{}]}])
def test_what_is_no_report_has_no_totals(wrong: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        totals_of(wrong)


def test_what_is_looked_back_upon_is_small_and_says_the_same() -> None:
    issued = json.loads(json.dumps(to_json(figures())))
    brief = for_comparison(issued)

    assert totals_of(brief) == totals_of(issued)
    assert restatements_of(brief) == restatements_of(issued)
    assert brief["tiers"] == issued["tiers"]
    assert len(json.dumps(brief)) < len(json.dumps(issued)) / 10
