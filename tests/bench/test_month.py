"""The reckoning that a month is compared with, against instants worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from bench.month.reckoning import attainment, clocks
from bench.month.script import Act, Step, Story


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in October 2026; clocks in London change on the 25th."""
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


END = at(31, 0)


def due(story: Story) -> dict[tuple[str, int], tuple[datetime | None, bool]]:
    """When each promise falls due, and whether it is broken."""
    found = clocks(story, END)
    return {(each.metric, each.instance): (each.due, each.is_broken) for each in found}


def test_a_working_day_goes_on_after_the_weekend_on_which_clocks_change() -> None:
    # Friday 16:00 in London is 15:00 UTC; Monday 16:00 there is 16:00 UTC.
    story = Story(0, "bug_fix", "Acme", at(23, 15), ())
    found = due(story)
    assert found["first_reply_time", 1] == (at(26, 16), True)
    assert found["resolution_time", 1] == (at(28, 16), True)


def test_what_waits_for_the_customer_counts_for_no_news_and_no_fix() -> None:
    steps = (
        Step(at(5, 9), Act.REPLY),
        Step(at(5, 10), Act.WAIT),
        Step(at(7, 10), Act.ASK),
        Step(at(7, 15), Act.REPLY),
        Step(at(8, 12), Act.SOLVE),
    )
    found = due(Story(0, "bug_fix", "Acme", at(5, 8, 30), steps))
    assert found == {
        # The office opens at 8:00 UTC in summer and closes at 16:00.
        ("first_reply_time", 1): (at(6, 8, 30), False),
        ("next_reply_time", 1): (at(8, 10), False),
        ("update_time", 1): (at(8, 9), False),
        ("update_time", 2): (at(8, 15), False),
        ("resolution_time", 1): (at(9, 9), False),
    }


def test_a_promise_counts_where_it_fell_due_and_an_urgent_one_at_any_hour() -> None:
    late = Story(0, "mission_critical", "Acme", at(24, 23, 50), (Step(at(25, 0, 20), Act.REPLY),))
    before = attainment((late,), at(24, 0), at(25, 0), END)
    after = attainment((late,), at(25, 0), at(26, 0), END)
    assert before == {}
    first, update = (
        after["mission_critical", "first_reply_time"],
        ("mission_critical", "update_time"),
    )
    assert (first.due, first.met) == (1, 0)
    assert (after[update].due, after[update].met) == (1, 0)
