"""Weekly windows where the clock is changed: one interval each, open in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supportops.sites.maintenance import WeeklyMaintenance

LONDON, HOWE, APIA, CAIRO = "Europe/London", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo"
WEEK = timedelta(days=7)
MINUTE = timedelta(minutes=1)


def window(words: str, zone: str) -> WeeklyMaintenance:
    """For instance "sun 01:15-01:45"."""
    day, hours = words.split()
    start, end = (time.fromisoformat(each) for each in hours.split("-"))
    weekday = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(day)
    return WeeklyMaintenance(weekday, start, end, zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "zone", "opens", "closes"),
    [
        # An ordinary week, in summer and in winter, and past midnight.
        ("sun 01:15-01:45", LONDON, "2026-06-07 00:15", "2026-06-07 00:45"),
        ("sun 01:15-01:45", LONDON, "2026-02-01 01:15", "2026-02-01 01:45"),
        ("sat 23:00-03:00", LONDON, "2026-02-07 23:00", "2026-02-08 03:00"),
        ("wed 00:00-00:00", LONDON, "2026-02-04 00:00", "2026-02-05 00:00"),
        # London skips 01:00 to 02:00 on 29 March, at 01:00 UTC.
        ("sun 01:15-01:45", LONDON, "2026-03-29 01:00", "2026-03-29 01:30"),
        ("sun 01:30-02:30", LONDON, "2026-03-29 01:00", "2026-03-29 02:00"),
        ("sun 00:30-01:30", LONDON, "2026-03-29 00:30", "2026-03-29 01:30"),
        ("sun 00:30-02:30", LONDON, "2026-03-29 00:30", "2026-03-29 01:30"),
        ("sun 01:00-02:00", LONDON, "2026-03-29 01:00", "2026-03-29 02:00"),
        ("sat 23:00-01:30", LONDON, "2026-03-28 23:00", "2026-03-29 01:30"),
        # London shows 01:00 to 02:00 twice on 25 October, from 00:00 to 02:00 UTC.
        ("sun 01:15-01:45", LONDON, "2026-10-25 00:15", "2026-10-25 01:45"),
        ("sun 00:30-01:30", LONDON, "2026-10-24 23:30", "2026-10-25 01:30"),
        ("sun 01:30-03:00", LONDON, "2026-10-25 00:30", "2026-10-25 03:00"),
        ("sun 01:00-02:00", LONDON, "2026-10-25 00:00", "2026-10-25 02:00"),
        # Lord Howe moves by half an hour: it skips 02:00 to 02:30 and repeats 01:30 to 02:00.
        ("sun 02:10-02:20", HOWE, "2026-10-03 15:30", "2026-10-03 15:40"),
        ("sun 01:40-01:50", HOWE, "2026-04-04 14:40", "2026-04-04 15:20"),
        # Apia skipped all of Friday, 30 December 2011, at 10:00 UTC.
        ("fri 10:00-11:00", APIA, "2011-12-30 10:00", "2011-12-30 11:00"),
        ("fri 23:00-01:00", APIA, "2011-12-30 10:00", "2011-12-30 12:00"),
        ("thu 23:00-01:00", APIA, "2011-12-30 09:00", "2011-12-30 11:00"),
        ("sat 00:00-01:00", APIA, "2011-12-30 10:00", "2011-12-30 11:00"),
        # Cairo skips midnight to one on 24 April, and repeats 23:00 to midnight on 29 October.
        ("fri 00:00-00:30", CAIRO, "2026-04-23 22:00", "2026-04-23 22:30"),
        ("thu 23:00-00:00", CAIRO, "2026-04-23 21:00", "2026-04-23 22:00"),
        ("thu 23:15-23:45", CAIRO, "2026-10-29 20:15", "2026-10-29 21:45"),
        ("thu 22:00-00:00", CAIRO, "2026-10-29 19:00", "2026-10-29 22:00"),
        # St John's went from 00:01 back to 23:01 of the day before.
        ("sun 00:00-00:30", "America/St_Johns", "2010-11-07 02:30", "2010-11-07 04:00"),
    ],
)
def test_a_window_is_open(words: str, zone: str, opens: str, closes: str) -> None:
    found = window(words, zone)
    expected = (utc(opens), utc(closes))
    assert expected in [found.of_day(utc(opens).date() + timedelta(days=n)) for n in (-1, 0, 1)]
    for at in (utc(opens), utc(closes) - MINUTE):
        assert found.covers(at)
    assert not found.covers(utc(opens) - MINUTE)
    assert not found.covers(utc(closes))


ZONES = [LONDON, HOWE, APIA, CAIRO, "America/St_Johns", "Asia/Gaza", "Africa/Casablanca", "UTC"]
clocks = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
instants = st.integers(0, 40 * 366 * 24 * 60).map(lambda n: utc("1990-01-01") + n * MINUTE)


@given(st.integers(0, 6), clocks, clocks, st.sampled_from(ZONES), instants)
@example(4, time(10), time(11), APIA, utc("2011-12-30 10:30"))
@example(6, time(0), time(0, 30), "America/St_Johns", utc("2010-11-07 03:00"))
def test_what_covers_an_instant_lies_between_the_edges(
    weekday: int, start: time, end: time, zone: str, at: datetime
) -> None:
    found = WeeklyMaintenance(weekday, start, end, zone)
    first = at - timedelta(days=4)
    edges = found.edges(first, at + MINUTE)
    windows = list(zip(edges[::2], edges[1::2], strict=True))
    assert found.covers(at) == any(opens <= at < closes for opens, closes in windows)
    assert edges == sorted(edges)


@given(st.integers(0, 6), clocks, clocks, st.sampled_from(ZONES), instants)
def test_on_a_day_without_a_change_the_clock_decides(
    weekday: int, start: time, end: time, zone: str, at: datetime
) -> None:
    there = ZoneInfo(zone)
    offsets = {(at + n * timedelta(hours=1)).astimezone(there).utcoffset() for n in range(-49, 50)}
    if len(offsets) > 1:
        return
    local = at.astimezone(there)
    if start < end:
        expected = local.weekday() == weekday and start <= local.time() < end
    else:
        expected = (local.weekday() == weekday and local.time() >= start) or (
            local.weekday() == (weekday + 1) % 7 and local.time() < end
        )
    assert WeeklyMaintenance(weekday, start, end, zone).covers(at) is expected


@pytest.mark.parametrize("zone", ZONES)
def test_the_ends_of_the_calendar_are_no_trouble(zone: str) -> None:
    found = window("sun 01:15-01:45", zone)
    for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        assert not found.covers(at)
    assert len(found.edges(datetime.min.replace(tzinfo=UTC), utc("0001-02-01"))) < 16
    assert len(found.edges(utc("9999-12-01"), datetime.max.replace(tzinfo=UTC))) < 16
