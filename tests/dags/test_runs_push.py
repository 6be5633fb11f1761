"""The judgement of jobs that push, in a real Airflow."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from builders import configure
from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import alerts, push_standings
from supportops.flows.sites import push_check


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_job_whose_secret_is_not_set_is_an_alert_and_not_silent(
    bag, store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = configure(tmp_path / "config", [{"name": "shop", "url": "http://127.0.0.1:9/"}])
    with (folder / "sites.yaml").open("a") as file:
        file.write("monitors: [{name: backup, site: shop, token: push_backup, every: 1h}]\n")
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    push_check.beat(Context(store, folder, {}.get), datetime.now(UTC), started=True)
    run = bag.dags["push_check"].test()
    assert run.state == "success"
    with reading(store) as connection:
        assert connection.execute(select(push_standings.c.state)).scalars().all() == ["unknown"]
        kinds = connection.execute(select(alerts.c.kind, alerts.c.subject)).all()
    assert kinds == [("configuration", "tokens of push monitors")]
