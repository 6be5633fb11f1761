"""A document as HTML: the mail, which every client has to read, and the board's page of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from css_inline import CSSInliner
from markupsafe import Markup, escape

from supportops.rendering.catalogue import N_, Catalogue, catalogue
from supportops.rendering.render import render
from supportops.reports.document import Bar, Block, Chart, Column, Document, Table, Tone, Unit
from supportops.reports.formats.file import CSV, JSON, MAIL_HTML, PAGE, PDF, WORKBOOK, File
from supportops.reports.formats.head import LOGO, band, on_band
from supportops.reports.formats.shortening import Limits, Shortened, shortened
from supportops.reports.formats.text_columns import glued


@dataclass(frozen=True, slots=True)
class HeadLook:
    """An agency's name and logo on its colour."""

    name: str
    logo: str
    band: str
    text: str


# Gmail clips a message at 102 kB, with the rest behind a link.
MOST = 100_000
_MEDIA_TYPE = "text/html; charset=utf-8"
_FILES = {PDF: "PDF", WORKBOOK: N_("Excel workbook"), CSV: "CSV", JSON: "JSON"}
# From what a reader wants to what fits in any case: taken in this order until it fits.
_MAIL = (Limits(40, 120), Limits(20, 80), Limits(10, 60), Limits(5, 40), Limits(2, 20))
_PAGE = Limits(500, 300, all_rows=True)
_MAIL_WIDTH, _PAGE_WIDTH = 640, 980
_LONG_WORD = 16  # characters
_BAR_WIDTH = 72  # pixels; a tile's is twice as wide
# Okabe and Ito's blue and two lighter ones, distinguishable in grey as well.
_CERTAIN, _LIKELY, _POSSIBLE, _REST, _TARGET = "#0072b2", "#3d94cc", "#a9d3ee", "#dfe4e9", "#1b1f24"


def mail(document: Document, images: Mapping[str, File], files: Sequence[str] = ()) -> File:
    """The HTML of a mail, under `MOST` bytes, with its styles inlined.

    `images` by a chart's name; they are referred to as `cid:` and their file's name. `files` are
    the names of what is attached. Texts and tables are cut until it fits; without any section it
    always does.
    """
    for limits in _MAIL:
        content = _mail(shortened(document, limits), images, files)
        if len(content) < MOST:
            return File(MAIL_HTML, _MEDIA_TYPE, content)
    short = shortened(document, _MAIL[-1])
    return File(MAIL_HTML, _MEDIA_TYPE, _mail(_bare(short), images, files))


def page(
    document: Document,
    images: Mapping[str, File],
    files: Sequence[str] = (PDF, WORKBOOK, CSV, JSON),
) -> File:
    """The board's page: wider, with all rows up to 500 a table, no script.

    Pictures, and `files` for download, are referred to by their names, beside the page.
    """
    short = shortened(document, _PAGE)
    words = catalogue(document.language)
    text = _render(
        "reports/page.html",
        short,
        images,
        "",
        width=_PAGE_WIDTH,
        in_mail=False,
        has_workbook=False,
        downloads=_downloads(files, words),
    )
    return File(PAGE, _MEDIA_TYPE, _encoded(text))


def _mail(short: Shortened, images: Mapping[str, File], files: Sequence[str]) -> bytes:
    text = _render(
        "reports/mail.html",
        short,
        images,
        "cid:",
        width=_MAIL_WIDTH,
        in_mail=True,
        has_workbook=WORKBOOK in files,
    )
    return _encoded(_inliner().inline(text))


def _bare(short: Shortened) -> Shortened:
    document = replace(short.document, sections=(), tiles=short.document.tiles[:10])
    return Shortened(document, {})


def _encoded(text: str) -> bytes:
    return (text + "\n").encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    """Nothing is ever fetched.

    Media queries stay in the head, by tags that say so: with `keep_at_rules` they would all become
    one tag, too long for Gmail, in front of the charset that browsers look for in 1,024 bytes.
    """
    return CSSInliner(load_remote_stylesheets=False)


def _render(
    template: str,
    short: Shortened,
    images: Mapping[str, File],
    prefix: str,
    **context: object,
) -> str:
    document, words = short.document, catalogue(short.document.language)
    return render(
        template,
        gettext=words.gettext,
        left_over=lambda table, workbook: _rest(short, table, words, workbook=workbook),
        colon=words.gettext("{word}:", word=""),
        document=document,
        language=document.language,
        kind=_kind,
        numeric=_numeric,
        segments=segments,
        glued=glued,
        long_word=long_word,
        finding=_finding,
        bar_width=_BAR_WIDTH,
        address=lambda chart: f"{prefix}{images[chart.name].name}" if chart.name in images else "",
        css_text=css_text,
        tables=_tables(document),
        good=Tone.GOOD,
        bad=Tone.BAD,
        quiet=Tone.QUIET,
        degraded=Tone.DEGRADED,
        has_degraded=_has_degraded(document),
        head=_head(document, images, prefix),
        **context,
    )


def _head(document: Document, images: Mapping[str, File], prefix: str) -> HeadLook | None:
    """What stands in the head; its logo is referred to as a chart's picture is."""
    head = document.head
    if head is None:
        return None
    logo = f"{prefix}{LOGO}" if LOGO in images else ""
    return HeadLook(head.name, logo, band(head), on_band(head))


def _downloads(files: Sequence[str], words: Catalogue) -> Markup:
    """ "This report as PDF, CSV.", each a link to its file; nothing without files."""
    if not files:
        return Markup()
    link = Markup('<a href="{}">{}</a>').format
    links = [link(name, words.gettext(_FILES.get(name, name))) for name in files]
    return _marked(
        words.gettext("This report as {formats}.", formats="{formats}"),
        formats=Markup(", ").join(links),
    )


def _rest(short: Shortened, table: Table, words: Catalogue, *, workbook: bool | None) -> Markup:
    """ "and 4 more: see the attached workbook or the board."; nothing where all is shown.

    `workbook`: whether one is attached to this mail; None on a page.
    """
    number, link = short.more.get(table.name), short.document.link
    if number is None:
        return Markup()
    board = link is not None and workbook is not None
    if workbook and board:
        message = words.ngettext(
            "and {number} more: see the attached workbook or {board}.",
            "and {number} more: see the attached workbook or {board}.",
            number,
            board="{board}",
        )
    elif workbook:
        message = words.ngettext(
            "and {number} more: see the attached workbook.",
            "and {number} more: see the attached workbook.",
            number,
        )
    elif board:
        message = words.ngettext(
            "and {number} more: see {board}.",
            "and {number} more: see {board}.",
            number,
            board="{board}",
        )
    else:
        message = words.ngettext("and {number} more.", "and {number} more.", number)
    name = words.gettext("the board")
    return _marked(message, board=Markup('<a href="{}">{}</a>').format(link or "", name))


def _marked(message: str, **values: Markup) -> Markup:
    """The message with markup in its places."""
    return escape(message).format(**values)


def _has_degraded(document: Document) -> bool:
    """Whether a cell needs the colour, whose rules no other document carries."""
    tables = [b for section in document.sections for b in section.blocks if isinstance(b, Table)]
    rows = (row for table in tables for row in table.rows)
    return any(cell.tone is Tone.DEGRADED for row in rows for cell in row)


def _kind(block: Block) -> str:
    if isinstance(block, Table):
        return "table"
    return "chart" if isinstance(block, Chart) else "words"


def _finding(chart: Chart) -> str:
    """What `alt` says, without the name that stands above it."""
    finding = chart.alt.removeprefix(f"{chart.title}: ")
    return finding[:1].upper() + finding[1:]


def long_word(text: str) -> bool:
    """Whether a word could push a table wider than a page."""
    return any(len(word) > _LONG_WORD for word in text.split())


def _tables(document: Document) -> list[Table]:
    blocks = (block for section in document.sections for block in section.blocks)
    return [block for block in blocks if isinstance(block, Table) and block.rows]


def _numeric(column: Column) -> bool:
    return column.unit in (Unit.COUNT, Unit.SHARE, Unit.SECONDS)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: pixels and a colour."""

    width: int
    colour: str


def segments(bar: Bar, width: int) -> list[Segment]:
    """A bar from left to right: up to the interval, to the share, to its end, the rest.

    The target is a stroke of 2 pixels across it. Widths add up to `width`.
    """
    edges = [(bar.low, _CERTAIN), (bar.share, _LIKELY), (bar.high, _POSSIBLE), (1.0, _REST)]
    colours: list[str] = []
    for share, colour in edges:
        upto = round(min(1.0, max(0.0, share)) * width)
        colours += [colour] * (upto - len(colours))
    if bar.target is not None:
        start = min(width - 2, max(0, round(bar.target * width) - 1))
        colours[start : start + 2] = [_TARGET] * 2
    made: list[Segment] = []
    for colour in colours:
        if made and made[-1].colour == colour:
            made[-1] = Segment(made[-1].width + 1, colour)
        else:
            made.append(Segment(1, colour))
    return made


def css_text(text: str) -> str:
    """`text` inside a CSS string: all but plain letters, digits and spaces as escapes."""
    return "".join(
        sign if sign == " " or (sign.isascii() and sign.isalnum()) else f"\\{ord(sign):x} "
        for sign in text
    )
