import io
import re
from functools import cache

import pytest
from pypdf import PdfReader

from reports.document_builders import (
    AS_OF,
    bars_chart,
    breaches_table,
    document,
    made_hostile_document,
    tiers_table,
    trend_chart,
)
from reports.hostile_texts import HOSTILE
from supportops.reports.document import Cell, Column, Document, Section, Table, Unit, Words
from supportops.reports.formats.charts.charts import svg
from supportops.reports.formats.charts.typeface import BOX, drawable, undrawable
from supportops.reports.formats.pdf import PdfFailed, contents, pdf
from supportops.reports.formats.table_widths import PAGE, widths

MARKUP = ("#panic()", "$ x ^", "\\ \\u{41}", "@ref", "<label>", "= heading", "- item", "/*", "```")


@cache
def drawn() -> dict[str, bytes]:
    return {chart.name: svg(chart) for chart in (trend_chart(), bars_chart())}


def read(whole: Document, charts: dict[str, bytes] | None = None) -> PdfReader:
    return PdfReader(io.BytesIO(pdf(whole, charts or {}, AS_OF).content))


def letters(text: str) -> str:
    """What is left when lines may be broken anywhere."""
    return re.sub(r"[\s\u200b]+", "", text)


def text_of(reader: PdfReader) -> str:
    return letters("".join(page.extract_text() for page in reader.pages))


def of_tables(*tables: Table) -> Document:
    return document(sections=(Section("tables", "Tables", tables),))


def test_the_same_report_is_the_same_file() -> None:
    made = pdf(document(), drawn(), AS_OF)
    assert made == pdf(document(), drawn(), AS_OF)
    assert (made.name, made.media_type) == ("report.pdf", "application/pdf")


def test_everything_that_the_document_says_is_in_it() -> None:
    text = text_of(read(document(), drawn()))
    for words in (
        "Service levels, week 47",
        "The tickets are 3 h old",
        "Bug fixes missed their target",
        "11 of 12",
        "not reached, over 52 h",
        "Thirteen weeks",
        "Bug fixes: 91 % in week 47",
        "#4714",
        "54 came, 55 were solved.",
        "Under 20 due a share says nothing",
        "Business hours of London.",
        "https://agency.example/reports/2026-W47",
        "Page 2 of 2",
    ):
        assert letters(words) in text, words


def test_a_verdict_has_a_sign_of_its_own_beside_its_colour() -> None:
    text = text_of(read(document()))
    assert {"▲97%", "▼74%", "▲97.6%", "▼74.0%"} <= set(re.findall(r"[▲▼][\d.]+%", text))
    assert "▲91.3%" not in text


def test_it_is_tagged_for_screen_readers_with_its_title_language_and_outline() -> None:
    reader = read(document())
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert "pdfuaid:part>1" in root["/Metadata"].get_data().decode()
    assert reader.metadata is not None
    assert reader.metadata.title == "Service levels, week 47"
    assert reader.metadata.creation_date == AS_OF
    assert [entry["/Title"] for entry in reader.outline if isinstance(entry, dict)][:2] == [
        "Service levels",
        "Thirteen weeks",
    ]


def test_without_an_instant_it_bears_no_date() -> None:
    bare = PdfReader(io.BytesIO(pdf(document(), drawn()).content))
    assert bare.metadata is not None
    assert bare.metadata.creation_date is None


def test_links_lead_to_web_addresses_alone() -> None:
    rows = tuple(
        (Cell("go", link=link),) for link in ("https://a.example/", "javascript:x", "/etc")
    )
    reader = read(of_tables(Table("t", "", (Column("Link"),), rows)))
    annotations = [a.get_object() for page in reader.pages for a in page.get("/Annots", [])]
    assert {a["/A"]["/URI"] for a in annotations} == {
        "https://a.example/",
        "https://agency.example/reports/2026-W47",
    }


@pytest.mark.parametrize("text", [*HOSTILE[:6], *MARKUP])
def test_a_strangers_text_is_shown_as_it_is_wherever_it_stands(text: str) -> None:
    hostile = made_hostile_document(f"a {text} z")
    shown = text_of(read(hostile))
    # Where a script runs from right to left its letters come in another order.
    if not any("\u0590" < sign < "\u0700" for sign in text):
        assert letters(drawable(f"a {text} z")) in shown
    assert shown.count("z") >= 20


def test_ten_thousand_signs_in_every_place_are_cut() -> None:
    reader = read(made_hostile_document("W" * 10_000))
    assert len(reader.pages) < 20
    assert "…" in reader.pages[0].extract_text()


def test_a_report_of_nothing_but_empty_texts_is_still_one() -> None:
    assert len(read(made_hostile_document("")).pages) >= 1


def test_signs_that_cannot_be_drawn_are_boxes_and_counted_at_the_end() -> None:
    shown = text_of(read(document(summary="a\U0001f680\u0e01\u0e01z")))
    assert "a□□□z" in shown
    assert letters("2 characters of this file are in none of its fonts and stand as □") in shown


def test_signs_of_rows_that_are_not_shown_are_not_counted() -> None:
    rows = ((Cell("plain"),), (Cell("\U0001f680"),))
    table = Table("sites", "", (Column("Site"),), rows, shown=1)
    shown = text_of(read(document(sections=(Section("sites", "Sites", (table,)),))))
    assert letters("1 of 2 shown") in shown
    assert letters("in none of its fonts") not in shown


@pytest.mark.parametrize(
    "words",
    ["网站打不开", "表示されません", "웹사이트가", "الموقع لا يعمل", "האתר לא עובד", "☎ 😀"],
)
def test_scripts_of_customers_are_shown(words: str) -> None:
    assert undrawable(words) == set()
    shown = text_of(read(document(summary=f"Site: {words}", sections=())))
    assert BOX not in shown
    assert letters("in none of its fonts") not in shown
    # Right-to-left words may come in the order in which they are set.
    assert set(letters(words)) <= set(letters(shown))


def test_an_empty_table_says_so() -> None:
    assert letters("No promise is broken.") in text_of(read(of_tables(breaches_table(0))))


def test_a_page_shows_so_many_rows_and_says_how_many_there_are() -> None:
    text = text_of(read(of_tables(breaches_table(134))))
    assert "#4730" in text
    assert "#4731" not in text
    assert letters("20 of 134 shown.") in text


def test_no_table_fills_a_book(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supportops.reports.formats.pdf.ROWS_AT_MOST", 60)
    reader = read(of_tables(breaches_table(2_000, shown=None)))
    text = text_of(reader)
    assert letters("60 of 2,000 shown.") in text
    assert "#4770" in text
    assert "#4771" not in text
    # The header of the table is on each of its pages.
    assert all("Overdue" in page.extract_text() for page in reader.pages[:-1])


def test_a_chart_that_could_not_be_drawn_is_shown_in_words() -> None:
    assert letters("54 arrived, 55 were solved.") in text_of(read(document()))


def test_a_broken_chart_is_one_clear_error() -> None:
    with pytest.raises(PdfFailed, match="typst"):
        pdf(document(), {"volume": b"no picture"}, AS_OF)


@pytest.mark.parametrize("tag", ["de", "zh-Hant-TW", "pt-BR-x-other", "", "nonsense language"])
def test_any_language_tag_will_do(tag: str) -> None:
    assert pdf(document(language=tag), drawn(), AS_OF).content.startswith(b"%PDF")


def test_columns_share_a_page_and_the_widest_texts_give_way() -> None:
    table = breaches_table()
    subject, ticket = 1, 0
    found = widths(table.columns, table.rows)
    assert sum(found) <= PAGE
    assert found[subject] == max(found)
    assert found[ticket] < 10
    tiers = tiers_table()
    kept = next(n for n, c in enumerate(tiers.columns) if c.unit is Unit.SHARE)
    assert widths(tiers.columns, tiers.rows)[kept] >= len("100.0 %")


def test_many_columns_of_long_texts_still_have_widths() -> None:
    columns = tuple(Column("W" * 100) for _ in range(30))
    assert min(widths(columns, ((Cell("W" * 100),) * 30,))) > 0


def test_a_duration_in_a_sentence_stays_in_one_line() -> None:
    said = "2 Websites waren 1 Tg. 4 h nicht erreichbar, danach 2 h 10 min und 1 j 4 h"
    found = contents(document(summary=said, notices=(Words(said),)), {}, None)
    kept = said.replace("1 Tg. 4 h", "1_Tg._4_h").replace("2 h 10 min", "2_h_10_min")
    kept = kept.replace("1 j 4 h", "1_j_4_h").replace("_", "\u00a0")
    assert found["summary"] == found["notices"][0]["text"] == kept
