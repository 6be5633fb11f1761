"""Degraded time in a report: beside the share up, in its own colour, where there was any."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta

import openpyxl
import pytest
from pypdf import PdfReader

from reports.figure_builders import figures
from reports.frames import clocks
from reports.html_reading import contrast
from reports.small_agency import CUSTOMERS, SITES
from reports.wording_builders import (
    audience,
    column,
    customer_audience,
    pictures,
    table,
    worded,
    words_of,
)
from supportops.reports.document import Document, Tone
from supportops.reports.figures import Figures
from supportops.reports.formats import data_files, html, plain
from supportops.reports.formats.pdf import pdf
from supportops.reports.formats.workbook.workbook import workbook
from supportops.reports.measuring.figures_json import to_json
from supportops.reports.period import Cadence

DEGRADED = 12_600.0
WORDS = "degraded for 4.16 % of it (3 h 30 min)"


def with_degraded(name: str = "books", **options: object) -> Figures:
    """A report in which one site failed at times for three and a half hours."""
    known = figures(**options)
    whose = next(line.customer for line in known.sites if line.site == name)
    parts = {"degraded_seconds": DEGRADED, "degraded_share": 0.0416}
    return replace(
        known,
        sites=tuple(replace(s, **parts) if s.site == name else s for s in known.sites),
        uptimes=tuple(
            replace(u, **parts) if u.customer in (whose, None) else u for u in known.uptimes
        ),
    )


def cell_of(document: Document, of: str, name: str, title: str = "Degraded") -> tuple[str, Tone]:
    found = table(document, of)
    place = [each.title for each in found.columns].index(title)
    cell = next(row for row in found.rows if row[0].text == name)[place]
    return cell.text, cell.tone


@pytest.mark.parametrize("cadence", list(Cadence))
def test_a_report_gives_degraded_time_beside_the_share_up(cadence: Cadence) -> None:
    document = worded(with_degraded(cadence=cadence))
    assert cell_of(document, "sites", "books") == ("3 h 30 min", Tone.DEGRADED)
    assert cell_of(document, "sites", "delft")[1] is Tone.QUIET
    assert cell_of(document, "uptimes", "Bramley Books") == ("3 h 30 min", Tone.DEGRADED)
    assert WORDS in words_of(document)
    assert "Degraded" in dict(document.definitions)


@pytest.mark.parametrize("cadence", list(Cadence))
def test_a_report_without_degraded_time_has_no_word_about_it(cadence: Cadence) -> None:
    document = worded(figures(cadence=cadence))
    made = (html.page(document, pictures(document)), html.mail(document, pictures(document)))
    assert "egraded" not in words_of(document)
    assert [each for each in made if b"egraded" in each.content] == []


def test_the_share_up_and_the_budget_do_not_count_it() -> None:
    before, after = worded(figures()), worded(with_degraded())
    for title in ("Up", "Down", "Budget left", "Outages"):
        assert column(table(before, "sites"), title) == column(table(after, "sites"), title)


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_degraded_time_of_others_is_in_no_customers_report(customer: str) -> None:
    name = next(site for site in SITES[customer])
    document = worded(with_degraded(name, of=customer), to=customer_audience(customer))
    assert cell_of(document, "sites", name) == ("3 h 30 min", Tone.DEGRADED)
    assert "Degraded" not in words_of(worded(figures(of=customer), to=customer_audience(customer)))


def test_an_audience_that_hears_nothing_of_sites_gets_no_definition_of_it() -> None:
    document = worded(with_degraded(), to=audience(parts=()))
    assert "Degraded" not in dict(document.definitions)


def test_a_mail_and_a_page_show_it_in_a_colour_that_can_be_read() -> None:
    document = worded(with_degraded())
    for made in (html.mail(document, pictures(document)), html.page(document, pictures(document))):
        text = made.content.decode()
        assert "3 h 30 min" in text.replace("\u00a0", " ")
        assert 'class="degraded"' in text
        assert "#9b2d76" in text
        assert "#ee8ac8" in text
    assert contrast("#9b2d76", "#ffffff") >= 4.5
    assert contrast("#ee8ac8", "#1b1f25") >= 4.5


def test_a_workbook_holds_seconds_that_can_be_added() -> None:
    made = workbook(worded(with_degraded()), figures(), clocks())
    sheet = openpyxl.load_workbook(io.BytesIO(made.content))["Sites"]
    rows = list(sheet.iter_rows())
    header = next(row for row in rows if row[1].value == "Customer")
    (place,) = (n for n, each in enumerate(header) if str(each.value).startswith("Degraded"))
    books = next(row for row in rows if row[0].value == "books")
    assert books[place].value in (timedelta(seconds=DEGRADED), DEGRADED / 3600)
    assert books[place].font.color.rgb == "FF9B2D76"


def test_the_text_of_a_mail_and_the_pdf_say_it() -> None:
    document = worded(with_degraded())
    text = " ".join(plain.text(document).content.decode().split())
    printed = PdfReader(io.BytesIO(pdf(document, {}).content))
    words = " ".join("".join(page.extract_text() for page in printed.pages).split())
    for found in (text, words):
        assert "Degraded" in found
        assert WORDS in found


def test_the_figures_have_both_for_every_site_and_customer() -> None:
    known = json.loads(data_files.json(to_json(with_degraded())).content)
    site = next(line for line in known["sites"] if line["site"] == "books")
    total = next(line for line in known["uptimes"] if line["customer"] is None)
    for line in (site, total):
        assert (line["degraded_seconds"], line["degraded_share"]) == (DEGRADED, 0.0416)
    assert {"degraded_seconds", "degraded_share"} <= known["sites"][-1].keys()
