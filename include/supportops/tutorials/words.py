"""A text as the words that are compared: without case, accents, endings and what says nothing."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_WORD = re.compile(r"[^\W_]{2,}")
# Words are cut here, which joins their forms and German compounds with their first part in any
# language: McNamee and Mayfield, Character N-Gram Tokenization for European Language Text
# Retrieval, 2004, find prefixes of 5 nearly as good as a stemmer of the language.
_PREFIX = 5
# What messages to a support desk have in common, whatever they are about.
_OF_MESSAGES = """
us hello hi hey dear thanks thank please regards best kind cheers team support help need want would
like could can know tell show find try tried get got make made way able question website site page
pages web
hallo guten tag danke bitte gruesse freundliche hilfe moechte wuerde koennen koennten webseite seite
bonjour merci svp aide voudrais voulais pouvez
"""


@cache
def _says_nothing() -> frozenset[str]:
    from bm25s import stopwords

    words = {
        *stopwords.STOPWORDS_EN_PLUS,
        *stopwords.STOPWORDS_GERMAN,
        *stopwords.STOPWORDS_FRENCH,
        *_OF_MESSAGES.split(),
    }
    return frozenset(_plain(word) for word in words)


def words(text: str) -> list[str]:
    """The words of `text` that say something, cut to what their forms have in common."""
    nothing = _says_nothing()
    found = (_plain(word) for word in _WORD.findall(text))
    return [word[:_PREFIX] for word in found if word not in nothing]


def _plain(word: str) -> str:
    folded = word.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
