"""The hourly housekeeping in a real Airflow, on a real store."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from builders import NOON
from flows.sites.availability.logs import SEEN, Log
from supportops.db.activity import Flow, activities
from supportops.db.engine import reading
from supportops.db.schema import check_results
from supportops.sites.summaries import store as summaries
from supportops.sites.summaries.day import DAY


def test_it_folds_what_is_over_and_removes_what_is_old(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bag
) -> None:
    log = Log(store, tmp_path / "config")
    log.configured({"name": "shop", "interval": "1d"})
    for day in range(20):
        log.run(day * 24 * 60, {"shop": ".", SEEN: "."})
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(log.folder))
    run = bag.dags["housekeeping"].test()
    assert run.state == "success", run.get_task_instances()
    with reading(store) as connection:
        (folded,) = summaries.folded_until(connection).values()
        took = activities(connection)[Flow.HOUSEKEEPING].took
        first = connection.execute(select(func.min(check_results.c.slot))).scalar_one()
    assert folded == (NOON + 19 * DAY).replace(hour=11)
    assert took is not None
    assert timedelta(0) < took < timedelta(minutes=5)
    assert first == NOON + 11 * DAY
