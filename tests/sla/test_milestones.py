"""When a clock asks for attention, and when the sweep must look again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sla.policies import (
    LONDON,
    book,
    clocks,
    columns,
    london,
    minutes,
    mission_critical,
    story,
    version,
)
from supportops.sla.clock import Clocks
from supportops.sla.events import NONE
from supportops.sla.milestones import MILESTONES, milestones, next_instants
from supportops.sla.policy import METRICS, Escalation, PolicyBook
from supportops.sla.policy_assignment import to_datetime

QUESTION = ("2026-04-13 12:00 asks", "2026-04-13 12:00 tier bug_fix")
FIX = (*QUESTION, "2026-04-13 13:00 answers")


def seen(*lines: str, at: str, by: PolicyBook | None = None) -> Clocks:
    return clocks(columns(story(*lines)), by or book(), london(at))


def local(micros: int) -> str:
    return f"{to_datetime(micros).astimezone(LONDON):%Y-%m-%d %H:%M}"


def due(found: Clocks, metric: str) -> dict[str, str]:
    """The milestones of a metric, as local times by name."""
    marks = milestones(found)
    rows = zip(marks.clock, marks.milestone, marks.at, strict=True)
    return {
        MILESTONES[code]: local(int(at))
        for clock, code, at in rows
        if METRICS[found.metric[clock]] == f"{metric}_time"
    }


def test_an_open_clock_warns_twice_before_its_deadline():
    assert due(seen(*QUESTION, at="2026-04-13 12:30"), "first_reply") == {
        "warning": "2026-04-14 10:00",  # 6 of 8 open hours
        "warning_before": "2026-04-14 11:00",
        "breach": "2026-04-14 12:00",
    }


def test_a_fix_has_a_milestone_when_it_misses_its_aim():
    assert due(seen(*FIX, at="2026-04-13 14:00"), "resolution") == {
        "warning": "2026-04-14 17:00",
        "warning_before": "2026-04-15 12:00",
        "aim": "2026-04-14 13:00",
        "breach": "2026-04-15 13:00",
    }


def test_a_breach_is_followed_up_one_working_day_after_while_it_is_open():
    found = due(seen(*QUESTION, at="2026-04-14 13:00"), "first_reply")
    assert found["follow_up"] == "2026-04-15 12:00"
    answered = seen(*QUESTION, "2026-04-14 12:30 answers", at="2026-04-14 13:00")
    assert due(answered, "first_reply") == {"breach": "2026-04-14 12:00"}


def test_what_was_answered_in_time_has_no_milestone():
    assert due(seen(*FIX, at="2026-04-13 14:00"), "first_reply") == {}


def test_a_pause_keeps_the_milestones_that_have_not_come_from_being_known():
    lines = (*FIX, "2026-04-15 10:00 status pending")
    assert due(seen(*lines, at="2026-04-20 10:00"), "resolution") == {
        "warning": "2026-04-14 17:00",
        "aim": "2026-04-14 13:00",
    }


def test_a_pause_moves_what_comes_after_it():
    lines = (*FIX, "2026-04-13 14:00 status pending", "2026-04-14 14:00 status open")
    found = due(seen(*lines, at="2026-04-14 15:00"), "resolution")
    assert found == {
        "warning": "2026-04-15 17:00",
        "warning_before": "2026-04-16 12:00",
        "aim": "2026-04-15 13:00",
        "breach": "2026-04-16 13:00",
    }


def test_a_breach_of_what_was_promised_before_is_the_breach():
    lines = (*QUESTION, "2026-04-15 10:00 tier user_support")
    found = due(seen(*lines, at="2026-04-15 11:00"), "first_reply")
    assert found["breach"] == "2026-04-14 12:00"


def test_each_promise_has_its_own_escalation():
    early = Escalation(0.5, minutes(5), minutes(15))
    rules = book(version([replace(mission_critical(), escalation=early)]))
    lines = ("2026-04-13 20:00 asks", "2026-04-13 20:00 tier mission_critical")
    found = due(seen(*lines, at="2026-04-13 20:20", by=rules), "first_reply")
    assert found == {
        "warning": "2026-04-13 20:07",
        "warning_before": "2026-04-13 20:10",
        "breach": "2026-04-13 20:15",
        "follow_up": "2026-04-13 20:30",
    }


def test_no_warning_comes_before_a_promise_shorter_than_its_lead():
    lines = ("2026-04-13 20:00 asks", "2026-04-13 20:00 tier mission_critical")
    assert "warning_before" not in due(seen(*lines, at="2026-04-13 20:01"), "first_reply")


@pytest.mark.parametrize(
    ("at", "next_at"),
    [
        ("2026-04-13 12:30", "2026-04-14 10:00"),
        ("2026-04-14 10:00", "2026-04-14 11:00"),
        ("2026-04-14 11:30", "2026-04-14 12:00"),
        ("2026-04-14 12:00", "2026-04-15 12:00"),
    ],
)
def test_the_sweep_looks_again_at_the_next_milestone(at: str, next_at: str):
    rules = book()
    resolution_free = replace(
        rules.versions[0].promises[1], targets=rules.versions[0].promises[1].targets[:3]
    )
    rules = book(version([resolution_free]))
    found = seen(*QUESTION, at=at, by=rules)
    assert [local(int(t)) for t in next_instants(found, milestones(found))] == [next_at]


def test_a_ticket_with_nothing_to_come_has_no_next_instant():
    found = seen(*FIX, "2026-04-13 14:00 status solved", at="2026-04-13 15:00")
    assert next_instants(found, milestones(found)).tolist() == [NONE]
