"""Clocks of what a database gives back, in whatever order the events came to it."""

from __future__ import annotations

from random import Random

from sqlalchemy import Engine

from sla.policies import (
    book,
    clocks,
    london,
    story,
)
from sla.slow_clock import slow_clocks
from supportops.db.engine import reading, writing
from supportops.tickets.log.event_reading import event_columns
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Event

WORDS = [
    *["answers", "writes", "status pending", "status open", "status solved", "tier bug_fix"] * 2,
    *["auto-replies", "notes", "tier mission_critical", "merged", "restored"],
]


def random_story(ticket: int) -> list[Event]:
    """A ticket's week in April, with events that meet at one minute."""
    draw = Random(ticket)
    hours = sorted(draw.choice(range(12, 140)) for _ in range(draw.randint(1, 9)))
    lines = [
        f"2026-04-{10 + hour // 24} {hour % 24:02}:{draw.choice(['00', '30'])} {draw.choice(WORDS)}"
        for hour in hours
    ]
    return story("2026-04-10 11:00 asks", *lines, ticket=str(ticket))


def test_the_clocks_agree_with_the_slow_reference_after_a_database(store: Engine) -> None:
    at = london("2026-04-17 12:00")
    stories = {str(number): random_story(number) for number in range(1, 81)}
    events = [event for own in stories.values() for event in own]
    Random(1).shuffle(events)
    with writing(store) as connection:
        append_events(connection, events, at)
    with reading(store) as connection:
        frame = clocks(event_columns(connection), book(), at).frame()
    expected = [row for own in stories.values() for row in slow_clocks(own, book(), at)]

    def plain(state: object, *instants: object) -> tuple[str, ...]:
        return (str(state), *("" if str(i) in ("None", "NaT") else str(i) for i in instants))

    names = ["state", "metric", "started_at", "deadline", "ended_at", "breached_at"]
    ours = sorted(plain(*row) for row in frame[names].itertuples(index=False))
    assert ours == sorted(plain(*(getattr(row, name) for name in names)) for row in expected)
    assert len(ours) > 150
