from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alert_builders import office
from supportops.alerts.routing.period import DigestPeriod, parse

LONDON = "Europe/London"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "now", "expected"),
    [
        ("hourly", "2026-11-24T12:00:00", "2026-11-24T12:00"),
        ("hourly", "2026-11-24T12:00:00.000001", "2026-11-24T13:00"),
        ("15m", "2026-11-24T23:50:00", "2026-11-25T00:00"),
        ("daily 08:30", "2026-11-24T08:30:00", "2026-11-24T08:30"),
        ("daily 08:30", "2026-11-24T08:30:01", "2026-11-25T08:30"),
        ("daily 08:30", "2026-07-01T07:29:00", "2026-07-01T07:30"),  # summer time
        ("workdays 8:30", "2026-11-27T09:00:00", "2026-11-30T08:30"),  # over a weekend
        ("mon 08:30", "2026-11-24T12:00:00", "2026-11-30T08:30"),
        ("daily 01:30", "2026-03-28T12:00:00", "2026-03-29T01:30"),  # a time that is skipped
        ("daily 01:30", "2026-10-24T12:00:00", "2026-10-25T00:30"),  # one that comes twice
    ],
)
def test_the_next_instant_of_a_period(period: str, now: str, expected: str) -> None:
    assert parse(period).next(at(now), LONDON, office()) == at(expected)


class NeverOpen:
    def next_open(self, t: datetime) -> datetime:
        return t + timedelta(days=400)


def test_an_office_that_never_opens_holds_back_nothing_for_ever() -> None:
    period = parse("workdays 08:30")
    assert period.next(at("2026-11-24T12:00"), LONDON, NeverOpen()) == at("2026-11-25T08:30")


@pytest.mark.parametrize("text", ["", "7m", "0h", "25h", "daily", "daily 24:00", "sunday 08:30"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="15m"):
        parse(text)


def test_a_period_reads_as_it_is_written() -> None:
    assert [str(parse(t)) for t in ("1h", "30m", "mon 8:05")] == [
        "every 1 h",
        "every 30 min",
        "mon 08:05",
    ]
    assert parse("hourly") == DigestPeriod(timedelta(hours=1))
