"""Every promise in a file of its own, and when there is one."""

import csv
import io

import pytest

from reports.document_builders import document
from reports.figure_builders import figures
from reports.frames import clock, clocks
from reports.hostile_texts import HOSTILE
from supportops.reports.audience import Format
from supportops.reports.formats import render as rendering
from supportops.reports.formats.clocks_csv import COLUMNS, clocks_csv
from supportops.reports.formats.file import CLOCKS, LISTED_AT_MOST, WORKBOOK, File
from supportops.reports.formats.render import render

NOTHING_COUNTED = File("counted.csv", "text/csv", b"")


def rows(file: File) -> list[dict[str, str]]:
    assert file.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))


def test_it_has_a_line_for_every_promise_in_the_order_of_tickets() -> None:
    late = clock(number="2", ticket=2, due="2026-11-17 12:00", broken="2026-11-17 12:00")
    found = rows(clocks_csv(clocks(late, clock(number="1", ticket=1))))
    assert [each["number"] for each in found] == ["1", "2"]
    assert "ticket" not in found[0]
    assert found[1]["breached_at"] == "2026-11-17T12:00:00Z"
    assert found[0]["breached_at"] == ""


def test_owners_are_left_out_where_nobody_may_see_them() -> None:
    frame = clocks(clock(number="1"))
    frame["assignee"] = None
    assert list(rows(clocks_csv(frame))[0]) == [name for name in COLUMNS if name != "assignee"]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_subject_is_one_cell_that_nothing_computes(hostile: str) -> None:
    [found] = rows(clocks_csv(clocks(clock(subject=hostile))))
    assert not found["subject"].startswith(("=", "+", "-", "@", "\t"))
    assert "\n" not in found["subject"]


def test_the_same_promises_are_the_same_file_whatever_their_order() -> None:
    frame = clocks(*(clock(number=str(n), ticket=n) for n in range(30)))
    assert clocks_csv(frame) == clocks_csv(frame.sample(frac=1, random_state=4))


@pytest.mark.parametrize("few", [True, False])
def test_it_lies_beside_a_workbook_that_lists_fewer(
    few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "LISTED_AT_MOST", 2 if few else LISTED_AT_MOST)
    frame = clocks(*(clock(number=str(n)) for n in range(3)))
    for formats in ((Format.XLSX,), (Format.JSON,)):
        made = render(document(), figures(), frame, NOTHING_COUNTED, formats)
        named = {file.name for file in made.files}
        assert (CLOCKS in named) == (few and WORKBOOK in named)
