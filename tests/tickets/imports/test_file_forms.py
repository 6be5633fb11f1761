"""What a file turns out to be, and what is said of one that is no table of tickets."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, select

from builders import SHIPPED
from supportops.db.engine import reading
from supportops.db.schema import tickets
from supportops.flows.tickets.ticket_import import run
from supportops.tickets.imports.file_form import ImportFault
from supportops.tickets.imports.json_array import JsonArray
from supportops.tickets.imports.mapping import FileFormat
from supportops.tickets.imports.proposal import proposed
from supportops.tickets.imports.summary import ImportSummary
from supportops.tickets.imports.written import Written

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = ["Ticket ID", "Subject", "Status", "Created time", "Resolved time", "Agent"]
ROWS = [
    ["1", "Café down", "Closed", "23/07/2026 10:00", "24/07/2026 9:30", "Zoë"],
    ["2", "Hello", "open", "03/04/2026 10:00", "", "Bo"],
]


def table(delimiter: str = ",", *, before: str = "") -> str:
    lines = [delimiter.join(cells) for cells in [NAMES, *ROWS]]
    return before + "\r\n".join(lines) + "\r\n"


def load(store: Engine, folder: Path, content: bytes, **said: Any) -> ImportSummary:
    path = folder / "export.csv"
    path.write_bytes(content)
    return run(store, SHIPPED, path, "freshdesk", NOW, written=Written(**said))


def created(store: Engine) -> dict[str, str]:
    with reading(store) as connection:
        found = connection.execute(select(tickets.c.ticket, tickets.c.created_at))
        return {row.ticket: f"{row.created_at:%Y-%m-%d %H:%M}" for row in found}


# The office is in London.
EXPECTED = {"1": "2026-07-23 09:00", "2": "2026-04-03 09:00"}


def workbook(*, serial: bool = False, title: bool = False) -> bytes:
    book = Workbook()
    sheet = book.active
    if title:
        sheet.append(["All tickets"])
        sheet.append([])
    sheet.append(NAMES)
    for number, subject, status, begun, _, agent in ROWS:
        day = datetime.strptime(begun, "%d/%m/%Y %H:%M")  # noqa: DTZ007
        days = (day - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001
        sheet.append([int(number), subject, status, days if serial else day, None, agent])
    if title:
        sheet.append([])
        sheet.append(["Timezone: Europe/Berlin"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def objects() -> list[dict[str, str]]:
    return [dict(zip(NAMES, row, strict=True)) for row in ROWS]


FORMS: dict[str, bytes] = {
    "commas": table().encode(),
    "semicolons": table(";").encode(),
    "tabs": table("\t").encode(),
    "byte order mark": table(";").encode("utf-8-sig"),
    "cp1252": table(";").encode("cp1252"),
    "UTF-16": table("\t").encode("utf-16"),
    "UTF-16 without a mark": table("\t").encode("utf-16-le"),
    "sep": table(";", before="sep=;\r\n").encode(),
    "title": table(";", before="All tickets\r\n\r\n").encode(),
    "gzip": gzip.compress(table().encode()),
    "workbook": workbook(),
    "workbook of serial days": workbook(serial=True),
    "workbook with a title": workbook(title=True),
    "JSON array": json.dumps(objects(), indent=1).encode(),
    "JSON in an object": json.dumps({"tickets": objects()}).encode(),
    "JSON lines": "\n".join(map(json.dumps, objects())).encode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_any_form_is_read_the_same(store: Engine, tmp_path: Path, form: str) -> None:
    summary = load(store, tmp_path, FORMS[form])
    assert (summary.rows, summary.bad) == (2, 0)
    assert created(store) == EXPECTED
    assert summary.guessed


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "x")
    return content.getvalue()


CSV, UTF_8 = {"format": FileFormat.CSV}, {"encoding": "utf-8-sig"}
FAULTS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "empty": (b"", {}, "empty"),
    "only blanks": (b"\n \n", {}, "empty"),
    "workbook said to be CSV": (workbook(), CSV, "Excel workbook .* --format xlsx"),
    "CSV said to be a workbook": (table().encode(), {"format": FileFormat.XLSX}, "no .xlsx"),
    "JSON said to be CSV": (FORMS["JSON array"], CSV, "it is JSON"),
    "cp1252 said to be UTF-8": (FORMS["cp1252"], UTF_8, "--encoding cp1252"),
    "UTF-8 said to be cp1252": (FORMS["commas"], {"encoding": "cp1252"}, "--encoding utf-8"),
    "UTF-16 said to be UTF-8": (FORMS["UTF-16"], UTF_8, "--encoding utf-16"),
    "zip": (zipped("export.csv"), {}, "zip archive; unpack"),
    "OpenDocument": (zipped("content.xml"), {}, "OpenDocument"),
    "damaged workbook": (workbook()[:3_000], {}, "damaged"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), {}, "old Excel"),
    "login page": (b"\n<!DOCTYPE html><html><title>Log in</title>", {}, "web page.* sign in"),
    "XML": (b"<?xml version='1.0'?><tickets/>", {}, "XML"),
    "PDF": (b"%PDF-1.7\n", {}, "PDF"),
    "bytes": (bytes(range(256)) * 4 + bytes(900), {}, "no text"),
    "other columns": (b"a;b\n1;2\n", {}, "no column .*`supportops tickets mapping FILE`"),
    "ambiguous dates": (
        table().replace("23/07", "02/07").replace("24/07", "02/07").encode(),
        {},
        "ambiguous: no day is above 12 .* --dates dmy",
    ),
    "dates of both orders": (
        table().replace("03/04", "03/24").encode(),
        {},
        "some dates have the day first .* and some the month",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_cannot_be_read_is_one_sentence(
    store: Engine, tmp_path: Path, fault: str
) -> None:
    content, said, expected = FAULTS[fault]
    with pytest.raises(ImportFault, match=expected) as error:
        load(store, tmp_path, content, **said)
    assert str(error.value).isprintable()
    assert created(store) == {}


def test_ambiguous_dates_are_read_as_somebody_says(store: Engine, tmp_path: Path) -> None:
    content = table().replace("23/07", "02/07").replace("24/07", "02/07").encode()
    load(store, tmp_path, content, dates="mdy", zone="UTC")
    assert created(store)["2"] == "2026-03-04 10:00"


@pytest.mark.parametrize("form", ["semicolons", "workbook", "JSON lines", "cp1252"])
def test_a_proposed_mapping_loads_its_file(store: Engine, tmp_path: Path, form: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(FORMS[form])
    config = tmp_path / "config"
    (config / "imports").mkdir(parents=True)
    for name in ("triage.yaml", "service_levels.yaml"):
        (config / name).write_text((SHIPPED / name).read_text())
    text = proposed(path, "mine")
    (config / "imports" / "mine.yaml").write_text(text, encoding="utf-8")
    summary = run(store, config, path, "mine", NOW)
    assert (summary.bad, summary.unknown) == (0, {})
    assert created(store) == EXPECTED


def test_an_alias_stands_in_only_for_a_column_that_is_not_there(
    store: Engine, tmp_path: Path
) -> None:
    names = table().replace("Subject,", "Subject,Email,", 1).replace("Agent\r", "Full name\r")
    content = names.replace("1,Café down,", "1,Café down,a@x.org,").replace("Hello,", "Hello,b@x,")
    assert load(store, tmp_path, content.encode()).bad == 0
    with reading(store) as connection:
        found = connection.execute(select(tickets.c.requester).where(tickets.c.ticket == "1"))
        assert found.scalar_one() == "a@x.org"


def repacked(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook whose first sheet is changed."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(written, "w", 8) as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, change(part) if name.endswith("/sheet1.xml") else part)
    return written.getvalue()


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
@pytest.mark.timeout(30)
def test_a_row_that_no_sheet_has_ends_the_file(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportops.tickets.imports.workbook.MOST_ROWS", 50)
    row = b'<row r="999999999999999"><c r="A999999999999999"><v>9</v></c></row></sheetData>'
    content = repacked(workbook(), lambda sheet: sheet.replace(b"</sheetData>", row))
    summary = load(store, tmp_path, content)
    assert set(created(store)) == set(EXPECTED)
    (why,) = summary.reasons
    assert "that a sheet has" in why.reason


@pytest.mark.parametrize("store_address", ["sqlite"], indirect=True)
def test_a_workbook_that_is_made_to_fill_a_memory_is_refused(store: Engine, tmp_path: Path) -> None:
    blank = b" " * (101 * 2**20)
    content = repacked(
        workbook(), lambda sheet: sheet.replace(b"<sheetData>", blank + b"<sheetData>")
    )
    assert len(content) < 2**19
    with pytest.raises(ImportFault, match="more than 200 times its size"):
        load(store, tmp_path, content)


def test_blanks_of_a_json_array_are_not_held() -> None:
    class Blanks(io.StringIO):
        left, largest = 40, 0

        def read(self, size: int | None = -1, /) -> str:
            Blanks.largest = max(Blanks.largest, size or 0)
            Blanks.left -= 1
            return "[" if Blanks.left == 39 else " " * (size or 0) if Blanks.left else '{"a": 1}]'

    assert list(JsonArray(Blanks())) == [(1, {"a": 1})]
    assert Blanks.largest <= 2**18
