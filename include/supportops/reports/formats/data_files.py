"""A report's figures for other programs: JSON, CSV, and the promises that later reports compare.

The CSV has a row for each line of every grouping: RFC 4180 (commas, CRLF, a header), UTF-8 with a
byte-order mark, without which Excel takes names with accents apart. Durations are seconds, shares
of one, an empty field means "none". A text that a spreadsheet would take for a formula has an
apostrophe in front of it.
"""

from __future__ import annotations

import json as standard
import re
from collections.abc import Iterator, Mapping
from csv import writer
from io import BytesIO, StringIO
from typing import Any

import pandas as pd

from supportops.rendering.formulas import never_formula
from supportops.rendering.render import one_line
from supportops.reports.figures import Figures, Promises, Quantile, Times
from supportops.reports.formats.file import COUNTED, CSV, JSON, File

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

_HALF = re.compile("[\ud800-\udfff]")
_COUNTED_TEXTS = ("source", "number", "metric", "tier", "customer")


def json(figures: Mapping[str, Any]) -> File:
    """Every figure: UTF-8, indented, keys in the order given, a newline at the end.

    `figures` holds dicts, lists, texts, finite numbers, booleans and None. Raises ValueError for
    infinity and NaN, which JSON has not, and TypeError for any other value.
    """
    text = standard.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair is no UTF-8; JSON can still name it.
    text = _HALF.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return File(JSON, "application/json", f"{text}\n".encode())


def csv(figures: Figures) -> File:
    """Every line of `figures.promises`, in their order."""
    written = StringIO(newline="")
    rows = writer(written, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for line in figures.promises:
        rows.writerow([_field(value) for value in _fields(figures.period.label, line)])
    return File(CSV, "text/csv; charset=utf-8", written.getvalue().encode("utf-8-sig"))


def counted_file(counted: pd.DataFrame) -> File:
    """Every promise that was counted (columns of `response_times.counted`), for a later report to
    compare with.
    """
    content = counted.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%dT%H:%M:%S.%f%z")
    return File(COUNTED, "text/csv; charset=utf-8", content.encode("utf-8", "replace"))


def read_counted(file: File) -> pd.DataFrame:
    """The frame that `counted_file` wrote: due_at datetime64[us, UTC], met bool, texts object."""
    texts = dict.fromkeys(_COUNTED_TEXTS, "object")
    frame = pd.read_csv(BytesIO(file.content), dtype=texts, keep_default_na=False, na_values={})
    frame["customer"] = frame["customer"].where(frame["customer"] != "", None)
    frame["due_at"] = pd.to_datetime(frame["due_at"], utc=True, format="ISO8601")
    frame["met"] = frame["met"].astype(str).str.lower() == "true"
    return frame


def _fields(period: str, line: Promises) -> Iterator[Field]:
    attainment = line.attainment
    yield from (period, line.by.value, line.name, line.metric)
    yield from (
        attainment.due,
        attainment.met,
        attainment.breached,
        attainment.share,
        attainment.low,
        attainment.high,
        attainment.target,
    )
    yield from (str(attainment.few).lower(), line.open, line.at_risk, line.overdue, line.oldest)
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
