"""Instants and numbers as exports write them, and what shows the order of day and month."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

AUTO = "auto"
ISO = "iso"
EPOCH_SECONDS = "epoch"
EPOCH_MILLISECONDS = "epoch_ms"
EXCEL = "excel"
DMY, MDY, YMD = "dmy", "mdy", "ymd"
ORDERS = (DMY, MDY, YMD)
NAMED = (ISO, EPOCH_SECONDS, EPOCH_MILLISECONDS, EXCEL, *ORDERS)

# Excel counts days from here, as if 1900 had been a leap year (ECMA-376 part 1, 18.17.4.1).
_EXCEL_BEGAN = datetime(1899, 12, 30, tzinfo=UTC)
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_MONTHS = (
    "jan janv ene",
    "feb fev fév fevr févr",
    "mar mär mrz mars",
    "apr abr avr",
    "may mai mayo",
    "jun juin",
    "jul juil",
    "aug ago aoû août",
    "sep set sept",
    "oct okt out",
    "nov",
    "dec dez dic déc",
)
_MONTH_OF = {word: n for n, words in enumerate(_MONTHS, 1) for word in words.split()}
_DATE = re.compile(
    r"""(?P<a>\d{1,4}|[^\W\d_]{3,12})\.?(?:[\s/.-]|\sde\s)\s*(?:de\s)?
        (?P<b>\d{1,2}|[^\W\d_]{3,12})\.?,?(?:[\s/.-]|\sde\s)\s*(?:de\s)?
        (?P<c>\d{1,4})
        (?:,?\s*(?:[T\s]|às|à|at|um|-)\s*(?P<h>\d{1,2})[:h.](?P<m>\d{2})(?:[:.](?P<s>\d{2})
        (?:[.,]\d+)?)?\s*(?P<half>[AaPp])?(?(half)\.?\s?[Mm]\.?))?
        \s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?""",
    re.VERBOSE,
)


@lru_cache(maxsize=50_000)
def read_instant(word: str, formats: tuple[str, ...], zone: str) -> datetime | None:
    """The instant that `word` names by the first of `formats` that fits, in UTC; None for none.

    `zone` is that of words without an offset.
    """
    for form in formats:
        try:
            found = _parsed(word.strip(), form)
            if found.tzinfo is None:
                found = found.replace(tzinfo=ZoneInfo(zone))
            return found.astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            continue
    return None


def read_number(word: str, decimal_comma: bool) -> float | None:
    """A number with its decimal sign; the other sign and blanks group thousands. None for none."""
    group, point = (".", ",") if decimal_comma else (",", ".")
    plain = re.sub(r"[\s\u00a0\u202f]", "", word).replace(group, "").replace(point, ".")
    try:
        return float(plain) if re.fullmatch(r"-?[0-9]*\.?[0-9]+|-?[0-9]+\.", plain) else None
    except ValueError:
        return None


def order_shown(word: str) -> str | None:
    """What a word says of the order of its day and month.

    DMY or MDY where one of its numbers is no month, AUTO where both orders are possible and differ,
    None where it says nothing: with the year first, a named month, or two equal numbers.
    """
    found = _DATE.fullmatch(word.strip()[:64])
    if found is None or len(found["a"]) > 2 or not (found["a"].isdigit() and found["b"].isdigit()):
        return None
    first, second = int(found["a"]), int(found["b"])
    if first == second:
        return None
    if first > 12:
        return DMY
    return MDY if second > 12 else AUTO


def format_shown(word: str) -> str | None:
    """Which of NAMED a word is written in: DMY for every order of day and month; None for none."""
    text = word.strip()[:64]
    if _NUMBER.fullmatch(text):
        whole = re.split("[.,]", text)[0]
        lengths = {5: EXCEL, 10: EPOCH_SECONDS, 13: EPOCH_MILLISECONDS}
        return ISO if len(text) in (8, 14) and text[:2] in ("19", "20") else lengths.get(len(whole))
    if read_instant(text, (ISO,), "UTC") is not None:
        return ISO
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    return YMD if len(found["a"]) == 4 and found["a"].isdigit() else DMY


def _parsed(word: str, form: str) -> datetime:
    if form == ISO:
        return datetime.fromisoformat(word)
    if form == EPOCH_SECONDS:
        return datetime.fromtimestamp(float(word), UTC)
    if form == EPOCH_MILLISECONDS:
        return datetime.fromtimestamp(float(word) / 1000, UTC)
    if form == EXCEL:
        days = float(word.replace(",", "."))
        seconds = round(days * 86_400)
        return (_EXCEL_BEGAN + timedelta(seconds=seconds)).replace(tzinfo=None)
    if form in ORDERS:
        return _dated(word, form)
    return datetime.strptime(word, form)  # noqa: DTZ007 - the caller gives it the mapping's zone


def _dated(word: str, order: str) -> datetime:
    found = _DATE.fullmatch(word)
    if found is None:
        raise ValueError(word)
    a, b, c = found["a"], found["b"], found["c"]
    if a.isdigit() and len(a) == 4:
        year, month, day = a, b, c
    elif not a.isdigit() or (order == MDY and b.isdigit()):
        month, day, year = a, b, c
    else:
        day, month, year = a, b, c
    hour, half = int(found["h"] or 0), (found["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(word)
        hour = hour % 12 + (12 if half == "p" else 0)
    at = datetime(  # noqa: DTZ001 - the caller gives it the mapping's zone
        _year(year), _month(month), int(day), hour, int(found["m"] or 0), int(found["s"] or 0)
    )
    return at if found["zone"] is None else _with_offset(at, found["zone"])


def _year(word: str) -> int:
    if len(word) == 2:
        return int(word) + (1900 if word > "69" else 2000)
    if len(word) != 4:
        raise ValueError(word)
    return int(word)


def _month(word: str) -> int:
    if word.isdigit():
        return int(word)
    lowered = word.lower()
    for length in (5, 4, 3):
        if (month := _MONTH_OF.get(lowered[:length])) is not None:
            return month
    raise ValueError(word)


def _with_offset(at: datetime, zone: str) -> datetime:
    if zone in ("Z", "UTC", "GMT"):
        return at.replace(tzinfo=UTC)
    return datetime.strptime(f"{at:%Y-%m-%dT%H:%M:%S}{zone}", "%Y-%m-%dT%H:%M:%S%z")
