"""When an answer is due, as a customer reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from supportops.rendering.due_by import due_by, moment
from supportops.sla.policy import Metric

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
LONDON = ZoneInfo("Europe/London")


def said(metric: Metric, deadline: datetime | None, language: str = "en-GB") -> str:
    return due_by(metric, deadline, language=language, zone=LONDON, now=NOW)


def test_what_is_due_and_when() -> None:
    thursday = NOW.replace(day=26, hour=17)
    assert said(Metric.FIRST_REPLY, thursday) == "answer due by Thu 17:00"
    assert said(Metric.NEXT_REPLY, thursday) == "answer due by Thu 17:00"
    assert said(Metric.UPDATE, thursday) == "progress update due by Thu 17:00"
    assert said(Metric.RESOLUTION, thursday) == "solution due by Thu 17:00"
    assert said(Metric.RESOLUTION, None) == "waiting for your answer"
    late = NOW - timedelta(hours=3)
    assert said(Metric.FIRST_REPLY, late) == "answer was due by Tue 09:00"


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", "Antwort bis Do 17:00"), ("fr", "réponse attendue avant jeu. 17:00")],
)
def test_it_is_in_the_readers_language(language: str, words: str) -> None:
    assert said(Metric.FIRST_REPLY, NOW.replace(day=26, hour=17), language) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2026, 11, 30, 9, tzinfo=UTC), "Mon 09:00"),
        (datetime(2026, 12, 1, 9, tzinfo=UTC), "Tue 1 Dec 09:00"),
        (datetime(2026, 11, 23, 9, tzinfo=UTC), "Mon 23 Nov 09:00"),
        (datetime(2027, 1, 7, 9, tzinfo=UTC), "Thu 7 Jan 2027 09:00"),
        (datetime(2026, 11, 24, 23, 30, tzinfo=UTC), "Tue 23:30"),
    ],
)
def test_a_weekday_alone_is_one_of_the_next_six_days(at: datetime, words: str) -> None:
    assert moment(at, language="en-GB", zone=LONDON, now=NOW) == words


def test_an_hour_that_comes_twice_names_its_offset() -> None:
    now = datetime(2026, 10, 24, 12, tzinfo=UTC)
    found = [
        moment(datetime(2026, 10, 25, hour, 30, tzinfo=UTC), language="en-GB", zone=LONDON, now=now)
        for hour in (0, 1, 2)
    ]
    assert found == ["Sun 01:30 (UTC+01:00)", "Sun 01:30 (UTC+00:00)", "Sun 02:30"]


def test_the_zone_decides_the_day() -> None:
    at = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    auckland = ZoneInfo("Pacific/Auckland")
    assert moment(at, language="en-GB", zone=auckland, now=NOW) == "Fri 12:30"
