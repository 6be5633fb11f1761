"""The daily check of domains in a real Airflow, where no site has a domain."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.utils.session import create_session
from sqlalchemy import Engine

from builders import configure


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_sites_without_a_domain_ask_nobody(
    bag, store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = configure(tmp_path / "config", [{"name": "shop", "url": "http://127.0.0.1:9/"}])
    with (folder / "sites.yaml").open("a") as file:
        file.write("domains: {}\n")
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    run = bag.dags["domain_check"].test()
    assert run.state == "success"
    with create_session() as session:
        summary = run.get_task_instance("check", session=session).xcom_pull(task_ids="check")
    assert (summary["domains"], summary["checked"], summary["changes"]) == (0, 0, [])
