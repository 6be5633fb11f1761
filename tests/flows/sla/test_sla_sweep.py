"""What a sweep raises, and never raises twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from flows.sweep_builders import Sweeper, recorded, sweeper
from sla.policies import london, story
from supportops.tickets.ticket import Event

SATURDAY = "2026-04-04 11:00"  # due on Thursday 9 April at 17:00, after Easter Monday


@pytest.fixture
def desk(store: Engine) -> Sweeper:
    return sweeper(store)


def mission(*lines: str, ticket: str = "1") -> list[Event]:
    return story("2026-04-07 10:00 asks", "2026-04-07 10:00 tier mission_critical", *lines)


def test_a_saturday_ticket_warns_breaches_and_follows_up_on_time(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks"))
    assert desk.sweep("2026-04-08 18:03")["raised"] == 0
    assert desk.sweep("2026-04-09 11:03")["raised"] == 1
    assert desk.lines() == ["first_reply warning open"]
    desk.sweep("2026-04-09 16:03")
    assert desk.lines() == ["first_reply warning over", "first_reply warning_before open"]
    desk.sweep("2026-04-09 16:59")
    assert len(desk.lines()) == 2
    desk.sweep("2026-04-09 17:00")
    assert desk.lines() == [
        "first_reply breach open",
        "first_reply warning over",
        "first_reply warning_before over",
    ]
    desk.sweep("2026-04-10 16:59")
    assert len(desk.lines()) == 3
    desk.sweep("2026-04-10 17:03")
    assert "first_reply follow_up open" in desk.lines()


def test_a_ticket_solved_without_a_reply_is_a_breach_without_a_follow_up(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks", "2026-04-07 10:00 status solved"))
    desk.sweep("2026-04-09 17:03")
    assert "first_reply breach over" in desk.lines()
    (breach,) = [row for row in desk.alerts() if row.kind == "sla_breach"]
    assert breach.facts["ending"] == "solved_without_reply"
    assert breach.facts["state"] == "unanswered"
    before = desk.lines()
    assert desk.sweep("2026-04-20 17:03")["raised"] == 0
    assert desk.lines() == before


def test_solving_after_the_breach_ends_it_and_stops_follow_ups(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks", "2026-04-10 10:00 status solved"))
    desk.sweep("2026-04-09 17:03")
    (breach,) = [row for row in desk.alerts() if row.kind == "sla_breach"]
    assert breach.resolved_at is None
    desk.sweep("2026-04-20 17:03")
    (breach,) = [row for row in desk.alerts() if row.kind == "sla_breach"]
    assert breach.resolved_at == london("2026-04-10 10:00")
    assert breach.facts["ending"] == "solved_without_reply"
    assert not [row for row in desk.alerts() if row.kind == "sla_follow_up"]


def test_an_alert_holds_what_was_promised_and_how_long_it_took(desk: Sweeper) -> None:
    created, *rest = story(f"{SATURDAY} asks", "2026-04-04 11:00 customer Acme")
    desk.append(Event(**_fields(created) | {"facts": {"subject": "Upload <b>"}}), *rest)
    desk.sweep("2026-04-09 17:03")
    (alert,) = desk.alerts()
    due = london("2026-04-09 17:00")
    assert alert.key == f"sla:test:1:first_reply_time:1:breach:{due.isoformat()}"
    assert alert.subject == f"test 1 first_reply_time 1 breach {due.isoformat()}"
    assert (alert.kind, alert.severity, alert.customer) == ("sla_breach", "warning", "Acme")
    assert alert.opened_at == due
    facts = {name: alert.facts[name] for name in ("title", "tier", "policy", "breached_at")}
    assert facts == {
        "title": "Upload <b>",
        "tier": "user_support",
        "policy": "2000/user_support",
        "breached_at": due.isoformat(),
    }
    assert alert.facts["open_seconds"] == 24 * 3600
    assert alert.facts["calendar_seconds"] == timedelta(days=5, hours=6, minutes=3).total_seconds()


def _fields(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__slots__}


def test_a_reply_that_came_late_between_two_sweeps_is_still_a_breach(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks", "2026-04-09 17:10 answers"))
    summary = desk.sweep("2026-04-09 18:03")
    assert summary["raised"] == 1
    assert summary["untold"] == 0
    (alert,) = desk.alerts()
    assert alert.kind == "sla_breach"
    assert alert.facts["ended"] == london("2026-04-09 17:10").isoformat()
    assert alert.settled_at is None, "it has yet to be sent"


def test_a_late_reply_ends_the_breach_and_leaves_it_a_breach(desk: Sweeper) -> None:
    ask, reply = story(f"{SATURDAY} asks", "2026-04-13 10:00 answers")
    desk.append(ask)
    desk.sweep("2026-04-10 18:03")
    desk.append(reply)
    desk.sweep("2026-04-13 10:03")
    assert desk.lines() == ["first_reply breach over", "first_reply follow_up over"]
    ends = {row.facts["ended"] for row in desk.alerts()}
    assert ends == {london("2026-04-13 10:00").isoformat()}


def test_a_reply_recorded_late_retracts_the_breach(desk: Sweeper) -> None:
    ask, reply = story(f"{SATURDAY} asks", "2026-04-09 16:00 answers")
    desk.append(ask)
    desk.sweep("2026-04-10 17:03")
    desk.append(*recorded([reply], "2026-04-10 17:30"))
    assert desk.due("2026-04-10 17:35")["retracted"] == 2
    assert desk.lines() == ["first_reply breach retracted", "first_reply follow_up retracted"]
    assert desk.due("2026-04-10 17:40")["retracted"] == 0


def test_a_breach_whose_clock_has_ended_can_still_be_retracted(desk: Sweeper) -> None:
    ask, early, late = story(
        f"{SATURDAY} asks", "2026-04-09 16:00 answers", "2026-04-09 17:30 answers"
    )
    desk.append(ask, late)
    desk.sweep("2026-04-09 18:03")
    assert desk.lines() == ["first_reply breach over"]
    desk.append(*recorded([early], "2026-04-09 18:30"))
    desk.sweep("2026-04-09 19:03")
    assert desk.lines() == ["first_reply breach retracted"]
    assert desk.alerts()[0].settled_at is None


def test_a_breach_that_was_retracted_and_is_true_again_is_a_new_one(desk: Sweeper) -> None:
    ask, early, deleted, restored = story(
        f"{SATURDAY} asks",
        "2026-04-09 16:00 answers",
        "2026-04-08 09:00 deleted",
        "2026-04-09 12:00 restored",
    )
    desk.append(ask)
    desk.sweep("2026-04-09 17:03")
    desk.append(*recorded([deleted], "2026-04-09 18:00"))
    desk.sweep("2026-04-09 18:03")
    assert desk.lines() == ["first_reply breach retracted"]
    desk.append(*recorded([restored], "2026-04-09 19:00"))
    desk.sweep("2026-04-09 19:03")
    assert desk.lines() == ["first_reply breach open", "first_reply breach retracted"]
    assert [row.key[-2:] for row in desk.alerts()] == ["00", "#2"]
    assert early.value is None


def test_an_answer_silences_the_warning(desk: Sweeper) -> None:
    ask, reply = story(f"{SATURDAY} asks", "2026-04-09 11:30 answers")
    desk.append(ask)
    desk.sweep("2026-04-09 11:03")
    desk.append(reply)
    desk.sweep("2026-04-09 12:03")
    assert desk.lines() == ["first_reply warning over"]


def test_a_moved_deadline_is_a_new_message_and_an_old_breach_stands(desk: Sweeper) -> None:
    ask, raised = story(f"{SATURDAY} asks", "2026-04-09 11:30 tier mission_critical")
    desk.append(ask)
    desk.sweep("2026-04-09 11:03")
    desk.append(raised)
    desk.sweep("2026-04-09 12:03")
    assert desk.lines() == ["first_reply breach open", "first_reply warning over"]
    lowered = story("2026-04-09 12:30 tier user_support", ticket="1")[0]
    desk.append(Event(**_fields(lowered) | {"source_event": "lowered"}))
    desk.sweep("2026-04-09 13:03")
    assert "first_reply breach open" in desk.lines()


def test_a_mission_critical_ticket_is_raised_by_the_sweep_after_the_sync(desk: Sweeper) -> None:
    desk.append(*mission())
    desk.sweep("2026-04-07 10:03")
    assert desk.lines() == []
    assert desk.due("2026-04-07 10:12")["tickets"] == 1
    assert desk.lines() == ["first_reply warning open"]
    desk.due("2026-04-07 10:15")
    assert "first_reply breach open" in desk.lines()
    assert {row.severity for row in desk.alerts()} == {"critical"}


def test_the_due_sweep_leaves_alone_whose_time_has_not_come(desk: Sweeper) -> None:
    desk.append(*story("2026-04-07 09:00 asks"))
    desk.append(*mission(ticket="2"))
    desk.sweep("2026-04-07 11:03")
    assert desk.due("2026-04-08 12:00")["tickets"] <= 2
    assert desk.due("2026-04-08 13:00")["tickets"] == 0
    assert desk.sweep("2026-04-08 13:03")["tickets"] == 1


def test_a_sweep_again_adds_nothing_whatever_its_hour(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks"))
    for at in ("2026-04-09 11:03", "2026-04-09 16:03", "2026-04-09 17:03"):
        desk.sweep(at)
    before = desk.rows()
    again = desk.sweep("2026-04-09 17:03")
    assert (again["written"], again["raised"]) == (True, 0)
    for past in ("2026-04-09 11:03", "2026-04-09 16:03", "2026-04-01 09:03"):
        summary = desk.sweep(past, now="2026-04-09 17:30")
        assert summary["written"] is False
        assert "there was a sweep" in summary["note"]
    assert desk.sweep("2026-04-09 11:03", now="2026-04-09 17:30")["standing"] == {"sla_warning": 1}
    assert desk.rows() == before


def test_a_sweep_that_starts_after_a_newer_one_judges_as_of_that(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks"))
    desk.due("2026-04-09 17:05")
    assert desk.sweep("2026-04-09 16:53", now="2026-04-09 17:06")["at"] == (
        london("2026-04-09 17:05").isoformat()
    )
    assert desk.lines() == ["first_reply breach open"]


def test_a_time_to_come_is_only_reported(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks"))
    before = desk.rows()
    summary = desk.sweep("2026-04-20 09:03", now="2026-04-04 12:00")
    assert summary["standing"] == {"sla_breach": 1, "sla_follow_up": 1}
    assert desk.rows() == before


def test_an_imported_past_is_stored_and_not_sent(desk: Sweeper) -> None:
    old = story(
        "2026-03-02 09:00 asks", "2026-03-20 10:00 answers", "2026-03-20 11:00 status solved"
    )
    forgotten = story("2026-03-02 09:00 asks", ticket="2")
    recent = story("2026-04-02 09:00 asks", "2026-04-08 17:30 answers", ticket="3")
    desk.append(*recorded([*old, *forgotten, *recent], "2026-04-09 09:00"))
    summary = desk.sweep("2026-04-09 09:03")
    assert (summary["raised"], summary["untold"]) == (4, 1)
    unsettled = sorted(
        (row.facts["ticket"], row.kind) for row in desk.alerts() if not row.settled_at
    )
    assert unsettled == [("2", "sla_breach"), ("2", "sla_follow_up"), ("3", "sla_breach")]


def test_a_merged_ticket_raises_nothing_more(desk: Sweeper) -> None:
    desk.append(*story(f"{SATURDAY} asks", "2026-04-08 10:00 merged"))
    desk.sweep("2026-04-20 10:03")
    assert desk.lines() == []


def test_a_ticket_that_cannot_be_judged_is_reported_and_the_others_go_on(desk: Sweeper) -> None:
    # No calendar reaches so far.
    for number in range(2, 9):
        desk.append(*story(f"{SATURDAY} asks", ticket=str(number)))
    desk.append(*story(f"{SATURDAY} asks", "2150-01-01 10:00 answers", ticket="1"))
    summary = desk.sweep("2026-04-09 17:03")
    assert summary["raised"] == 7
    assert [one["ticket"] for one in summary["unjudgeable"]] == ["test:1"]
    (reported,) = [row for row in desk.alerts() if row.kind == "task_failed"]
    assert "test:1" in reported.headline
    desk.sweep("2026-04-09 18:03")
    assert len([row for row in desk.alerts() if row.kind == "task_failed"]) == 1


def test_many_small_chunks_raise_what_one_raises(desk: Sweeper) -> None:
    for number in range(1, 8):
        desk.append(*story(f"{SATURDAY} asks", ticket=str(number)))
    summary = desk.sweep("2026-04-09 17:03", size=2)
    assert (summary["tickets"], summary["raised"]) == (7, 7)
    assert desk.sweep("2026-04-09 18:03", size=3)["raised"] == 0
