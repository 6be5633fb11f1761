"""When a push is expected: intervals, cron expressions, and both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from supportops.sites.push.schedule import Cron, Every, ScheduleError

LONDON = "Europe/London"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(expression: str, start: str, count: int, zone: str = LONDON) -> list[str]:
    schedule, instant, found = Cron.checked(expression, zone), at(start), []
    for _ in range(count):
        instant = schedule.resumed(instant, instant)
        found.append(f"{instant:%d %H:%M}")
    return found


def test_an_interval_counts_from_the_last_push() -> None:
    every = Every(timedelta(hours=6))
    assert every.after(at("2026-04-07T10:20")) == at("2026-04-07T16:20")
    assert every.resumed(at("2026-04-07T16:20"), at("2026-04-07T16:20")) == at("2026-04-07T22:20")
    assert every.resumed(at("2026-04-07T16:20"), at("2026-04-09T03:00")) == at("2026-04-09T04:20")
    assert str(every) == "every 6h"


def test_a_time_that_the_clock_skips_is_expected_at_the_first_instant_after_it() -> None:
    assert times("30 1 * * *", "2026-03-27T12:00", 4) == [
        *("28 01:30", "29 01:00", "30 00:30", "31 00:30"),
    ]


def test_a_time_that_comes_twice_is_expected_once() -> None:
    assert times("30 1 * * *", "2026-10-24T12:00", 3) == ["25 00:30", "26 01:30", "27 01:30"]


def test_what_runs_by_the_hour_runs_in_both_hours_and_in_none_that_is_skipped() -> None:
    assert times("0 * * * *", "2026-10-24T23:30", 3) == ["25 00:00", "25 01:00", "25 02:00"]
    assert times("*/30 1 * * *", "2026-10-24T23:30", 5) == [
        *("25 00:00", "25 00:30", "25 01:00", "25 01:30", "26 01:00"),
    ]
    assert times("*/30 1 * * *", "2026-03-28T12:00", 2) == ["30 00:00", "30 00:30"]
    assert times("15,45 * * * *", "2026-03-29T00:20", 2) == ["29 00:45", "29 01:15"]


def test_a_zone_without_changes_of_the_clock_has_the_same_hour_all_year() -> None:
    assert times("0 2 * * *", "2026-03-28T12:00", 2, "Asia/Tokyo") == ["28 17:00", "29 17:00"]


def test_a_job_that_begins_a_few_seconds_early_has_begun_on_time() -> None:
    nightly = Cron.checked("0 2 * * *", "UTC")
    early = at("2026-04-07T02:00") - timedelta(seconds=40)
    assert nightly.after(early) == at("2026-04-08T02:00")
    assert nightly.after(at("2026-04-07T01:00")) == at("2026-04-07T02:00")


@pytest.mark.parametrize("written", ["@daily", "0 0 * * MON-FRI", "0 0 1 MAR *", "0 0 * * 7"])
def test_what_cron_knows_is_known(written: str) -> None:
    assert Cron.checked(written, LONDON).after(at("2026-04-07T10:00")) > at("2026-04-07T10:00")


@pytest.mark.parametrize(
    "written",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "0-70 * * * *", "*/0 * * * *", "@reboot"),
        *("0 0 31 2 *", "R * * * *", "H H * * *", "a b c d e", "0 0 * * *; rm", "٣ 0 * * *"),
        "9" * 4000 + " * * * *",
    ],
)
def test_what_is_no_schedule_is_refused_with_a_reason(written: str) -> None:
    with pytest.raises(ScheduleError, match="cron expression"):
        Cron.checked(written, LONDON)
