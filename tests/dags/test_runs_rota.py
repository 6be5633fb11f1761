"""The calendars of the rota, read in a real Airflow."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from builders import configure
from flows.rota.test_rota_calendars import calendar, event
from supportops.flows.rota import rota_calendars


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_calendar_is_read_and_without_one_nothing_is_done(
    bag, store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = configure(tmp_path / "config", [{"name": "shop", "url": "http://127.0.0.1:9/"}])
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    without = bag.dags["rota_calendars"].test()
    assert [task.state for task in without.get_task_instances()] == ["skipped"]
    people = {"anna": {"receivers": ["engineers"]}}
    teams = {"web": {"calendar": {"file": "duty.ics"}}}
    (folder / "rota.yaml").write_text(json.dumps({"people": people, "teams": teams}))
    now = datetime.now(UTC)
    (folder / "duty.ics").write_bytes(calendar(event("anna", now, now + timedelta(hours=9))))
    assert bag.dags["rota_calendars"].test().state == "success"
    (read,) = rota_calendars.known(store).values()
    assert [person for _, _, person in read.duties] == ["anna"]
