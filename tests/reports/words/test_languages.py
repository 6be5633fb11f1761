"""Reports in other languages: complete catalogues, nothing left in English, and how it reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from string import Formatter
from typing import Any
from unittest.mock import patch

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from openpyxl import load_workbook

from reports.figure_builders import EMPTY, clock, figures
from reports.frames import clock as clock_row
from reports.frames import clocks
from reports.html_reading import Page
from reports.small_agency import SITES
from reports.wording_builders import BOARD, TIER_TITLES, audience, charts, pictures, worded
from reports.words.pseudo_language import marked_german, texts_in, unmarked
from supportops import rendering
from supportops.alerts.channels.content import ReportContent
from supportops.alerts.channels.registry import CHANNELS
from supportops.notify.mail_parts import Attachment
from supportops.rendering.catalogue import FOLDER, catalogue, languages, spoken
from supportops.reports.document import Document
from supportops.reports.figures import Figures, LeftOut
from supportops.reports.formats import html, pdf, plain
from supportops.reports.formats.charts.charts import svg
from supportops.reports.formats.file import CSV, JSON, PDF, WORKBOOK
from supportops.reports.formats.workbook.workbook import workbook
from supportops.reports.period import Cadence
from supportops.reports.words.dates import Reader
from supportops.reports.words.reasons import reason
from supportops.sites.check import Reason

PACKAGE = Path(rendering.__path__[0]).parent
TRANSLATED = [each for each in languages() if each != "en"]
METHODS = [
    ("**/templates/**.html", "jinja2"),
    ("**/templates/**.css", "jinja2"),
    ("**.py", "python"),
]
GERMAN = audience(language="de-DE", zone="Europe/Berlin")
WEEKLY, DAILY = figures(), figures(cadence=Cadence.DAILY)
QUIET = figures(**EMPTY)
BROKEN_SOURCE = figures(
    stale=True,
    breaches=(
        clock(state="unanswered"),
        clock(state="fulfilled", number="4712"),
        clock(state="paused", number="4713", metric="update_time"),
    ),
    left_out=LeftOut(2, 0, (), 3),
)


@cache
def in_code() -> dict[tuple[str | None, Any], None]:
    """Every message in the code: its context, and its text or both of its forms."""
    found = extract_from_dir(str(PACKAGE), method_map=METHODS)
    return {(context, message): None for _, _, message, _, context in found}


@cache
def translated(language: str) -> Catalog:
    with (FOLDER / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def messages(language: str) -> list[Message]:
    return [each for each in translated(language) if each.id]


def forms(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def places(form: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(form) if name is not None}


def test_there_are_reports_in_english_german_and_french() -> None:
    assert languages() == ("en", "de", "fr")
    assert [spoken(tag) for tag in ("de-AT", "FR-ca", "en-US", "pt-BR", "")] == [
        "de-AT",
        "FR-ca",
        "en-US",
        "en-GB",
        "en-GB",
    ]


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_of_the_code_is_in_the_catalogue_and_no_other(language: str) -> None:
    listed = {(each.context, each.id) for each in messages(language)}
    assert listed == set(in_code())
    assert not translated(language).obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_message_is_translated_with_the_same_places(language: str) -> None:
    for each in messages(language):
        assert not each.fuzzy, each.id
        said = forms(each.string)
        assert len(said) == (1 if isinstance(each.id, str) else translated(language).num_plurals)
        for form in said:
            assert form.strip(), each.id
            # A singular may say "the one promise" for a number.
            missing = places(forms(each.id)[-1]) - places(form)
            assert missing <= ({"number"} if form is said[0] and len(said) > 1 else set()), each.id
            assert places(form) <= places(forms(each.id)[-1]), each.id


def test_french_has_narrow_spaces_at_its_punctuation_and_german_its_own_quotation_marks() -> None:
    for each in messages("fr"):
        for form in forms(each.string):
            assert not re.search(r"(?<!\u202f)[:;!?»](?!\w)|«(?!\u202f)", form), form
            assert not re.search(r"['\"]", form), form
    for each in messages("de"):
        assert not re.search(r"['\"”‘]", "".join(forms(each.string))), each.string


def data_of(known: Figures) -> set[str]:
    """Texts that nobody translates: names, subjects, reasons, and what the agency calls its own."""
    found = {each for each in texts_in(known) if not re.fullmatch("[a-z_]*", each)}
    names = {name for names in SITES.values() for name in names}
    reasons = {each.reason for each in known.incidents}
    own = {*TIER_TITLES.values(), "Managers", "Europe/Berlin", BOARD}
    return found | names | reasons | own


def page_texts(content: bytes) -> Iterator[str]:
    """What a page shows, and what a screen reader says besides."""
    page = Page(content)
    yield page.text()
    for element in page.elements:
        shown = (element.attributes.get(name) for name in ("alt", "aria-label", "title"))
        yield from (each for each in shown if each)


def captions_in(content: bytes) -> list[str]:
    """The titles of columns that a narrow screen shows before each cell."""
    css = " ".join(re.findall(r'content: "([^"]*)"', content.decode()))
    return [re.sub(r"\\([0-9a-f]+) ", lambda code: chr(int(code[1], 16)), css)]


def workbook_texts(document: Document, known: Figures) -> Iterator[str]:
    frame = clocks(*(clock_row(number=str(n), subject="1", customer="1") for n in range(3)))
    content = workbook(document, known, frame, clocks_at_most=2).content
    for sheet in load_workbook(BytesIO(content)):
        yield from (sheet.title, sheet.oddFooter.right.text.replace("&P", "").replace("&N", ""))
        first = 2 if sheet.title == "⟦All clocks⟧" else None  # identifiers, as in the CSV
        for row in sheet.iter_rows(max_row=first and 1):
            yield from (str(cell.value) for cell in row if isinstance(cell.value, str))
        for chart in sheet._charts:
            yield str(chart.title or "")


def unfolded(document: Document) -> list[str]:
    """The mail as plain text on lines of any length."""
    with patch.object(plain, "WIDTH", 100_000):
        return plain.text(document).content.decode().splitlines()


def printed(contents: Any) -> Iterator[str]:
    """The texts of a PDF, without what its template decides by."""
    if isinstance(contents, dict):
        for key, value in contents.items():
            if key not in ("family", "language", "region", "tone", "unit", "kind"):
                yield from printed(value)
    elif isinstance(contents, list):
        for each in contents:
            yield from printed(each)
    elif isinstance(contents, str):
        yield contents.replace("\u200b", "")


@pytest.mark.parametrize("known", [WEEKLY, DAILY, QUIET, BROKEN_SOURCE])
def test_nothing_in_any_format_is_left_untranslated(known: Figures) -> None:
    data = data_of(known)
    files = (PDF, WORKBOOK, CSV, JSON)
    with marked_german():
        document = worded(known, to=GERMAN, edition=2, corrects=True, version="1")
        mail = html.mail(document, pictures(document), files).content
        shown = {
            "mail": [*page_texts(mail), *captions_in(mail)],
            "page": page_texts(html.page(document, pictures(document), files).content),
            "text": unfolded(document),
            "summary": plain.summary(document).content.decode().splitlines(),
            "workbook": list(workbook_texts(document, known)),
            "pdf": printed(pdf.contents(document, {}, None)),
            "charts": [
                text
                for chart in charts(document)
                for text in re.findall("<!-- (.*?) -->", svg(chart, catalogue("de")).decode())
            ],
        }
        left = {
            (where, text): rest
            for where, texts in shown.items()
            for text in texts
            if (rest := unmarked(text, data))
        }
    assert not left


def test_the_template_of_the_pdf_has_no_words_of_its_own() -> None:
    template = (PACKAGE / "reports" / "templates" / "report.typ").read_text()
    code = re.sub("//.*", "", template)
    assert re.findall(r"\[\s*[A-Za-z]{2,}", code) == []


def test_reasons_of_tickets_and_incidents_are_in_the_readers_language() -> None:
    german, french = Reader("de", "UTC", {"bug_fix": "Fehler"}), Reader("fr", "UTC")
    assert reason("now bug_fix, then vip; was late after all", german) == (
        "jetzt Fehler, damals vip; war doch verspätet"
    )
    assert reason("is due on 2026-11-30 now", french) == "à présent échu le 30 nov. 2026"
    assert reason("closed {by} hand", german) == "closed {by} hand"
    assert reason("tls_expired", Reader("en-GB", "UTC")) == "tls_expired"
    for each in set(Reason) - {Reason.OK}:
        assert reason(each.value, german) != each.value


def test_a_mail_adds_its_own_notes_in_the_language_of_the_report() -> None:
    content = ReportContent(
        name="weekly-2026-W47",
        subject="SLA KW 47",
        html="<html lang='de'><body></body></html>",
        text="Bericht",
        summary=(),
        images=(),
        attachments=(Attachment("weekly-2026-W47.pdf", "application/pdf", b"x" * 1_500_000),),
        attach_at_most=1_000,
        repeated=True,
        language="de",
    )
    message = CHANNELS["email"].report(content)
    assert "zu groß würde: weekly-2026-W47.pdf (1,5 MB). Bitte fordern Sie" in message.text
    assert "Ein früherer Versuch blieb ohne Antwort." in message.text
