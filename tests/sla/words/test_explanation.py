"""An explanation for a manager: one clock, words of the promise, and no internal names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sla.policies import book, columns, london, story, version
from supportops.sla.explain import explain
from supportops.sla.policy import Amount, DayReading, Metric, PolicyBook, Promise, Target
from supportops.sla.words.explanation import Section, Story, sections, whole_ticket

LONDON = ZoneInfo("Europe/London")
LATE = ("2026-04-04 11:00 asks", "2026-04-10 10:00 answers")
MOVED = (
    "2026-04-13 12:00 asks",
    "2026-04-13 13:00 answers",
    "2026-04-13 13:00 status pending",
    "2026-04-14 11:00 status open",
    "2026-04-14 14:00 tier bug_fix",
)
INTERNAL = re.compile(r"_|\brule \d|policy |\bNone\b|reply_time|2000/|fulfilled|instance")


def said(
    *lines: str, at: str, about: Story | None = None, promises: PolicyBook | None = None
) -> dict[str, Section]:
    promises = promises or book()
    explanation = explain(columns(story(*lines)), promises, london(at))
    found = sections(explanation, promises, about or Story(LONDON))
    return {section.title: section for section in found}


def rows(section: Section) -> str:
    return "\n".join(f"{label}: {words}" for label, words in section.rows)


def test_it_says_who_replied_and_what_was_promised():
    people = Story(LONDON, {london("2026-04-10 10:00"): "Anna"}, titles={"user_support": "Help"})
    first = said(*LATE, at="2026-04-13 10:00", about=people)["First reply, Help"]
    assert first.verdict == "answered Fri 10 Apr 2026 10:00 BST by Anna, late"
    assert first.bad
    shown = rows(first)
    for line in (
        "Promised: a first reply within 3 working days, counted in office hours",
        "Sat 4 Apr to Mon 6 Apr: closed (weekend, Easter Monday)",
        "Due: Thu 9 Apr 2026 17:00 BST",
        "Broken: Thu 9 Apr 2026 17:00 BST",
        "Time taken: 25 h of office hours; 143 h on the calendar",
    ):
        assert line in shown


@pytest.mark.parametrize(
    ("reading", "promised", "due"),
    [
        (
            DayReading.SAME_TIME,
            "within 3 working days of office hours, by the time of day at which it began on the "
            "last of them",
            "Due: Thu 9 Apr 2026 11:00 BST",
        ),
        (
            DayReading.END_OF_DAY,
            "within 3 working days of office hours, by closing on the last of them",
            "Due: Thu 9 Apr 2026 17:00 BST",
        ),
    ],
)
def test_it_says_at_what_time_the_last_working_day_ends(
    reading: DayReading, promised: str, due: str
) -> None:
    found = said(*LATE, at="2026-04-13 10:00", promises=book(reading=reading))
    shown = rows(found["First reply, user support"])
    assert promised in shown
    assert due in shown


def test_it_says_whose_dates_the_days_are_of_where_times_are_on_another_clock() -> None:
    found = said(*LATE, at="2026-04-13 10:00", about=Story(ZoneInfo("America/New_York")))
    shown = rows(found["First reply, user support"])
    assert "counted in office hours and on dates of Europe/London" in shown


def test_a_promise_that_an_earlier_tier_broke_is_named() -> None:
    asked = ("2026-04-13 11:00 asks", "2026-04-13 11:00 tier mission_critical")
    found = said(*asked, "2026-04-13 12:00 tier bug_fix", at="2026-04-13 13:00")
    shown = rows(found["First reply, bug fix"])
    assert "Broken: Mon 13 Apr 2026 11:15 BST, as mission critical" in shown


def test_it_says_why_a_clock_paused_and_what_was_promised_in_turn():
    found = said(*MOVED, at="2026-04-14 15:00")
    solution = next(s for title, s in found.items() if title.startswith("Solution"))
    shown = rows(solution)
    assert "paused (waiting for the customer), 6 h" in shown
    assert "time spent waiting for the customer does not count" in shown
    assert "From Tue 14 Apr 2026 14:00 BST: bug fix, due " in shown


@pytest.mark.parametrize(
    "lines", [LATE, MOVED, (*MOVED, "2026-04-14 14:30 asks"), (LATE[0], "2026-04-08 10:00 deleted")]
)
def test_no_internal_name_is_shown_and_every_time_has_its_zone(lines: tuple[str, ...]):
    for title, section in said(*lines, at="2026-04-15 15:00").items():
        shown = f"{title}\n{section.verdict}\n{rows(section)}"
        assert not INTERNAL.search(shown), shown
        times = re.findall(r"\d{4} \d\d:\d\d\S*( \w+)?", shown)
        assert set(times) == {" BST"}


def test_the_second_of_a_kind_has_its_number_in_words():
    lines = (*LATE, "2026-04-10 11:00 asks", "2026-04-10 12:00 answers", "2026-04-10 13:00 asks")
    lines = (lines[0], "2026-04-04 11:00 tier bug_fix", *lines[1:])
    found = said(*lines, at="2026-04-10 14:00")
    assert "Progress update (2nd), bug fix" in found
    assert found["Progress update (2nd), bug fix"].verdict == "still to come, in time"


def test_it_names_the_ticket_that_it_was_merged_into():
    merged = Story(LONDON, merged_into="4711")
    (first,) = said(
        LATE[0], "2026-04-08 10:00 merged 4711", at="2026-04-15 10:00", about=merged
    ).values()
    assert first.verdict == "ended: the ticket was merged into 4711 Wed 8 Apr 2026 10:00 BST"


def test_solved_without_a_reply_is_never_still_open():
    found = said(LATE[0], "2026-04-08 10:00 status solved", at="2026-04-15 10:00")
    assert found["First reply, user support"].verdict == (
        "solved without a reply; the promise is broken"
    )
    assert "still" not in "".join(s.verdict for s in found.values())


def test_both_half_past_ones_of_an_october_night_are_told_apart():
    about = Story(LONDON)
    assert about.at(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == (
        "Sun 25 Oct 2026 01:30 BST (UTC+01:00)"
    )
    assert about.at(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == (
        "Sun 25 Oct 2026 01:30 GMT (UTC+00:00)"
    )
    assert about.at(datetime(2026, 10, 26, 1, 30, 5, tzinfo=UTC)) == "Mon 26 Oct 2026 01:30:05 GMT"


def test_a_contract_is_named_and_a_promise_with_an_aim_has_both():
    promise = Promise(
        "vip",
        "user_support",
        "office",
        (Target(Metric.FIRST_REPLY, Amount(working_days=2), Amount(working_days=1)),),
        customers=frozenset({"acme"}),
    )
    rules = book(version([promise]))
    events = columns(story("2026-04-13 09:00 customer Acme", "2026-04-13 09:00 asks"))
    (first,) = sections(explain(events, rules, london("2026-04-13 12:00")), rules, Story(LONDON))
    assert dict(first.rows)["Promised"] == (
        "a first reply for acme within 2 working days, if possible 1 working day, "
        "counted in office hours"
    )


def test_the_whole_ticket_is_apart_from_the_promise_of_a_solution():
    explanation = explain(columns(story(*MOVED)), book(), london("2026-04-14 15:00"))
    found = whole_ticket(explanation, book())
    assert found == Section(
        "The whole ticket",
        "not solved",
        False,
        (
            ("Creation to solution", "11 h of office hours; 27 h on the calendar so far"),
            ("Requester's wait", "5 h of office hours; 5 h on the calendar so far"),
        ),
    )


def test_a_ticket_that_is_gone_has_no_times_as_a_whole():
    lines = ("2026-04-13 12:00 asks", "2026-04-13 13:00 merged")
    explanation = explain(columns(story(*lines)), book(), london("2026-04-14 15:00"))
    assert whole_ticket(explanation, book()) is None
