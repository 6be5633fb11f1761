"""JSON and CSV of a report's figures."""

import csv as standard
import io
import json as standard_json
from dataclasses import replace
from typing import Any

import pytest

from reports.figure_builders import figures
from reports.hostile_texts import HOSTILE
from supportops.reports.figures import By, Figures
from supportops.reports.formats.data_files import COLUMNS, csv, json
from supportops.reports.measuring.figures_json import to_json


def read(whole: Figures) -> list[dict[str, Any]]:
    text = csv(whole).content.decode("utf-8-sig")
    return list(standard.DictReader(io.StringIO(text, newline=""), strict=True))


def named(name: str) -> Figures:
    whole = figures()
    return replace(whole, promises=(replace(whole.promises[0], name=name),))


def test_it_begins_with_the_mark_that_excel_knows_utf_8_by_and_its_lines_end_with_crlf() -> None:
    made = csv(figures())
    assert made.content.startswith(b"\xef\xbb\xbfperiod,by,name,")
    assert made.content.count(b"\r\n") == made.content.count(b"\n") == len(figures().promises) + 1
    assert (made.name, made.content) == ("report.csv", csv(figures()).content)


def test_each_line_of_figures_is_a_row_with_its_numbers() -> None:
    whole = figures()
    rows = read(whole)
    assert [(row["by"], row["name"], row["metric"]) for row in rows] == [
        (line.by, line.name or "", line.metric or "") for line in whole.promises
    ]
    line = whole.line(By.TIER, "bug_fix", "first_reply_time")
    row = next(r for r in rows if (r["name"], r["metric"]) == ("bug_fix", "first_reply_time"))
    assert line is not None
    assert (row["due"], row["met"], row["breached"], row["few"]) == ("23", "21", "2", "false")
    assert float(row["share"]) == line.attainment.share
    assert line.business is not None
    assert float(row["business_median"]) == line.business.median.seconds


def test_what_there_is_none_of_is_empty() -> None:
    pooled = next(row for row in read(figures()) if not row["metric"])
    assert {pooled[name] for name in COLUMNS if name.startswith(("business", "calendar"))} == {""}


def test_nothing_at_all_is_a_header() -> None:
    assert csv(figures(promises=())).content.decode("utf-8-sig") == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u202e=1"]
)
def test_a_name_that_a_spreadsheet_would_compute_has_an_apostrophe_in_front(name: str) -> None:
    assert read(named(name))[0]["name"] == "'" + name.strip("\t\r \u202e")


def test_numbers_below_zero_are_numbers() -> None:
    whole = figures()
    below = replace(whole, promises=(replace(whole.promises[0], oldest=-5.0),))
    assert read(below)[0]["oldest_seconds"] == "-5.0"


@pytest.mark.parametrize("name", [*HOSTILE, 'a "quoted", b', "\ud800"])
def test_a_strangers_name_keeps_to_its_field(name: str) -> None:
    rows = read(named(name))
    assert len(rows) == 1
    assert list(rows[0]) == list(COLUMNS)
    assert rows[0]["few"] == "false"


def test_json_is_read_back_as_it_was_written() -> None:
    for hostile in (False, True):
        values = to_json(figures(hostile=hostile))
        made = json(values)
        assert standard_json.loads(made.content) == values
        assert made == json(values)
        assert (made.name, made.media_type) == ("figures.json", "application/json")


def test_json_is_indented_utf_8_and_ends_with_a_newline() -> None:
    assert json({"b": "é", "a": [1, None]}).content.decode() == (
        '{\n  "b": "é",\n  "a": [\n    1,\n    null\n  ]\n}\n'
    )


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800", "a\udfffb"])
def test_any_text_is_utf_8_in_json(text: str) -> None:
    assert standard_json.loads(json({"text": text}).content.decode("utf-8")) == {"text": text}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_not_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        json({"share": value})
