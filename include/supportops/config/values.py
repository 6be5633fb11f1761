"""The small values that operators write in YAML: durations, percentages, times, status ranges."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, WithJsonSchema
from pydantic.json_schema import GenerateJsonSchema

from supportops.sites.site import FIVE_MINUTES

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(\d+)\s*([smhd])")
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(kB|MB)", re.IGNORECASE)
_BYTES = {"kb": 1000, "mb": 1_000_000}
LARGEST = 100_000_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@cache
def known_zones() -> frozenset[str]:
    """The zones of the IANA list. They are files: walked once in a process, not for each value."""
    return frozenset(available_timezones())


class AsWritten(GenerateJsonSchema):
    """A JSON Schema whose defaults read as an operator would write them."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, timedelta):
            seconds = int(dft.total_seconds())
            unit = next((u for u, size in reversed(_UNITS.items()) if seconds % size == 0), "s")
            return f"{seconds // _UNITS[unit]}{unit}"
        if isinstance(dft, list | tuple):
            return [self.encode_default(item) for item in dft]
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", exclude_unset=True)
        return super().encode_default(dft)


def _duration(found: Any) -> timedelta:
    if isinstance(found, timedelta):
        return found
    match = _DURATION.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        raise ValueError("a number and a unit: 30s, 5m, 2h or 1d")
    try:
        return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    except (OverflowError, ValueError):  # ValueError: a number of thousands of digits
        raise ValueError("a duration that ends before the world does") from None


def _positive(found: timedelta) -> timedelta:
    if found <= timedelta(0):
        raise ValueError("a duration longer than zero")
    return found


def _five_minutes(found: timedelta) -> timedelta:
    if found % FIVE_MINUTES or found > timedelta(days=1):
        raise ValueError("a multiple of 5m, at most 1d")
    return found


def _share(found: Any) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", found.strip()) if isinstance(found, str) else None
    share = float(Decimal(match[1]) / 100) if match else found
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ValueError("a percentage from 0% to 100%")
    return float(share)


def _size(found: Any) -> int:
    match = _SIZE.fullmatch(found.strip()) if isinstance(found, str) else None
    if match is None:
        raise ValueError("a number and a unit: 500kB or 7MB")
    size = int(Decimal(match[1]) * _BYTES[match[2].lower()])
    if size > LARGEST:
        raise ValueError("a size of at most 100MB")
    return size


def _status(found: Any) -> tuple[tuple[int, int], ...]:
    if isinstance(found, tuple):
        return found
    ranges = []
    for part in str(found).split(","):
        match = re.fullmatch(r"\s*([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?\s*", part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise ValueError("status codes or ranges: 200, or 200-399, or 200-299,404")
        ranges.append((int(match[1]), int(match[2] or match[1])))
    return tuple(ranges)


def _url(found: str) -> str:
    parts = urlsplit(found)
    try:
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine:
        raise ValueError("an address such as https://www.example.org/")
    if parts.username or parts.password:
        raise ValueError("an address without user and password")
    if re.search(r"[\x00-\x20\x7f]", found) or len(found) > 2000:
        raise ValueError("an address without spaces or control characters, at most 2000 long")
    return found


def _control_url(found: str) -> str:
    if len(found) > 500:
        raise ValueError("an address of at most 500 characters")
    return found


def zone_name(found: str) -> str:
    """`found`, if it is a zone of the IANA list. Raises ValueError."""
    if found not in known_zones():
        raise ValueError("a zone of the IANA list, such as Europe/London")
    return found


def _clock(found: Any) -> time:
    # YAML 1.1 reads an unquoted 22:00 as the number 1320, in base sixty.
    if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 24 * 60:
        return time(found // 60, found % 60)
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", str(found))
    if match is None:
        raise ValueError("a time of day such as 22:30")
    return time(int(match[1]), int(match[2]))


def _weekday(found: Any) -> int:
    if isinstance(found, str):
        for number, short in enumerate(WEEKDAYS):
            if found.lower() in (short, _DAYS[number]):
                return number
    raise ValueError("a weekday: " + ", ".join(WEEKDAYS))


def _aware(found: datetime) -> datetime:
    if found.tzinfo is None:
        raise ValueError("an instant with its offset, such as 2026-11-28T22:00+00:00")
    return found


def _name(found: str) -> str:
    if not found.strip() or len(found) > 200 or found.startswith("@"):
        raise ValueError("a name of 1 to 200 characters that does not begin with @")
    if "\0" in found or any("\ud800" <= sign <= "\udfff" for sign in found):
        raise ValueError("a name without NUL and without half characters")
    return found


def identifier(found: Any) -> str:
    """`found`, if it is a name as the configuration has them. Raises ValueError."""
    if not isinstance(found, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", found):
        raise ValueError("a name of small letters, digits and underscores")
    return found


def _path(found: str) -> str:
    # With the site's name it is a key of the store, and PostgreSQL's keys end at 2,704 bytes.
    if not found.startswith("/") or re.search(r"[\x00-\x20\x7f#]", found) or len(found) > 400:
        raise ValueError("a path that begins with /, has no spaces and at most 400 characters")
    return found


def _text(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


_DURATION_SCHEMA = _text({"pattern": r"^\d+\s*[smhd]$", "examples": ["30s", "5m", "2h", "1d"]})
Duration = Annotated[
    timedelta, BeforeValidator(_duration), AfterValidator(_positive), _DURATION_SCHEMA
]
Interval = Annotated[Duration, AfterValidator(_five_minutes)]
Delay = Annotated[timedelta, BeforeValidator(_duration), _DURATION_SCHEMA]
Share = Annotated[float, BeforeValidator(_share), _text({"examples": ["50%"]})]
Size = Annotated[
    int,
    BeforeValidator(_size),
    _text({"pattern": r"^\d+(\.\d+)?\s*[kKmM][bB]$", "examples": ["500kB", "7MB"]}),
]
StatusRanges = Annotated[
    tuple[tuple[int, int], ...],
    BeforeValidator(_status),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["200-399"]}),
]
Url = Annotated[str, AfterValidator(_url)]
ControlUrl = Annotated[Url, AfterValidator(_control_url)]
Zone = Annotated[str, AfterValidator(zone_name)]
Clock = Annotated[time, BeforeValidator(_clock), _text({"examples": ["22:30"]})]
Weekday = Annotated[int, BeforeValidator(_weekday), _text({"enum": list(WEEKDAYS)})]
Instant = Annotated[datetime, AfterValidator(_aware)]
Name = Annotated[str, AfterValidator(_name)]
Identifier = Annotated[str, AfterValidator(identifier)]
Path = Annotated[str, AfterValidator(_path)]


def _colour(found: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", found):
        raise ValueError('a colour such as "#0a5c36", in quotation marks')
    return found.lower()


Colour = Annotated[str, AfterValidator(_colour)]
"""As #rrggbb, in small letters."""
