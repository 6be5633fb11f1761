"""Mailboxes are read in a real Airflow, and what is left at night starts the dispatch."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from airflow_home import dag_bag
from flows.tickets.mailing.mails import drop, installation, voicemail
from supportops.db.schema import alerts, recordings


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_message_is_read_and_without_a_mailbox_the_run_is_skipped(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = installation(tmp_path, interval="2m")
    levels = folder / "service_levels.yaml"
    hours = levels.read_text()
    levels.unlink()  # without its hours every message pages
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    drop(tmp_path / "box", voicemail(), datetime.now(UTC))
    dag = dag_bag().dags["mailbox"]
    assert dag.timetable.expression == "*/2 * * * *"
    assert dag.test().state == "success"
    with store.connect() as connection:
        assert len(connection.execute(select(recordings)).all()) == 1
        kinds = connection.execute(select(alerts.c.kind)).scalars()
        assert sorted(kinds) == ["call", "configuration"]
    # Of a folder that is whole the absence of an optional file counts.
    levels.write_text(hours)
    (folder / "mailbox.yaml").unlink()
    run = dag.test()
    assert [each.state for each in run.get_task_instances()] == ["skipped"]
