"""A desk with customers who get a monthly report: Acme in English, Birch in German."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from flows.reports.reporting.report_builders import ALERTS, ReportDesk, reporting_desk
from sla.policies import london
from supportops.config.reports import audience_name
from supportops.config.snapshots import save
from supportops.context import Context
from supportops.db.engine import writing
from supportops.db.schema import check_runs
from supportops.flows.reports.reporting.keeping import ReportResult
from supportops.flows.reports.reporting.selection import ReportRequest
from supportops.reports.period import Cadence

MONTHLY = """
targets: {user_support: 95%, bug_fix: 95%}
availability: {default: 99.9%}
monthly: {approval: APPROVAL, agency: Northlight Web, colour: "#f2b632", formats: [FORMATS]}
"""
CUSTOMERS = """
customers:
  - {name: Acme, aliases: [Acme Ltd], contacts: [acme], reports: [monthly], colour: "#0a5c8c"}
  - {name: Birch, contacts: [birch], reports: [monthly], language: de-DE}
"""
BIRCH = "  birch: [{name: birch_email, channel: email, secret: apprise_birch_email}]\nroutes:"
ACME, GERMAN = audience_name("Acme"), audience_name("Birch")
APRIL = "2026-04"
# 1 May 2026 is a Friday, and no bank holiday in England.
DUE = "2026-05-01 09:00"


def monthly_desk(
    store: Engine, folder: Path, *, approval: str = "none", formats: str = "csv, json"
) -> ReportDesk:
    readers = MONTHLY.replace("APPROVAL", approval).replace("FORMATS", formats)
    desk = reporting_desk(store, folder, readers)
    (folder / "alerts.yaml").write_text(ALERTS.replace("routes:", BIRCH), encoding="utf-8")
    (folder / "customers.yaml").write_text(CUSTOMERS, encoding="utf-8")
    return desk


def monthly(
    desk: ReportDesk, *labels: str, at: str = DUE, send: bool = False, again: bool = False
) -> list[ReportResult]:
    request = ReportRequest(Cadence.MONTHLY, labels or (APRIL,), send=send, again=again)
    return desk.make(request, at)


def of_customer(desk: ReportDesk, name: str, *labels: str, at: str = DUE) -> list[ReportResult]:
    request = ReportRequest(Cadence.MONTHLY, labels or (APRIL,), customers=(name,))
    return desk.make(request, at)


def context_of(desk: ReportDesk) -> Context:
    return Context(desk.store, desk.folder, {}.get)


def checked(desk: ReportDesk, at: str) -> None:
    """A run of checks by the configuration of now, in which nothing was looked at."""
    when = london(at)
    with writing(desk.store) as connection:
        save(connection, desk.configuration, when)
        row = {"slot": when, "configuration": desk.configuration.digest, "started_at": when}
        row |= {"sites": 0, "judged_at": when, "judged_order": int(when.timestamp())}
        connection.execute(check_runs.insert(), [row])
