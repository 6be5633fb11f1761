"""A customer's month: its parts in order, its figures beside the weekly ones, its schedule."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from flows.reports.monthly.months import (
    ACME,
    APRIL,
    DUE,
    GERMAN,
    context_of,
    monthly,
    monthly_desk,
    of_customer,
)
from flows.reports.reporting.report_builders import ReportDesk, a_week, raised
from sla.policies import london
from supportops.db.engine import writing
from supportops.db.schema import domain_checks
from supportops.flows.reports import monthly_report
from supportops.flows.reports.reporting.keeping import ReportState
from supportops.flows.reports.reporting.selection import ReportError
from supportops.reports.formats.file import JSON

on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> ReportDesk:
    made = monthly_desk(store, tmp_path / "config")
    made.load_or_last_good("2026-04-01 08:00")
    return made


def figures(desk: ReportDesk, audience: str = ACME) -> Any:
    return json.loads(desk.text(audience, JSON))


def test_uptime_comes_first_and_the_year_last(desk: ReportDesk) -> None:
    desk.append(*a_week())
    monthly(desk)
    text = desk.text(ACME)
    heads = ["Uptime", "Incidents", "Promises", "Tickets", "Work that was done", "The year so far"]
    places = [text.index(f"\n{head}\n{'-' * len(head)}") for head in heads]
    assert places == sorted(places)
    assert "Acme · by Northlight Web · 1-30 Apr 2026" in text


def test_each_customer_reads_it_in_its_own_language(desk: ReportDesk) -> None:
    desk.append(*a_week())
    results = monthly(desk)
    assert [each.subject.split(":")[0] for each in results] == [
        "Acme, April 2026",
        "Birch, April 2026",
    ]
    assert "Erledigte Arbeiten" in desk.text(GERMAN)
    assert "Work that was done" not in desk.text(GERMAN)


@on_sqlite
def test_a_month_without_any_event_still_reads_well(desk: ReportDesk) -> None:
    monthly(desk)
    text = desk.text(ACME)
    assert "no ticket was raised and none is open" in " ".join(text.split())
    assert "None: no site had an incident." in text
    assert "Promises\n" not in text
    assert not re.search(r"\bnan\b|\bNone\n", text)


@on_sqlite
def test_solved_tickets_are_listed_with_how_long_they_took(desk: ReportDesk) -> None:
    desk.append(*a_week())
    monthly(desk)
    month = figures(desk)["month"]
    (solved,) = month["solved"]
    assert (solved["number"], solved["solved_at"]) == ("1", "2026-04-15T09:00:00Z")
    assert solved["answered_after"] == 9 * 3600.0  # from nine to six, and from nine to ten
    assert solved["solved_after"] == 49 * 3600.0
    assert [each["number"] for each in month["waiting"]] == ["2", "3"]
    assert "User support, 1 ticket: “Help”." in desk.text(ACME)


@on_sqlite
def test_an_open_ticket_says_when_the_customer_hears_from_us(desk: ReportDesk) -> None:
    desk.append(*raised("soon", "2026-04-30 16:00 asks"), *raised("late", "2026-04-02 09:00 asks"))
    monthly(desk)
    waiting = figures(desk)["month"]["waiting"]
    assert [(each["number"], each["due_metric"]) for each in waiting] == [
        ("late", "first_reply_time"),
        ("soon", "first_reply_time"),
    ]
    text = " ".join(desk.text(ACME).split())
    assert "answer was due by" in text
    assert "answer due by" in text


def test_a_month_of_whole_weeks_has_the_sum_of_their_figures(desk: ReportDesk) -> None:
    """February 2027 begins on a Monday and has four weeks."""
    for number, day in enumerate(("01", "05", "09", "16", "19", "24", "26")):
        answered = f"2027-02-{day} 1{number}:30 answers"
        desk.append(*raised(str(number), f"2027-02-{day} 09:00 asks", answered))
    desk.append(*raised("late", "2027-02-03 09:00 asks", "2027-02-12 09:00 answers"))
    desk.append(*raised("next", "2027-01-29 12:00 asks", "2027-02-02 11:00 answers"))
    readers = desk.folder / "reports.yaml"
    weekly = (
        "audiences:\n  - {name: acme, title: Acme, customer: Acme, receivers: [acme],"
        " reports: [weekly], formats: [json]}\n"
    )
    readers.write_text(readers.read_text() + weekly)
    at = "2027-03-01 09:00"
    of_customer(desk, "Acme", "2027-02", at=at)
    month = figures(desk)
    weeks = []
    for number in range(5, 9):
        desk.weekly(f"2027-W{number:02}", at=at)
        weeks.append(figures(desk, "acme"))

    def total(found: Any) -> dict[str, int]:
        (line,) = (p for p in found["promises"] if p["by"] == "all" and p["metric"] is None)
        (tickets,) = (v for v in found["volumes"] if v["by"] == "all")
        sites = {
            name: sum(site[name] for site in found["sites"]) for name in ("down_seconds", "checks")
        }
        return {
            **{name: line["kept"][name] for name in ("due", "met", "breached")},
            **{name: tickets[name] for name in ("arrived", "solved", "reopened")},
            **sites,
        }

    sums = [total(week) for week in weeks]
    assert total(month) == {name: sum(each[name] for each in sums) for name in sums[0]}
    assert total(month)["due"] == 8  # the last one falls due in March
    this = month["month"]["year"][-1]
    assert (this["due"], this["met"]) == (total(month)["due"], total(month)["met"])


@pytest.mark.parametrize(("label", "hours"), [("2026-03", 743), ("2025-10", 745)])
@on_sqlite
def test_a_month_in_which_clocks_change_has_all_its_hours(
    desk: ReportDesk, label: str, hours: int
) -> None:
    of_customer(desk, "acme", label)
    (site,) = figures(desk)["sites"]
    assert site["unknown_share"] == 1.0
    (month,) = (each for each in figures(desk)["month"]["year"] if each["label"] == label)
    assert month["unknown_seconds"] == hours * 3600.0


@on_sqlite
def test_certificates_and_domains_that_end_soon_are_listed_with_their_days(
    desk: ReportDesk,
) -> None:
    checked = london("2026-05-01 03:00")
    until = {"example.org": "2026-05-20T00:00:00Z", "example.net": "2027-05-20T00:00:00Z"}
    sites = [
        {"name": f"site {n}", "customer": customer, "url": f"https://www.{domain}/"}
        for n, (customer, domain) in enumerate(
            [("Acme", "example.org"), ("Acme", "example.net"), ("Birch", "example.org")]
        )
    ]
    (desk.folder / "sites.yaml").write_text(json.dumps({"sites": sites}))
    found = {"records": {}, "mail": {}}
    with writing(desk.store) as connection:
        for domain, ends in until.items():
            registration = {"status": "known", "ends": ends, "detail": ""}
            row = {"domain": domain, "checked_at": checked}
            told = {"found": {"registration": registration, **found}}
            connection.execute(insert(domain_checks), row | told)
    monthly(desk)
    month = figures(desk)["month"]
    assert month["watched"] == 2
    (ahead,) = month["ahead"]
    assert (ahead["kind"], ahead["name"], ahead["site"]) == ("domain", "example.org", "site 0")
    text = desk.text(ACME)
    assert "2 certificates and domains are watched; these end in the next 60 days." in text
    assert "20 May 2026" in text
    assert "site 2" not in text
    monthly(desk, at="2026-05-01 02:00")  # nobody knew it yet
    assert figures(desk)["month"]["watched"] == 0


def test_the_year_so_far_repeats_what_was_sent_and_computes_what_was_not(desk: ReportDesk) -> None:
    desk.append(*raised("first", "2026-03-10 09:00 asks", "2026-03-10 10:00 answers"))
    monthly(desk, "2026-03", at="2026-04-01 09:00", send=True)
    desk.append(
        *raised("second", "2026-03-11 09:00 asks", "2026-03-11 10:00 answers")
    )  # learnt later
    desk.append(*raised("third", "2026-02-11 09:00 asks", "2026-02-11 10:00 answers"))
    desk.append(*a_week())
    monthly(desk)
    year = {each["label"]: each for each in figures(desk)["month"]["year"]}
    assert list(year) == ["2026-01", "2026-02", "2026-03", APRIL]
    assert [(each["due"], each["issued"]) for each in year.values()] == [
        (0, False),
        (1, False),
        (1, True),
        (3, False),
    ]


@on_sqlite
def test_a_report_is_asked_for_by_any_name_and_kept_under_one(desk: ReportDesk) -> None:
    (made,) = of_customer(desk, "  acme LTD ")
    assert (made.audience, made.state) == (ACME, ReportState.DRAFT)
    with pytest.raises(ReportError, match="no customer 'Acne'"):
        of_customer(desk, "Acne")


def run_at(desk: ReportDesk, at: str, **options: Any) -> dict[str, Any]:
    instant = london(at)
    return monthly_report.run(context_of(desk), instant, instant, scheduled=True, **options)


@pytest.mark.parametrize(
    ("at", "made"),
    [
        ("2026-04-30 09:00", 0),  # the month is not over
        ("2026-05-01 09:00", 2),
        ("2026-05-02 09:00", 2),  # the run of the first was missed
        ("2026-05-06 09:01", 0),  # too long ago
        ("2026-05-12 09:00", 0),
    ],
)
@on_sqlite
def test_it_comes_on_the_first_working_day_and_is_made_up_for(
    desk: ReportDesk, at: str, made: int
) -> None:
    assert len(run_at(desk, at)["reports"]) == made


@on_sqlite
def test_a_holiday_on_the_first_puts_it_off(desk: ReportDesk) -> None:
    assert run_at(desk, "2027-01-01 09:00")["note"] == "not due today"  # New Year's Day
    assert run_at(desk, "2027-01-03 09:00")["note"] == "not due today"  # a Sunday
    assert len(run_at(desk, "2027-01-04 09:00")["reports"]) == 2


@on_sqlite
def test_who_runs_it_on_every_day_sends_it_once(desk: ReportDesk) -> None:
    desk.append(*a_week())
    for days in range(4):
        at = london(DUE) + timedelta(days=days)
        monthly_report.run(context_of(desk), at, at, send=True, scheduled=True)
    assert [target for target, _ in desk.queued()] == ["acme_email", "birch_email"]
    assert len(desk.editions()) == 2
