"""An audience of reports.yaml may have its page about a calendar month."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from flows.reports.reporting.report_builders import ALERTS, a_week, raised, reporting_desk
from supportops.flows.reports.reporting.keeping import ReportState
from supportops.flows.reports.reporting.selection import ReportRequest
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


TUTORIALS = """
tutorials:
  - {title: Reset your password, address: "https://help.example/password",
     questions: ["How do I reset my password?", "I forgot my password"]}
"""


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_managers_see_which_tutorials_would_have_answered_tickets(
    store: Engine, tmp_path: Path
) -> None:
    desk = reporting_desk(store, tmp_path / "config", READERS)
    (desk.folder / "alerts.yaml").write_text(ALERTS)
    (desk.folder / "tutorials.yaml").write_text(TUTORIALS)
    asks = "2026-04-08 09:00 asks"
    desk.append(*raised("1", asks, subject="I forgot my password, how do I reset it?"))
    desk.append(*raised("2", asks, subject="The invoice of March has a wrong address"))
    request = ReportRequest(Cadence.MONTHLY, ("2026-04",), send=True)
    (made,) = desk.make(request, "2026-05-01 09:00")
    assert (made.state, made.troubles) == (ReportState.SENT, ())
    text = " ".join(desk.text("managers").split())
    assert "Tutorials that would have answered tickets" in text
    assert "1 of 2 tickets have a tutorial that fits their question" in text
    assert "Reset your password" in text
