"""What an issued report would say differently today, and the tickets that changed it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.frames import MONDAY, WEEK, clock, clocks, of_stories
from reports.hostile_texts import HOSTILE
from sla.policies import story
from supportops.reports.figures import Restatement, TicketReason
from supportops.reports.measuring.response_times import COUNTED_COLUMNS, counted
from supportops.reports.measuring.restating import restatements

DUE = "2026-11-18 12:00"
WHOLE = {"bug_fix": 0.95}


def in_time(number: str = "1", **fields: Any) -> dict[str, Any]:
    return clock(number=number, due=DUE, done="2026-11-17 12:00", **fields)


def late(number: str = "1", **fields: Any) -> dict[str, Any]:
    return clock(number=number, due=DUE, broken=DUE, done="2026-11-19 12:00", **fields)


def restated(
    then: list[Mapping[str, Any]], now: list[Mapping[str, Any]]
) -> tuple[Restatement, ...]:
    """Of a report issued on clocks as they were `then`, with the clocks as they are `now`."""
    before, today = clocks(*then), clocks(*now)
    return restatements(
        WEEK.label,
        counted(before, WEEK, MONDAY),
        counted(today, WEEK, MONDAY),
        today,
        targets=WHOLE,
        zone="Europe/London",
    )


def why(then: list[Mapping[str, Any]], now: list[Mapping[str, Any]]) -> list[str]:
    """The reasons given for all tiers together, by ticket."""
    return [f"{each.number}: {each.why}" for each in restated(then, now)[-1].because]


def test_a_report_that_still_holds_is_not_restated() -> None:
    same = [in_time("1"), late("2"), clock(number="3", due="2026-11-30 12:00")]

    assert restated(same, same) == ()
    assert restated(same, list(reversed(same))) == ()
    assert restated([], []) == ()


def test_a_merged_ticket_is_taken_out_of_its_tier_and_of_the_whole() -> None:
    then = [in_time("1"), in_time("2"), in_time("3", tier="user_support")]
    now = [in_time("1"), in_time("2", state="merged"), in_time("3", tier="user_support")]

    tier, whole = restated(then, now)

    assert (tier.label, tier.tier, whole.tier) == ("2026-W47", "bug_fix", None)
    assert [(k.due, k.met) for k in (tier.issued, tier.now)] == [(2, 2), (1, 1)]
    assert [(k.due, k.met) for k in (whole.issued, whole.now)] == [(3, 3), (2, 2)]
    assert tier.because == whole.because == (TicketReason("test", "2", "merged"),)
    assert (tier.issued.target, tier.now.target, whole.now.target) == (0.95, 0.95, None)
    assert tier.issued.low is not None


def test_a_deleted_ticket_is_named_as_such() -> None:
    assert why([in_time("1")], [in_time("1", state="deleted")]) == ["1: deleted"]


def test_a_merged_ticket_whose_promise_never_began_is_still_merged() -> None:
    reply, update = late("1"), late("1", metric="update_time")

    assert why([reply, update], [late("1", state="merged")]) == ["1: merged"]


def test_a_promise_that_was_met_or_broken_after_all_says_so() -> None:
    assert why([late("1")], [in_time("1")]) == ["1: was in time after all"]
    assert why([in_time("1")], [late("1")]) == ["1: was late after all"]


def test_a_promise_with_another_deadline_names_the_new_one_in_the_zone_of_the_report() -> None:
    # Half past midnight in London's summer is the evening before in UTC.
    moved = clock(number="1", due="2026-07-14 00:30")

    assert why([late("1")], [moved]) == ["1: is due on 2026-07-14 now"]


def test_a_paused_promise_is_due_nowhere() -> None:
    paused = clock(number="1", state="paused", target_seconds=3600.0)

    assert why([late("1")], [paused]) == ["1: is paused now"]


def test_a_promise_that_was_none_says_so() -> None:
    untargeted = clock(number="1", metric="first_reply_time")

    assert why([late("1")], [untargeted]) == ["1: no such promise fell due then"]
    assert why([late("1")], []) == ["1: no such promise fell due then"]


def test_what_became_known_later_says_so() -> None:
    assert why([], [late("7")]) == ["7: was not known then"]


def test_a_ticket_of_another_tier_now_changes_two_tiers_and_not_the_whole() -> None:
    then = [in_time("1"), in_time("2", tier="user_support")]
    now = [in_time("1", tier="user_support"), in_time("2", tier="user_support")]

    fixes, support = restated(then, now)

    moved = (TicketReason("test", "1", "now user_support, then bug_fix"),)
    assert (fixes.tier, fixes.issued.due, fixes.now.due) == ("bug_fix", 1, 0)
    assert (support.tier, support.issued.due, support.now.due) == ("user_support", 1, 2)
    assert fixes.because == support.because == moved


def test_each_tier_names_its_own_tickets_and_the_whole_those_that_changed_it() -> None:
    then = [in_time("1"), in_time("2", tier="user_support"), in_time("3")]
    now = [late("1"), late("2", tier="user_support"), in_time("3", tier="mission_critical")]

    found = {
        each.tier: [because.number for because in each.because] for each in restated(then, now)
    }

    assert found == {
        "bug_fix": ["1", "3"],
        "mission_critical": ["3"],
        "user_support": ["2"],
        None: ["1", "2"],
    }


def test_a_ticket_of_another_tier_may_be_late_by_its_promises() -> None:
    then, now = [in_time("1")], [late("1", tier="user_support")]

    *_, whole = restated(then, now)

    why_then = "now user_support, then bug_fix; was late after all"
    assert whole.because == (TicketReason("test", "1", why_then),)


def test_changes_that_leave_the_counts_as_they_were_are_not_restated() -> None:
    assert restated([in_time("1"), late("2")], [late("1"), in_time("2")]) == ()


def test_a_ticket_is_named_once_with_all_of_its_reasons() -> None:
    then = [in_time("9"), in_time("9", metric="update_time"), in_time("10"), late("10", instance=2)]
    now = [late("9"), clock(number="9", metric="update_time", due="2026-12-01 12:00")]

    assert why(then, now) == [
        "9: was late after all; is due on 2026-12-01 now",
        "10: no such promise fell due then",
    ]


def test_each_of_a_tickets_promises_is_compared_with_itself() -> None:
    first, second = late("1", metric="update_time"), in_time("1", metric="update_time", instance=2)

    assert restated([first, second], [second, first]) == ()


def test_tickets_of_one_number_from_two_sources_are_two() -> None:
    then = [in_time("1"), in_time("1", source="mail")]

    assert why(then, [in_time("1"), late("1", source="mail")]) == ["1: was late after all"]


def test_a_report_may_have_been_kept_as_text() -> None:
    then, now = clocks(in_time("0012"), in_time("7")), clocks(late("0012"), in_time("7"))
    kept = io.StringIO(counted(then, WEEK, MONDAY).to_csv(index=False))
    texts = dict.fromkeys(("source", "number", "metric", "tier"), "object")

    found = restatements(
        WEEK.label, pd.read_csv(kept, dtype=texts), counted(now, WEEK, MONDAY), now
    )

    assert found[0].because == (TicketReason("test", "0012", "was late after all"),)


def test_an_issued_report_without_promises_may_have_some_today() -> None:
    empty, now = pd.DataFrame(columns=list(COUNTED_COLUMNS)), clocks(late("1"))

    found = restatements(WEEK.label, empty, counted(now, WEEK, MONDAY), now)

    assert [(each.issued.due, each.now.due) for each in found] == [(0, 1), (0, 1)]


def test_hostile_texts_pass_through_as_they_are() -> None:
    then = [in_time(text) for text in HOSTILE]
    found = restated(then, [late(text) for text in HOSTILE])

    assert {each.number for each in found[0].because} == set(HOSTILE)


def test_a_merge_that_was_reported_late_restates_the_week() -> None:
    lines = ["2026-11-16 09:00 asks", "2026-11-16 09:00 tier bug_fix"]
    known = of_stories({"1": story(*lines)}, MONDAY)
    merged = of_stories({"1": story(*lines, "2026-11-16 10:00 merged")}, MONDAY)

    found = restatements(
        WEEK.label, counted(known, WEEK, MONDAY), counted(merged, WEEK, MONDAY), merged
    )

    # It was never answered: the first reply and the fix were broken promises, and were none.
    assert [(each.tier, each.issued.breached, each.now.due) for each in found] == [
        ("bug_fix", 2, 0),
        (None, 2, 0),
    ]
    assert found[0].because == (TicketReason("test", "1", "merged"),)


def test_a_reply_that_was_reported_late_was_in_time_after_all() -> None:
    # Three working days from Wednesday 09:00 end on Friday 17:00.
    known = of_stories({"1": story("2026-11-18 09:00 asks")}, MONDAY)
    replied = of_stories({"1": story("2026-11-18 09:00 asks", "2026-11-19 12:00 answers")}, MONDAY)

    found = restatements(
        WEEK.label, counted(known, WEEK, MONDAY), counted(replied, WEEK, MONDAY), replied
    )

    assert [(each.tier, each.issued.met, each.now.met) for each in found] == [
        ("user_support", 0, 1),
        (None, 0, 1),
    ]
    assert found[-1].because == (TicketReason("test", "1", "was in time after all"),)


promise = st.tuples(
    st.sampled_from("123456"),
    st.sampled_from(["bug_fix", "user_support"]),
    st.sampled_from([in_time, late]),
)
some = st.lists(promise, max_size=6, unique_by=lambda each: each[0])


@settings(max_examples=12, deadline=None)
@given(some, some, st.randoms(use_true_random=False))
def test_the_changed_tiers_add_up_to_the_whole_in_any_order_of_rows(
    then: list[Any], now: list[Any], random: Any
) -> None:
    before = [make(number, tier=tier) for number, tier, make in then]
    today = [make(number, tier=tier) for number, tier, make in now]

    found = restated(before, today)
    random.shuffle(before)
    random.shuffle(today)

    assert found == restated(before, today)
    by_tier = [each for each in found if each.tier is not None]
    whole = [each for each in found if each.tier is None]
    change = sum(each.now.due - each.issued.due for each in by_tier)
    assert change == sum(each.now.due - each.issued.due for each in whole)
    assert all(each.because for each in found)
