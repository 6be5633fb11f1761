"""Alerts: by channel, what arrived, what failed, and how long after its cause."""

from __future__ import annotations

from reports.site_frames import alert, alerts
from supportops.reports.figures import Delivered
from supportops.reports.measuring.alert_figures import deliveries


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
    told = [alert(handed_over=f"2026-11-18 12:{minute:02}") for minute in range(1, 11)]

    (line,) = deliveries(alerts(*told, alert(failures=4), alert(failures=4)))

    assert line == Delivered("email", 10, 8, 2, 300.0, 540.0)


def test_a_channel_on_which_nothing_arrived_has_no_times() -> None:
    (line,) = deliveries(alerts(alert(channel="chat", failures=2)))

    assert line == Delivered("chat", 0, 2, 1, None, None)


def test_no_alerts_have_no_lines() -> None:
    assert deliveries(alerts()) == ()


def test_clocks_that_disagree_make_no_negative_time() -> None:
    (line,) = deliveries(alerts(alert("2026-11-18 12:00", "2026-11-18 11:59")))

    assert line.median == 0.0


def test_the_order_of_rows_changes_nothing() -> None:
    rows = [
        alert(channel=f"c{n % 3}", handed_over=f"2026-11-18 12:{n:02}", failures=n)
        for n in range(20)
    ]

    assert deliveries(alerts(*rows)) == deliveries(alerts(*reversed(rows)))
