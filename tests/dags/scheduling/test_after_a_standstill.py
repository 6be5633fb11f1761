"""The runs after a DAG was paused or the scheduler was down, as docs/reliability.md has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.serialization.encoders import coerce_to_core_timetable
from airflow.timetables import trigger
from airflow.timetables.base import DataInterval, TimeRestriction
from pendulum import instance

SINCE = TimeRestriction(instance(datetime(2026, 1, 1, tzinfo=UTC)), None, False)


@pytest.mark.parametrize(
    ("name", "last", "now", "runs"),
    [
        # Two days, over the end of summer time in Europe.
        ("site_check", "2026-10-24T10:00Z", "2026-10-26T10:02Z", ["10-26T10:00", "10-26T10:05"]),
        ("ticket_sync", "2026-10-24T10:01Z", "2026-10-26T10:02Z", ["10-26T10:01", "10-26T10:06"]),
        ("sla_sweep", "2026-10-24T10:03Z", "2026-10-26T10:02Z", ["10-26T09:03", "10-26T10:03"]),
        ("daily_report", "2026-10-22T06:30Z", "2026-10-26T07:29Z", ["10-23T06:30", "10-26T07:30"]),
        ("daily_report", "2026-10-22T06:30Z", "2026-10-26T07:31Z", ["10-26T07:30", "10-27T07:30"]),
        ("weekly_report", "2026-10-05T07:00Z", "2026-10-28T10:00Z", ["10-26T08:00", "11-02T08:00"]),
        # Three hours, with the hour in them that summer time leaves out.
        ("site_check", "2026-03-28T23:30Z", "2026-03-29T02:31Z", ["03-29T02:30", "03-29T02:35"]),
    ],
)
def test_the_last_time_that_was_missed_is_made_up_for_at_once(
    bag: Any, monkeypatch: pytest.MonkeyPatch, name: str, last: str, now: str, runs: list[str]
) -> None:
    monkeypatch.setattr(trigger, "utcnow", lambda: instance(datetime.fromisoformat(now)))
    timetable = coerce_to_core_timetable(bag.dags[name].timetable)
    found, before = [], instance(datetime.fromisoformat(last))
    for _ in runs:
        run = timetable.next_dagrun_info(
            last_automated_data_interval=DataInterval.exact(before), restriction=SINCE
        )
        assert run is not None
        before = run.run_after
        found.append(before.astimezone(UTC).strftime("%m-%dT%H:%M"))
    assert found == runs
