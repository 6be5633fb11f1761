"""Texts, instants and lengths of time as Excel keeps them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from math import isfinite
from zoneinfo import ZoneInfo

import pandas as pd

from supportops.rendering.render import one_line

LONGEST_TEXT = 32_767
"""Of one cell, in UTF-16 units: Excel's own limit; it calls a file with more than that damaged."""

INSTANT, HOURS_MINUTES, HOURS = "yyyy-mm-dd hh:mm", "[h]:mm", "#,##0.00"
"""Formats of instants, of lengths of time, and of hours that may be negative."""

DATES = {"de": "dd.mm.yyyy hh:mm", "fr": "dd/mm/yyyy hh:mm"}
"""Formats of instants in languages that have their own, as long as INSTANT."""

LONGEST_NAME = 31  # of a sheet
DAY = 86_400.0
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - day 0 of a sheet; its clocks know no zone
_LAST_DAY = 2_958_466  # the day after 9999-12-31
# A text that looks like XlsxWriter's own marked-up strings would be copied into the file as XML.
_RICH = re.compile(r"<r>.*</r>\Z", re.DOTALL)


def text(value: object) -> str:
    """One line that fits a cell, with nothing in it that XML or Excel cannot keep."""
    return _text(value) if isinstance(value, str) else _text(str(value))


@lru_cache(maxsize=20_000)
def _text(value: str) -> str:
    line = value if value.isascii() and value.isprintable() else one_line(value)
    line = line.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    if len(line) > LONGEST_TEXT // 2 and len(line.encode("utf-16-le")) // 2 > LONGEST_TEXT:
        line = line.encode("utf-16-le")[: 2 * LONGEST_TEXT - 2].decode("utf-16-le", "ignore") + "…"
    return f" {line}" if _RICH.match(line) else line


def number(value: object) -> float | int | None:
    """A finite number, else None: a sheet has neither infinity nor "not a number"."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value):
        return value
    return None


def shown_length(value: float, shown: str) -> int:
    """How many characters a number takes in a format; Excel shows ##### where they do not fit."""
    if shown == INSTANT:
        return len(INSTANT)
    if shown == HOURS_MINUTES:
        return len(f"{value * 24:.0f}:00")
    scale = 100 if shown.endswith("%") else 1
    places = len(shown.partition(".")[2].rstrip("%"))
    return len(f"{value * scale:,.{places}f}") + (scale > 1)


def day_number(instant: datetime, zone: str) -> float | None:
    """An aware instant as days on the zone's clock; None outside of what a sheet can hold."""
    there = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    days = (there - _EPOCH).total_seconds() / DAY
    return days if 61 <= days < _LAST_DAY else None


def day_numbers(instants: pd.Series, zone: str) -> list[float | None]:
    """The same of a column; None where there is no instant."""
    there = instants.dt.tz_convert(zone).dt.tz_localize(None)
    days = (there - pd.Timestamp(_EPOCH)) / pd.Timedelta(days=1)
    return [day if 61 <= day < _LAST_DAY else None for day in days.tolist()]


def sheet_name(title: str, taken: Iterable[str]) -> str:
    """`title` without what Excel forbids in a sheet's name, unlike those that are taken."""
    plain = re.sub(r"[\[\]:*?/\\]+", " ", text(title))[:LONGEST_NAME].strip(" '") or "Sheet"
    if plain.casefold() == "history":  # Excel's own
        plain = "History of it"
    used = {name.casefold() for name in taken}
    name, count = plain, 1
    while name.casefold() in used:
        count += 1
        name = f"{plain[: LONGEST_NAME - 5].rstrip()} ({count})"
    return name
