"""The explanation of a clock, in words that a support agent can check with a calendar."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from sla.policies import (
    book,
    bug_fix,
    clocks,
    columns,
    london,
    story,
    user_support,
    version,
)
from supportops.sla.explain import ClockExplanation, Explanation, explain

EASTER = ("2026-04-04 11:00 asks", "2026-04-10 10:00 answers")
MOVED = (
    "2026-04-13 12:00 asks",
    "2026-04-13 13:00 answers",
    "2026-04-13 13:00 status pending",
    "2026-04-14 11:00 status open",
    "2026-04-14 14:00 tier bug_fix",
)


def explained(*lines: str, at: str) -> Explanation:
    return explain(columns(story(*lines)), book(), london(at))


def of(found: Explanation, metric: str) -> ClockExplanation:
    return next(clock for clock in found.clocks if clock.metric == f"{metric}_time")


def test_the_days_add_up_to_the_promise():
    first = of(explained(*EASTER, at="2026-04-13 10:00"), "first_reply")
    assert [day.words for day in first.days] == [
        "Sat 4 Apr to Mon 6 Apr: closed (weekend, Easter Monday)",
        "Tue 7 Apr: 8 h",
        "Wed 8 Apr: 8 h",
        "Thu 9 Apr: 8 h",
    ]
    assert first.within == "3 working days"


def test_the_days_of_a_clock_that_is_late_end_at_its_deadline():
    late = explained(
        "2026-04-13 11:00 asks", "2026-04-13 11:00 tier mission_critical", at="2026-04-15 12:00"
    )
    found = of(late, "first_reply")
    assert found.open_seconds == 49 * 3600
    assert [day.words for day in found.days] == ["Mon 13 Apr: 15 min"]
    asked = ("2026-04-13 11:00 asks", "2026-04-13 11:00 tier bug_fix")
    found = of(explained(*asked, "2026-04-14 16:00 answers", at="2026-04-15 12:00"), "first_reply")
    assert [day.words for day in found.days] == ["Mon 13 Apr: 6 h", "Tue 14 Apr: 2 h"]


def test_a_tier_that_comes_with_the_reply_is_no_promise_of_that_reply():
    found = of(
        explained(
            "2026-04-13 11:00 asks",
            "2026-04-14 16:00 tier bug_fix",
            "2026-04-14 16:00 answers",
            at="2026-04-15 12:00",
        ),
        "first_reply",
    )
    assert [(applied.promise, applied.deadline) for applied in found.promises] == [
        ("user_support", london("2026-04-16 11:00"))
    ]


def test_a_broken_promise_is_named():
    asked = ("2026-04-13 11:00 asks", "2026-04-13 11:00 tier mission_critical")
    found = of(
        explained(*asked, "2026-04-13 12:00 tier bug_fix", at="2026-04-13 13:00"), "first_reply"
    )
    assert found.policy == "2000/bug_fix"
    assert found.breached_policy == "2000/mission_critical"


def test_paused_days_and_evenings_have_their_reason():
    found = of(explained(*MOVED, at="2026-04-14 15:00"), "resolution")
    assert [day.words for day in found.days] == [
        "Mon 13 Apr: paused",
        "Tue 14 Apr: 6 h",
        "Wed 15 Apr: 8 h",
        "Thu 16 Apr: 2 h",
    ]
    evening = of(explained("2026-04-13 18:00 asks", at="2026-04-14 10:00"), "first_reply")
    assert evening.days[0].words == "Mon 13 Apr: after hours"


def test_segments_are_when_a_clock_ran_and_when_it_was_paused():
    found = of(explained(*MOVED, at="2026-04-14 15:00"), "resolution")
    assert [(s.status, s.ran, s.open_seconds) for s in found.segments] == [
        ("pending", False, 6 * 3600),
        ("open", True, 4 * 3600),
    ]
    assert (found.open_seconds, found.paused_seconds) == (4 * 3600, 6 * 3600)


def test_a_changed_tier_leaves_what_was_promised_before_on_record():
    found = of(explained(*EASTER[:1], *MOVED[4:], at="2026-04-14 15:00"), "first_reply")
    assert [(applied.promise, applied.deadline) for applied in found.promises] == [
        ("user_support", london("2026-04-09 17:00")),
        ("bug_fix", london("2026-04-07 17:00")),
    ]
    assert found.promises[1].reason == "rule 2 of policy 2000: tier bug_fix"
    assert found.breached_at == london("2026-04-09 17:00")


def test_a_removed_ticket_shows_when_nothing_was_promised():
    found = of(
        explained(
            EASTER[0],
            "2026-04-08 10:00 deleted",
            "2026-04-08 11:00 restored",
            at="2026-04-08 12:00",
        ),
        "first_reply",
    )
    assert [applied.reason for applied in found.promises] == [
        "rule 1 of policy 2000: tier user_support (without a tier)",
        "removed: nothing is promised",
        "rule 1 of policy 2000: tier user_support (without a tier)",
    ]


def test_the_policy_version_that_counts_is_named():
    rules = book(
        version([user_support(), bug_fix()], "old"),
        version([user_support(working_days=1)], "new", london("2026-04-13 00:00")),
    )
    found = explain(columns(story("2026-04-13 12:00 asks")), rules, london("2026-04-13 13:00"))
    assert of(found, "first_reply").policy == "new/user_support"


def test_the_engine_and_the_explanation_agree():
    at = london("2026-04-14 15:00")
    rows = clocks(columns(story(*MOVED)), book(), at).frame()
    found = explained(*MOVED, at="2026-04-14 15:00")
    assert [c.metric for c in found.clocks] == rows["metric"].tolist()
    assert [c.open_seconds for c in found.clocks] == rows["open_seconds"].tolist()
    for clock in found.clocks:
        assert sum(s.open_seconds for s in clock.segments if s.ran) == clock.open_seconds


def test_an_explanation_is_json():
    found = json.loads(json.dumps(explained(*MOVED, at="2026-04-14 15:00").as_json()))
    assert found["clocks"][0]["metric"] == "first_reply_time"
    assert datetime.fromisoformat(found["clocks"][0]["deadline"]) == london("2026-04-16 12:00")
    assert found["clocks"][-1]["days"][0]["first"] == "2026-04-13"


def test_a_ticket_without_promises_has_no_clock():
    found = explain(columns(story("2026-04-13 12:00 notes")), book(), london("2026-04-14 12:00"))
    assert found.clocks == ()


def test_only_one_ticket_is_explained_at_a_time():
    two = story(EASTER[0]) + story(EASTER[0], ticket="2")
    with pytest.raises(ValueError, match="one ticket"):
        explain(columns(two), book(), london("2026-04-14 12:00"))


def test_years_of_waiting_are_summed_up_at_the_end():
    rules = book(version([user_support(working_days=900)]))
    found = explain(columns(story("2026-04-13 12:00 asks")), rules, london("2026-04-14 12:00"))
    days = of(found, "first_reply").days
    assert len(days) <= 401
    assert sum(day.open_seconds for day in days) == 900 * 8 * 3600
    assert any(day.why == "summed up" for day in days)
