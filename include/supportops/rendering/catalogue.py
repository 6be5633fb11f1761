"""Messages, numbers and shares in a reader's language, out of the catalogues beside this file.

The English message is its own key; English has no catalogue. `catalogues/<language>.po` (gettext)
is read as it is, once a process: an installation needs no step that compiles it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "catalogues"
DEFAULT = "en-GB"
"""The language of readers whose own one has no catalogue."""

# Unicode's locale data uses thin and unbreakable spaces. English texts do without them.
_PLAIN = str.maketrans({"\u2009": " ", "\u202f": " ", "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is said in one language, in one country's figures. `values` take the places of `{name}`
    in a message; one that is not translated is said in English.
    """

    language: str
    locale: Locale
    translations: NullTranslations

    def gettext(self, message: str, /, **values: object) -> str:
        """The message in this language."""
        return self.translations.gettext(message).format_map(values)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The form that goes with `number`, which is written for `{number}`."""
        form = self.translations.ngettext(one, many, number)
        return form.format_map({"number": self.count(number), **values})

    def pgettext(self, context: str, message: str, /, **values: object) -> str:
        """The message where one English word has several meanings."""
        return self.translations.pgettext(context, message).format_map(values)

    def npgettext(self, context: str, one: str, many: str, number: int, /, **values: object) -> str:
        """As `ngettext`, where two messages have the same singular."""
        form = self.translations.npgettext(context, one, many, number)
        return form.format_map({"number": self.count(number), **values})

    def clauses(self, parts: Iterable[str]) -> str:
        """ "one; two; three"; "" of none."""
        first, *rest = [*parts] or [""]
        for second in rest:
            first = self.gettext("{first}; {second}", first=first, second=second)
        return first

    def count(self, number: int) -> str:
        """ "1,204"."""
        return self.spaced(str(format_decimal(number, locale=self.locale)))

    def fixed(self, number: Decimal, digits: int | None = None) -> str:
        """With so many decimal places; None: as many as it has. No groups of thousands."""
        pattern = "0.######" if digits is None else "0" + ("." + "0" * digits if digits else "")
        return str(format_decimal(number, format=pattern, locale=self.locale))

    def percent(self, hundredths: str) -> str:
        """ "91 %": a number of hundredths, written by `fixed`, with its sign."""
        if self.language == "en":
            return f"{hundredths} %"
        before, after = (each[0] for each in _affixes(self.locale))
        return f"{before}{hundredths}{after}"

    def spaced(self, text: str) -> str:
        """A text of Unicode's locale data with the spaces that this language is written with."""
        return text.translate(_PLAIN) if self.language == "en" else text


def _affixes(locale: Locale) -> tuple[tuple[str, str], tuple[str, str]]:
    pattern = locale.percent_formats[None]
    return pattern.prefix, pattern.suffix


def N_(message: str) -> str:
    """Marks a message for the catalogues; it is translated where it is shown."""
    return message


def languages() -> tuple[str, ...]:
    """The languages that reports are written in: "en", then those with a catalogue."""
    return ("en", *sorted(path.stem for path in FOLDER.glob("*.po")))


def spoken(tag: str) -> str:
    """`tag` if its language is one of `languages`, else `DEFAULT`: sentences, numbers and dates of
    one text are all in one language."""
    return tag if language_of(tag) in languages() else DEFAULT


def language_of(tag: str) -> str:
    """ "de" of the BCP 47 tag "de-AT"."""
    return tag.partition("-")[0].lower()


@lru_cache(maxsize=32)
def catalogue(tag: str) -> Catalogue:
    """The catalogue for a BCP 47 tag; the English one where there is none for its language."""
    language = language_of(tag)
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        language, locale = "en", Locale.parse(DEFAULT, sep="-")
    return Catalogue(language, locale, _translations(language))


@lru_cache(maxsize=8)
def _translations(language: str) -> NullTranslations:
    path = FOLDER / f"{language}.po"
    if language not in languages() or not path.is_file():
        return NullTranslations()
    # Only readers of other languages need it: 50 ms of every start that English goes without.
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import Translations

    with path.open("rb") as file:
        read = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Translations(compiled)


ENGLISH = catalogue("en")
