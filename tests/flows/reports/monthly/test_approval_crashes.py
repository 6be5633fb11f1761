"""Killed at each step of a decision, a report is decided once and sent once, or still waits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.reports.monthly.months import context_of, monthly, monthly_desk
from flows.reports.reporting.report_builders import a_week
from supportops.db.engine import store_url
from supportops.flows.reports import report_approval

TESTS = Path(__file__).parents[3]
SCRIPT = TESTS / "flows/reports/monthly/killed_approvals.py"


@pytest.mark.parametrize("approve", [True, False])
def test_a_decision_is_whole_or_not_made(
    store: Engine, store_address: str, tmp_path: Path, approve: bool
) -> None:
    desk = monthly_desk(store, tmp_path / "config", approval="required")
    desk.append(*a_week())
    desk.load_or_last_good("2026-04-01 08:00")
    monthly(desk, send=True)
    report, *_ = report_approval.waiting(context_of(desk))
    order = {
        "store": store_url(store_address).render_as_string(hide_password=False),
        "report": report.id,
        "approve": approve,
    }
    done = subprocess.run(
        [sys.executable, str(SCRIPT), json.dumps(order)],
        env={"PYTHONPATH": f"{TESTS.parent / 'include'}:{TESTS}", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rounds = json.loads(done.stdout)
    verdict, sent = ("approved", 1) if approve else ("rejected", 0)
    assert sum(killed for killed, *_ in rounds) >= 3
    for killed, left, found in rounds:
        waits, decided = ["waiting", None, 0, 0], [verdict, "ada", sent, sent]
        assert left in (waits, decided)
        assert killed or left == decided
        assert found == (decided if left == decided else [verdict, "bob", sent, sent])
