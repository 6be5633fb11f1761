"""Dates, times and numbers as a reader expects them: in a language, on a zone's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_interval,
    format_skeleton,
    format_time,
    get_timezone_name,
)
from babel.lists import format_list

from supportops.rendering.catalogue import Catalogue, catalogue
from supportops.rendering.render import duration


def check_language(tag: str) -> str:
    """`tag` again; raises ValueError if it is no BCP 47 tag that dates can be written in."""
    _locale(tag)
    return tag


@lru_cache(maxsize=32)
def _locale(tag: str) -> Locale:
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError(
            f"{tag!r:.40} is not a language that dates can be written in, such as en-GB or de-DE"
        ) from None


@dataclass(frozen=True, slots=True)
class Reader:
    """Whoever reads a report: `language` is a BCP 47 tag, `zone` an IANA name, `tier_titles` what
    the agency calls its tiers ("VIP support" for "vip"), `channel_labels` what channels are
    called ("E-mail" for "email"), `tier_ranks` how severe tiers are, 0 the most.

    Instants are aware and shown on the zone's clock. Raises ValueError for an unknown language,
    when first asked.
    """

    language: str
    zone: str
    tier_titles: Mapping[str, str] = field(default_factory=dict)
    channel_labels: Mapping[str, str] = field(default_factory=dict)
    tier_ranks: Mapping[str, int] = field(default_factory=dict)

    @property
    def words(self) -> Catalogue:
        """The messages of the language."""
        return catalogue(self.language)

    def gettext(self, message: str, /, **values: object) -> str:
        """The message in the reader's language, with `values` in its places."""
        return self.words.gettext(message, **values)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The form that goes with `number`, which is written for `{number}`."""
        return self.words.ngettext(one, many, number, number=self.count(number), **values)

    def pgettext(self, context: str, message: str, /, **values: object) -> str:
        """The message where one English word has several meanings."""
        return self.words.pgettext(context, message, **values)

    def listed(self, items: Sequence[str]) -> str:
        """ "a and b", "a, b and c"."""
        return str(format_list(items, locale=_locale(self.language)))

    def duration(self, length: float) -> str:
        """Seconds as "45 s", "4 min", "1 h 05 min", "3 d 4 h", rounded down."""
        return duration(length, self.words)

    def there(self, instant: datetime) -> datetime:
        """The same instant on the reader's clock."""
        return instant.astimezone(ZoneInfo(self.zone))

    def weekday(self, day: date) -> str:
        """ "Thursday 19 Nov"."""
        if self._is_english:
            name = format_date(day, "EEEE", _locale(self.language))
            return f"{name} {self._skeleton('MMMd', day)}"
        weekday_first = _day("MMMEd", day, self.language)
        short, long = (format_date(day, width, _locale(self.language)) for width in ("E", "EEEE"))
        return weekday_first.replace(short, long, 1)

    def month(self, day: date) -> str:
        """ "November 2026"."""
        return self._skeleton("yMMMM", day)

    def short_date(self, instant: datetime) -> str:
        """ "19 Dec 2026"."""
        return self._skeleton("yMMMd", self.there(instant).date())

    def short_day(self, day: date) -> str:
        """ "Thu 19 Nov"."""
        return self._skeleton("MMMEd", day)

    def days(self, first: date, last: date, *, year: bool = False) -> str:
        """From one day to another, both named: "16-22 Nov", "16-22 Nov 2026"."""
        skeleton = "yMMMd" if year else "MMMd"
        if first == last:
            return self._skeleton(skeleton, first)
        interval = str(format_interval(first, last, skeleton, locale=_locale(self.language)))
        interval = self.words.spaced(interval)
        if self._is_english:
            return interval.replace(" – ", " - ").replace("–", "-")
        return interval

    def clock(self, instant: datetime) -> str:
        """ "14:05"."""
        there = self.there(instant)
        return _time(time(there.hour, there.minute), self.language)

    def instant(self, instant: datetime) -> str:
        """ "Thu 19 Nov 14:05"."""
        return f"{self.short_day(self.there(instant).date())} {self.clock(instant)}"

    def full(self, instant: datetime) -> str:
        """ "Thu, 19 Nov 2026 14:05 GMT"."""
        there = self.there(instant)
        return f"{self._skeleton('yMMMEd', there)} {self.clock(instant)} {self._zone_name(there)}"

    def count(self, number: int) -> str:
        """ "1,204"."""
        return self.words.count(number)

    def decimal(self, number: str) -> str:
        """A number in digits and a point, as it is written here: "2.66"."""
        return self.words.fixed(Decimal(number))

    def share(self, share: float, digits: int = 0) -> str:
        """A share of one as "91 %", rounded down: 99.97 never reads as 100."""
        return self.words.percent(self.hundredths(share, digits))

    def hundredths(self, share: float, digits: int = 0) -> str:
        """The number of `share` alone: "91"."""
        exact = Decimal(str(round(share, 9))) * 100
        if share < 1:
            exact = min(exact, Decimal(100) - Decimal(1).scaleb(-digits))
        down = exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)
        return self.words.fixed(down, digits)

    def target(self, share: float) -> str:
        """A target as it was set, without needless digits: "95 %", "99.5 %"."""
        hundredths = Decimal(str(round(share * 100, 6))).normalize()
        return self.words.percent(self.words.fixed(hundredths))

    @property
    def _is_english(self) -> bool:
        return self.words.language == "en"

    def _zone_name(self, there: datetime) -> str:
        """ "GMT"; "MEZ" where the language has its own name, and never an offset."""
        name = there.tzname() or ""
        if self._is_english:
            return name
        own = get_timezone_name(there, width="short", locale=_locale(self.language))
        return own if own.isalpha() and own.isupper() else name

    def _skeleton(self, skeleton: str, day: date) -> str:
        return _day(skeleton, date(day.year, day.month, day.day), self.language)


# A long list holds the same few days and minutes thousands of times.
@lru_cache(maxsize=4096)
def _day(skeleton: str, day: date, language: str) -> str:
    shown = str(format_skeleton(skeleton, day, locale=_locale(language)))
    return catalogue(language).spaced(shown)


@lru_cache(maxsize=4096)
def _time(at: time, language: str) -> str:
    shown = str(format_time(at, "short", locale=_locale(language)))
    return catalogue(language).spaced(shown)
