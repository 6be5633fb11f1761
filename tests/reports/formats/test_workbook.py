import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from reports.document_builders import (
    breaches_table,
    document,
    made_hostile_document,
    trend_chart,
)
from reports.figure_builders import figures
from reports.frames import clock, clocks
from reports.hostile_texts import HOSTILE
from supportops.rendering.render import one_line
from supportops.reports.document import Cell, Column, Document, Section, Table, Unit
from supportops.reports.facts import CLOCK_COLUMNS
from supportops.reports.formats.workbook.values import LONGEST_TEXT, sheet_name, text
from supportops.reports.formats.workbook.workbook import workbook

NONE = clocks()
FORMULAS = (
    "=1+1",
    "@SUM(A1)",
    "+1",
    "-1",
    "{=1}",
    "http://x.example/",
    "mailto:a@b.example",
    "007",
)


def read(
    whole: Document | None = None, frame: pd.DataFrame = NONE, **how: Any
) -> openpyxl.Workbook:
    made = workbook(document() if whole is None else whole, figures(), frame, **how)
    return openpyxl.load_workbook(io.BytesIO(made.content))


def there(*reading: int) -> datetime:
    """A date of a sheet, which knows no zone."""
    return datetime(*reading, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


def cells(sheet: Worksheet) -> list[Any]:
    return [cell.value for row in sheet.iter_rows() for cell in row if cell.value is not None]


def of_table(*columns: Column, rows: tuple[tuple[Cell, ...], ...]) -> Worksheet:
    """The sheet of one table, whose header is in its second row."""
    section = Section("breaches", "Broken", (Table("t", "", columns, rows),))
    return read(document(sections=(section,)))["Broken"]


def test_the_same_report_is_the_same_file_whatever_the_order_of_its_rows() -> None:
    frame = clocks(*(clock(number=str(n), ticket=n) for n in range(30)))
    made = workbook(document(), figures(), frame)
    assert made == workbook(document(), figures(), frame.sample(frac=1, random_state=4))
    assert made.name == "report.xlsx"


def test_it_has_a_sheet_for_each_section_and_for_every_promise() -> None:
    assert read().sheetnames == [
        "Summary",
        "Open breaches",
        "Tickets",
        "All clocks",
        "Definitions",
        "Chart figures",
    ]


def test_the_summary_says_what_the_page_says() -> None:
    sheet = read()["Summary"]
    found = cells(sheet)
    for words in (
        "Service levels, week 47",
        document().subject,
        "The tickets are 3 h old: figures may be out of date.",
        "Bug fixes missed their target; user support kept it.",
        "11 of 12",
        "not reached, over 52 h",
    ):
        assert words in found, words
    assert len(sheet._charts) == 1


def test_shares_are_percentages_and_lengths_of_time_real_ones() -> None:
    rows = {row[0].value: row for row in read()["Summary"].iter_rows() if row[1].value == "Update"}
    due, kept, oldest = (rows["Bug fixes"][place] for place in (2, 5, 8))
    assert (due.value, due.number_format) == (131, "#,##0")
    assert (kept.value, kept.number_format) == (pytest.approx(97 / 131), "0.00%")
    assert (oldest.value, oldest.number_format) == (timedelta(hours=76), "[h]:mm")


def test_a_list_is_not_cut_and_its_header_stays_in_sight() -> None:
    sheet = read(document(sections=(Section("b", "Broken", (breaches_table(134, title=""),)),)))[
        "Broken"
    ]
    assert sheet["A2"].value == "Ticket"
    assert sheet["A136"].value == "#4844"
    assert sheet.freeze_panes == "B3"
    assert sheet.auto_filter.ref == "A2:G136"
    assert sheet.print_title_rows == "$2:$2"
    assert sheet["A3"].hyperlink.target == "https://agency.example/tickets/4711"


def test_instants_are_dates_on_the_readers_clock_and_the_header_names_it() -> None:
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    section = Section(
        "b", "B", (Table("t", "", (Column("Due", Unit.INSTANT),), ((Cell("then", summer),),)),)
    )
    sheet = read(document(sections=(section,)), zone="Europe/Berlin")["B"]
    assert [sheet["A2"].value, sheet["A3"].value] == [
        "Due (Europe/Berlin)",
        there(2026, 7, 1, 14),
    ]


def test_a_length_of_time_below_zero_is_in_hours_for_excel_shows_no_other() -> None:
    column = Column("Budget left", Unit.SECONDS)
    sheet = of_table(column, rows=((Cell("-90 min", -5400.0),), (Cell("1 h", 3600.0),)))
    assert [sheet[f"A{n}"].value for n in (2, 3, 4)] == ["Budget left (hours)", -1.5, 1]


def test_what_is_no_number_is_its_text() -> None:
    column = Column("Kept", Unit.SHARE)
    strange = (float("nan"), float("inf"), -float("inf"), None)
    sheet = of_table(column, rows=tuple((Cell(f"is {value}", value),) for value in strange))
    assert [sheet[f"A{n}"].value for n in range(3, 7)] == [f"is {value}" for value in strange]


@pytest.mark.parametrize("subject", FORMULAS)
def test_a_subject_that_looks_like_a_formula_is_a_text(subject: str) -> None:
    cell = of_table(Column("Subject"), rows=((Cell(subject),),))["A3"]
    assert (cell.value, cell.data_type, cell.hyperlink) == (subject, "s", None)
    listed = read(frame=clocks(clock(subject=subject)))["All clocks"]["C2"]
    assert (listed.value, listed.data_type, listed.hyperlink) == (subject, "s", None)


@pytest.mark.parametrize("subject", [*HOSTILE, "<r><t>x</t></r>", "_x0041_", "\ufffe\uffff\ud800"])
def test_a_strangers_text_is_kept_as_it_is_wherever_it_stands(subject: str) -> None:
    book = read(made_hostile_document(subject), clocks(clock(subject=subject, customer=subject)))
    # A text such as "_x0041_" would be a sign's code, so that its first one is written as a code.
    shown = unescape(book["All clocks"]["C2"].value or "")
    assert shown.strip() == text(subject).strip()
    assert not [cell for sheet in book for row in sheet for cell in row if cell.data_type == "f"]


def test_a_text_that_looks_like_a_marked_up_one_is_not_copied_into_the_file() -> None:
    assert text("<r><t>x</t></r>") == " <r><t>x</t></r>"
    assert text("<r> is a tag") == "<r> is a tag"


def test_a_text_longer_than_a_cell_is_cut_by_excels_own_measure() -> None:
    assert len(text("x" * 40_000)) == LONGEST_TEXT
    assert len(text("\U0001f525" * 40_000).encode("utf-16-le")) // 2 <= LONGEST_TEXT
    assert text("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
    listed = read(frame=clocks(clock(subject="W" * 40_000)))["All clocks"]["C2"].value
    assert listed.endswith("W…")


def test_all_clocks_has_no_owners_column_where_nobody_is_shown_of_owners() -> None:
    for assignee, listed in ((None, False), ("Anna", True)):
        sheet = read(frame=clocks(clock(assignee=assignee)))["All clocks"]
        assert ("Owner" in [cell.value for cell in sheet[1]]) is listed


def test_all_clocks_holds_every_column_of_every_promise() -> None:
    frame = clocks(
        clock(number="2", ticket=2, started="2026-07-01 09:00", done="2026-07-01 10:30"),
        clock(number="1", ticket=1, due="2026-11-16 09:30", broken="2026-11-16 09:30"),
    )
    sheet = read(frame=frame)["All clocks"]
    header, first, second = ([cell.value for cell in row] for row in sheet.iter_rows())
    assert len(header) == len(CLOCK_COLUMNS) - 1  # the store's own number of a ticket
    one, two = (dict(zip(header, row, strict=True)) for row in (first, second))
    assert (one["Ticket"], two["Ticket"]) == ("1", "2")
    assert one["Left (hours)"] < 0
    assert one["Broken (Europe/London)"] == there(2026, 11, 16, 9, 30)
    assert two["Started (Europe/London)"] == there(2026, 7, 1, 9)
    assert two["Broken (Europe/London)"] is None
    assert two["Target (h:mm)"] is None
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("D2", "A1:V3")


def test_more_promises_than_a_sheet_takes_are_cut_and_both_sheets_say_so() -> None:
    kept = [clock(number=str(n), due=f"2026-11-1{n} 12:00") for n in range(6, 9)]
    broken = clock(number="5", due="2026-11-13 12:00", broken="2026-11-13 12:00")
    book = read(frame=clocks(*kept, broken), clocks_at_most=3)
    sheet = book["All clocks"]
    assert [sheet[f"B{row}"].value for row in range(2, 5)] == ["5", "7", "8"]
    assert sheet["A5"].value == (
        "3 of 4 promises are listed, by ticket: broken ones before others, then those due last."
        " The file clocks.csv has all of them."
    )
    assert "The sheet All clocks holds 3 of 4 promises." in cells(book["Summary"])


def test_a_report_of_nothing_is_a_workbook_too() -> None:
    bare = document(sections=(Section("b", "B", (breaches_table(0),)),), tiles=(), notices=())
    book = read(bare)
    assert "No promise is broken." in cells(book["B"])
    assert book["All clocks"].max_row == 1
    assert "Chart figures" not in book.sheetnames


def test_a_trend_without_a_share_has_no_chart() -> None:
    few = tuple(replace(point, few=True) for point in trend_chart().picture.points)
    whole = document(sections=(Section("trend", "T", (trend_chart(points=few),)),))
    assert not read(whole)["Summary"]._charts


def test_a_chart_is_drawn_from_figures_with_gaps_where_few_were_due() -> None:
    rows = [[cell.value for cell in row] for row in read()["Chart figures"].iter_rows()]
    by_week = {row[0]: row[1:] for row in rows}
    assert by_week["W43"][:3] == [0.62, None, 0.62]
    assert by_week["W39"][:3] == [None, None, None]
    assert by_week["W36"][:2] == [0.95, 0.95]
    assert by_week["Fri"][:2] == [11, 15]


def test_names_of_sheets_are_what_excel_takes() -> None:
    assert sheet_name("a/b\\c?*[d]:e", ()) == "a b c d e"
    assert sheet_name("'quoted'", ()) == "quoted"
    assert sheet_name("x" * 50, ()) == "x" * 31
    assert sheet_name("", ()) == "Sheet"
    assert sheet_name("History", ()) != "History"
    assert sheet_name("sites", ("Sites", "Sites (2)")) == "sites (3)"
    assert sheet_name(one_line("\x00\n"), ()) == "Sheet"


def test_its_date_is_the_reports_own() -> None:
    assert read().properties.created == figures().as_of.replace(tzinfo=None)


def test_no_figure_is_wider_than_its_column() -> None:
    """Excel shows ##### where a number does not fit."""
    hour = 3600.0
    sheet = of_table(
        Column("A"),
        Column("B", Unit.COUNT),
        Column("C", Unit.SECONDS),
        Column("D", Unit.SECONDS),
        rows=(
            (
                Cell("x"),
                Cell("123,456,789,012", 123_456_789_012),
                Cell("very long", 123_456_789 * hour),
                Cell("not reached, over 123,456 h"),
            ),
        ),
    )
    widths = {name: sheet.column_dimensions[name].width for name in "BCD"}
    assert widths["B"] > len("123,456,789,012")
    assert widths["C"] > len("123456789:00")
    assert widths["D"] > len("not reached, over 123,456 h")


def test_no_figure_of_all_clocks_is_wider_than_its_column() -> None:
    frame = clocks(clock()).assign(
        calendar_seconds=3600.0 * 123_456_789, left_seconds=-3600.0 * 123_456_789
    )
    sheet = read(frame=frame)["All clocks"]
    titles = {cell.value: cell.column_letter for cell in sheet[1]}
    for title, shown in (("Calendar (h:mm)", "123456789:00"), ("Left (hours)", "-123,456,789.00")):
        assert sheet.column_dimensions[titles[title]].width > len(shown)
