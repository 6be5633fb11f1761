"""A replayed period has the messages that its sweeps raised, and the clocks' attainment."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from flows.sweep_builders import sweeper
from sla.policies import (
    LONDON,
    book,
    bug_fix,
    columns,
    london,
    mission_critical,
    story,
    user_support,
)
from sla.policies import version as policy_version
from sla.test_judging_properties import stories
from supportops.db.engine import reading, writing
from supportops.flows.sla.judging.judged_tickets import Unjudgeable
from supportops.flows.sla.list_clocks import rows
from supportops.flows.sla.replay import replay
from supportops.flows.sla.replayed import Period, Replay
from supportops.flows.sla.sweeping.evaluation import breach_key, evaluate, key_prefix
from supportops.sla.past_sweeps import HOUR, MESSAGE_KINDS, RETRACTED, Sweeps, Views, sweep_messages
from supportops.sla.policy import METRICS, PolicyBook
from supportops.sla.policy_assignment import to_datetime, to_micros
from supportops.tickets.columns import epoch_microseconds
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, Event, EventKind

LATER = datetime(2026, 11, 1, tzinfo=UTC)
SATURDAY = "2026-04-04 11:00 asks"  # due on Thursday 9 April at 17:00, after Easter Monday
Line = tuple[datetime, str, str, int, str, datetime]


def fill(store: Engine, *events: Event) -> None:
    with writing(store) as connection:
        append_events(connection, events, LATER)


def again(
    store: Engine,
    start: str,
    end: str,
    as_of: datetime = LATER,
    as_recorded: bool = False,
    **books: PolicyBook,
) -> Replay:
    period = Period(london(start), london(end), as_of)
    with reading(store) as connection:
        return replay(connection, books or {"then": book()}, period, as_recorded=as_recorded)


def lines(found: Replay) -> list[Line]:
    return [(m.sweep, m.ticket, m.metric, m.instance, m.what, m.at) for m in found.messages]


def words(found: Replay) -> list[str]:
    return [f"{m.sweep.astimezone(UTC):%d %H:%M} {m.what}" for m in found.messages]


def test_each_sweep_raises_what_had_come_by_its_hour(store: Engine) -> None:
    fill(store, *story(SATURDAY))
    assert words(again(store, "2026-04-01 00:00", "2026-05-01 00:00")) == [
        "09 10:00 warning",
        "09 15:00 warning_before",
        "09 16:00 breach",
        "10 16:00 follow_up",
    ]


def test_what_an_answer_came_before_is_not_raised(store: Engine) -> None:
    fill(store, *story(SATURDAY, "2026-04-09 15:30 answers"))
    assert words(again(store, "2026-04-01 00:00", "2026-05-01 00:00")) == ["09 10:00 warning"]


def test_a_reply_that_was_late_between_two_sweeps_is_raised_as_a_breach(store: Engine) -> None:
    fill(store, *story(SATURDAY, "2026-04-09 17:10 answers"))
    raised = words(again(store, "2026-04-09 17:00", "2026-04-10 00:00"))
    assert raised == []
    assert words(again(store, "2026-04-09 16:30", "2026-04-10 00:00")) == ["09 16:00 breach"]


def test_a_reply_recorded_late_is_a_retracted_breach_as_recorded_and_none_as_it_happened(
    store: Engine,
) -> None:
    ask, reply = story(SATURDAY, "2026-04-09 16:30 answers")
    fill(store, ask, replace(reply, recorded_at=london("2026-04-09 18:30")))
    span = ("2026-04-09 16:30", "2026-04-10 00:00")
    assert words(again(store, *span)) == []
    assert words(again(store, *span, as_recorded=True)) == ["09 16:00 breach", "09 18:00 retracted"]


def test_a_replay_has_the_messages_that_the_sweeps_raised(store: Engine) -> None:
    desk = sweeper(store)
    events = [
        *story(SATURDAY, "2026-04-09 15:20 status pending", "2026-04-10 08:00 status open"),
        *story(
            "2026-04-08 10:00 asks",
            "2026-04-08 10:00 tier bug_fix",
            "2026-04-09 11:00 answers",
            "2026-04-09 18:00 status pending",
            "2026-04-10 08:30 status open",
            "2026-04-13 12:00 status solved",
            "2026-04-13 13:00 status open",
            ticket="2",
        ),
        *story("2026-04-09 10:10 asks", "2026-04-09 12:10 tier mission_critical", ticket="3"),
    ]
    at, end = london("2026-04-08 10:00"), london("2026-04-15 00:00")
    raised: list[tuple[datetime, str, str, str]] = []
    while at <= end:
        desk.append(*(e for e in events if e.happened_at <= at))
        before = {alert.key for alert in desk.alerts()}
        desk.sweep(f"{at.astimezone(LONDON):%Y-%m-%d %H:%M}")
        raised += [
            (at, a.facts["ticket"], a.facts["metric"], a.facts["milestone"])
            for a in desk.alerts()
            if a.key not in before
        ]
        at += timedelta(hours=1)
    found = again(store, "2026-04-08 09:00", "2026-04-15 00:00", then=desk.book)
    assert len(raised) > 10
    assert sorted((m.sweep, m.ticket, m.metric, m.what) for m in found.messages) == sorted(raised)


def slowly(events: list[Event], policies: PolicyBook, sweeps: Sweeps) -> Counter[Line]:
    """What sweeps would have raised and taken back, one by one, by the sweep's own evaluation."""
    raised: dict[str, bool] = {}
    found: Counter[Line] = Counter()
    earliest = min(epoch_microseconds(e.happened_at) for e in events) // HOUR
    names = {int(e.ticket): key_prefix(e.source, e.ticket) for e in events}
    for hour in range(earliest, sweeps.last + 1):
        at = to_datetime(hour * HOUR)
        known = [e for e in events if max(e.happened_at, e.recorded_at) <= at]
        if not known:
            continue
        evaluation = evaluate(columns(known), names, policies, at)
        assert evaluation.clocks is not None
        for key in [key for key, true in raised.items() if true]:
            if ":breach:" in key and breach_key(key) not in evaluation.alerts:
                raised[key] = False
                clock, when = key.split(":breach:")
                _, _, ticket, metric, instance = clock.rsplit(":", 4)
                line = (ticket, metric, int(instance), RETRACTED, datetime.fromisoformat(when))
                if hour >= sweeps.first:
                    found[at, *line] += 1
        for key, alert in evaluation.alerts.items():
            if raised.get(key):
                continue
            raised[key] = True
            metric = METRICS[int(evaluation.clocks.metric[alert.clock])].value
            instance = int(evaluation.clocks.instance[alert.clock])
            what, when = alert.milestone.value, to_datetime(alert.at)
            if hour >= sweeps.first:
                found[at, str(alert.ticket), metric, instance, what, when] += 1
    return found


def columnar(events: list[Event], policies: PolicyBook, sweeps: Sweeps) -> Counter[Line]:
    log = columns(events)
    at = {(e.happened_at, e.order): e for e in events}
    ordered = sorted(at.values(), key=lambda e: e.order)
    known = [epoch_microseconds(max(e.happened_at, e.recorded_at)) for e in ordered]
    raised = sweep_messages(Views.of(log, np.array(known, dtype=np.int64), sweeps), policies)
    found: Counter[Line] = Counter()
    for n in range(len(raised)):
        clock = int(raised.clock[n])
        line = (
            to_datetime(int(raised.sweep[n]) * HOUR),
            str(raised.ticket[n]),
            METRICS[int(raised.clocks.metric[clock])].value,
            int(raised.clocks.instance[clock]),
            MESSAGE_KINDS[int(raised.what[n])],
            to_datetime(int(raised.at[n])),
        )
        found[line] += 1
    return found


def window(first: int, length: int) -> Sweeps:
    start = to_micros(datetime(2026, 3, 26, tzinfo=UTC)) + first * HOUR
    return Sweeps.between(start, start + length * HOUR)


@settings(max_examples=40, phases=[Phase.generate])
@given(
    stories(1),
    st.integers(0, 60),
    st.integers(1, 40),
    st.lists(st.sampled_from([0, 0, 0, 600, 7200, 100_000]), min_size=10, max_size=10),
)
def test_all_views_at_once_agree_with_sweeps_one_by_one(
    raised: list[Event], begin: int, length: int, delays: list[int]
) -> None:
    events = [
        replace(e, recorded_at=e.happened_at + timedelta(seconds=delay))
        for e, delay in zip(raised, delays, strict=False)
    ]
    sweeps = window(begin, length)
    assert columnar(events, book(), sweeps) == slowly(events, book(), sweeps)


@given(stories(1), st.integers(0, 100), st.integers(1, 80), st.integers(1, 80))
def test_two_periods_that_meet_add_up_to_the_whole(
    events: list[Event], begin: int, length: int, more: int
) -> None:
    whole = columnar(events, book(), window(begin, length + more))
    parts = columnar(events, book(), window(begin, length))
    parts += columnar(events, book(), window(begin + length, more))
    assert parts == whole


EVERYTHING = [
    *story(SATURDAY, "2026-04-08 12:00 answers", "2026-04-08 13:00 status solved"),
    *story("2026-04-07 09:00 asks", ticket="2"),
    *story(
        "2026-04-07 10:00 asks",
        "2026-04-07 10:00 tier bug_fix",
        "2026-04-07 11:00 answers",
        "2026-04-09 12:00 status solved",
        "2026-04-20 12:00 status open",
        "2026-04-28 12:00 status solved",
        ticket="3",
    ),
    *story("2026-04-07 10:00 asks", "2026-04-08 10:00 merged", ticket="4"),
]


def attainment(found: Replay, policy: int = 0) -> Counter[tuple[str, str, str]]:
    counted: Counter[tuple[str, str, str]] = Counter()
    for (tier, metric), each in found.policies[policy].attainment.items():
        counted[tier, metric, "due"] += each.due
        counted[tier, metric, "met"] += each.met
    counted["", "", "left out"] += found.policies[policy].left_out
    return +counted


def test_a_promise_falls_due_in_exactly_one_of_two_periods(store: Engine) -> None:
    fill(store, *EVERYTHING)
    whole = again(store, "2026-04-01 00:00", "2026-05-01 00:00")
    for split in ("2026-04-08 10:00", "2026-04-09 17:00", "2026-04-09 12:00", "2026-04-20 12:00"):
        parts = again(store, "2026-04-01 00:00", split), again(store, split, "2026-05-01 00:00")
        assert attainment(parts[0]) + attainment(parts[1]) == attainment(whole), split
        assert lines(parts[0]) + lines(parts[1]) == lines(whole), split


def test_attainment_agrees_with_the_clocks(store: Engine) -> None:
    fill(store, *EVERYTHING)
    found = again(store, "2026-04-01 00:00", "2026-05-01 00:00")
    counted: Counter[tuple[str, str, str]] = Counter()
    with reading(store) as connection:
        for row in rows(connection, book(), LATER, Unjudgeable()):
            due = row["breached_at"] or row["deadline"]
            if row["state"] in ("merged", "deleted"):
                counted["", "", "left out"] += row["target_seconds"] is not None
            elif due:
                counted[row["tier"], row["metric"], "due"] += 1
                counted[row["tier"], row["metric"], "met"] += row["breached_at"] is None
    assert attainment(found) == +counted
    assert attainment(found)["user_support", "first_reply_time", "due"] == 2
    assert attainment(found)["", "", "left out"] == 1


def test_another_policy_stands_beside_the_one_in_force(store: Engine) -> None:
    fill(store, *EVERYTHING)
    slack = policy_version([user_support(working_days=30), bug_fix(), mission_critical()])
    found = again(store, "2026-04-01 00:00", "2026-05-01 00:00", then=book(), slack=book(slack))
    then, relaxed = attainment(found), attainment(found, 1)
    key = ("user_support", "first_reply_time")
    assert (then[*key, "met"], then[*key, "due"]) == (1, 2)
    assert (relaxed[*key, "met"], relaxed[*key, "due"]) == (0, 0)
    assert relaxed["bug_fix", "resolution_time", "due"] == 1
    assert [each.name for each in found.policies] == ["then", "slack"]
    assert lines(found) == lines(again(store, "2026-04-01 00:00", "2026-05-01 00:00"))


def test_a_period_that_has_not_ended_ends_now(store: Engine) -> None:
    fill(store, *story(SATURDAY))
    found = again(store, "2026-04-01 00:00", "2026-05-01 00:00", as_of=london("2026-04-09 16:30"))
    assert words(found) == ["09 10:00 warning", "09 15:00 warning_before"]
    assert attainment(found) == Counter()


def test_a_ticket_beyond_all_calendars_is_named_and_the_others_go_on(store: Engine) -> None:
    far = story("2026-04-07 10:00 asks", "2150-01-01 10:00 answers", ticket="9")
    fill(store, *story(SATURDAY), *far)
    found = again(store, "2026-04-01 00:00", "2026-05-01 00:00")
    assert [each.ticket for each in found.unjudged] == ["9"]
    assert len(found.messages) == 4


def test_promises_that_two_policies_judge_otherwise_are_named(store: Engine) -> None:
    fill(
        store,
        *story("2026-04-13 11:00 asks", "2026-04-15 11:00 answers", ticket="1"),
        *story("2026-04-13 11:00 asks", "2026-04-13 12:00 answers", ticket="2"),
    )
    strict = policy_version([user_support(working_days=1), bug_fix(), mission_critical()])
    found = again(store, "2026-04-01 00:00", "2026-05-01 00:00", then=book(), strict=book(strict))
    named = [(each.ticket, each.metric, each.instance, each.met) for each in found.changed]
    assert named == [("1", "first_reply_time", 1, (True, False))]
    assert found.changed_total == 1
    assert again(store, "2026-04-01 00:00", "2026-05-01 00:00").changed == ()


def test_a_ticket_whose_log_begins_later_is_replayed_as_it_was_swept() -> None:
    at = datetime(2026, 3, 26, 8, 0, tzinfo=UTC)
    late = at + timedelta(seconds=100_000)
    since = "2026-03-28T08:00:00+00:00"
    events = [
        Event("test", f"1-{n}", "1", kind, at, recorded, Author.CUSTOMER, value, sequence=n + 1)
        for n, (kind, recorded, value) in enumerate(
            [
                (EventKind.CREATED, late, None),
                (EventKind.KNOWN_SINCE, late, since),
                (EventKind.TIER, at, "mission_critical"),
            ]
        )
    ]
    sweeps = window(21, 36)
    assert columnar(events, book(), sweeps) == slowly(events, book(), sweeps)


def test_without_messages_it_counts_the_same_and_holds_none(store: Engine) -> None:
    fill(store, *story(SATURDAY, "2026-04-13 10:00 answers"))
    books = {"then": book(), "stricter": book(policy_version([user_support(working_days=1)]))}
    period = Period(london("2026-04-01 00:00"), london("2026-05-01 00:00"), LATER)
    with reading(store) as connection:
        whole = replay(connection, books, period)
        short = replay(connection, books, period, with_messages=False)
    assert whole.messages
    assert replace(whole, messages=()) == short
