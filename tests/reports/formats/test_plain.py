"""The text part: every figure, within 78 columns, whatever a ticket says."""

from __future__ import annotations

import unicodedata

import pytest
from rich.cells import cell_len

from reports.figure_builders import EMPTY, clock, figures
from reports.small_agency import AS_OF, BOOKS, CINDER, DELFT
from reports.wording_builders import BOARD, customer_audience, worded
from supportops.reports.document import Document
from supportops.reports.figures import Figures
from supportops.reports.formats import plain
from supportops.reports.formats.text_columns import folded, glued, joined, narrowed, padded
from supportops.reports.period import Cadence


def text(document: Document) -> str:
    return plain.text(document).content.decode("utf-8")


WEEK = text(worded())


def after(heading: str) -> list[str]:
    """The lines that follow a heading, up to the next blank one."""
    lines = WEEK.split(f"\n{heading}\n")[1].splitlines()
    return lines[: lines.index("")] if "" in lines else lines


@pytest.mark.parametrize(
    "known",
    [
        figures(),
        figures(cadence=Cadence.DAILY),
        figures(hostile=True),
        figures(**EMPTY),
        figures(open_breaches=tuple(clock(subject="\U0001f525" * 200) for _ in range(3))),
        figures(open_breaches=(clock(subject="W" * 10_000, assignee="漢字" * 90),)),
    ],
    ids=["week", "day", "hostile", "empty", "emoji", "endless"],
)
def test_no_line_is_wider_than_78_columns(known: Figures) -> None:
    lines = text(worded(known)).splitlines()
    assert [line for line in lines if cell_len(line) > 78 and BOARD not in line] == []


def test_the_answer_comes_first() -> None:
    lines = WEEK.splitlines()
    assert lines[:2] == ["Service levels, week 47", "======================="]
    assert lines[4].startswith("In week 47, 131 of 141 promises were kept; of bug fixes 59 of 66")
    assert "Bug fixes: 89 % - 59 of 66 due, target 95 %: missed" in lines
    assert f"On the board: {BOARD}" in lines


def test_old_data_is_the_first_line() -> None:
    known = figures(stale=True, data_until=AS_OF[Cadence.WEEKLY].replace(hour=3))
    first = text(worded(known, corrects=True)).splitlines()[0]
    assert first == "The ticket data is 5 h old: figures may change."


def test_figures_stand_in_columns_that_end_together() -> None:
    lines = after("Promises by customer")
    assert lines[0].endswith("Kept  Open  At risk  Overdue   Oldest")
    assert set(lines[1]) == {"-", " "}
    assert [line.index(" %") for line in lines[2:]] == [lines[2].index(" %")] * 3


def test_a_row_that_is_too_wide_becomes_a_paragraph() -> None:
    lines = after("How long it took")
    assert lines[0] == "* Tier User support"
    assert lines[1] == "  Promise: First reply; Started: 41; Not done: 8;"


def test_a_verdict_is_a_sign_and_not_a_colour() -> None:
    assert "▼ 89.3 %" in WEEK
    assert "▲ 96.8 %" in WEEK


def test_every_finding_of_a_chart_is_in_the_text() -> None:
    found = " ".join(WEEK.split())
    assert (
        "12 weeks with enough promises, between 58 and 94 %, this week 89 %, a signal in W35 to W44"
        in found
    )
    assert "33 open tickets, 12 of them older than 7 days" in found


def test_words_and_grounds_are_foundat_the_end() -> None:
    assert "Half were done within the median" in " ".join(WEEK.split())
    assert "Days and times are on the clock of Europe/London." in WEEK


def test_hostile_texts_hide_nothing_and_command_no_terminal() -> None:
    signs = set(text(worded(figures(hostile=True))))
    hidden = {sign for sign in signs if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")}
    assert hidden <= {"\n", "\u200d"}


def test_a_long_list_says_how_many_more_and_where() -> None:
    late = tuple(clock(number=str(n)) for n in range(57))
    assert f"and 37 more: see {BOARD}" in text(worded(figures(open_breaches=late)))
    assert "and 37 more\n" in text(worded(figures(open_breaches=late), link=None))


def test_a_week_without_tickets_has_a_notice() -> None:
    found = text(worded(figures(**EMPTY)))
    assert "No ticket arrived in this period, and none is open." in found
    assert "None: nothing is overdue." in found


def test_a_customers_text_holds_nothing_of_another() -> None:
    found = text(worded(figures(of=BOOKS), to=customer_audience(BOOKS)))
    assert BOOKS in found
    assert [name for name in (CINDER, DELFT, "cinder", "delft") if name in found] == []


def test_the_file_says_what_it_is() -> None:
    file = plain.text(worded())
    assert (file.name, file.media_type) == ("mail.txt", "text/plain; charset=utf-8")
    assert file.content == plain.text(worded()).content


def test_wide_and_combining_signs_take_the_room_they_take() -> None:
    family = "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    texts = ("abc", "漢字", "e\u0301", "\u200d", family)
    assert [padded(each, 5, right=True) for each in texts] == [
        "  abc",
        " 漢字",
        "    e\u0301",
        "     \u200d",
        f"   {family}",
    ]


def test_text_is_folded_at_spaces_and_only_endless_words_are_broken() -> None:
    assert folded("one two three", 7) == ["one two", "three"]
    assert folded("abcdefghij k", 4) == ["abcd", "efgh", "ij k"]
    assert folded("漢字漢字", 4) == ["漢字", "漢字"]
    assert folded("one two", 5, "  ") == ["one", "  two"]
    assert folded("", 5) == [""]


def test_the_widest_column_gives_way_first() -> None:
    assert narrowed([["aa bb cc dd"], ["eeee"]], 12) == [8, 4]
    assert narrowed([["aaaaaaaa"], ["eeee"]], 11) is None


def test_a_figure_is_not_torn() -> None:
    assert glued("3 d 4 h") == "3\u00a0d\u00a04\u00a0h"
    assert glued("not reached, over 1 h 37 min") == "not reached, over 1\u00a0h 37\u00a0min"


def test_parts_stay_whole_where_they_can() -> None:
    assert joined(["a: 1;", "b: 22;", "c: 3"], 14, "  ") == ["  a: 1; b: 22;", "  c: 3"]
