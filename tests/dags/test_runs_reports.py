"""The reports' DAGs in a real Airflow, on a real store; what they kept and queued is asserted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from builders import configure
from flows.reports.reporting.report_builders import ALERTS, READERS, SITES, WEEK, a_week
from supportops.db.engine import reading, writing
from supportops.db.schema import messages, reports
from supportops.tickets.log.store import append_events

MONDAY = datetime(2026, 4, 20, 7, tzinfo=UTC)  # 08:00 in London


@pytest.fixture
def installation(
    store: Engine, store_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Engine:
    config = configure(tmp_path / "config", SITES)
    (config / "alerts.yaml").write_text(ALERTS)
    (config / "reports.yaml").write_text(READERS)
    monkeypatch.setenv("SUPPORTOPS_DATABASE_URL", store_address)
    monkeypatch.setenv("SUPPORTOPS_CONFIG", str(config))
    with writing(store) as connection:
        append_events(connection, a_week(), datetime(2030, 1, 1, tzinfo=UTC))
    return store


def stored(store: Engine) -> list[tuple[str, str, str, bool]]:
    c = reports.c
    with reading(store) as connection:
        rows = connection.execute(
            select(c.cadence, c.period, c.audience, c.issued_at).order_by(c.id)
        )
        return [(*row[:3], row[3] is not None) for row in rows]


def queued(store: Engine) -> list[str]:
    with reading(store) as connection:
        return list(connection.execute(select(messages.c.target).order_by(messages.c.id)).scalars())


def outcome(run: Any, task: str) -> Any:
    (instance,) = run.get_task_instances()
    return instance.xcom_pull(task_ids=task)


def test_a_run_by_hand_makes_drafts_of_the_last_week(installation: Engine, bag) -> None:
    run = bag.dags["weekly_report"].test(logical_date=MONDAY)

    assert run.state == "success"
    assert stored(installation) == [
        ("weekly", WEEK, "managers", False),
        ("weekly", WEEK, "acme", False),
    ]
    assert queued(installation) == []


def test_a_run_with_send_sends_once_however_often_it_runs(installation: Engine, bag) -> None:
    form = {"week": WEEK, "audience": "managers", "send": True}
    for _ in range(2):
        run = bag.dags["weekly_report"].test(run_conf=form)
        assert run.state == "success"

    assert stored(installation) == [("weekly", WEEK, "managers", True)]
    assert queued(installation) == ["manager_email"]
    (made,) = outcome(run, "report")["reports"]
    assert made["state"] == "sent before"


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("form", [{"week": "2026-W54"}, {"audience": "nobody", "send": True}])
def test_what_nobody_can_make_fails_and_keeps_nothing(
    installation: Engine, bag, form: dict[str, Any]
) -> None:
    run = bag.dags["weekly_report"].test(run_conf=form)

    assert run.state == "failed"
    assert stored(installation) == []
    assert queued(installation) == []


def test_the_daily_report_is_about_the_last_working_day(installation: Engine, bag) -> None:
    tuesday_after_easter = datetime(2026, 4, 7, 6, 30, tzinfo=UTC)
    run = bag.dags["daily_report"].test(logical_date=tuesday_after_easter)

    assert run.state == "success"
    assert stored(installation) == [("daily", "2026-04-02", "managers", False)]


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_the_monthly_report_by_hand_is_a_draft_of_the_month_before(
    installation: Engine, bag
) -> None:
    form = {"customer": "acme", "month": "2026-04"}
    run = bag.dags["monthly_report"].test(run_conf=form)

    assert run.state == "success"
    ((cadence, period, audience, issued),) = stored(installation)
    assert (cadence, period, issued) == ("monthly", "2026-04", False)
    assert audience.startswith("customer_acme_")


def test_on_a_bank_holiday_there_is_no_daily_report(installation: Engine, bag) -> None:
    easter_monday = datetime(2026, 4, 6, 6, 30, tzinfo=UTC)
    run = bag.dags["daily_report"].test(logical_date=easter_monday)

    assert run.state == "success"
    assert outcome(run, "report")["note"] == "no working day"
    assert stored(installation) == []
