"""Mail and page: readable everywhere, harmless whatever a ticket says, never too large."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from reports.figure_builders import EMPTY, clock, figures
from reports.hostile_texts import HOSTILE
from reports.html_reading import Page, contrast, dark_rules, pairs
from reports.small_agency import BOOKS, CINDER, DELFT
from reports.trend_builders import trend
from reports.wording_builders import BOARD, audience, customer_audience, pictures, worded
from supportops.reports.document import Bar, Document
from supportops.reports.figures import By, Figures, Promises
from supportops.reports.formats import html
from supportops.reports.measuring.proportion import attainment
from supportops.reports.period import Cadence

DAILY = Cadence.DAILY
BREAKING = (
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "';}*{display:none}/*",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; &amp; &#0; <!-- ",
    'x" onmouseover="alert(1)',
    "]]></td></tr></table>",
    *HOSTILE,
)


def mail(document: Document, **options: Any) -> bytes:
    return html.mail(document, pictures(document), **options).content


def page(document: Document, **options: Any) -> bytes:
    return html.page(document, pictures(document), **options).content


def crowded(number: int = 500, **changes: Any) -> Figures:
    """So many breaches, open and not, and as many at risk."""
    late = tuple(clock(number=str(n), **changes) for n in range(number))
    return figures(open_breaches=late, breaches=late, at_risk=late)


@pytest.fixture(scope="module")
def week() -> Document:
    return worded()


@pytest.fixture(scope="module")
def mailed(week: Document) -> bytes:
    return mail(week)


@pytest.fixture(scope="module")
def paged(week: Document) -> bytes:
    return page(week)


@pytest.mark.parametrize("make", [mail, page])
@pytest.mark.parametrize(
    "known",
    [
        figures(),
        figures(cadence=DAILY),
        figures(hostile=True),
        figures(**EMPTY),
        figures(of=BOOKS),
        figures(stale=True),
        figures(data_until=None),
    ],
    ids=["week", "day", "hostile", "empty", "customer", "stale", "never synced"],
)
def test_every_report_is_well_formed_and_runs_and_fetches_nothing(
    make: Any, known: Figures
) -> None:
    content = make(worded(known))
    found = Page(content)
    tags = {each.tag for each in found.elements}
    assert not tags & {"script", "iframe", "object", "form", "input", "link", "svg", "base"}
    assert not [n for e in found.elements for n in e.attributes if n.startswith("on")]
    addresses = [e.attributes.get(n) for e in found.elements for n in ("src", "href", "background")]
    remote = [a for a in addresses if a and ("//" in a or a.startswith(("data:", "javascript:")))]
    assert set(remote) <= {BOARD}
    styles = [word for each in found.all("style") for word in each.words]
    assert not any(word in style for style in styles for word in ("url(", "@import", "</"))
    assert [e for e in found.all("th") if e.attributes.get("scope") not in ("col", "row")] == []
    assert all(each.attributes.get("alt") for each in found.all("img"))


def test_headings_come_in_order(mailed: bytes) -> None:
    levels = [int(e.tag[1]) for e in Page(mailed).elements if e.tag in ("h1", "h2", "h3", "h4")]
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_mail_refers_to_its_pictures_by_content_id(mailed: bytes) -> None:
    sources = [each.attributes["src"] for each in Page(mailed).all("img")]
    assert sources[0] == "cid:trend-user_support.png"
    assert len(sources) == 4


def test_a_page_refers_to_what_lies_beside_it(paged: bytes) -> None:
    found = Page(paged)
    assert found.all("img")[0].attributes["src"] == "trend-user_support.png"
    links = [each.attributes["href"] for each in found.all("a")]
    assert links == ["report.pdf", "report.xlsx", "report.csv", "figures.json"]


def test_a_page_offers_only_the_files_there_are(week: Document) -> None:
    links = [each.attributes["href"] for each in Page(page(week, files=("report.pdf",))).all("a")]
    assert links == ["report.pdf"]
    assert "This report as" not in Page(page(week, files=())).text()


def test_a_chart_whose_picture_failed_is_shown_in_words(week: Document) -> None:
    found = Page(html.mail(week, {}).content)
    assert found.all("img") == []
    assert (
        "12 weeks with enough promises, between 58 and 94 %, this week 89 %, a signal in W35 to W44"
        in found.text()
    )


def test_every_figure_stands_in_text(week: Document, mailed: bytes) -> None:
    text = Page(mailed).text().replace("\u00a0", " ")
    for tile in week.tiles:
        assert tile.figure in text
        assert tile.detail in text
    for found in (
        "96.8 %",
        "not reached, over 1 h 37 min",
        "58 % of 50, signal",
        "99.57 %",
        week.summary,
    ):
        assert found in text


def test_what_must_be_known_first_is_shown_first() -> None:
    document = worded(figures(stale=True))
    text = Page(page(document)).text()
    assert text.index("The ticket data is") < text.index("Service levels, week 47")


def test_a_preview_begins_with_old_data_and_then_the_summary(mailed: bytes) -> None:
    hidden = next(each for each in Page(mailed).all("div") if each.classes == ["pre"])
    assert hidden.style["display"] == "none"
    assert hidden.words[0].startswith("In week 47, 131 of 141 promises were kept")


def test_styles_are_inlined_and_media_queries_stay(mailed: bytes) -> None:
    found = Page(mailed)
    assert all(each.style for each in found.elements if each.tag in ("h1", "h2", "h3", "p", "img"))
    assert b"@media (prefers-color-scheme: dark)" in mailed
    assert b"@media (max-width: 680px)" in mailed


def test_a_client_finds_what_it_needs_before_its_limits(mailed: bytes, paged: bytes) -> None:
    """Browsers look for the charset in 1,024 bytes, Gmail drops a style of over 8,192 signs."""
    for content in (mailed, paged):
        assert content.index(b'<meta charset="utf-8">') < 900
    first = Page(mailed).all("style")[0]
    assert len("".join(first.words)) < 8_192
    assert ".tile { display: block !important" in first.words[0]


def test_a_mail_is_at_most_640_pixels_wide(mailed: bytes) -> None:
    sheet = next(each for each in Page(mailed).all("table") if "sheet" in each.classes)
    assert (sheet.attributes["width"], sheet.style["max-width"]) == ("640", "640px")
    widths = [each.attributes.get("width") or "" for each in Page(mailed).elements]
    assert max(int(width) for width in widths if width.isdigit()) == 640


def test_words_can_be_read_on_their_ground_by_day() -> None:
    for known in (figures(), figures(stale=True), figures(of=BOOKS)):
        found = pairs(Page(mail(worded(known, corrects=True))))
        assert len(found) >= 6
        assert {pair: contrast(*pair) for pair in found if contrast(*pair) < 4.5} == {}


def test_words_can_be_read_on_their_ground_by_night() -> None:
    content = mail(worded(figures(stale=True), corrects=True))
    found = pairs(Page(content), dark_rules(content))
    assert len(found) >= 6
    assert {pair: contrast(*pair) for pair in found if contrast(*pair) < 4.5} == {}


def test_a_verdict_has_a_sign_and_a_word_beside_its_colour(mailed: bytes) -> None:
    signs = [each for each in Page(mailed).all("span") if {"good", "bad"} & set(each.classes)]
    assert {(each.words[0], each.attributes["aria-label"]) for each in signs} == {
        ("▲", "on target"),
        ("▼", "missed"),
    }
    assert "61 of 63 due, target 90 %: on target" in Page(mailed).text()


@pytest.mark.parametrize(("asked", "written"), [("en-GB", "en-GB"), ("pt-BR", "en-GB")])
def test_the_page_names_the_language_of_its_sentences(asked: str, written: str) -> None:
    page = Page(mail(worded(to=audience(language=asked))))
    assert page.all("html")[0].attributes["lang"] == written


def with_words(words: str) -> Document:
    """A report in which these words stand wherever a stranger's can."""
    late = clock(subject=words, customer=words, assignee=words, tier=words, number=words)
    named = Promises(By.TIER, words, None, attainment(30, 20, 0.9), None, None, 0, 0, 0, None)
    trends = tuple(trend(name, [(30, 28)] * 7) for name in (words, f"{words}!"))
    known = figures(open_breaches=(late,), promises=(named,), trends=trends, policies=(words,))
    return worded(known, to=audience(title=words))


def shape(content: bytes) -> list[tuple[str, list[str]]]:
    """The elements and the names of their attributes, without a cell's own looks."""
    return [(e.tag, sorted({*e.attributes} - {"class", "style"})) for e in Page(content).elements]


@pytest.fixture(scope="module")
def tame() -> tuple[list[tuple[str, list[str]]], ...]:
    document = with_words("tame")
    return shape(mail(document)), shape(page(document))


@pytest.mark.parametrize("words", BREAKING, ids=range(len(BREAKING)))
def test_no_text_breaks_out_of_where_it_stands(
    words: str, tame: tuple[list[tuple[str, list[str]]], ...]
) -> None:
    document = with_words(words)
    assert (shape(mail(document)), shape(page(document))) == tame


def test_no_column_title_breaks_out_of_a_style() -> None:
    assert html.css_text("Over 7 days") == "Over 7 days"
    assert html.css_text('"; } </style>\\') == "\\22 \\3b  \\7d  \\3c \\2f style\\3e \\5c "


@pytest.mark.parametrize(
    "words", ["W" * 10_000, "<&>'\"" * 2_000, "\U0001f525" * 10_000, "a " * 5_000]
)
def test_five_hundred_breaches_with_endless_subjects_fit_into_a_mail(words: str) -> None:
    content = mail(worded(crowded(subject=words, customer=words, assignee=words)))
    assert len(content) < 100_000
    text = Page(content).text()
    assert "In week 47, 131 of 141 promises were kept" in text
    assert "more" in text


def test_whatever_comes_a_mail_fits() -> None:
    names = [f"{n}{'<' * 300}" for n in range(100)]
    lines = tuple(
        Promises(By.TIER, n, None, attainment(30, 20, 0.9), None, None, 0, 0, 0, None)
        for n in names
    )
    trends = tuple(trend(n, [(30, 20)] * 13) for n in names)
    content = mail(worded(figures(promises=lines, trends=trends)))
    assert len(content) < 100_000
    assert Page(content).all("h1")


def test_a_full_week_is_not_cut(mailed: bytes) -> None:
    assert len(mailed) < 80_000
    assert "more" not in [each.words[0].split()[0] for each in Page(mailed).all("p") if each.words]


def test_a_cut_list_says_how_many_more_and_where() -> None:
    document = worded(crowded(57))
    attached = Page(mail(document, files=("report.xlsx",)))
    more = [e for e in attached.all("p") if e.words and e.words[0].startswith("and ")]
    assert [e.words[0] for e in more] == ["and 37 more: see the attached workbook or"] * 3
    assert [e.attributes["href"] for e in attached.all("a")] == [BOARD] * 4
    assert "and 37 more." in Page(mail(replace(document, link=None))).text()
    assert "and" not in [e.words[0].split()[0] for e in Page(page(document)).all("p") if e.words]


def test_a_page_holds_five_hundred_rows_of_a_table() -> None:
    late = tuple(clock(number=str(n)) for n in range(620))
    found = Page(page(worded(figures(open_breaches=late))))
    assert "and 120 more" in found.text()


def test_a_customers_mail_holds_nothing_of_another() -> None:
    document = worded(figures(of=BOOKS), to=customer_audience(BOOKS), link=None)
    for content in (mail(document), page(document)):
        text = content.decode()
        assert BOOKS in Page(content).text()
        assert [name for name in (CINDER, DELFT, "cinder", "delft", "Cinder") if name in text] == []


def test_one_ticket_is_a_report() -> None:
    known = figures(**EMPTY | {"breaches": (clock(),), "open_breaches": (clock(),)})
    text = Page(mail(worded(known))).text()
    assert "4711" in text
    assert "Checkout answers 500" in text


def test_few_promises_bear_no_sign_and_no_bar() -> None:
    few = Promises(By.TIER, "bug_fix", None, attainment(12, 2, 0.95), None, None, 0, 0, 0, None)
    found = Page(mail(worded(figures(**EMPTY | {"promises": (few,)}))))
    assert "2 of 12" in found.text().replace("\u00a0", " ")
    assert [each for each in found.elements if {"bar", "good", "bad"} & set(each.classes)] == []


@pytest.mark.parametrize(
    "bar",
    [
        Bar(0.91, 0.73, 0.98, 0.95),
        Bar(1.0, 0.84, 1.0, 1.0),
        Bar(0.0, 0.0, 0.16, 0.0),
        Bar(0.5, 0.5, 0.5),
    ],
)
def test_a_bar_is_as_wide_as_it_should_be(bar: Bar) -> None:
    drawn = html.segments(bar, 72)
    assert sum(each.width for each in drawn) == 72
    strokes = [each for each in drawn if each.colour == "#1b1f24"]
    assert [each.width for each in strokes] == ([2] if bar.target is not None else [])


def test_the_same_document_gives_the_same_bytes(
    week: Document, mailed: bytes, paged: bytes
) -> None:
    assert (mail(worded()), page(worded())) == (mailed, paged)


def test_the_files_say_what_they_are(week: Document) -> None:
    file = html.mail(week, {})
    assert (file.name, file.media_type) == ("mail.html", "text/html; charset=utf-8")
    assert html.page(week, {}).name == "page.html"
