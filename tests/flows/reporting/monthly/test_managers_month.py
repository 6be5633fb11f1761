"""An audience of reports.yaml may have its page about a calendar month."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.reporting.report_builders import ALERTS, a_week, reporting_desk
from supportops.flows.reporting.keeping import ReportState
from supportops.flows.reporting.selection import ReportRequest
from supportops.reports.period import Cadence

READERS = """
targets: {user_support: 95%, bug_fix: 95%}
availability: {default: 99.9%}
audiences:
  - {name: managers, title: Managers, receivers: [manager], reports: [monthly],
     formats: [pdf, xlsx, csv, json]}
"""


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_managers_get_a_month_with_the_parts_of_a_week(store: Engine, tmp_path: Path) -> None:
    desk = reporting_desk(store, tmp_path / "config", READERS)
    (desk.folder / "alerts.yaml").write_text(ALERTS)
    desk.append(*a_week())
    request = ReportRequest(Cadence.MONTHLY, ("2026-04",), send=True)
    (made,) = desk.make(request, "2026-05-01 09:00")
    assert (made.state, made.troubles) == (ReportState.SENT, ())
    assert made.subject.startswith("SLA April 2026: ")
    text = desk.text("managers")
    assert "In April 2026, " in text
    assert "How long it took" in text
    assert "Restatements" not in text
    assert desk.queued() == [("manager_email", "report:monthly:2026-04:managers:1")]
