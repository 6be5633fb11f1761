"""From figures to files: every format that an audience gets, and what could not be made.

A format that fails is left out and named: the mail itself is made from what needs least.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from supportops.rendering.catalogue import ENGLISH, N_, Catalogue, catalogue
from supportops.reports.audience import Format
from supportops.reports.document import Chart, Document, Tone, Words
from supportops.reports.figures import Figures
from supportops.reports.formats import html, plain
from supportops.reports.formats.charts import charts
from supportops.reports.formats.clocks_csv import clocks_csv
from supportops.reports.formats.data_files import csv, json
from supportops.reports.formats.file import LISTED_AT_MOST, File
from supportops.reports.formats.head import logo_file
from supportops.reports.formats.pdf import pdf
from supportops.reports.formats.workbook.workbook import workbook
from supportops.reports.measuring.figures_json import to_json

log = logging.getLogger(__name__)

NAMES = {
    Format.PDF: N_("the PDF"),
    Format.XLSX: N_("the workbook"),
    Format.CSV: N_("the CSV file"),
    Format.JSON: N_("the JSON"),
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The files of one report. `troubles`: what could not be made, a line each."""

    subject: str
    files: tuple[File, ...]
    troubles: tuple[str, ...]


def render(
    document: Document,
    figures: Figures,
    clocks: pd.DataFrame,
    counted: File,
    formats: Sequence[Format],
) -> Rendered:
    """The mail, the page, the pictures, what is to be attached in these formats, and `counted`."""
    renderer = _Renderer(document, figures, clocks)
    logo = renderer.logo()
    attached = renderer.attachments(formats)
    pictures = {chart.name: file for chart in renderer.charts if (file := renderer.picture(chart))}
    if logo is not None:
        pictures[logo.name] = logo
    final = _with_troubles(renderer.document, renderer.troubles)
    names = tuple(file.name for file in attached)
    words = (
        html.mail(final, pictures, names),
        plain.text(final),
        plain.summary(final),
        html.page(final, pictures, names),
    )
    files = (*words, *pictures.values(), *attached, counted)
    return Rendered(final.subject, files, tuple(each.line() for each in renderer.troubles))


@dataclass(frozen=True, slots=True)
class Trouble:
    """A document that could not be made: its name as a message, with a chart's `title` in it, and
    the class of the error."""

    message: str
    title: str = ""
    error: str = ""

    def name(self, words: Catalogue = ENGLISH) -> str:
        """ "the picture “Gold”"."""
        return words.gettext(self.message, title=self.title)

    def line(self, words: Catalogue = ENGLISH) -> str:
        """ "the PDF could not be made (PdfFailed)"."""
        return words.gettext(
            "{document} could not be made ({error})", document=self.name(words), error=self.error
        )

    def notice(self, words: Catalogue) -> str:
        """The same as a sentence for readers."""
        line = self.line(words)
        return words.gettext(
            "{trouble}; the operators know.", trouble=f"{line[0].upper()}{line[1:]}"
        )


class _Renderer:
    """Makes the files of one report and collects what could not be made."""

    def __init__(self, document: Document, figures: Figures, clocks: pd.DataFrame) -> None:
        self.document = document
        self.figures = figures
        self.clocks = clocks
        self.words = catalogue(document.language)
        self.troubles: list[Trouble] = []
        blocks = (block for section in document.sections for block in section.blocks)
        self.charts = [block for block in blocks if isinstance(block, Chart)]

    def attachments(self, formats: Sequence[Format]) -> list[File]:
        made = [self.attachment(form) for form in formats]
        if Format.XLSX in formats and len(self.clocks) > LISTED_AT_MOST:
            every = Trouble(N_("the CSV file of all promises"))
            made.append(self._attempt(every, lambda: clocks_csv(self.clocks)))
        return [file for file in made if file is not None]

    def attachment(self, form: Format) -> File | None:
        return self._attempt(
            Trouble(NAMES[form]),
            {
                Format.PDF: self._pdf,
                Format.XLSX: lambda: workbook(self.document, self.figures, self.clocks),
                Format.CSV: lambda: csv(self.figures),
                Format.JSON: lambda: json(to_json(self.figures)),
            }[form],
        )

    def picture(self, chart: Chart) -> File | None:
        return self._attempt(
            Trouble(N_("the picture “{title}”"), chart.title),
            lambda: File(f"{chart.name}.png", "image/png", charts.png(chart, self.words)),
        )

    def logo(self) -> File | None:
        head = self.document.head
        if head is None or head.logo is None:
            return None
        drawn = self._attempt(Trouble(N_("the logo")), lambda: logo_file(head))
        if drawn is None:  # with it there would be no PDF either
            self.document = replace(self.document, head=replace(head, logo=None))
        return drawn

    def _pdf(self) -> File:
        pictures = {chart.name: charts.svg(chart, self.words) for chart in self.charts}
        return pdf(self.document, pictures, self.figures.as_of)

    def _attempt(self, trouble: Trouble, make: Callable[[], File | None]) -> File | None:
        """The file, or None and a trouble: a bug in one format must not keep the mail back."""
        try:
            return make()
        except Exception as error:
            log.exception("%s of %s could not be made", trouble.name(), self.document.title)
            self.troubles.append(replace(trouble, error=type(error).__name__))
            return None


def _with_troubles(document: Document, troubles: list[Trouble]) -> Document:
    """With a notice for each missing document, before anything else."""
    words = catalogue(document.language)
    missing = tuple(Words(trouble.notice(words), Tone.BAD) for trouble in troubles)
    return replace(document, notices=document.notices + missing)
