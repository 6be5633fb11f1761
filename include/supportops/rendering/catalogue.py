"""Messages in a reader's language, out of the gettext catalogues beside this file.

The English message is its own key; English has no catalogue. `catalogues/<language>.po` is read as
it is, once a process: an installation needs no step that compiles it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

FOLDER = Path(__file__).parent / "catalogues"
DEFAULT = "en-GB"
"""The language of readers whose own one has no catalogue."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is said in one language. `values` take the places of `{name}` in a message.

    A message that is not translated is said in English.
    """

    language: str
    translations: NullTranslations

    def gettext(self, message: str, /, **values: object) -> str:
        """The message in this language."""
        return self.translations.gettext(message).format_map(values)

    def ngettext(self, one: str, many: str, count: int, /, **values: object) -> str:
        """The message in the form that goes with `count`."""
        return self.translations.ngettext(one, many, count).format_map(values)

    def pgettext(self, context: str, message: str, /, **values: object) -> str:
        """The message where one English word has several meanings."""
        return self.translations.pgettext(context, message).format_map(values)


def N_(message: str) -> str:
    """Marks a message for the catalogues; it is translated where it is shown."""
    return message


def languages() -> tuple[str, ...]:
    """The languages that reports are written in: "en", then those with a catalogue."""
    return ("en", *sorted(path.stem for path in FOLDER.glob("*.po")))


def spoken(tag: str) -> str:
    """`tag` if its language is one of `languages`, else `DEFAULT`: sentences, numbers and dates of
    one text are all in one language."""
    return tag if _language(tag) in languages() else DEFAULT


def catalogue(tag: str) -> Catalogue:
    """The catalogue for a BCP 47 tag; the English one where there is none for its language."""
    return _catalogue(_language(tag))


@lru_cache(maxsize=8)
def _catalogue(language: str) -> Catalogue:
    path = FOLDER / f"{language}.po"
    if language == "en" or not path.is_file():
        return Catalogue("en", NullTranslations())
    with path.open("rb") as file:
        read = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, read)
    compiled.seek(0)
    return Catalogue(language, Translations(compiled))


def _language(tag: str) -> str:
    return tag.partition("-")[0].lower()


ENGLISH = catalogue("en")
