"""A report's promises as CSV: a row for each line of every grouping, for other programs.

RFC 4180 (commas, CRLF, a header), UTF-8 with a byte-order mark, without which Excel takes names
with accents apart. Durations are seconds, shares of one, an empty field means "none". A text that
a spreadsheet would take for a formula has an apostrophe in front of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from csv import writer
from io import StringIO

from supportops.rendering.formulas import never_formula
from supportops.rendering.render import one_line
from supportops.reports.figures import Figures, Promises, Quantile, Times
from supportops.reports.formats.file import CSV, File

COLUMNS = (
    "period",
    "by",
    "name",
    "metric",
    "due",
    "met",
    "breached",
    "share",
    "low",
    "high",
    "target",
    "few",
    "open",
    "at_risk",
    "overdue",
    "oldest_seconds",
    *(
        f"{clock}_{figure}"
        for clock in ("business", "calendar")
        for figure in ("n", "unfinished", "median", "median_over", "p90", "p90_over")
    ),
)
"""`by` is tier, customer, site, assignee or all. An empty `metric` is all metrics together.

`median_over` and `p90_over`: not reached yet, and over so many seconds.
"""

Field = str | int | float | None


def csv(figures: Figures) -> File:
    """Every line of `figures.promises`, in their order."""
    written = StringIO(newline="")
    rows = writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for line in figures.promises:
        rows.writerow([_field(value) for value in _fields(figures.period.label, line)])
    return File(CSV, "text/csv; charset=utf-8", written.getvalue().encode("utf-8-sig"))


def _fields(period: str, line: Promises) -> Iterator[Field]:
    kept = line.kept
    yield from (period, line.by.value, line.name, line.metric)
    yield from (kept.due, kept.met, kept.breached, kept.share, kept.low, kept.high, kept.target)
    yield from (str(kept.few).lower(), line.open, line.at_risk, line.overdue, line.oldest)
    for times in (line.business, line.calendar):
        yield from _times(times)


def _times(times: Times | None) -> tuple[Field, ...]:
    if times is None:
        return (None,) * 6
    return (times.n, times.unfinished, *_quantile(times.median), *_quantile(times.p90))


def _quantile(quantile: Quantile) -> tuple[Field, Field]:
    return (quantile.seconds, quantile.over)


def _field(value: Field) -> Field:
    """Numbers as they are, also negative ones; texts on one line and never a formula."""
    return never_formula(one_line(value)) if isinstance(value, str) else value
