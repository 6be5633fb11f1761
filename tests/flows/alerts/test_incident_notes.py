"""Causes and notes: who wrote what about which outage or breach, and where it is shown."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert, select

from flows.reports.reporting.report_builders import ReportDesk, raised, reporting_desk
from supportops.alerts.acts.reference import reference_of
from supportops.context import Context
from supportops.db.engine import writing
from supportops.db.schema import alerts, incidents
from supportops.flows.alerts import alert_acts, incident_notes
from supportops.flows.alerts.incident_notes import NoteError, Written
from supportops.flows.sla import explain_ticket, sla_sweep
from supportops.sites.check import Reason
from supportops.sites.site import Site
from web.boards import NOON, READER, live_through, make_board, slots_until, visible

READERS = """
audiences:
  - {name: managers, title: Managers, receivers: [manager], reports: [weekly],
     sections: [tiers, breaches, open_breaches, incidents], formats: [json, xlsx]}
  - {name: acme, title: Acme, customer: Acme, receivers: [acme], reports: [weekly],
     sections: [tiers, breaches, incidents], formats: [json]}
"""
WEEK = "2026-W47"  # that of NOON
MONDAY = "2026-11-23 08:00"


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> ReportDesk:
    """Acme's shop is down for an hour before noon, and its ticket 7 had no reply in time."""
    room = reporting_desk(store, tmp_path / "config", READERS)
    (room.folder / "sites.yaml").write_text(
        'vantage: []\nsites: [{name: shop, customer: Acme, url: "https://shop.example/"}]\n'
    )

    def answer(site: Site, page: str, at: datetime) -> Reason:
        is_down = timedelta(hours=1) < NOON - at < timedelta(hours=2)
        return Reason.TIMEOUT if is_down else Reason.OK

    live_through(store, room.folder, slots_until(NOON, 36), answer)
    day = f"{NOON - timedelta(days=9):%Y-%m-%d}"
    room.append(*raised("7", f"{day} 09:00 asks"))
    return room


def context(desk: ReportDesk) -> Context:
    return Context(desk.store, desk.folder, {}.get)


def write(
    desk: ReportDesk,
    key: str,
    cause: str | None = None,
    note: str | None = None,
    who: str = "Anna",
    at: datetime = NOON,
) -> Written:
    return incident_notes.note(context(desk), key, cause, note, who, at)


def outage(desk: ReportDesk) -> str:
    with desk.store.connect() as connection:
        (key,) = connection.execute(select(incidents.c.key)).scalars()
        return str(key)


def figures(desk: ReportDesk, audience: str) -> dict:
    return json.loads(desk.text(audience, "figures.json"))


def test_an_outage_is_called_by_its_key_or_by_the_reference_of_its_messages(
    desk: ReportDesk,
) -> None:
    key = outage(desk)
    mark = reference_of(key)
    for called in (key, f"#{mark}", mark, f"#{mark.upper()}"):
        assert write(desk, called, "hosting").about == key


def test_a_ticket_is_called_by_its_number_and_by_the_reference_of_its_breach(
    desk: ReportDesk,
) -> None:
    sla_sweep.hourly(context(desk), NOON, NOON)
    with desk.store.connect() as connection:
        keys = list(
            connection.execute(select(alerts.c.key).where(alerts.c.kind == "sla_breach")).scalars()
        )
    for called in ("7", "test/7", f"#{reference_of(keys[0])}"):
        assert write(desk, called, "nobody was in").about == "ticket:test/7"


def test_the_newest_counts_and_the_history_stays(desk: ReportDesk) -> None:
    write(desk, "7", "holidays", "two were ill")
    write(desk, "7", cause="too few people", who="Bo", at=NOON + timedelta(hours=1))
    noted = write(desk, "7", note="", who="Cy", at=NOON + timedelta(hours=2)).noted
    assert (noted.cause, noted.note) == ("too few people", "")
    assert [(e.cause, e.note, e.by, e.at - NOON) for e in noted.entries] == [
        ("holidays", "two were ill", "Anna", timedelta()),
        ("too few people", None, "Bo", timedelta(hours=1)),
        (None, "", "Cy", timedelta(hours=2)),
    ]


def test_a_cause_that_was_used_before_is_written_the_same_and_alike_ones_are_named(
    desk: ReportDesk,
) -> None:
    write(desk, "7", "Hosting")
    assert write(desk, outage(desk), " hosting ").noted.cause == "Hosting"
    assert write(desk, "7", "hostings").alike == ("Hosting",)
    assert incident_notes.used_causes(context(desk)) == [("Hosting", 2), ("hostings", 1)]


@pytest.mark.parametrize(
    ("cause", "note", "who", "why"),
    [
        (None, None, "Anna", "nothing to note"),
        ("x" * 201, None, "Anna", "at most 200"),
        (None, "x" * 2_001, "Anna", "at most 2,000"),
        ("hosting", None, " \u200b", "who writes it"),
        ("hosting", None, "x" * 300, "at most 200"),
    ],
)
def test_what_does_not_fit_is_refused(
    desk: ReportDesk, cause: str | None, note: str | None, who: str, why: str
) -> None:
    with pytest.raises(NoteError, match=why):
        write(desk, "7", cause, note, who)


@pytest.mark.parametrize("key", ["8", "#abcdef", "abcdef", "", "\0", "outage:shop", "x" * 9_999])
def test_what_nothing_is_called_is_said(desk: ReportDesk, key: str) -> None:
    with pytest.raises(LookupError, match="no incident or ticket"):
        write(desk, key, "hosting")


def test_two_alerts_of_one_reference_are_not_guessed_between(
    desk: ReportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with writing(desk.store) as connection:
        row = connection.execute(select(alerts)).mappings().one()
        other = dict(row) | {"key": "outage:other", "subject": "other"}
        connection.execute(insert(alerts), other)
    monkeypatch.setattr(alert_acts, "keys_meant", lambda written, keys: list(keys))
    with pytest.raises(NoteError, match="is 2 alerts"):
        write(desk, "#abcdef", "hosting")


def test_a_hostile_text_is_stored_on_one_line_without_what_cannot_be_seen(desk: ReportDesk) -> None:
    noted = write(desk, "7", "a\0b\x1b[2J\u202ec\nd\ud800", "=cmd|' /C calc'!A0").noted
    assert noted.cause == "a�b [2Jc d?"
    desk.weekly(WEEK, at=MONDAY)
    shown = figures(desk, "managers")["open_breaches"]
    assert shown[0]["note"] == "=cmd|' /C calc'!A0"


def test_reports_show_the_cause_to_everybody_and_the_note_inside_the_agency(
    desk: ReportDesk,
) -> None:
    write(desk, outage(desk), "hosting", "the disk was full")
    write(desk, "7", "nobody was in", "two were ill")
    desk.weekly(WEEK, at=MONDAY)
    managers, acme = figures(desk, "managers"), figures(desk, "acme")
    assert [(i["cause"], i["note"]) for i in managers["incidents"]] == [
        ("hosting", "the disk was full")
    ]
    assert {b["cause"] for b in managers["open_breaches"]} == {"nobody was in"}
    assert [(i["cause"], i["note"]) for i in acme["incidents"]] == [("hosting", "")]
    words = " ".join(desk.text("managers", "mail.txt").split())
    assert "hosting: the disk was full" in words
    assert "nobody was in: two were ill" in words
    for name in ("mail.html", "mail.txt", "page.html", "figures.json"):
        assert "disk was full" not in desk.text("acme", name)
        assert "hosting" in desk.text("acme", name)


def test_what_was_issued_stays_and_the_next_edition_has_the_cause(desk: ReportDesk) -> None:
    desk.weekly(WEEK, at=MONDAY, send=True)
    issued = desk.documents()
    before = desk.text("managers", "mail.html")
    assert "Cause" not in before
    write(desk, outage(desk), "hosting", at=NOON + timedelta(days=9))
    desk.weekly(WEEK, at="2026-12-08 08:00", send=True)
    assert desk.documents() == issued
    desk.weekly(WEEK, at="2026-12-08 08:00", send=True, again=True)
    assert desk.documents()[: len(issued)] == issued
    assert "hosting" in desk.text("managers", "mail.html")
    again = desk.text("managers", "mail.html")
    desk.weekly(WEEK, at="2026-12-09 08:00", send=True, again=True)
    assert desk.text("managers", "mail.html") == again


def test_the_list_has_outages_breaches_and_what_was_noted(desk: ReportDesk) -> None:
    sla_sweep.hourly(context(desk), NOON, NOON)
    key = outage(desk)
    write(desk, key, "hosting")
    found = incident_notes.listing(context(desk), NOON - timedelta(days=14))
    assert [(each.called, each.what, each.subject, each.noted.cause) for each in found] == [
        (f"#{reference_of(key)}", "outage", "shop", "hosting"),
        ("test/7", "breach", "test/7", ""),
    ]
    write(desk, key, "hosting again", at=NOON + timedelta(days=90))
    late = incident_notes.listing(context(desk), NOON + timedelta(days=80))
    assert [each.noted.cause for each in late] == ["hosting again"]


def test_an_explanation_says_who_noted_what(desk: ReportDesk) -> None:
    write(desk, "7", "nobody was in", "two were ill")
    found = explain_ticket.run(context(desk), "7", None, NOON)
    assert [line.partition(": ")[2] for line in found.notes] == [
        "cause: nobody was in; note: two were ill"
    ]
    assert found.to_json()["notes"][0]["by"] == "Anna"


def test_the_board_shows_cause_note_and_history(desk: ReportDesk) -> None:
    key = outage(desk)
    board = TestClient(make_board(desk.store, lambda: NOON))
    page = board.get("/incident", params={"key": key}, headers=dict(READER))
    assert "Cause" not in visible(page.text)
    write(desk, key, "<b>hosting</b>", "disk full")
    page = board.get("/incident", params={"key": key}, headers=dict(READER))
    assert "<b>hosting" not in page.text
    assert "Anna cause: <b>hosting</b>; note: disk full" in visible(page.text)
