"""Degraded time as `availability` prints it and reports get it, on both databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.sites.availability.logs import MINUTE, Log
from supportops.cli.tables.sites import availability_table
from supportops.reports.facts import SITE_COLUMNS, frame_of

WELL, LOSSY = ["."] * 12, ["xx."] * 24


@pytest.fixture
def log(store: Engine, tmp_path: Path) -> Log:
    return Log(store, tmp_path / "config")


def test_the_json_has_degraded_time_as_a_part_of_the_time_up(log: Log) -> None:
    log.runs(*WELL, *LOSSY)
    (row,) = log.rows(0, 180)
    known = json.loads(json.dumps(row.to_json()))
    assert (known["degraded_seconds"], known["up_seconds"]) == (7200.0, 10_800.0)
    assert known["degraded_share"] == pytest.approx(2 / 3)
    assert (known["up_share"], known["down_seconds"], known["outages"]) == (1.0, 0.0, 0)


def test_the_table_has_a_column_of_it(
    log: Log, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    log.runs(*WELL, *LOSSY)
    availability_table(log.rows(0, 180))
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["site", "up", "degraded", "down"]
    (shop,) = [line for line in lines if line.startswith("shop")]
    assert shop.split()[:3] == ["shop", "100.00", "%"]
    assert " 2 h 00 min (66.67 %) " in shop


def test_a_period_that_begins_in_degraded_time_counts_it_from_its_start(log: Log) -> None:
    log.runs(*WELL, *LOSSY, *LOSSY)
    found = log.of(240, 300)
    assert (found.degraded, found.up) == (60 * MINUTE, 60 * MINUTE)


def test_a_report_gets_the_same_time_and_one_incident(log: Log) -> None:
    log.runs(*WELL, *LOSSY)
    sites, incidents = log.report(0, 180)
    frame = frame_of(sites, SITE_COLUMNS)
    assert frame["degraded_seconds"].tolist() == [log.of(0, 180).degraded.total_seconds()]
    assert [(row["kind"], row["reason"]) for row in incidents] == [("fault", "degraded")]
    assert [row["down_seconds"] for row in incidents] == [0.0]
