"""What a report is made from is what slow judgement of every ticket finds, on both databases."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from flows.gathering import LATER, clocks_of, gathered, refill, rows, tickets_of
from flows.reports.reporting.slow_report import Slow
from reports.frames import INSTANTS
from sla.policies import (
    book,
    clocks,
    columns,
    days,
    london,
    story,
    user_support,
)
from sla.policies import version as policy_version
from sla.test_judging_properties import BEGIN, stories
from supportops.db.engine import reading, writing
from supportops.flows.reports.reporting import clock_rows
from supportops.flows.reports.reporting.gathering import LONGEST_SUBJECT
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.flows.sla.replay import replay
from supportops.flows.sla.replayed import Period as Replayed
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.reports import facts as documented
from supportops.reports.facts import Facts
from supportops.reports.period import Cadence, Period, day, week
from supportops.sla.due import look_back_start
from supportops.sla.policy import DayReading, Metric, PolicyBook, Promise, Target
from supportops.tickets.ticket import Author, Event, EventKind

FEW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LONDON = "Europe/London"
# Monday 13 to Sunday 19 April 2026, reported on the Monday after.
WEEK = week("2026-W16", LONDON)
MONDAY = london("2026-04-20 08:00")
REPORT = FactsRequest(WEEK, MONDAY)


def facts_of(
    store: Engine, *events: Event, request: FactsRequest = REPORT, **promises: PolicyBook
) -> Facts:
    refill(store, events)
    return gathered(store, request, **promises)[0]


# --- any history, any periods ------------------------------------------------------------------


@st.composite
def desks(draw: st.DrawFn) -> list[Event]:
    """Five tickets' lives, each created at most once, spread over some months."""
    events: list[Event] = []
    for number in range(1, 6):
        moved = timedelta(days=draw(st.sampled_from([0, 0, 7, -60, -200])))
        there = False
        for event in draw(stories(number)):
            if event.kind is EventKind.CREATED and there:
                continue
            there = there or event.kind is EventKind.CREATED
            if event.kind is EventKind.KNOWN_SINCE:
                event = replace(event, value=event.happened_at.isoformat())
            if event.kind in (EventKind.ASSIGNEE, EventKind.SITE):
                event = replace(event, value=draw(st.sampled_from(["bo", "cy", None])))
            events.append(replace(event, happened_at=event.happened_at + moved))
    return events


@st.composite
def requests(draw: st.DrawFn) -> FactsRequest:
    start = BEGIN + timedelta(hours=draw(st.integers(-48, 600)))
    end = start + timedelta(hours=draw(st.sampled_from([1, 24, 168])))
    as_of = end + timedelta(hours=draw(st.sampled_from([-1, 0, 8, 8, 400])))
    period = Period(Cadence.WEEKLY, "2026-W16", start, end, LONDON)
    return FactsRequest(period, as_of, draw(st.booleans()))


@FEW
@given(
    events=desks(),
    asked=st.lists(requests(), min_size=1, max_size=5),
    reading=st.sampled_from(DayReading),
)
def test_the_facts_of_any_periods_are_those_of_all_tickets_judged_slowly(
    store: Engine,
    monkeypatch: pytest.MonkeyPatch,
    events: list[Event],
    asked: list[FactsRequest],
    reading: DayReading,
) -> None:
    promises = book(reading=reading)
    monkeypatch.setattr(clock_rows, "TICKETS_AT_ONCE", 2)
    refill(store, events)
    for request, found in zip(asked, gathered(store, *asked, promises=promises), strict=True):
        slow = Slow(events, promises, request)
        assert clocks_of(found) == slow.clocks()
        assert tickets_of(found) == (Counter() if request.due_only else slow.tickets())


@FEW
@given(events=desks(), request=requests())
def test_a_replay_of_the_period_counts_the_same_promises(
    store: Engine, events: list[Event], request: FactsRequest
) -> None:
    found = facts_of(store, *events, request=replace(request, due_only=True))
    period = Replayed(request.period.start, request.period.end, request.as_of)
    with reading(store) as connection:
        [again] = replay(connection, {"then": book()}, period).policies
    counted = found.clocks[~found.clocks["state"].isin(["merged", "deleted"])]
    met = counted[counted["breached_at"].isna()]
    for frame, name in ((counted, "due"), (met, "met")):
        expected = {key: getattr(each, name) for key, each in again.attainment.items()}
        assert Counter(rows(frame, "tier", "metric")) == +Counter(expected)


# --- how far back ------------------------------------------------------------------------------


@given(
    minute=st.integers(0, 60 * 24 * 400),
    promised=st.sampled_from([1, 3, 30]),
    reading=st.sampled_from(DayReading),
)
@settings(max_examples=60)
def test_what_falls_due_began_no_earlier_than_is_looked_back(
    minute: int, promised: int, reading: DayReading
) -> None:
    promises = book(policy_version([user_support(reading, promised)]))
    asked = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(minutes=minute)
    event = replace(story("2026-04-04 11:00 asks")[0], happened_at=asked)
    found = clocks(columns([event]), promises, asked).frame()
    due = found["deadline"].iloc[0].to_pydatetime()
    assert look_back_start(promises, due) <= asked
    assert due - look_back_start(promises, due) < timedelta(days=2 * promised + 14)


def test_a_calendar_that_begins_too_late_is_looked_back_to_its_beginning() -> None:
    long = Target(Metric.FIRST_REPLY, days(30_000))
    promises = book(policy_version([Promise("long", "user_support", "office", (long,))]))
    assert look_back_start(promises, MONDAY) == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_promise_kept_and_closed_weeks_before_its_deadline_counts_there(store: Engine) -> None:
    """Twenty-five working days over Easter, answered in ten minutes."""
    slow = Promise(
        "user_support", "user_support", "office", (Target(Metric.FIRST_REPLY, days(25)),)
    )
    found = facts_of(
        store,
        *story(
            "2026-03-09 12:00 asks", "2026-03-09 12:10 answers", "2026-03-09 12:20 status solved"
        ),
        promises=book(policy_version([slow])),
    )
    assert rows(found.clocks, "state", "deadline") == [("fulfilled", london("2026-04-15 12:00"))]
    assert found.tickets.empty


# --- single rules ------------------------------------------------------------------------------


def test_an_empty_store_gives_empty_frames_of_the_documented_columns(store: Engine) -> None:
    found = gathered(store, REPORT, replace(REPORT, due_only=True))
    found.append(facts_of(store, *story("2026-04-14 10:00 asks")))
    for facts in found:
        for name in ("clock", "ticket", "site", "incident", "alert"):
            frame = getattr(facts, f"{name}s")
            wanted = getattr(documented, f"{name.upper()}_COLUMNS")
            assert tuple(frame.columns) == wanted
            assert {str(frame[each].dtype) for each in wanted if each in INSTANTS} <= {
                "datetime64[us, UTC]"
            }
            seconds = [each for each in wanted if each.endswith("_seconds")]
            assert {str(frame[each].dtype) for each in seconds} <= {"float64"}
            texts = {"customer", "subject", "site", "metric", "reason", "channel", "left_out"}
            assert {str(frame[each].dtype) for each in texts & set(wanted)} <= {"object"}
    assert str(found[-1].tickets["open"].dtype) == "bool"
    assert str(found[-1].clocks["ticket"].dtype) == str(found[0].tickets["solved"].dtype) == "int64"


def test_without_promises_there_are_no_clocks(store: Engine) -> None:
    from flows.gathering import configured
    from supportops.flows.reports.reporting.gathering import gather

    refill(store, story("2026-04-14 10:00 asks"))
    with reading(store) as connection:
        [found] = gather(connection, configured(None), [REPORT])
    assert found.clocks.empty
    assert found.policies == ()


def test_a_ticket_is_shown_as_it_stood_then_not_as_it_stands_today(store: Engine) -> None:
    ask, *rest = story(
        "2026-04-14 10:00 asks",
        "2026-04-14 10:01 assignee bo",
        "2026-04-14 10:01 customer Acme",
        "2026-04-14 10:01 site shop",
        "2026-04-14 10:02 tier bug_fix",
        "2026-04-21 10:00 assignee cy",
        "2026-04-21 10:01 customer Bolt",
        "2026-04-21 10:02 tier user_support",
        "2026-04-21 10:03 status solved",
    )
    ask = replace(ask, facts={"subject": "=1+1 <b>" + "x" * 20_000})
    found = facts_of(store, ask, *rest)
    names = ("source", "number", "customer", "site", "assignee", "tier", "status", "open")
    assert rows(found.tickets, *names) == [
        ("test", "1", "Acme", "shop", "bo", "bug_fix", "new", True)
    ]
    assert set(rows(found.clocks, *names[:6])) == {("test", "1", "Acme", "shop", "bo", "bug_fix")}
    assert found.tickets["subject"].tolist() == [str(ask.facts["subject"])[:LONGEST_SUBJECT]]
    assert found.clocks["subject"].tolist() == [found.tickets["subject"][0]] * len(found.clocks)


def test_a_question_that_was_never_answered_is_no_open_breach_once_its_ticket_is_done(
    store: Engine,
) -> None:
    solved = (
        "2026-04-14 10:00 asks",
        "2026-04-14 10:00 tier bug_fix",
        "2026-04-14 12:00 status solved",
    )
    waits = ("2026-04-14 10:00 asks", "2026-04-14 10:00 tier bug_fix")
    found = facts_of(store, *story(*solved), *story(*waits, ticket="2"))
    first = found.clocks[found.clocks["metric"] == "first_reply_time"]
    assert rows(first, "number", "state", "breached_at") == [
        ("1", "unanswered", london("2026-04-15 10:00")),
        ("2", "running", london("2026-04-15 10:00")),
    ]


def test_a_merged_ticket_keeps_its_clocks_with_their_state_and_is_left_out(store: Engine) -> None:
    found = facts_of(
        store,
        *story("2026-04-13 10:00 asks", "2026-04-13 10:00 tier bug_fix", "2026-04-13 11:00 merged"),
        *story("2026-04-13 10:00 asks", "2026-04-14 11:00 deleted", ticket="2"),
        *story("2026-04-13 10:00 asks", "2026-04-21 11:00 deleted", ticket="3"),
    )
    assert rows(found.tickets, "number", "left_out", "open") == [
        ("1", "merged", False),
        ("2", "deleted", False),
        ("3", None, True),
    ]
    assert Counter(found.clocks["state"]) >= Counter({"merged": 1, "deleted": 1, "running": 1})


def test_a_ticket_that_changed_hands_by_way_of_nobody_was_reassigned_once(store: Engine) -> None:
    given = (EventKind.ASSIGNEE, Author.AGENT)
    lines = [("2026-04-13 10:00", "bo"), ("2026-04-14 10:00", None), ("2026-04-15 10:00", "cy")]
    events = story("2026-04-13 09:00 asks")
    for number, (at, who) in enumerate([*lines, ("2026-04-16 10:00", "cy")]):
        when = london(at)
        events.append(Event("test", f"a{number}", "1", given[0], when, when, given[1], who))
    assert facts_of(store, *events).tickets["reassigned"].tolist() == [1]


def test_what_falls_due_after_the_report_is_made_is_not_in_it(store: Engine) -> None:
    ask = story(
        "2026-04-14 10:00 asks", "2026-04-14 10:00 tier bug_fix", "2026-04-14 10:05 answers"
    )
    early = FactsRequest(WEEK, london("2026-04-14 12:00"), due_only=True)
    assert facts_of(store, *ask, request=early).clocks.empty
    assert not facts_of(store, *ask, request=replace(early, as_of=MONDAY)).clocks.empty


def test_a_day_without_promises_due_has_none_and_no_subjects(store: Engine) -> None:
    ask = replace(story("2026-04-13 10:00 asks")[0], facts={"subject": "Help"})
    christmas = FactsRequest(day("2025-12-25", LONDON), MONDAY, due_only=True)
    assert facts_of(store, ask, request=christmas).clocks.empty
    due = facts_of(store, ask, request=replace(REPORT, due_only=True)).clocks
    assert due["subject"].unique().tolist() == [""]


def test_a_ticket_beyond_the_calendar_is_named_and_stops_nobody(store: Engine) -> None:
    endless = Promise("endless", "endless", "office", (Target(Metric.FIRST_REPLY, days(30_000)),))
    found = facts_of(
        store,
        *story("2026-04-14 10:00 asks", "2026-04-14 10:00 tier endless", ticket="9"),
        *story("2026-04-14 10:00 asks"),
        promises=book(policy_version([endless, user_support()])),
    )
    assert list(found.unjudged) == ["test/9"]
    assert "calendar" in found.unjudged["test/9"]
    assert set(found.tickets["number"]) == set(found.clocks["number"]) == {"1"}


def test_all_policies_in_force_at_any_time_in_the_period_are_named(store: Engine) -> None:
    dates = {"old": "2025-01-01", "before": "2026-04-01", "mid": "2026-04-15", "next": "2026-04-20"}
    versions = [
        policy_version([user_support()], name, london(f"{at} 00:00")) for name, at in dates.items()
    ]
    assert facts_of(store, promises=book(*versions)).policies == ("before", "mid")


def test_the_data_is_as_old_as_the_last_synced_source_and_never_younger_than_the_report(
    store: Engine,
) -> None:
    assert facts_of(store).data_until is None
    ask = story("2026-04-14 10:00 asks")
    assert facts_of(store, *ask).data_until == ask[0].recorded_at
    for heard, known in ((london("2026-04-20 05:00"),) * 2, (LATER, MONDAY)):
        with writing(store) as connection:
            mark_synced(connection, "zendesk", heard)
        assert gathered(store, REPORT)[0].data_until == known


def test_a_broken_promise_counts_under_the_tier_that_made_it_with_its_time(store: Engine) -> None:
    ticket = story(
        "2026-04-13 10:00 asks",
        "2026-04-13 10:00 tier bug_fix",
        "2026-04-14 12:00 tier user_support",
        "2026-04-15 12:00 answers",
    )
    found = facts_of(store, *ticket).clocks
    first = found[found["metric"] == "first_reply_time"]
    assert rows(first, "tier", "policy", "deadline", "breached_at", "target_seconds") == [
        (
            "bug_fix",
            "2000/bug_fix",
            london("2026-04-14 10:00"),
            london("2026-04-14 10:00"),
            8 * 3600.0,
        )
    ]
    assert rows(first, "left_seconds", "open_seconds") == [(-10 * 3600.0, 18 * 3600.0)]


def test_a_deadline_that_a_change_put_into_the_past_is_overdue_from_the_change(
    store: Engine,
) -> None:
    ticket = story(
        "2026-04-13 10:00 asks",
        "2026-04-15 10:00 tier bug_fix",
        "2026-04-15 13:00 answers",
    )
    found = facts_of(store, *ticket).clocks
    first = found[found["metric"] == "first_reply_time"]
    assert rows(first, "tier", "breached_at", "left_seconds") == [
        ("bug_fix", london("2026-04-15 10:00"), -3 * 3600.0)
    ]


def test_a_tier_shows_no_promise_that_it_does_not_make(store: Engine) -> None:
    ticket = story(
        "2026-04-13 10:00 asks",
        "2026-04-13 10:00 tier bug_fix",
        "2026-04-13 11:00 answers",
        "2026-04-13 12:00 tier user_support",
    )
    found = facts_of(store, *ticket).clocks
    assert "update_time" not in set(found["metric"])
    late = story(
        "2026-04-13 10:00 asks",
        "2026-04-13 10:00 tier bug_fix",
        "2026-04-13 11:00 answers",
        "2026-04-15 12:00 tier user_support",
    )
    found = facts_of(store, *late).clocks
    assert rows(found[found["metric"] == "update_time"], "tier") == [("bug_fix",)]
