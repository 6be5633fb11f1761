"""Reports as they are made, stored, issued and queued, on both stores."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine

from flows.reports.reporting.report_builders import (
    WEEK,
    WHOLE,
    ReportDesk,
    a_week,
    later_event,
    raised,
    reporting_desk,
)
from sla.policies import london
from supportops.alerts.alert import Kind
from supportops.alerts.store import list_open
from supportops.db.engine import make_engine, reading
from supportops.flows.active_configuration import active_configuration, load_or_last_good
from supportops.flows.reports import weekly_report
from supportops.flows.reports.reporting.pipeline import make_reports
from supportops.flows.reports.reporting.selection import ReportError, ReportRequest
from supportops.reports.formats import render
from supportops.reports.formats.file import File
from supportops.reports.formats.pdf import PdfFailed
from supportops.reports.period import Cadence


@pytest.fixture
def desk(store: Engine, tmp_path: Path) -> ReportDesk:
    room = reporting_desk(store, tmp_path / "config")
    room.append(*a_week())
    return room


@pytest.fixture
def whole_desk(sqlite_template: Path, tmp_path: Path) -> Iterator[ReportDesk]:
    """With every part and every format, on one store: what is made does not depend on it."""
    engine = make_engine(f"sqlite+pysqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    room = reporting_desk(engine, tmp_path / "config", WHOLE)
    room.append(*a_week())
    yield room
    engine.dispose()


def words(file: File) -> str:
    """All that a document says, whatever it is packed in."""
    if file.name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(file.content)) as packed:
            return " ".join(packed.read(name).decode() for name in packed.namelist())
    if file.name.endswith(".pdf"):
        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(file.content)).pages)
    return file.content.decode("utf-8", "replace")


def states(made) -> list[tuple[str, str, int]]:
    return [(each.audience, each.state, each.edition) for each in made]


def test_the_week_that_is_over_is_issued_to_everybody_who_gets_it(desk: ReportDesk) -> None:
    made = desk.weekly(send=True)

    assert states(made) == [("managers", "sent", 1), ("acme", "sent", 1)]
    assert {each.period for each in made} == {WEEK}
    assert desk.queued() == [
        ("manager_email", f"report:weekly:{WEEK}:managers:1"),
        ("acme_email", f"report:weekly:{WEEK}:acme:1"),
    ]
    names = {name for report, name, _ in desk.documents() if report == 1}
    assert names >= {"mail.html", "mail.txt", "page.html", "counted.csv"}
    assert names >= {"report.csv", "figures.json"}


def test_the_figures_are_those_that_a_hand_counts(desk: ReportDesk) -> None:
    """Three working days from Monday 09:00 end on Wednesday 17:00: 2 is late on Thursday. 3 falls
    due on Thursday 17:00 and has no answer. 5 is a bug with a day's promise: its answer is due on
    Wednesday 17:00, its fix two working days later, on Friday."""
    desk.weekly()

    figures = desk.editions()[0].figures
    lines = {(p["by"], p["name"], p["metric"]): p["kept"] for p in figures["promises"]}
    first = lines["tier", "user_support", "first_reply_time"]
    assert (first["due"], first["met"]) == (4, 2)
    bug = lines["tier", "bug_fix", "first_reply_time"]
    assert (bug["due"], bug["met"]) == (1, 0)
    fix = lines["tier", "bug_fix", "resolution_time"]
    assert (fix["due"], fix["met"]) == (1, 0)
    assert lines["all", None, None]["due"] == 6


def test_a_run_by_hand_keeps_a_draft_and_sends_nothing(desk: ReportDesk) -> None:
    made = desk.weekly()

    assert [each.state for each in made] == ["draft", "draft"]
    assert desk.queued() == []
    assert all(row.issued_at is None for row in desk.editions())


def test_the_same_run_again_keeps_no_second_draft(desk: ReportDesk) -> None:
    desk.weekly()
    before = desk.documents()

    assert states(desk.weekly()) == [("managers", "unchanged", 1), ("acme", "unchanged", 1)]
    assert desk.documents() == before


def test_a_draft_that_still_holds_is_what_is_issued(desk: ReportDesk) -> None:
    desk.weekly()

    assert states(desk.weekly(send=True)) == [("managers", "sent", 1), ("acme", "sent", 1)]


def test_what_was_issued_is_not_issued_again(desk: ReportDesk) -> None:
    desk.weekly(send=True)
    desk.append(*raised("6", "2026-04-13 09:00 asks"))
    editions, queued = desk.editions(), desk.queued()

    again = desk.weekly(send=True, at="2026-04-20 11:00")

    assert [each.state for each in again] == ["sent before", "sent before"]
    assert again[0].recipients == ("manager_email",)
    assert (desk.editions(), desk.queued()) == (editions, queued)


def test_a_later_run_is_a_new_draft_beside_what_was_issued(desk: ReportDesk) -> None:
    desk.weekly(send=True)
    issued = desk.editions()
    desk.append(*raised("6", "2026-04-13 09:00 asks"))

    assert [each.state for each in desk.weekly()] == ["draft", "draft"]
    assert desk.editions()[:2] == issued
    assert [row.edition for row in desk.editions()] == [1, 1, 2, 2]


def test_a_correction_has_to_be_asked_for_and_says_so(desk: ReportDesk) -> None:
    desk.weekly(send=True)
    desk.append(*raised("6", "2026-04-13 09:00 asks"))

    made = desk.weekly(send=True, again=True, audiences=("managers",))

    assert states(made) == [("managers", "sent", 2)]
    assert made[0].subject.startswith("Corrected: ")
    assert desk.queued()[-1] == ("manager_email", f"report:weekly:{WEEK}:managers:2")


def test_a_customers_report_holds_no_word_of_another(whole_desk: ReportDesk) -> None:
    whole_desk.append(
        *raised("7", "2026-04-14 09:00 asks", customer="Birch", subject="SECRETBIRCH")
    )
    whole_desk.weekly(send=True)
    assert "SECRETBIRCH" in " ".join(words(file) for file in whole_desk.files["managers"])
    assert "Acme" in whole_desk.text("acme", "mail.html")
    seen = whole_desk.files["acme"]
    whole_desk.append(later_event("7", "2026-04-22 10:00 merged"))
    whole_desk.weekly("2026-W17", at="2026-04-27 08:00", audiences=("acme",))

    for file in (*seen, *whole_desk.files["acme"]):
        assert not {"Birch", "SECRETBIRCH", "club"} & set(re.findall(r"\w+", words(file)))
    assert "SECRETBIRCH" not in repr(
        [row for row in whole_desk.editions() if row.audience == "acme"]
    )


def test_who_works_for_a_customer_is_in_no_file_of_theirs(whole_desk: ReportDesk) -> None:
    whole_desk.append(
        *raised("7", "2026-04-13 09:00 asks", "2026-04-13 10:00 assignee Ada Lovelace")
    )
    whole_desk.weekly(send=True)

    named = {
        audience: {file.name for file in files if "Lovelace" in words(file)}
        for audience, files in whole_desk.files.items()
    }
    assert named["managers"] >= {"mail.html", "report.pdf", "report.xlsx", "figures.json"}
    assert named["acme"] == set()


def test_a_merge_after_the_report_is_shown_in_the_next_one(desk: ReportDesk) -> None:
    desk.weekly(send=True)
    desk.append(later_event("3", "2026-04-21 10:00 merged"))

    desk.weekly("2026-W17", at="2026-04-27 08:00")

    figures = desk.editions()[-2].figures
    shown = [r for r in figures["restatements"] if r["tier"] == "user_support"]
    assert [(r["label"], r["issued"]["due"], r["now"]["due"]) for r in shown] == [(WEEK, 4, 3)]
    assert [(b["number"], b["why"]) for b in shown[0]["because"]] == [("3", "merged")]


def test_a_merge_before_the_report_takes_no_breach_back_in_silence(desk: ReportDesk) -> None:
    """Promised until Thursday 17:00, and merged on the day after."""
    desk.append(later_event("3", "2026-04-17 10:00 merged"))
    desk.weekly()

    left = desk.editions()[0].figures["left_out"]
    assert (left["merged"], left["broken"]) == (1, 1)
    shown = " ".join(desk.text("managers").split())
    assert "1 broken promise of tickets that were merged or deleted later" in shown


def test_the_trend_shows_what_was_issued_and_marks_what_was_not(whole_desk: ReportDesk) -> None:
    whole_desk.weekly(send=True)
    whole_desk.weekly("2026-W18", at="2026-05-04 08:00")

    overall = whole_desk.editions()[-2].figures["trends"][-1]["points"]
    assert len(overall) == 13
    assert [(p["label"], p["issued"]) for p in overall[-3:]] == [
        (WEEK, True),
        ("2026-W17", False),
        ("2026-W18", False),
    ]
    assert overall[-3]["due"] == 6


def test_many_weeks_at_once_are_the_same_bytes_as_one_by_one(whole_desk: ReportDesk) -> None:
    labels = [f"2026-W{n}" for n in range(15, 18)]

    whole_desk.weekly(*labels, at="2026-06-01 08:00", audiences=("acme",))
    together = [(row.period, row.audience, row.figures) for row in whole_desk.editions()]
    digests = [digest for *_, digest in whole_desk.documents()]
    for label in labels:
        again = whole_desk.weekly(label, at="2026-06-01 08:00", audiences=("acme",))
        assert [each.state for each in again] == ["unchanged"]

    assert len(together) == 3
    assert [digest for *_, digest in whole_desk.documents()] == digests


def test_a_backfills_drafts_have_nothing_to_attach_until_they_are_sent(
    whole_desk: ReportDesk,
) -> None:
    options = {"audiences": ("managers",), "at": "2026-06-01 08:00"}
    whole_desk.weekly(WEEK, "2026-W17", bare=True, **options)
    names = {file.name for file in whole_desk.files["managers"]}
    assert names >= {"mail.html", "mail.txt", "page.html", "counted.csv"}
    assert not {name for name in names if name.startswith("report.")}
    assert "report.pdf" not in whole_desk.text("managers", "page.html")

    (sent,) = whole_desk.weekly(WEEK, send=True, **options)

    assert (sent.state, sent.edition) == ("sent", 2)
    assert {"report.pdf", "report.xlsx"} <= {file.name for file in whole_desk.files["managers"]}


def test_a_pdf_that_cannot_be_made_does_not_stop_the_mail(
    whole_desk: ReportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments, **_more):
        raise PdfFailed("no fonts")

    with monkeypatch.context() as patch:
        patch.setattr(render, "pdf", broken)
        made = whole_desk.weekly(send=True, audiences=("managers",))

    assert states(made) == [("managers", "sent", 1)]
    assert made[0].troubles == ("the PDF could not be made (PdfFailed)",)
    assert "The PDF could not be made" in whole_desk.text("managers")
    assert "report.pdf" not in {file.name for file in whole_desk.files["managers"]}
    with reading(whole_desk.store) as connection:
        (alert,) = list_open(connection, Kind.REPORT_TROUBLE)
    assert "the PDF could not be made" in alert.headline

    whole_desk.weekly("2026-W17", at="2026-04-27 08:00", audiences=("managers",))
    with reading(whole_desk.store) as connection:
        assert list_open(connection, Kind.REPORT_TROUBLE) == []


def test_a_daily_report_is_about_the_last_working_day(desk: ReportDesk) -> None:
    made = desk.daily(at="2026-04-20 07:30")

    assert [(each.period, each.audience) for each in made] == [("2026-04-17", "managers")]


def test_mondays_report_lists_the_weekend_too_so_the_days_add_up_to_the_week(
    desk: ReportDesk,
) -> None:
    """On Saturday nobody answers within the quarter of an hour that is promised."""
    urgent = ("2026-04-18 09:00 asks", "2026-04-18 09:00 tier mission_critical")
    desk.append(*raised("9", *urgent, "2026-04-18 12:00 answers", "2026-04-18 12:05 status solved"))
    days = [f"2026-04-{day}" for day in range(13, 18)]

    made = desk.daily(*days, at="2026-04-20 07:30")
    desk.weekly(audiences=("managers",))

    assert made[-1].subject.startswith("Friday 17 Apr to Sunday 19 Apr: 2 promises broken")
    assert made[-2].subject.startswith("Thursday 16 Apr: ")
    *daily, weekly = [row.figures["promises"][-1]["kept"]["due"] for row in desk.editions()]
    assert sum(daily) == weekly


@pytest.mark.parametrize(
    ("labels", "audiences", "words"),
    [
        (("2026-W54",), (), "2026-W54"),
        (("next week",), (), "next week"),
        (("2026-W30",), (), "2026-W30 has not begun"),
        ((), ("board",), "no audience 'board' gets the weekly report; reports.yaml names managers"),
    ],
)
def test_what_cannot_be_made_is_one_line_before_anything_is_made(
    desk: ReportDesk, labels: tuple[str, ...], audiences: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ReportError, match=words) as error:
        desk.weekly(*labels, audiences=audiences)

    assert "\n" not in str(error.value)
    assert desk.editions() == []


def test_a_week_that_is_not_over_is_a_draft_that_says_so_and_is_not_sent(
    desk: ReportDesk,
) -> None:
    with pytest.raises(ReportError, match="2026-W16 is not over"):
        desk.weekly(WEEK, at="2026-04-19 23:59", send=True)
    (draft, *_) = desk.weekly(WEEK, at="2026-04-17 12:00")

    assert draft.subject.startswith("SLA week 16 (13-19 Apr) so far: ")
    assert "Made before its period was over" in desk.text("managers")
    assert [each.state for each in desk.weekly(send=True)] == ["sent", "sent"]
    assert "so far" not in desk.editions()[-1].subject
    assert "period was over" not in desk.text("managers")


def test_a_report_without_a_section_on_tickets_says_nothing_of_their_number(
    desk: ReportDesk,
) -> None:
    desk.weekly("2026-W17", at="2026-04-27 08:00")

    assert "no promise fell due; 3 are open past the deadline" in desk.text("managers")
    assert "No ticket arrived" not in desk.text("managers")


def test_a_store_without_tickets_has_a_report_too(store: Engine, tmp_path: Path) -> None:
    room = reporting_desk(store, tmp_path / "config")

    assert [each.state for each in room.weekly(send=True)] == ["sent", "sent"]


def run_weekly(desk: ReportDesk, at: str, now: str, **options) -> str:
    place = SimpleNamespace(engine=desk.store, config=desk.folder)
    summary = weekly_report.run(place, london(at), london(now), audience="managers", **options)
    return summary["reports"][0]["state"]


def test_the_schedule_sends_by_itself_and_a_backfill_does_not(desk: ReportDesk) -> None:
    desk.load_or_last_good("2026-04-01 09:00")

    assert run_weekly(desk, "2026-04-20 08:00", "2026-04-20 08:01") == "draft"
    assert run_weekly(desk, "2026-04-20 08:00", "2026-04-20 08:02", scheduled=True) == "sent"


def test_what_was_due_before_the_installation_is_not_sent_by_its_schedule(
    desk: ReportDesk,
) -> None:
    desk.load_or_last_good("2026-04-21 09:00")

    assert run_weekly(desk, "2026-04-20 08:00", "2026-04-21 09:05", scheduled=True) == "draft"
    assert run_weekly(desk, "2026-04-27 08:00", "2026-04-27 08:01", scheduled=True) == "sent"


def test_a_configuration_that_is_taken_up_meanwhile_stays_in_force(desk: ReportDesk) -> None:
    """Else its receivers were unknown to the dispatcher until the next check."""
    at = london("2026-04-20 08:00")
    before, _ = load_or_last_good(desk.store, desk.folder, at)

    def edited(done: int, _of: int) -> None:
        if done == 0:
            path = desk.folder / "alerts.yaml"
            path.write_text(path.read_text().replace("team_email", "crew_email"))
            load_or_last_good(desk.store, desk.folder, at + timedelta(minutes=1))

    make_reports(
        desk.store, before, ReportRequest(Cadence.WEEKLY, send=True), at, at, on_progress=edited
    )

    with reading(desk.store) as connection:
        assert active_configuration(connection).digest == desk.configuration.digest != before.digest
    assert {row.configuration for row in desk.editions()} == {before.digest}
