"""The columnar clocks agree with the slow reference, whatever happens to the tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sla.policies import (
    always,
    bug_fix,
    clocks,
    columns,
    mission_critical,
    office,
    user_support,
    version,
)
from sla.slow_clock import Row, slow_clocks
from supportops.sla.clock import Clocks
from supportops.sla.counting.breaches import overdue, owed
from supportops.sla.events import MICRO, NONE
from supportops.sla.history import prepare
from supportops.sla.judging import judge
from supportops.sla.policy import DayReading, PolicyBook, Promise, Target
from supportops.tickets.ticket import Author, Event, EventKind

# Easter with its bank holidays, the Sunday before it with the change to summer time.
BEGIN = datetime(2026, 3, 26, 8, tzinfo=UTC)
STATUSES = ["new", "open", "pending", "hold", "solved", "closed"]
TIERS = ["user_support", "bug_fix", "mission_critical", "unheard_of"]
VALUES = {
    EventKind.STATUS: STATUSES,
    EventKind.TIER: TIERS,
    EventKind.CUSTOMER: ["Acme", "Bolt"],
    EventKind.TAGS: ["vip", "vip,late", "late", ""],
}
KINDS = [
    *[EventKind.COMMENT] * 6,
    *[EventKind.STATUS] * 5,
    *[EventKind.TIER] * 2,
    *[kind for kind in EventKind if kind is not EventKind.PRIORITY],
]
COMES_AND_GOES = {EventKind.MERGED, EventKind.DELETED, EventKind.RESTORED}
STEPS = [0, 0, 0, 1, 60, 900, 1800, 3600, 4 * 3600, 8 * 3600, 86_400, 3 * 86_400]


@st.composite
def stories(draw: st.DrawFn, ticket: int) -> list[Event]:
    """A ticket's life: mostly created by a customer, in steps that like to meet at one instant."""
    at = BEGIN + timedelta(seconds=draw(st.integers(0, 6 * 86_400)))
    if draw(st.booleans()):
        at = at.replace(minute=0, second=0)
    acts: list[tuple[EventKind, Author, str | None, datetime]] = []
    if draw(st.integers(0, 9)):
        creator = draw(st.sampled_from([Author.CUSTOMER] * 4 + [Author.AGENT, Author.AUTOMATIC]))
        acts.append((EventKind.CREATED, creator, None, at))
        if not draw(st.integers(0, 4)):
            acts.append((EventKind.KNOWN_SINCE, Author.AUTOMATIC, "2026-03-28T08:00:00+00:00", at))
    for _ in range(draw(st.integers(0 if acts else 1, 9))):
        at += timedelta(seconds=draw(st.sampled_from(STEPS)))
        if not draw(st.integers(0, 9)):
            at += timedelta(microseconds=draw(st.integers(1, 1_500_000)))
        kind = draw(st.sampled_from(KINDS))
        if kind in COMES_AND_GOES and any(k in COMES_AND_GOES and t == at for k, _, _, t in acts):
            kind = EventKind.NOTE  # no source says of one instant that a ticket went and came back
        value = draw(st.sampled_from(VALUES[kind])) if kind in VALUES else None
        acts.append((kind, draw(st.sampled_from(list(Author))), value, at))
    if acts[0][0] is EventKind.CREATED and not draw(st.integers(0, 9)):
        late = acts[0][3] + timedelta(seconds=draw(st.sampled_from(STEPS)))
        acts[0] = (*acts[0][:3], late)  # some sources stamp the creation after the first acts
    return [
        Event("test", f"{ticket}-{n}", str(ticket), kind, when, when, author, value, sequence=n + 1)
        for n, (kind, author, value, when) in enumerate(acts)
    ]


@given(st.data())
def test_a_clock_that_ended_late_is_broken_and_one_that_ended_in_time_is_not(
    data: st.DataObject,
) -> None:
    events, policies = data.draw(stories(1)), data.draw(books())
    as_of = max(event.happened_at for event in events) + timedelta(days=9)
    for row in judge(prepare(columns(events)), policies, as_of).frame().itertuples():
        if row.state == "fulfilled" and not pd.isna(row.deadline):
            broken = not pd.isna(row.breached_at)
            if row.ended_at > row.deadline:
                assert broken, row
            elif broken:  # by a promise that stood before
                assert row.breached_at <= row.ended_at, row


@st.composite
def books(draw: st.DrawFn) -> PolicyBook:
    reading = draw(st.sampled_from(list(DayReading)))
    tiers: list[Promise] = [user_support(reading), bug_fix(reading), mission_critical()]
    waiting = frozenset({"pending", "hold"})
    for_few = Promise(
        "vip",
        "bug_fix",
        draw(st.sampled_from(["office", "always"])),
        tuple(
            Target(t.metric, t.deadline, t.aim, waiting if t.pauses else frozenset())
            for t in mission_critical().targets[draw(st.integers(0, 2)) :]
        ),
        customers=draw(st.sampled_from([frozenset(), frozenset({" ACME"})])),
        tags=frozenset({"vip"}),
    )
    tiers[0] = replace(tiers[0], solved_counts_as_reply=draw(st.booleans()))
    versions = [version([for_few, *tiers])]
    if draw(st.booleans()):
        since = BEGIN + timedelta(hours=draw(st.integers(0, 9 * 24)))
        later = [user_support(reading, 1), *tiers[2:]]
        versions.append(version(later, "later", since))
    return PolicyBook(tuple(versions), {"office": office(), "always": always()}, "user_support")


def rows_of(found: Clocks) -> dict[int, list[Row]]:
    """The engine's rows, in the words of the slow ones."""
    by_ticket: dict[int, list[Row]] = {}
    late = overdue(found)[found.in_order()]
    frame = found.frame().assign(
        overdue_seconds=np.where(late == NONE, np.nan, late / MICRO),
        owed=owed(found)[found.in_order()],
    )
    for row in frame.to_dict("records"):
        by_ticket.setdefault(row["ticket"], []).append(_row(row))
    return by_ticket


def _row(row: dict[str, Any]) -> Row:
    def at(name: str) -> datetime | None:
        return None if pd.isna(row[name]) else row[name].to_pydatetime()

    def number(name: str) -> float | None:
        return None if np.isnan(row[name]) else round(row[name], 6)

    def promise(name: str) -> str | None:
        return row[name].split("/")[1] if isinstance(row[name], str) else None

    return Row(
        row["metric"],
        row["instance"],
        row["tier"],
        promise("policy"),
        row["state"],
        row["started_at"].to_pydatetime(),
        at("deadline"),
        at("aim"),
        at("ended_at"),
        at("breached_at"),
        number("open_seconds"),
        number("paused_seconds"),
        row["breached_tier"] if isinstance(row["breached_tier"], str) else None,
        promise("breached_policy"),
        at("breached_deadline"),
        number("overdue_seconds"),
        bool(row["owed"]),
    )


def slowly(events: list[Event], book: PolicyBook, as_of: datetime) -> dict[int, list[Row]]:
    by_ticket: dict[int, list[Event]] = {}
    for event in events:
        by_ticket.setdefault(int(event.ticket), []).append(event)
    rows = {n: slow_clocks(own, book, as_of) for n, own in sorted(by_ticket.items())}
    return {n: [_rounded(row) for row in own] for n, own in rows.items() if own}


def _rounded(row: Row) -> Row:
    fields = {**row.__dict__}
    for name in ("open_seconds", "paused_seconds"):
        if fields[name] is not None:
            fields[name] = round(fields[name], 6)
    return Row(**fields)


MANY = st.integers(1, 6).flatmap(
    lambda number: st.tuples(*(stories(ticket) for ticket in range(1, number + 1)))
)
INSTANTS = st.integers(-3600, 30 * 86_400).map(lambda s: BEGIN + timedelta(seconds=s))
careful = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@careful
@given(MANY, books(), INSTANTS, st.integers(0, 2**32), st.booleans())
def test_the_columns_agree_with_the_slow_reference(
    tickets: tuple[list[Event], ...],
    book: PolicyBook,
    as_of: datetime,
    seed: int,
    at_an_event: bool,
):
    events = [event for own in tickets for event in own]
    shuffle = Random(seed)
    if at_an_event:
        as_of = shuffle.choice(events).happened_at
    expected = slowly(events, book, as_of)
    mixed = columns(events)
    places = list(range(len(events)))
    shuffle.shuffle(places)
    assert rows_of(clocks(mixed.take(np.array(places)), book, as_of)) == expected


@settings(careful, max_examples=30)
@given(MANY, books(), INSTANTS)
def test_what_came_later_changes_nothing_of_what_was(
    tickets: tuple[list[Event], ...], book: PolicyBook, as_of: datetime
):
    events = [event for own in tickets for event in own]
    then = [event for event in events if event.happened_at <= as_of]
    now = rows_of(judge(prepare(columns(events)), book, as_of))
    assert now == (rows_of(clocks(columns(then), book, as_of)) if then else {})


@settings(careful, max_examples=30)
@given(MANY, books(), INSTANTS)
def test_at_its_deadline_a_clock_shows_exactly_what_was_promised(
    tickets: tuple[list[Event], ...], book: PolicyBook, as_of: datetime
):
    history = prepare(columns([event for own in tickets for event in own]))
    for row in judge(history, book, as_of).frame().to_dict("records"):
        if pd.isna(row["deadline"]) or row["deadline"] > as_of or row["state"] != "running":
            continue
        again = judge(history, book, row["deadline"].to_pydatetime()).frame()
        key = (again["ticket"] == row["ticket"]) & (again["metric"] == row["metric"])
        then = again[key & (again["instance"] == row["instance"])]
        if len(then) and then["policy"].iloc[0] == row["policy"]:
            assert then["open_seconds"].iloc[0] == row["target_seconds"]
