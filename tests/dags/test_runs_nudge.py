"""What Zendesk's webhook said makes the DAG `notices` ask a real Airflow for a run of the sync."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import Engine, select

from builders import configure
from supportops.context import Context, no_secrets
from supportops.db.schema import sync_nudges
from supportops.flows.tickets.syncing.nudges import SETTLED, record_nudge

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
SYNC = "ticket_sync"


def nudge(store: Engine, signature: str) -> None:
    """Zendesk said something, long enough ago for a sync to find it."""
    context = Context(store, Path("/nowhere"), no_secrets)
    record_nudge(context, "zendesk", signature, datetime.now(UTC) - SETTLED - timedelta(seconds=1))


def nudged_runs() -> list[Any]:
    with create_session() as session:
        wanted = select(DagRun).where(DagRun.dag_id == SYNC, DagRun.run_id.startswith("nudged__"))
        return list(session.scalars(wanted.order_by(DagRun.id)))


def asked(store: Engine) -> list[bool]:
    c = sync_nudges.c
    with store.connect() as connection:
        rows = connection.execute(select(c.asked_at).order_by(c.signature)).scalars()
        return [at is not None for at in rows]


@pytest.fixture
def installed(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Engine:
    folder = configure(tmp_path / "config", [])
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(folder))
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.delenv("AIRFLOW_CONN_ZENDESK", raising=False)
    return store


def test_a_nudge_is_one_run_of_the_sync_which_reads_what_was_said_since_too(
    bag: Any, installed: Engine
) -> None:
    notices, sync = bag.dags["notices"], bag.dags[SYNC]
    assert sync.test().state == "success"  # Airflow knows the DAG from here on
    before = len(nudged_runs())
    nudge(installed, "one")
    assert notices.test().state == "success"
    *_, run = nudged_runs()
    assert (run.state, asked(installed)) == ("queued", [True])
    nudge(installed, "two")
    assert notices.test().state == "success"
    assert len(nudged_runs()) == before + 1, "the run that waits reads this, too"
    assert asked(installed) == [True, True]
    with create_session() as session:
        for each in nudged_runs():
            session.delete(session.merge(each))


def test_where_airflow_does_not_start_it_the_nudge_waits_and_notices_go_on(
    bag: Any, installed: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportops_dags.nudging.SYNC", "no_such_dag")
    nudge(installed, "one")
    assert bag.dags["notices"].test().state == "success"
    assert asked(installed) == [False]
