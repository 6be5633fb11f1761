"""What came and went in a week, how old what is open is, and how messages went out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.frames import MONDAY, WEEK, ticket, tickets
from reports.site_frames import alert, alerts
from reports.slow_measuring import rows_of
from supportops.reports.figures import By, Delivered, LeftOut, TicketReason, Volume
from supportops.reports.measuring.volume import deliveries, left_out, volumes

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def whole(*rows: dict[str, Any]) -> Volume:
    (line,) = volumes(tickets(*rows), WEEK, MONDAY, By.ALL)
    return line


def test_no_tickets_is_one_line_of_nothing() -> None:
    assert whole() == Volume(By.ALL, None, 0, 0, 0, 0, 0, (0, 0, 0, 0), None)
    assert volumes(tickets(), WEEK, MONDAY, By.CUSTOMER) == ()


def test_a_ticket_arrives_in_the_week_in_which_it_was_created() -> None:
    begun = [WEEK.start - TICK, WEEK.start, WEEK.end - TICK, WEEK.end]
    line = whole(*(ticket(number=str(n), created=each) for n, each in enumerate(begun)))
    assert (line.arrived, line.open) == (2, 4)


def test_nothing_arrives_after_the_snapshot() -> None:
    noon = WEEK.start + DAY / 2
    frame = tickets(ticket(created=noon))
    for as_of, arrived in ((noon, 1), (noon - TICK, 0)):
        assert volumes(frame, WEEK, as_of, By.ALL)[0].arrived == arrived


@pytest.mark.parametrize(
    ("age", "part"),
    [
        (0 * DAY, 0),
        (DAY - TICK, 0),
        (DAY, 1),
        (3 * DAY - TICK, 1),
        (3 * DAY, 2),
        (7 * DAY - TICK, 2),
        (7 * DAY, 3),
        (900 * DAY, 3),
    ],
)
def test_the_backlog_is_parted_by_age(age: timedelta, part: int) -> None:
    line = whole(ticket(created=MONDAY - age))
    assert [n for n, count in enumerate(line.backlog) if count] == [part]
    assert line.oldest == age.total_seconds()


def test_only_open_tickets_are_backlog_and_the_oldest_of_them_is_measured() -> None:
    line = whole(
        ticket(number="1", created=MONDAY - 30 * DAY, open=False, status="solved", solved=1),
        ticket(number="2", created=MONDAY - 2 * DAY),
        ticket(number="3", created=MONDAY - DAY / 2),
    )
    assert (line.open, line.backlog, line.oldest) == (2, (1, 1, 0, 0), 2 * DAY.total_seconds())
    closed = whole(ticket(open=False, status="closed"))
    assert (closed.open, closed.backlog, closed.oldest) == (0, (0, 0, 0, 0), None)


def test_a_ticket_that_was_not_created_yet_is_no_backlog() -> None:
    line = whole(ticket(number="1", created=pd.NaT), ticket(number="2", created=MONDAY - DAY))
    assert (line.open, line.backlog, line.oldest) == (1, (0, 1, 0, 0), DAY.total_seconds())


def test_what_happened_to_tickets_more_than_once_counts_each_time() -> None:
    line = whole(ticket(solved=2, reopened=2, reassigned=3), ticket(number="2", solved=1))
    assert (line.solved, line.reopened, line.reassigned) == (3, 2, 3)


def test_merged_and_deleted_tickets_count_nowhere_but_among_those_left_out() -> None:
    rows = [
        ticket(number="1", left_out="merged", open=False, solved=1, reassigned=1),
        ticket(number="2", left_out="merged", open=False),
        ticket(number="3", left_out="deleted", customer="Gone"),
    ]
    assert whole(*rows) == whole()
    assert volumes(tickets(*rows), WEEK, MONDAY, By.CUSTOMER) == ()
    assert left_out(tickets(*rows), {}) == LeftOut(2, 1, ())


def test_tickets_without_clocks_are_shown_with_why() -> None:
    why = {"zendesk/9": "before the calendar begins", "file/a/b": "after it ends"}
    assert left_out(tickets(ticket()), why) == LeftOut(
        0,
        0,
        (
            TicketReason("file", "a/b", "after it ends"),
            TicketReason("zendesk", "9", "before the calendar begins"),
        ),
    )


def test_names_are_sorted_and_nobody_comes_last() -> None:
    owners = ["cy", None, "Bo", "cy"]
    rows = [ticket(number=str(n), assignee=each) for n, each in enumerate(owners)]
    found = volumes(tickets(*rows), WEEK, MONDAY, By.ASSIGNEE)
    assert [(line.name, line.arrived) for line in found] == [("Bo", 1), ("cy", 2), (None, 1)]


@st.composite
def ticket_frames(draw: st.DrawFn) -> pd.DataFrame:
    return tickets(
        *(
            ticket(
                number=str(n),
                created=MONDAY - draw(st.integers(0, 80)) * DAY / 4,
                open=draw(st.booleans()),
                customer=draw(st.sampled_from(["Acme", "Bolt", None])),
                solved=draw(st.integers(0, 2)),
                reopened=draw(st.integers(0, 2)),
                reassigned=draw(st.integers(0, 2)),
                left_out=draw(st.sampled_from([None, None, "merged", "deleted"])),
            )
            for n in range(draw(st.integers(0, 20)))
        )
    )


def slow_volume(frame: pd.DataFrame, by: By, name: str | None) -> Volume:
    rows = [row for row in rows_of(frame) if row["left_out"] is None]
    rows = [row for row in rows if by is By.ALL or row[by.value] == name]
    ages = [MONDAY - row["created_at"] for row in rows if row["open"]]
    return Volume(
        by,
        name,
        len([row for row in rows if WEEK.start <= row["created_at"] < WEEK.end]),
        sum(row["solved"] for row in rows),
        sum(row["reopened"] for row in rows),
        sum(row["reassigned"] for row in rows),
        len(ages),
        (
            len([age for age in ages if age < DAY]),
            len([age for age in ages if DAY <= age < 3 * DAY]),
            len([age for age in ages if 3 * DAY <= age < 7 * DAY]),
            len([age for age in ages if age >= 7 * DAY]),
        ),
        max((age.total_seconds() for age in ages), default=None),
    )


@settings(max_examples=40)
@given(ticket_frames(), st.randoms(use_true_random=False))
def test_lines_are_those_that_are_counted_by_hand_in_any_order(
    frame: pd.DataFrame, chance: Any
) -> None:
    order = list(range(len(frame)))
    chance.shuffle(order)
    for by in (By.CUSTOMER, By.ALL):
        found = volumes(frame.iloc[order], WEEK, MONDAY, by)
        assert found == tuple(slow_volume(frame, by, line.name) for line in found)
    by_customer = volumes(frame, WEEK, MONDAY, By.CUSTOMER)
    (total,) = volumes(frame, WEEK, MONDAY, By.ALL)
    assert sum(line.arrived for line in by_customer) == total.arrived
    assert sum(line.open for line in by_customer) == total.open == sum(total.backlog)


def test_each_channel_has_its_line() -> None:
    frame = alerts(
        alert(channel="sms", handed_over="2026-11-18 12:01"),
        alert(channel="email", handed_over="2026-11-18 12:02", failures=3),
    )

    assert deliveries(frame) == (
        Delivered("email", 1, 3, 0, 120.0, 120.0),
        Delivered("sms", 1, 0, 0, 60.0, 60.0),
    )


def test_times_are_of_what_was_handed_over_and_the_rest_is_counted() -> None:
    # Ten after 1 to 10 minutes: half within 5, nine tenths within 9. Two nobody ever got.
    delivered = [alert(handed_over=f"2026-11-18 12:{minute:02}") for minute in range(1, 11)]

    (line,) = deliveries(alerts(*delivered, alert(failures=4), alert(failures=4)))

    assert line == Delivered("email", 10, 8, 2, 300.0, 540.0)


def test_a_channel_on_which_nothing_arrived_has_no_times() -> None:
    (line,) = deliveries(alerts(alert(channel="chat", failures=2)))

    assert line == Delivered("chat", 0, 2, 1, None, None)


def test_no_alerts_have_no_lines() -> None:
    assert deliveries(alerts()) == ()


def test_clocks_that_disagree_make_no_negative_time() -> None:
    (line,) = deliveries(alerts(alert("2026-11-18 12:00", "2026-11-18 11:59")))

    assert line.median == 0.0


def test_the_order_of_messages_changes_nothing() -> None:
    rows = [
        alert(channel=f"c{n % 3}", handed_over=f"2026-11-18 12:{n:02}", failures=n)
        for n in range(20)
    ]

    assert deliveries(alerts(*rows)) == deliveries(alerts(*reversed(rows)))
