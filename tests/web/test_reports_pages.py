"""The reports on the board: what is listed, what is shown, and what is handed out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from supportops.alerts.policy import Target
from supportops.config.reports import audience_name
from supportops.db.engine import writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.alerts import alert_dispatch
from supportops.flows.reports.reporting.messages import post
from supportops.notify.outgoing import Delivery, Outcome, OutgoingMessage
from supportops.reports import store as report_store
from supportops.reports.formats.file import COUNTED, MAIL_HTML, MAIL_TEXT, PAGE, PDF, WORKBOOK, File
from supportops.reports.links import file_path, report_link, report_path
from supportops.reports.period import Cadence
from web.boards import ACTOR, READER, draft, make_board, site_entry, visible, write_config

on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>'\"&\n\u202e{{7*7}}" + "x" * 3000
PICTURE = b"\x89PNG\r\n\x1a\n"
HTML = b'<!doctype html><p>The week<img src="trend.png"><a href="report.pdf">PDF</a>'
FILES = (
    File(PAGE, "text/html; charset=utf-8", HTML),
    File("trend.png", "text/html", PICTURE),
    File(PDF, "text/html", b"%PDF-1.7"),
    File(WORKBOOK, "text/html", b"PK"),
    File(MAIL_HTML, "text/html; charset=utf-8", HTML),
    File(MAIL_TEXT, "text/plain; charset=utf-8", b"The week"),
    File(COUNTED, "text/csv", b"ticket\n1\n"),
)
MANAGER = Target("manager_email", "email", "apprise_manager_email")
TEAM = Target("team_email", "email", "apprise_team_email")


class Board:
    """A store with reports in it, and the board over it, mounted as Airflow mounts it."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        configuration, error = load_or_last_good(
            engine, write_config(folder, [site_entry("alpha")]), MONDAY
        )
        assert error is None
        self.digest = configuration.digest
        outer = FastAPI()
        outer.mount("/support", make_board(engine, lambda: MONDAY))
        self.client = TestClient(outer, base_url="http://airflow.example")

    def keep(
        self,
        period: str = "2026-W47",
        audience: str = "managers",
        *sent_to: Target,
        files: tuple[File, ...] = FILES,
        **fields: Any,
    ) -> report_store.StoredReport:
        """The next edition of a report; a draft unless it is sent to somebody."""
        report = draft(self.digest, MONDAY, period, audience=audience, **fields)
        with writing(self.engine) as connection:
            stored = report_store.keep(connection, report, files)
            if sent_to:
                post(connection, stored, sent_to, MONDAY)
        return stored

    def dispatch(self, **outcomes: Outcome) -> None:
        """Sends what is queued; targets that are not named get theirs."""

        def send(url: str, message: OutgoingMessage, *, timeout: float) -> Delivery:
            name = url.removeprefix("json://apprise_")
            return Delivery(outcomes.get(name, Outcome.HANDED_OVER), "HTTP 500", 0.1)

        alert_dispatch.run(self.engine, lambda name: f"json://{name}", lambda: MONDAY, send=send)

    def request(self, path: str, **query: str) -> Response:
        return self.client.get(f"/support/{path}", params=query or None, headers=dict(READER))

    def get(self, path: str, **query: str) -> str:
        answer = self.request(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def frame(self, page: str) -> str:
        """The address that a report's page shows in its frame, as a browser resolves it."""
        (found,) = re.findall(r'<iframe [^>]*src="([^"]*)"', page)
        return urljoin("/support/report", found).removeprefix("/support/")


@pytest.fixture
def board(store: Engine, tmp_path: Path) -> Board:
    return Board(store, tmp_path / "config")


def report(audience: str = "managers", **query: str) -> dict[str, str]:
    return {"cadence": "weekly", "period": "2026-W47", "audience": audience} | query


@on_sqlite
def test_an_empty_shelf_says_when_the_first_report_comes(board: Board) -> None:
    assert "No report has been made yet." in board.get("reports")


def test_reports_are_listed_newest_first_in_words(board: Board) -> None:
    board.keep("2026-W46", subject="SLA week 46")
    board.keep("2026-W47", subject="SLA week 47")
    board.keep("2026-11-20", "team", cadence=Cadence.DAILY, subject="SLA Friday")
    page = visible(board.get("reports"))
    places = [page.index(words) for words in ("SLA week 47", "SLA Friday", "SLA week 46")]
    assert places == sorted(places)
    assert "Weekly 16-22 Nov 2026 Managers SLA week 47" in page
    assert "Daily 20 Nov 2026 Support team SLA Friday" in page


@on_sqlite
def test_a_daily_report_of_a_friday_is_listed_with_its_weekend(board: Board) -> None:
    monday = datetime(2026, 10, 26, tzinfo=UTC)  # clocks go back on the Sunday before
    board.keep("2026-10-23", cadence=Cadence.DAILY, ends_at=monday)
    assert "Daily 23-25 Oct 2026 Managers" in visible(board.get("reports"))


def test_the_list_says_whom_a_report_reached_and_whom_not(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER, TEAM)
    waiting = visible(board.get("reports"))
    assert "manager_email waiting team_email waiting" in waiting
    board.dispatch(team_email=Outcome.FAILED)
    page = visible(board.get("reports"))
    assert "Sent Mon 23 Nov 2026 08:00 GMT" in page
    assert "team_email failed, will be tried again manager_email handed over" in page


@on_sqlite
def test_a_draft_is_called_one(board: Board) -> None:
    board.keep()
    assert "Draft , made Mon 23 Nov 2026 08:00 GMT , not sent" in visible(board.get("reports"))
    page = board.get("report", **report())
    assert "Draft. This edition was not sent." in visible(page)
    assert 'class="sheet draft"' in page


def test_what_was_sent_counts_and_a_later_draft_stands_beside_it(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER)
    board.keep(subject="Known since")
    listed = visible(board.get("reports"))
    assert "a later draft differs" in listed
    assert "Known since" not in listed
    page = board.get("report", **report())
    assert board.frame(page) == "reports/weekly/2026-W47/managers/1/page.html"
    assert "What has become known since is in a draft" in visible(page)
    draft = board.get("report", **report(edition="2"))
    assert board.frame(draft) == "reports/weekly/2026-W47/managers/2/page.html"
    assert "Draft. This edition was not sent. What was sent" in visible(draft)


@on_sqlite
def test_a_corrected_edition_takes_the_place_of_the_first(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER)
    board.keep("2026-W47", "managers", MANAGER)
    assert board.frame(board.get("report", **report())).endswith("/2/page.html")
    first = visible(board.get("report", **report(edition="1")))
    assert "A corrected edition was sent after this one" in first


@on_sqlite
def test_a_report_says_to_whom_it_went_and_what_it_was_made_from(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER, TEAM, customer="Acme", troubles=("no PDF",))
    board.dispatch(team_email=Outcome.FAILED)
    page = visible(board.get("report", **report()))
    assert "manager_email email handed over" in page
    assert "team_email email failed, will be tried again" in page
    assert "HTTP 500" in page
    assert "no PDF" in page
    assert f"supportops 1.2.3, configuration {board.digest[:12]}" in page
    assert "Ticket data until Mon 23 Nov 2026 07:00 GMT" in page
    assert "Customer Acme" in page


@on_sqlite
def test_a_message_on_its_way_leads_to_its_report(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER)
    alerts = board.get("alerts")
    assert "manager_email email report waiting" in visible(alerts)
    (href,) = set(re.findall(r'href="(incident[^"]*)"', alerts))
    answer = board.request(href)
    assert answer.status_code == 200
    assert str(answer.url).endswith(
        "/support/report?cadence=weekly&period=2026-W47&audience=managers&edition=1"
    )
    assert "manager_email email waiting" in visible(answer.text)


def test_the_list_is_filtered_by_cadence_and_audience(board: Board) -> None:
    board.keep(subject="For managers")
    board.keep("2026-W47", "team", subject="For the team")
    board.keep("2026-11-20", "team", cadence=Cadence.DAILY, subject="Of Friday")
    daily = board.get("reports", cadence="daily")
    assert "Of Friday" in daily
    assert "For the team" not in daily
    team = board.get("reports", audience="team")
    assert "Of Friday" in team
    assert "For the team" in team
    assert "For managers" not in team
    assert "No report matches." in board.get("reports", cadence="daily", audience="managers")
    assert board.request("reports", audience="a\0b").status_code == 400


def test_the_list_is_paged(board: Board) -> None:
    weeks = [f"{year}-W{week:02}" for year in (2025, 2026) for week in range(10, 47)]
    for week in weeks[:45]:
        board.keep(week, subject=f"About {week}", files=())
    first = board.get("reports")
    assert first.count("About ") == 40
    assert "Newer" not in first
    (older,) = re.findall(r'href="(reports[^"]*page=2[^"]*)"', first)
    second = board.get(older.replace("&amp;", "&"))
    assert second.count("About ") == 5
    assert "About 2025-W10" in second
    assert "No reports are older than that." in board.get("reports", page="3")


@on_sqlite
def test_a_page_finds_its_pictures_and_downloads_beside_itself(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER)
    address = board.frame(board.get("report", **report()))
    page = board.request(address)
    assert (page.content, page.headers["content-type"]) == (HTML, "text/html; charset=utf-8")
    assert "content-disposition" not in page.headers
    picture = board.request(urljoin(address, "trend.png"))
    assert (picture.content, picture.headers["content-type"]) == (PICTURE, "image/png")
    pdf = board.request(urljoin(address, "report.pdf"))
    assert (pdf.content, pdf.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")
    named = 'attachment; filename="weekly-2026-W47-managers.pdf"'
    assert pdf.headers["content-disposition"] == named


@on_sqlite
def test_what_was_issued_runs_no_script_and_stays_out_of_caches(board: Board) -> None:
    board.keep()
    for name in ("page.html", "trend.png", "report.pdf"):
        path = file_path(Cadence.WEEKLY, "2026-W47", "managers", 1, name)
        headers = board.request(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'unsafe-inline';")
        assert "script" not in policy
        assert "frame-ancestors 'self'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@on_sqlite
def test_only_a_reports_page_may_hold_a_frame(board: Board) -> None:
    board.keep()
    frame_policy = board.request("report", **report()).headers["content-security-policy"]
    assert frame_policy.endswith("; frame-src 'self'")
    assert "unsafe" not in frame_policy
    listing = board.request("reports").headers["content-security-policy"]
    assert "frame-src" not in listing


def test_a_file_that_is_not_for_the_board_is_not_found(board: Board) -> None:
    board.keep()
    stored = (COUNTED, MAIL_HTML, MAIL_TEXT)
    for name in (
        *stored,
        "report.csv",
        "other.png",
        "page.htm",
        "%2e%2e",
        "x" * 3000 + ".png",
    ):
        answer = board.request(f"reports/weekly/2026-W47/managers/1/{name}")
        assert answer.status_code == 404, name
        assert not any(file.content in answer.content for file in FILES), name


HOSTILE_PARTS = [
    " ",
    "0",
    "-1",
    "2",
    "²",
    "١",
    "9" * 30,
    "1 OR 1=1",
    "'; DROP TABLE reports;--",
    "\u202e",
    "../../../etc/passwd",
    "monthly",
    "2026-W47\n",
    "2026-W99",
    "MANAGERS",
    "x" * 3000,
]


def test_an_address_with_a_nul_is_refused(board: Board) -> None:
    board.keep()
    assert board.request("reports/weekly/2026-W47/managers/1/%00").status_code == 400
    for place in ("cadence", "period", "audience", "edition"):
        assert board.request("report", **report(edition="1") | {place: "\0"}).status_code == 400


def test_an_address_of_no_report_is_not_found(board: Board) -> None:
    board.keep()
    for place in ("cadence", "period", "audience", "edition"):
        for part in HOSTILE_PARTS:
            query = report(edition="1") | {place: part}
            answer = board.request("report", **query)
            assert answer.status_code == 404, (place, part)
            assert "Not found" in visible(answer.text)
            path = "/".join(quote(each, safe="") for each in query.values())
            assert board.request(f"reports/{path}/page.html").status_code == 404, (place, part)


def test_what_strangers_wrote_stays_text(board: Board) -> None:
    board.keep(
        "2026-W47", "managers", MANAGER, subject=HOSTILE, customer=HOSTILE, troubles=(HOSTILE,)
    )
    for page in (board.get("reports"), board.get("report", **report())):
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "{{7*7}}" in page


@on_sqlite
def test_every_link_of_the_pages_leads_somewhere(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER)
    board.keep()
    for path, query in (("reports", {}), ("report", report()), ("report", report(edition="2"))):
        found = re.findall(r'(?:href|src)="([^"#]+)"', board.get(path, **query))
        assert any(each.startswith("report?") for each in found)
        for each in found:
            address = urljoin("/support/reports", each.replace("&amp;", "&"))
            answer = board.client.get(address, headers=dict(READER))
            assert answer.status_code == 200, address


@on_sqlite
def test_an_edition_without_a_page_says_so(board: Board) -> None:
    board.keep(files=FILES[2:3])
    page = board.get("report", **report())
    assert "No page is stored for this edition." in page
    assert "<iframe" not in page


@on_sqlite
def test_a_message_leads_to_the_report_that_counts(board: Board) -> None:
    board.keep("2026-W47", "managers", MANAGER)
    airflow = "https://airflow.example/plugin/support"
    link = report_link(airflow, Cadence.WEEKLY, "2026-W47", "managers")
    assert link == f"{airflow}/support/report?cadence=weekly&period=2026-W47&audience=managers"
    assert "<iframe" in board.get(report_path(Cadence.WEEKLY, "2026-W47", "managers"))
    assert report_link(None, Cadence.WEEKLY, "2026-W47", "managers") is None
    elsewhere = report_link("https://board.example/", Cadence.WEEKLY, "2026-W47", "managers")
    assert elsewhere == "https://board.example/"


@on_sqlite
def test_nobody_reads_a_report_unasked(board: Board) -> None:
    board.keep()
    path = file_path(Cadence.WEEKLY, "2026-W47", "managers", 1, "page.html")
    for each in ("reports", report_path(Cadence.WEEKLY, "2026-W47", "managers"), path):
        assert board.client.get(f"/support/{each}").status_code == 401


def test_what_waits_is_approved_on_its_page_once(board: Board) -> None:
    waiting = board.keep()
    with writing(board.engine) as connection:
        report_store.ask(connection, waiting)
    listed = visible(board.get("reports"))
    assert "1 report waits for approval." in listed
    assert "Waits for approval , made" in visible(board.get("reports", waiting="1"))
    page = board.get("report", **report())
    assert "When it is approved it is sent to manager." in visible(page)
    assert "Approve and send" not in page  # bob may only read
    path, body = "/support/act/approve_reports", {"ids": [waiting.id]}
    refused = board.client.post(path, json=body, headers=dict(READER))
    assert refused.status_code == 403
    done = board.client.post(path, json=body, headers=dict(ACTOR))
    assert (done.status_code, done.json()["said"]) == (200, "1 report approved and queued.")
    again = board.client.post(path, json=body, headers=dict(ACTOR))
    assert again.status_code == 409
    assert "ada has approved it before" in again.json()["detail"]
    page = visible(board.get("report", **report()))
    assert "Approved ada" in page
    assert "manager_email email waiting" in page


@on_sqlite
def test_what_waits_under_a_customers_former_name_has_the_recipients_of_now(
    board: Board, tmp_path: Path
) -> None:
    renamed = "{name: Acme Group, aliases: [Acme], contacts: [manager], reports: [monthly]}"
    folder = tmp_path / "config"
    (folder / "customers.yaml").write_text(f"customers: [{renamed}]\n", encoding="utf-8")
    load_or_last_good(board.engine, folder, MONDAY + timedelta(minutes=1))
    former = audience_name("Acme")
    waiting = board.keep(audience=former)
    with writing(board.engine) as connection:
        report_store.ask(connection, waiting)
    page = board.get("report", **report(former))
    assert "When it is approved it is sent to manager." in visible(page)


@on_sqlite
def test_what_is_rejected_says_by_whom(board: Board) -> None:
    waiting = board.keep()
    with writing(board.engine) as connection:
        report_store.ask(connection, waiting)
    body = {"ids": [waiting.id]}
    board.client.post("/support/act/reject_reports", json=body, headers=dict(ACTOR))
    page = visible(board.get("report", **report()))
    assert "Rejected by ada" in page
    assert "No report waits for approval." in visible(board.get("reports", waiting="1"))
    missing = board.client.post(
        "/support/act/approve_reports", json={"ids": [10**6]}, headers=dict(ACTOR)
    )
    assert missing.status_code == 404
