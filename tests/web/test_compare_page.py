"""Two reports side by side on the board: chosen in the address, as a page and as JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Engine

from reports.figure_builders import figures
from supportops.alerts.policy import Target
from supportops.context import Context
from supportops.db.engine import writing
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.reports.report_comparison import NotCompared, compare_on_request
from supportops.flows.reports.reporting.messages import post
from supportops.reports import store as report_store
from supportops.reports.figures import Attainment, Restatement, TicketReason
from supportops.reports.measuring.figures_json import to_json
from supportops.reports.period import Cadence
from web.boards import READER, draft, make_board, site_entry, visible, write_config

on_sqlite = pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
MANAGER = Target("manager_email", "email", "apprise_manager_email")
FIGURES = to_json(figures(restatements=()))


class Shelf:
    """Stored reports, and the board over them."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.config = write_config(folder, [site_entry("alpha")])
        configuration, _ = load_or_last_good(engine, self.config, MONDAY)
        self.digest = configuration.digest
        self.client = TestClient(make_board(engine, lambda: MONDAY))

    def keep(self, period: str, audience: str = "managers", **fields: Any) -> None:
        """One more edition, made and issued a week after the one on the period before."""
        issued = fields.pop("issued", True)
        made_at = fields.pop("made_at", None)
        cadence = fields.pop("cadence", Cadence.WEEKLY)
        about = draft(self.digest, MONDAY, period, cadence, audience=audience, figures=FIGURES)
        made = replace(about, **{"made_at": made_at or about.as_of} | fields)
        with writing(self.engine) as connection:
            stored = report_store.keep(connection, made, ())
            if issued:
                post(connection, stored, [MANAGER], made.made_at)

    def request(self, path: str, **query: str) -> Response:
        return self.client.get(path, params=query or None, headers=dict(READER))

    def get(self, **query: str) -> str:
        answer = self.request("/compare", **query)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def shelf(store: Engine, tmp_path: Path) -> Shelf:
    return Shelf(store, tmp_path / "config")


def restating(period: str, met: int) -> dict[str, Any]:
    why = (TicketReason("zendesk", "4123", "merged"),)
    then, now = Attainment(52, 49, 0.84, 0.98, 0.95), Attainment(51, met, 0.84, 0.97, 0.95)
    return to_json(figures(restatements=(Restatement(period, "bug_fix", then, now, why),)))


def test_the_last_two_weeks_are_compared_unless_others_are_chosen(shelf: Shelf) -> None:
    for week in ("2026-W44", "2026-W45", "2026-W46"):
        shelf.keep(week)
    page = visible(shelf.get())
    assert "Two reports compared Managers" in page
    assert "From 2-8 Nov 2026 to 9-15 Nov 2026" in page
    chosen = visible(shelf.get(audience="managers", first="2026-W44", second="2026-W46/1"))
    assert "From 26 Oct - 1 Nov 2026 to 9-15 Nov 2026" in chosen


@on_sqlite
def test_a_report_leads_to_itself_beside_the_one_before(shelf: Shelf) -> None:
    for week in ("2026-W44", "2026-W45", "2026-W46"):
        shelf.keep(week)
    asked = {"cadence": "weekly", "period": "2026-W45", "audience": "managers"}
    (found,) = re.findall(r'href="(compare[^"]*)"', shelf.request("/report", **asked).text)
    page = visible(shelf.request(f"/{unescape(found)}").text)
    assert "From 26 Oct - 1 Nov 2026 to 2-8 Nov 2026" in page
    assert re.search(r'href="compare\?cadence=weekly"', shelf.request("/reports").text)


@on_sqlite
def test_editions_of_one_week_can_be_compared_and_a_draft_is_called_one(shelf: Shelf) -> None:
    shelf.keep("2026-W46")
    shelf.keep("2026-W46", issued=False)
    page = visible(shelf.get(first="2026-W46/1", second="2026-W46/2"))
    assert "2026-W46, edition 2, is a draft: it was not sent." in page
    assert "Better: 0 of" in page


def test_what_was_restated_since_is_listed_by_the_last_word(shelf: Shelf) -> None:
    shelf.keep("2026-W44")
    shelf.keep("2026-W45", figures=restating("2026-W44", 48))
    shelf.keep("2026-W46", figures=restating("2026-W44", 47))
    page = visible(shelf.get(first="2026-W44", second="2026-W45"))
    assert "94 % of 52 due, now 92 % of 51 due: ticket zendesk/4123 merged" in page
    assert page.count("Bug fixes, 2026-W44") == 1


def test_an_edition_made_after_a_restatement_already_says_it(shelf: Shelf) -> None:
    shelf.keep("2026-W44")
    shelf.keep("2026-W45", figures=restating("2026-W44", 48))
    shelf.keep("2026-W44", made_at=MONDAY + timedelta(days=30))
    page = visible(shelf.get(first="2026-W44/2", second="2026-W45"))
    assert "No later report has restated either of them." in page


@on_sqlite
def test_the_same_is_there_as_json(shelf: Shelf) -> None:
    shelf.keep("2026-W45")
    shelf.keep("2026-W46")
    found = shelf.request("/api/compare", first="2026-W45", second="2026-W46").json()
    assert (found["first"]["entry"]["period"], found["second"]["entry"]["edition"]) == (
        "2026-W45",
        1,
    )
    kept = next(line for line in found["compared"]["lines"] if line["measure"] == "kept")
    assert {"first", "second", "difference", "change"} <= kept.keys()
    assert kept["change"] == "same"


@on_sqlite
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"first": "2026-W40", "second": "2026-W46"}, "no weekly report on 2026-w40"),
        ({"first": "2026-W46/9", "second": "2026-W45"}, "no weekly report on 2026-w46, edition 9,"),
        ({"first": "2026-W46", "second": "2026-W46/1"}, "is compared with itself"),
        ({"first": "<b>", "second": "2026-W46"}, "names no report"),
    ],
)
def test_what_is_not_stored_is_a_page_that_says_so(
    shelf: Shelf, query: dict[str, str], words: str
) -> None:
    shelf.keep("2026-W45")
    shelf.keep("2026-W46")
    answer = shelf.request("/compare", audience="managers", **query)
    assert answer.status_code == 404
    assert words in visible(answer.text).lower()


@on_sqlite
def test_one_week_or_none_is_no_comparison(shelf: Shelf) -> None:
    assert "No weekly report is stored." in visible(shelf.get())
    shelf.keep("2026-W46")
    assert "Only one period has a report for Managers" in visible(shelf.get())
    assert "No daily report is stored" in visible(shelf.get(cadence="daily"))


@on_sqlite
def test_reports_about_other_things_are_said_to_be(shelf: Shelf) -> None:
    shelf.keep("2026-W45", customer="Acme")
    shelf.keep("2026-W46", figures=to_json(figures(tiers=("bug_fix",), stale=True)))
    page = visible(shelf.get())
    assert "They are not about the same customer." in page
    assert "They are not about the same service levels." in page
    assert "2026-W46, edition 1, was made with old ticket data." in page


@on_sqlite
def test_a_command_line_finds_the_audience_that_has_both(shelf: Shelf) -> None:
    context = Context(shelf.engine, shelf.config, {}.get)
    for week in ("2026-W45", "2026-W46"):
        shelf.keep(week)
    found, tiers = compare_on_request(context, "2026-W45", "2026-W46", None)
    assert (found.first.audience, tiers["bug_fix"]) == ("managers", "Bug fixes")
    shelf.keep("2026-W45", "team")
    assert compare_on_request(context, "2026-W45", "2026-W46", None)[0].first.audience == "managers"
    shelf.keep("2026-W46", "team")
    with pytest.raises(NotCompared, match="by --audience: managers, team"):
        compare_on_request(context, "2026-W45", "2026-W46", None)
    with pytest.raises(NotCompared, match="2026-11-20 is a daily report and 2026-W46 a weekly"):
        compare_on_request(context, "2026-11-20", "2026-W46", None)
    shelf.keep("2026-11-19", "team", cadence=Cadence.DAILY)
    shelf.keep("2026-11-20", "team", cadence=Cadence.DAILY)
    days, _ = compare_on_request(context, "2026-11-19", "2026-11-20", None)
    assert days.second.period == "2026-11-20"
