"""The month in which an installation or a customer began, and one by the sites of its own days."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, insert

from flows.reports.monthly.months import (
    ACME,
    APRIL,
    GERMAN,
    checked,
    context_of,
    monthly,
    monthly_desk,
)
from flows.reports.reporting.report_builders import ReportDesk, a_week
from sla.policies import london
from supportops.db.engine import writing
from supportops.db.schema import domain_checks
from supportops.flows.reports import monthly_report, report_approval
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.reports.formats.file import JSON
from supportops.sites.incident import Change, ChangeKind, Incident, IncidentKind
from supportops.sites.store import save_changes

pytestmark = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> ReportDesk:
    return monthly_desk(store, tmp_path / "config")


def run_at(desk: ReportDesk, at: str, *, send: bool = False) -> list[str]:
    instant = london(at)
    found = monthly_report.run(context_of(desk), instant, instant, scheduled=True, send=send)
    return [each["state"] for each in found["reports"]]


def test_what_was_watched_for_its_last_evening_alone_waits_for_somebody(desk: ReportDesk) -> None:
    checked(desk, "2026-04-30 22:00")
    assert run_at(desk, "2026-05-01 09:00") == ["waiting"] * 2
    assert run_at(desk, "2026-05-02 09:00") == ["waiting"] * 2
    assert desk.queued() == []
    context, now = context_of(desk), london("2026-05-02 10:00")
    first, second = (each.id for each in report_approval.waiting(context))
    (done,) = report_approval.decide(context, [first], "ada", now, approve=True)
    assert done.recipients == ("acme_email",)
    report_approval.decide(context, [second], "ada", now, approve=False)
    assert run_at(desk, "2026-05-03 09:00") == ["sent before", "rejected"]


def test_it_is_sent_at_once_where_somebody_asks_for_that(desk: ReportDesk) -> None:
    checked(desk, "2026-04-30 22:00")
    assert run_at(desk, "2026-05-01 09:00", send=True) == ["sent"] * 2


def test_a_month_that_began_late_says_since_when_sites_were_watched(desk: ReportDesk) -> None:
    checked(desk, "2026-04-20 10:00")
    assert run_at(desk, "2026-05-01 09:00") == ["sent"] * 2
    monthly(desk)
    text = " ".join(desk.text(ACME).split())
    assert "Sites were watched since Mon 20 Apr 10:00: their figures are of the time after" in text
    assert "seit" in " ".join(desk.text(GERMAN).split())


def test_old_ticket_data_waits_for_somebody_and_goes_out_once_the_sync_has_caught_up(
    desk: ReportDesk,
) -> None:
    checked(desk, "2026-03-01 10:00")
    desk.append(*a_week())
    assert run_at(desk, "2026-05-01 09:00") == ["waiting"] * 2
    with writing(desk.store) as connection:
        mark_synced(connection, "test", london("2026-05-02 08:55"))
    assert run_at(desk, "2026-05-02 09:00") == ["sent"] * 2
    assert report_approval.waiting(context_of(desk)) == []


def test_a_site_added_beside_an_older_one_shortens_no_month(desk: ReportDesk) -> None:
    checked(desk, "2026-03-01 10:00")
    file = desk.folder / "sites.yaml"
    found = yaml.safe_load(file.read_text())
    found["sites"].append({"name": "till", "url": "https://till.example/", "customer": "Acme"})
    file.write_text(yaml.safe_dump(found))
    checked(desk, "2026-04-29 10:00")
    assert run_at(desk, "2026-05-01 09:00") == ["sent"] * 2
    monthly(desk)
    assert "Sites were watched since" not in desk.text(ACME)


def test_what_ends_soon_is_that_of_the_sites_of_its_own_day(desk: ReportDesk) -> None:
    shop = {"name": "shop", "customer": "Acme", "url": "https://www.example.org/"}
    (desk.folder / "sites.yaml").write_text(json.dumps({"sites": [shop], "domains": {}}))
    checked(desk, "2026-03-01 10:00")
    moved = {"sites": [{**shop, "customer": "Birch"}], "domains": {}}
    (desk.folder / "sites.yaml").write_text(json.dumps(moved))
    checked(desk, "2026-05-10 10:00")
    known = {"status": "known", "ends": "2026-05-20T00:00:00Z", "detail": ""}
    with writing(desk.store) as connection:
        row = {"domain": "example.org", "checked_at": london("2026-05-01 03:00")}
        row |= {"found": {"registration": known, "records": {}, "mail": {}}}
        connection.execute(insert(domain_checks), row)
    monthly(desk, APRIL, at="2026-05-12 09:00")
    names = {
        audience: [each["name"] for each in json.loads(desk.text(audience, JSON))["month"]["ahead"]]
        for audience in (ACME, GERMAN)
    }
    assert names == {ACME: ["example.org"], GERMAN: []}


def test_an_end_that_only_the_file_knows_is_ahead_too(desk: ReportDesk) -> None:
    shop = {"name": "shop", "customer": "Acme", "url": "https://www.example.org/"}
    names = {"example.org": {"expires": "2026-05-20"}}
    data = {"sites": [shop], "domains": {"names": names}}
    (desk.folder / "sites.yaml").write_text(json.dumps(data))
    monthly(desk)
    (ahead,) = json.loads(desk.text(ACME, JSON))["month"]["ahead"]
    assert (ahead["name"], ahead["ends_at"][:10]) == ("example.org", "2026-05-20")


def test_a_logo_that_cannot_be_drawn_costs_no_pdf(store: Engine, tmp_path: Path) -> None:
    desk = monthly_desk(store, tmp_path / "config", formats="pdf")
    broken = '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>'
    (desk.folder / "logo.svg").write_text(broken)
    customers = desk.folder / "customers.yaml"
    customers.write_text(customers.read_text().replace("[monthly],", "[monthly], logo: logo.svg,"))
    acme, _ = monthly(desk)
    assert acme.troubles == ("the logo could not be made (TypstError)",)
    assert "report.pdf" in [file.name for file in desk.files[ACME]]


def test_an_outage_in_which_a_site_changes_hands_is_in_both_months_as_far_as_it_was_theirs(
    desk: ReportDesk,
) -> None:
    shop = {"name": "shop", "customer": "Acme", "url": "https://www.example.org/"}
    (desk.folder / "sites.yaml").write_text(json.dumps({"sites": [shop]}))
    checked(desk, "2026-03-01 10:00")
    (desk.folder / "sites.yaml").write_text(json.dumps({"sites": [{**shop, "customer": "Birch"}]}))
    checked(desk, "2026-04-15 12:00")
    for begun, ended in (("10 10:00", "10 11:00"), ("15 10:00", "15 14:00"), ("20 10:00", None)):
        start = london(f"2026-04-{begun}")
        over = london(f"2026-04-{ended}") if ended else None
        outage = Incident(
            kind=IncidentKind.OUTAGE,
            subject="shop",
            reason="timeout",
            started_at=start,
            opened_at=start,
            site="shop",
            customer="Birch",
            ended_at=over,
            closed_at=over,
        )
        with writing(desk.store) as connection:
            save_changes(connection, [Change(ChangeKind.OPENED, outage, "")])
    monthly(desk)
    seen = {}
    for audience in (ACME, GERMAN):
        figures = json.loads(desk.text(audience, JSON))
        (site,) = figures["sites"]
        assert site["outages"] == len(figures["incidents"]) == 2
        seen[audience] = [(i["started_at"], i["ended_at"]) for i in figures["incidents"]]
    handed = "2026-04-15T11:00:00Z"
    assert sorted(seen[ACME])[1] == ("2026-04-15T09:00:00Z", handed)
    assert sorted(seen[GERMAN]) == [
        (handed, "2026-04-15T13:00:00Z"),
        ("2026-04-20T09:00:00Z", None),
    ]


def test_a_domain_of_which_nobody_knows_the_end_is_named(desk: ReportDesk) -> None:
    shop = {"name": "shop", "customer": "Acme", "url": "https://www.example.org/"}
    other = {"name": "club", "customer": "Birch", "url": "https://10.0.0.1/"}
    (desk.folder / "sites.yaml").write_text(json.dumps({"sites": [shop, other], "domains": {}}))
    monthly(desk)
    month = json.loads(desk.text(ACME, JSON))["month"]
    assert (month["watched"], month["ahead"], month["unknown"]) == (0, [], ["example.org"])
    assert "It is not known when these registrations end: example.org." in desk.text(ACME)
    assert "Registrierungen" not in desk.text(GERMAN)
