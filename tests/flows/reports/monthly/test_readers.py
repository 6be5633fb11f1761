"""Who is sent a month: a customer that is called otherwise since, one without contacts, and readers
on another clock than the office."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from flows.reports.monthly.months import ACME, APRIL, context_of, monthly, monthly_desk
from flows.reports.reporting.report_builders import ReportDesk, a_week
from sla.policies import london
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.config.reports import audience_name
from supportops.db.engine import reading, writing
from supportops.flows.alerts.watching.report_watch import watch_reports
from supportops.flows.reports import monthly_report, report_approval
from supportops.flows.reports.reporting.keeping import NO_RECIPIENTS
from supportops.reports.formats.file import JSON

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
RENAMED = audience_name("Acme Group")


def desk_of(store: Engine, folder: Path, approval: str = "none") -> ReportDesk:
    made = monthly_desk(store, folder / "config", approval=approval)
    made.append(*a_week())
    made.load_or_last_good("2026-03-01 08:00")
    return made


def change(desk: ReportDesk, file: str, old: str, new: str) -> None:
    path = desk.folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def rename(desk: ReportDesk) -> None:
    old = "name: Acme, aliases: [Acme Ltd]"
    change(desk, "customers.yaml", old, "name: Acme Group, aliases: [Acme, Acme Ltd]")


def run_at(desk: ReportDesk, at: str, *, send: bool = True) -> dict[str, Any]:
    instant = london(at)
    return monthly_report.run(context_of(desk), instant, instant, scheduled=True, send=send)


def states(found: dict[str, Any]) -> list[str]:
    return [each["state"] for each in found["reports"]]


def test_who_is_renamed_after_the_report_went_out_gets_no_second_one(
    store: Engine, tmp_path: Path
) -> None:
    desk = desk_of(store, tmp_path)
    run_at(desk, "2026-05-01 09:00")
    rename(desk)
    assert states(run_at(desk, "2026-05-02 09:00")) == ["sent before"] * 2
    assert [target for target, _ in desk.queued()] == ["acme_email", "birch_email"]


def test_the_year_of_who_was_renamed_repeats_what_was_sent(store: Engine, tmp_path: Path) -> None:
    desk = desk_of(store, tmp_path)
    run_at(desk, "2026-05-01 09:00")
    rename(desk)
    monthly(desk, "2026-05", at="2026-06-01 09:00")
    year = {each["label"]: each for each in json.loads(desk.text(RENAMED, JSON))["month"]["year"]}
    assert (year[APRIL]["issued"], year[APRIL]["due"]) == (True, 3)


def test_what_waits_for_approval_under_the_former_name_is_approved_or_replaced(
    store: Engine, tmp_path: Path
) -> None:
    desk = desk_of(store, tmp_path, "required")
    run_at(desk, "2026-05-01 09:00")
    rename(desk)
    context, now = context_of(desk), london("2026-05-02 10:00")
    first, second = report_approval.waiting(context)
    (done,) = report_approval.decide(context, [first.id], "ada", now, approve=True)
    assert (done.why, done.recipients) == (None, ("acme_email",))
    change(desk, "customers.yaml", "name: Birch,", "name: Birch Ltd, aliases: [Birch],")
    assert states(run_at(desk, "2026-05-02 09:00")) == ["sent before", "waiting"]
    (waits,) = report_approval.waiting(context)
    assert (waits.id != second.id, waits.customer) == (True, "Birch Ltd")


def test_what_went_out_under_the_former_name_is_not_late(store: Engine, tmp_path: Path) -> None:
    desk = desk_of(store, tmp_path, "required")
    change(desk, "reports.yaml", "targets:", "late: {monthly: '10:00'}\ntargets:")
    run_at(desk, "2026-05-01 09:00")
    context, now = context_of(desk), london("2026-05-01 10:30")
    ids = [each.id for each in report_approval.waiting(context)]
    report_approval.decide(context, ids, "ada", now, approve=False)
    rename(desk)
    with writing(desk.store) as connection:
        watch_reports(connection, desk.configuration, now)
    with reading(desk.store) as connection:
        assert list_open(connection, Kind.REPORT_TROUBLE) == []


def test_without_contacts_a_report_is_trouble_and_goes_out_once_there_are_some(
    store: Engine, tmp_path: Path
) -> None:
    desk = desk_of(store, tmp_path)
    change(desk, "customers.yaml", "contacts: [acme], ", "")
    acme = run_at(desk, "2026-05-01 09:00")["reports"][0]
    assert (acme["state"], acme["recipients"], acme["troubles"]) == ("draft", [], [NO_RECIPIENTS])
    with reading(desk.store) as connection:
        (alert,) = list_open(connection, Kind.REPORT_TROUBLE)
    assert NO_RECIPIENTS in alert.headline
    change(desk, "customers.yaml", "aliases: [Acme Ltd]", "aliases: [Acme Ltd], contacts: [acme]")
    assert states(run_at(desk, "2026-05-02 09:00")) == ["sent", "sent before"]
    assert ("acme_email", f"report:monthly:{APRIL}:{ACME}:1") in desk.queued()
    with reading(desk.store) as connection:
        assert list_open(connection, Kind.REPORT_TROUBLE) == []


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("America/New_York", "2026-05-01"),
        ("Australia/Sydney", "2026-05-01"),
        ("Pacific/Honolulu", "2026-05-02"),  # where April lasts until 11:00 of the office
    ],
)
def test_on_another_clock_than_the_offices_it_comes_once_the_month_is_over(
    store: Engine, tmp_path: Path, zone: str, first: str
) -> None:
    desk = desk_of(store, tmp_path)
    change(desk, "reports.yaml", "targets:", f"timezone: {zone}\ntargets:")
    days = ["2026-04-30", "2026-05-01", "2026-05-02"]
    made = [bool(run_at(desk, f"{day} 09:00", send=False)["reports"]) for day in days]
    assert days[made.index(True)] == first


def test_a_run_that_is_cleared_months_later_sends_no_newcomer_an_old_month(
    store: Engine, tmp_path: Path
) -> None:
    desk = desk_of(store, tmp_path)
    run_at(desk, "2026-05-01 09:00", send=False)
    newcomer = "  - {name: Till, contacts: [birch], reports: [monthly]}\n"
    customers = desk.folder / "customers.yaml"
    customers.write_text(customers.read_text() + newcomer)
    sent = desk.queued()
    at, now = london("2026-05-01 09:00"), london("2026-09-10 12:00")
    found = monthly_report.run(context_of(desk), at, now, scheduled=True)
    assert found["reports"][-1]["state"] == "draft"
    assert desk.queued() == sent
