"""What the clocks say of single stories, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sla.policies import (
    always,
    book,
    bug_fix,
    clocks,
    columns,
    london,
    mission_critical,
    office,
    story,
    user_support,
    version,
)
from supportops.sla import events as codes
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import DayReading, PolicyBook
from supportops.tickets.ticket import Author, EventKind, Status


def judged(*lines: str, at: str, by: PolicyBook | None = None) -> dict[str, dict[str, Any]]:
    """The clocks of a story, by metric and instance ("next_reply_time 2")."""
    frame = clocks(columns(story(*lines)), by or book(), london(at)).frame()
    rows = frame.to_dict("records")
    return {f"{row['metric']} {row['instance']}": row for row in rows}


FIRST, NEXT, UPDATE, RESOLUTION = (
    f"{metric}_time 1" for metric in ("first_reply", "next_reply", "update", "resolution")
)


def when(found: pd.Timestamp) -> str | None:
    return None if pd.isna(found) else f"{found.tz_convert('Europe/London'):%Y-%m-%d %H:%M}"


# --- when it is due -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "asked", "due"),
    [
        # Good Friday was the 3rd, Easter Monday the 6th: Tue 7, Wed 8, Thu 9 are working days.
        (DayReading.BUSINESS_HOURS, "2026-04-04 11:00", "2026-04-09 17:00"),
        (DayReading.SAME_TIME, "2026-04-04 11:00", "2026-04-09 11:00"),
        (DayReading.END_OF_DAY, "2026-04-04 11:00", "2026-04-09 17:00"),
        (DayReading.BUSINESS_HOURS, "2026-04-13 10:30", "2026-04-16 10:30"),
        (DayReading.SAME_TIME, "2026-04-13 10:30", "2026-04-16 10:30"),
        (DayReading.END_OF_DAY, "2026-04-13 10:30", "2026-04-16 17:00"),
        (DayReading.BUSINESS_HOURS, "2026-04-13 09:00", "2026-04-15 17:00"),
        (DayReading.SAME_TIME, "2026-04-13 09:00", "2026-04-16 09:00"),
        (DayReading.SAME_TIME, "2026-04-13 20:00", "2026-04-16 17:00"),
        (DayReading.SAME_TIME, "2026-04-13 07:00", "2026-04-16 17:00"),
        # Over the change to summer time, Sunday 29 March.
        (DayReading.BUSINESS_HOURS, "2026-03-27 16:00", "2026-04-01 16:00"),
        (DayReading.SAME_TIME, "2026-03-27 16:00", "2026-04-01 16:00"),
        # And to winter time, Sunday 25 October.
        (DayReading.BUSINESS_HOURS, "2026-10-23 12:00", "2026-10-28 12:00"),
        (DayReading.SAME_TIME, "2026-10-23 12:00", "2026-10-28 12:00"),
    ],
)
def test_three_working_days_are_due_as_the_policy_reads_them(
    reading: DayReading, asked: str, due: str
):
    found = judged(f"{asked} asks", at=asked, by=book(reading=reading))
    assert when(found[FIRST]["deadline"]) == due


def test_a_working_day_from_a_saturday_at_nine_is_monday_at_nine_and_not_before_the_question():
    found = judged(
        "2026-04-11 09:00 asks",
        "2026-04-11 09:00 tier bug_fix",
        at="2026-04-11 12:00",
        by=book(reading=DayReading.SAME_TIME),
    )
    assert when(found[FIRST]["deadline"]) == "2026-04-13 09:00"
    assert pd.isna(found[FIRST]["breached_at"])


@pytest.mark.parametrize(
    ("tier", "deadlines"),
    [
        ("user_support", {FIRST: "2026-04-16 12:00", RESOLUTION: None}),
        ("bug_fix", {FIRST: "2026-04-14 12:00", UPDATE: "2026-04-14 13:00"}),
        ("mission_critical", {FIRST: "2026-04-13 12:15", UPDATE: "2026-04-13 14:00"}),
    ],
)
def test_each_tier_has_its_own_promises(tier: str, deadlines: dict[str, str | None]):
    found = judged(
        "2026-04-13 12:00 asks",
        f"2026-04-13 12:00 tier {tier}",
        "2026-04-13 13:00 answers",
        at="2026-04-13 13:30",
    )
    assert {key: when(found[key]["deadline"]) for key in deadlines} == deadlines


def test_a_fix_aims_at_one_working_day_and_is_breached_at_two():
    found = judged(
        "2026-04-13 12:00 asks",
        "2026-04-13 12:00 tier bug_fix",
        "2026-04-13 13:00 answers",
        at="2026-04-20 12:00",
    )[RESOLUTION]
    assert when(found["aim"]) == "2026-04-14 13:00"
    assert when(found["deadline"]) == when(found["breached_at"]) == "2026-04-15 13:00"


def test_a_calendar_that_never_closes_counts_the_hour_that_comes_twice():
    found = judged(
        "2026-10-25 00:30 asks",
        "2026-10-25 00:30 tier mission_critical",
        "2026-10-25 03:30 answers",
        at="2026-10-25 04:00",
    )
    assert found[FIRST]["open_seconds"] == 4 * 3600


# --- breached or met ------------------------------------------------------------------------------

QUESTION = ("2026-04-13 12:00 asks", "2026-04-13 12:00 tier bug_fix")


@pytest.mark.parametrize(
    ("answered", "breached"),
    [
        ("2026-04-14 11:59:59", None),
        ("2026-04-14 12:00:00", None),
        ("2026-04-14 12:00:01", "2026-04-14 12:00"),
    ],
)
def test_a_reply_at_the_deadline_itself_is_in_time(answered: str, breached: str | None):
    found = judged(*QUESTION, f"{answered} answers", at="2026-04-20 12:00")
    assert when(found[FIRST]["breached_at"]) == breached


@pytest.mark.parametrize(
    ("at", "breached"), [("2026-04-14 11:59:59", False), ("2026-04-14 12:00", True)]
)
def test_an_unanswered_clock_is_breached_from_its_deadline_on(at: str, breached: bool):
    assert pd.notna(judged(*QUESTION, at=at)[FIRST]["breached_at"]) is breached


def test_a_late_reply_between_two_sweeps_is_still_a_breach():
    found = judged(*QUESTION, "2026-04-14 12:10 answers", at="2026-04-14 13:00")[FIRST]
    assert found["state"] == "fulfilled"
    assert when(found["breached_at"]) == "2026-04-14 12:00"
    assert found["left_seconds"] == -600


def test_a_reply_outside_hours_fulfils_at_its_instant_with_no_open_time():
    found = judged("2026-04-11 10:00 asks", "2026-04-11 11:00 answers", at="2026-04-13 10:00")[
        FIRST
    ]
    assert when(found["fulfilled_at"]) == "2026-04-11 11:00"
    assert (found["open_seconds"], found["calendar_seconds"]) == (0, 3600)


def test_neither_auto_replies_nor_notes_nor_the_customer_stop_a_clock():
    found = judged(
        *QUESTION,
        "2026-04-13 12:00 auto-replies",
        "2026-04-13 12:05 notes",
        "2026-04-13 12:10 writes",
        "2026-04-13 12:20 auto-replies",
        at="2026-04-13 13:00",
    )
    assert found.keys() == {FIRST}
    assert found[FIRST]["state"] == "running"


def test_solving_without_a_word_is_no_first_reply():
    found = judged(*QUESTION, "2026-04-13 13:00 status solved", at="2026-04-15 13:00")
    assert when(found[FIRST]["breached_at"]) == "2026-04-14 12:00"
    assert found[RESOLUTION]["state"] == "fulfilled"


# --- which clocks there are -----------------------------------------------------------------------


@pytest.mark.parametrize("opened", ["opened by agent", "opened by itself"])
def test_a_ticket_that_no_customer_created_has_no_first_reply_but_answers_questions(opened: str):
    found = judged(
        f"2026-04-13 12:00 {opened}",
        "2026-04-13 12:00 tier bug_fix",
        "2026-04-13 14:00 writes",
        at="2026-04-13 15:00",
    )
    assert found.keys() == {NEXT, RESOLUTION}
    assert when(found[RESOLUTION]["started_at"]) == "2026-04-13 12:00"


def test_the_next_reply_counts_from_the_oldest_question_each_time():
    found = judged(
        *QUESTION,
        "2026-04-13 12:30 writes",
        "2026-04-13 13:00 answers",
        "2026-04-13 14:00 writes",
        "2026-04-13 15:00 writes",
        "2026-04-13 16:00 answers",
        "2026-04-14 10:00 writes",
        "2026-04-14 11:00 status solved",
        at="2026-04-14 12:00",
    )
    replies = {key: row for key, row in found.items() if key.startswith("next")}
    assert [(when(r["started_at"]), when(r["fulfilled_at"])) for r in replies.values()] == [
        ("2026-04-13 14:00", "2026-04-13 16:00"),
        ("2026-04-14 10:00", "2026-04-14 11:00"),
    ]


def test_updates_are_promised_from_word_to_word_until_solved():
    found = judged(
        *QUESTION,
        "2026-04-13 13:00 answers",
        "2026-04-14 13:00 answers",
        "2026-04-15 10:00 answers",
        "2026-04-15 10:00 status solved",
        "2026-04-15 11:00 answers",
        at="2026-04-17 12:00",
    )
    updates = [row for key, row in found.items() if key.startswith("update")]
    assert [(when(r["started_at"]), when(r["fulfilled_at"])) for r in updates] == [
        ("2026-04-13 13:00", "2026-04-14 13:00"),
        ("2026-04-14 13:00", "2026-04-15 10:00"),
    ]
    assert all(pd.isna(r["breached_at"]) for r in updates)


def test_a_resolution_begins_when_the_reply_is_due_if_none_came():
    found = judged(*QUESTION, "2026-04-14 16:00 answers", at="2026-04-14 16:30")
    assert when(found[RESOLUTION]["started_at"]) == "2026-04-14 12:00"


def test_nothing_runs_before_the_creation():
    lines = ("2026-04-13 11:00 writes", "2026-04-13 11:30 answers", *QUESTION)
    assert judged(*lines, at="2026-04-13 11:45") == {}


def test_a_reply_stamped_before_the_creation_counts_at_the_creation():
    lines = ("2026-04-13 11:00 writes", "2026-04-13 11:30 answers", *QUESTION)
    first = judged(*lines, at="2026-04-30 12:30")[FIRST]
    assert (first["state"], when(first["ended_at"])) == ("fulfilled", "2026-04-13 12:00")
    assert pd.isna(first["breached_at"])


@pytest.mark.parametrize(
    "with_the_reply",
    ["tier bug_fix", "tier mission_critical", "tier unheard_of", "customer Acme", "tags vip"],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_reply_is_judged_by_the_promise_that_stood_before_its_act(with_the_reply, first):
    reply, change = "2026-07-08 11:00 answers", f"2026-07-08 11:00 {with_the_reply}"
    acts = (reply, change) if first else (change, reply)
    asked = ("2026-07-06 10:00 asks", "2026-07-06 10:00 tier user_support")
    row = judged(*asked, *acts, at="2026-07-20 10:00")[FIRST]
    assert when(row["deadline"]) == "2026-07-09 10:00"
    assert (row["tier"], row["state"]) == ("user_support", "fulfilled")
    assert pd.isna(row["breached_at"])


def test_a_tier_set_before_the_reply_counts():
    lines = ("2026-07-06 10:00 asks", "2026-07-06 10:00 tier user_support")
    row = judged(
        *lines,
        "2026-07-08 10:59 tier bug_fix",
        "2026-07-08 11:00 answers",
        at="2026-07-20 10:00",
    )[FIRST]
    assert (row["tier"], when(row["breached_at"])) == ("bug_fix", "2026-07-08 10:59")


def test_a_solution_is_judged_by_the_promise_that_stood_before_its_act():
    asked = ("2026-07-06 10:00 asks", "2026-07-06 10:00 tier bug_fix", "2026-07-06 10:05 answers")
    solved = ("2026-07-07 12:00 status solved", "2026-07-07 12:00 tier mission_critical")
    row = judged(*asked, *solved, at="2026-07-20 10:00")[RESOLUTION]
    assert (row["tier"], pd.isna(row["breached_at"])) == ("bug_fix", True)


# --- solved without a reply -----------------------------------------------------------------------

LATE_ASKED = ("2026-07-06 10:00 asks", "2026-07-06 10:00 tier bug_fix")  # due 7 Jul 10:00


@pytest.mark.parametrize(
    ("solved", "at", "state", "breached", "ended"),
    [
        # A reply may still come in time.
        ("2026-07-06 12:00", "2026-07-07 09:59", "running", None, None),
        ("2026-07-06 12:00", "2026-07-07 10:00", "unanswered", "2026-07-07 10:00", "07 10:00"),
        ("2026-07-06 12:00", "2026-09-01 10:00", "unanswered", "2026-07-07 10:00", "07 10:00"),
        ("2026-07-09 12:00", "2026-07-09 11:59", "running", "2026-07-07 10:00", None),
        ("2026-07-09 12:00", "2026-09-01 10:00", "unanswered", "2026-07-07 10:00", "09 12:00"),
    ],
)
def test_a_ticket_solved_without_a_reply_is_broken_from_its_deadline_and_waits_no_more(
    solved, at, state, breached, ended
):
    first = judged(*LATE_ASKED, f"{solved} status solved", at=at)[FIRST]
    assert (first["state"], when(first["breached_at"])) == (state, breached)
    assert when(first["ended_at"]) == (ended and f"2026-07-{ended}")
    assert pd.isna(first["fulfilled_at"])


def test_a_late_reply_or_a_reopening_after_the_solution_still_counts():
    solved = (*LATE_ASKED, "2026-07-06 12:00 status solved")
    replied = judged(*solved, "2026-07-08 10:00 answers", at="2026-09-01 10:00")[FIRST]
    assert (replied["state"], when(replied["ended_at"])) == ("fulfilled", "2026-07-08 10:00")
    assert when(replied["breached_at"]) == "2026-07-07 10:00"
    reopened = judged(*solved, "2026-07-08 10:00 status open", at="2026-09-01 10:00")[FIRST]
    assert (reopened["state"], pd.isna(reopened["ended_at"])) == ("running", True)


def test_a_reply_in_time_after_the_solution_keeps_the_promise():
    solved = (*LATE_ASKED, "2026-07-06 12:00 status solved", "2026-07-06 12:05 answers")
    first = judged(*solved, at="2026-09-01 10:00")[FIRST]
    assert (first["state"], pd.isna(first["breached_at"])) == ("fulfilled", True)


def test_a_policy_may_count_the_solution_as_the_reply():
    counts = book(version([replace(bug_fix(), solved_counts_as_reply=True)]))
    solved = (*LATE_ASKED, "2026-07-06 12:00 status solved", "2026-07-08 12:00 answers")
    first = judged(*solved, at="2026-09-01 10:00", by=counts)[FIRST]
    assert (first["state"], when(first["ended_at"])) == ("fulfilled", "2026-07-06 12:00")
    late = judged(*LATE_ASKED, "2026-07-08 12:00 status solved", at="2026-09-01 10:00", by=counts)[
        FIRST
    ]
    assert (late["state"], when(late["breached_at"])) == ("fulfilled", "2026-07-07 10:00")


def test_at_one_instant_the_sequence_decides_and_not_the_text_of_an_id():
    asked = ("2026-07-06 10:00 asks", "2026-07-06 10:10 answers")
    again = [f"2026-07-07 10:00 note {n}" for n in range(6)]
    answered = [*again, "2026-07-07 10:00 writes", "2026-07-07 10:00 answers"]
    assert judged(*asked, *answered, at="2026-07-20 10:00")[NEXT]["state"] == "fulfilled"
    unanswered = [*again, "2026-07-07 10:00 answers", "2026-07-07 10:00 writes"]
    assert judged(*asked, *unanswered, at="2026-07-20 10:00")[NEXT]["state"] == "running"


def test_what_has_not_begun_has_no_clock():
    assert judged(*QUESTION, at="2026-04-13 11:59") == {}


# --- pauses ---------------------------------------------------------------------------------------

WAITING = (
    *QUESTION,
    "2026-04-13 13:00 answers",
    "2026-04-13 13:00 status pending",
)


def test_a_clock_that_waits_for_the_customer_has_no_deadline():
    found = judged(*WAITING, at="2026-04-20 12:00")
    for key in (UPDATE, RESOLUTION):
        assert found[key]["state"] == "paused"
        assert pd.isna(found[key]["deadline"])
        assert found[key]["open_seconds"] == 0


def test_the_time_waited_moves_the_deadline_by_the_open_time_in_it():
    found = judged(*WAITING, "2026-04-15 11:00 status open", at="2026-04-15 12:00")
    # 13:00-17:00, 8 h, 09:00-11:00 are 14 h paused; 8 h and 16 h from Wed 15 at 11:00
    assert found[UPDATE]["paused_seconds"] == 14 * 3600
    assert when(found[UPDATE]["deadline"]) == "2026-04-16 11:00"
    assert when(found[RESOLUTION]["deadline"]) == "2026-04-17 11:00"


def test_first_and_next_replies_never_pause():
    found = judged(
        *QUESTION,
        "2026-04-13 12:10 status pending",
        "2026-04-15 12:00 answers",
        "2026-04-15 13:00 writes",
        at="2026-04-15 14:00",
    )
    assert when(found[FIRST]["breached_at"]) == "2026-04-14 12:00"
    assert when(found[NEXT]["deadline"]) == "2026-04-16 13:00"


def test_a_pause_after_the_deadline_does_not_move_it():
    found = judged(
        *QUESTION,
        "2026-04-13 13:00 answers",
        "2026-04-16 13:00 status pending",
        "2026-04-17 13:00 status open",
        at="2026-04-20 12:00",
    )
    assert when(found[UPDATE]["deadline"]) == "2026-04-14 13:00"
    assert when(found[RESOLUTION]["deadline"]) == "2026-04-15 13:00"


def test_hold_is_no_pause_unless_the_policy_says_so():
    found = judged(
        *QUESTION, "2026-04-13 13:00 answers", "2026-04-13 13:00 status hold", at="2026-04-13 14:00"
    )
    assert found[RESOLUTION]["state"] == "running"


# --- solved, reopened, removed --------------------------------------------------------------------

SOLVED = (*QUESTION, "2026-04-13 13:00 answers", "2026-04-13 15:00 status solved")


def test_a_reopened_ticket_resumes_its_resolution_and_rearms_its_update():
    found = judged(
        *SOLVED, "2026-04-13 15:00 status closed", "2026-04-20 10:00 status open",
        at="2026-04-20 11:00",
    )  # fmt: skip
    assert found[RESOLUTION]["state"] == "running"
    assert found[RESOLUTION]["open_seconds"] == 3 * 3600  # 13:00-15:00 and 10:00-11:00
    assert when(found[RESOLUTION]["deadline"]) == "2026-04-21 16:00"
    assert when(found["update_time 2"]["started_at"]) == "2026-04-20 10:00"
    assert when(found[FIRST]["fulfilled_at"]) == "2026-04-13 13:00"


def test_a_resolution_solved_again_shows_the_last_time():
    found = judged(
        *SOLVED, "2026-04-14 10:00 status open", "2026-04-14 12:00 status solved",
        "2026-04-15 12:00 status closed", at="2026-04-20 11:00",
    )[RESOLUTION]  # fmt: skip
    assert when(found["fulfilled_at"]) == "2026-04-14 12:00"
    assert found["open_seconds"] == 4 * 3600


@pytest.mark.parametrize("gone", ["merged", "deleted"])
def test_clocks_end_with_the_ticket_and_break_no_promise_afterwards(gone: str):
    found = judged(*QUESTION, f"2026-04-14 12:00 {gone}", at="2026-04-30 12:00")[FIRST]
    assert found["state"] == gone
    assert when(found["ended_at"]) == "2026-04-14 12:00"
    assert pd.isna(found["breached_at"])
    assert pd.isna(found["fulfilled_at"])


def test_a_breach_before_the_merge_stays():
    found = judged(*QUESTION, "2026-04-14 12:01 merged", at="2026-04-30 12:00")[FIRST]
    assert when(found["breached_at"]) == "2026-04-14 12:00"


def test_a_merge_that_closes_the_ticket_in_the_same_second_solves_nothing():
    found = judged(
        *QUESTION,
        "2026-04-13 13:00 answers",
        "2026-04-13 14:00 status closed",
        "2026-04-13 14:00 merged",
        at="2026-04-30 12:00",
    )
    assert {row["state"] for key, row in found.items() if key != FIRST} == {"merged"}


def test_a_restored_ticket_goes_on_as_if_it_had_never_gone_but_breaks_nothing_meanwhile():
    lines = (*QUESTION, "2026-04-13 13:00 deleted", "2026-04-15 10:00 restored")
    found = judged(*lines, at="2026-04-15 11:00")[FIRST]
    assert found["state"] == "running"
    assert when(found["deadline"]) == "2026-04-14 12:00"
    assert when(found["breached_at"]) == "2026-04-15 10:00"
    assert judged(*lines, at="2026-04-15 09:00")[FIRST]["state"] == "deleted"


# --- what was promised when -----------------------------------------------------------------------


def test_a_changed_tier_keeps_the_start_and_the_pauses():
    found = judged(
        "2026-04-13 12:00 asks",
        "2026-04-13 13:00 answers",
        "2026-04-13 13:00 status pending",
        "2026-04-14 13:00 status open",
        "2026-04-14 14:00 tier bug_fix",
        at="2026-04-14 15:00",
    )[RESOLUTION]
    assert when(found["started_at"]) == "2026-04-13 13:00"
    assert found["paused_seconds"] == 8 * 3600
    assert when(found["deadline"]) == "2026-04-16 13:00"


def test_a_stricter_tier_breaks_its_promise_at_the_change_not_before():
    lines = ("2026-04-13 12:00 asks", "2026-04-15 10:00 tier bug_fix")
    found = judged(*lines, at="2026-04-15 11:00")[FIRST]
    assert when(found["deadline"]) == "2026-04-14 12:00"
    assert when(found["breached_at"]) == "2026-04-15 10:00"
    assert pd.isna(judged(*lines, at="2026-04-15 09:59")[FIRST]["breached_at"])


def test_a_laxer_tier_does_not_undo_an_earlier_breach():
    found = judged(*QUESTION, "2026-04-15 10:00 tier user_support", at="2026-04-15 11:00")[FIRST]
    assert when(found["breached_at"]) == "2026-04-14 12:00"
    assert when(found["deadline"]) == "2026-04-16 12:00"


def test_a_laxer_tier_in_time_leaves_no_breach():
    found = judged(*QUESTION, "2026-04-14 11:00 tier user_support", at="2026-04-15 11:00")[FIRST]
    assert pd.isna(found["breached_at"])


def test_a_clock_is_judged_by_the_policy_in_force_when_it_started():
    rules = book(
        version([user_support(), bug_fix(), mission_critical()], "old"),
        version([user_support(working_days=1)], "new", london("2026-04-13 13:00")),
    )
    before = judged("2026-04-13 12:59 asks", at="2026-04-13 14:00", by=rules)[FIRST]
    after = judged("2026-04-13 13:00 asks", at="2026-04-13 14:00", by=rules)[FIRST]
    assert (before["policy"], when(before["deadline"])) == ("old/user_support", "2026-04-16 12:59")
    assert (after["policy"], when(after["deadline"])) == ("new/user_support", "2026-04-14 13:00")


def test_nothing_was_promised_before_the_first_policy():
    rules = book(version([user_support()], "first", london("2026-04-13 13:00")))
    assert judged("2026-04-13 12:59 asks", at="2026-05-13 14:00", by=rules) == {}


def test_a_promise_that_the_new_tier_does_not_make_is_lifted():
    found = judged(
        *QUESTION,
        "2026-04-13 13:00 answers",
        "2026-04-13 14:00 tier user_support",
        at="2026-04-20 12:00",
    )[UPDATE]
    assert (found["policy"], found["state"]) == ("2000/user_support", "running")
    assert pd.isna(found["deadline"])
    assert pd.isna(found["breached_at"])


# --- the columns ----------------------------------------------------------------------------------


def test_the_words_of_the_log_are_the_codes_of_the_clocks():
    assert tuple(EventKind) == codes.KINDS
    assert tuple(Author) == codes.AUTHORS
    assert tuple(Status) == codes.STATUSES


def test_no_events_have_no_clocks():
    empty = columns(story("2026-04-13 12:00 asks")).take(np.arange(0))
    assert len(clocks(empty, book(), datetime(2026, 5, 1, tzinfo=UTC)).frame()) == 0


def test_one_history_serves_many_policies_and_instants():
    history = prepare(columns(story(*SOLVED)))
    for at in ("2026-04-13 12:30", "2026-04-13 14:00", "2026-04-20 12:00"):
        for rules in (book(), book(reading=DayReading.END_OF_DAY)):
            again = judge(history, rules, london(at)).frame()
            alone = clocks(columns(story(*SOLVED)), rules, london(at)).frame()
            pd.testing.assert_frame_equal(again, alone)


def test_the_calendars_of_the_tests_are_the_published_ones():
    assert office().hours.elapsed(london("2026-04-04 11:00"), london("2026-04-09 17:00")) == 86_400
    assert always().hours.elapsed(london("2026-04-04 00:00"), london("2026-04-05 00:00")) == 86_400
