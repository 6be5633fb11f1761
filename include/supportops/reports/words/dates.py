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
)
from babel.lists import format_list
from babel.numbers import format_decimal

from supportops.rendering.catalogue import Catalogue, catalogue
from supportops.rendering.render import duration

# Unicode's locale data uses thin and unbreakable spaces, which break mail subjects and columns of
# fixed width.
_SPACES = str.maketrans({"\u2009": " ", "\u202f": " ", "\u00a0": " "})


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
        name = format_date(day, "EEEE", _locale(self.language))
        return f"{name} {self._skeleton('MMMd', day)}"

    def short_day(self, day: date) -> str:
        """ "Thu 19 Nov"."""
        return self._skeleton("MMMEd", day)

    def days(self, first: date, last: date, *, year: bool = False) -> str:
        """From one day to another, both named: "16-22 Nov", "16-22 Nov 2026"."""
        skeleton = "yMMMd" if year else "MMMd"
        if first == last:
            return self._skeleton(skeleton, first)
        interval = format_interval(first, last, skeleton, locale=_locale(self.language))
        return str(interval).translate(_SPACES).replace(" – ", " - ").replace("–", "-")

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
        return f"{self._skeleton('yMMMEd', there)} {self.clock(instant)} {there.tzname()}"

    def count(self, number: int) -> str:
        """ "1,204"."""
        return str(format_decimal(number, locale=_locale(self.language))).translate(_SPACES)

    def decimal(self, number: str) -> str:
        """A number in digits and a point, as it is written here: "2.66"."""
        return self._fixed(Decimal(number), None)

    def share(self, share: float, digits: int = 0) -> str:
        """A share of one as "91 %", rounded down: 99.97 never reads as 100."""
        return f"{self.hundredths(share, digits)} %"

    def hundredths(self, share: float, digits: int = 0) -> str:
        """The number of `share` alone: "91"."""
        exact = Decimal(str(round(share, 9))) * 100
        if share < 1:
            exact = min(exact, Decimal(100) - Decimal(1).scaleb(-digits))
        down = exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN)
        return self._fixed(down, digits)

    def target(self, share: float) -> str:
        """A target as it was set, without needless digits: "95 %", "99.5 %"."""
        return f"{self._fixed(Decimal(str(round(share * 100, 6))).normalize(), None)} %"

    def _fixed(self, number: Decimal, digits: int | None) -> str:
        pattern = "0.######" if digits is None else "0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(number, format=pattern, locale=_locale(self.language)))

    def _skeleton(self, skeleton: str, day: date) -> str:
        return _day(skeleton, date(day.year, day.month, day.day), self.language)


# A long list holds the same few days and minutes thousands of times.
@lru_cache(maxsize=4096)
def _day(skeleton: str, day: date, language: str) -> str:
    return str(format_skeleton(skeleton, day, locale=_locale(language))).translate(_SPACES)


@lru_cache(maxsize=4096)
def _time(at: time, language: str) -> str:
    return str(format_time(at, "short", locale=_locale(language))).translate(_SPACES)
