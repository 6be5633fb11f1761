"""A language that marks what is translated, to find what is not: "Open" is "⟦Open⟧"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from gettext import NullTranslations
from typing import Any
from unittest.mock import patch

from supportops.rendering import catalogue

# Of dates and instants in German: they come from Unicode's data, not from a catalogue.
_OF_DATES = (
    r"(Mo|Di|Mi|Do|Fr|Sa|So)\.|(Januar|Februar|März|April|Mai|Juni|Juli|August|Sept|Oktober|"
    r"November|Dezember|Jan|Feb|Apr|Aug|Sep|Okt|Nov|Dez)\b\.?|\b(MEZ|MESZ|GMT|BST|CET|CEST|UTC)\b"
)
# What is called the same everywhere, and formats of numbers in a spreadsheet.
_NAMES = r"\b(PDF|CSV|JSON|SLA|h:mm|supportops)\b"


class _Marking(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"

    def pgettext(self, context: str, message: str) -> str:
        return f"⟦{message}⟧"

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self.ngettext(msgid1, msgid2, n)


@contextmanager
def marked_german() -> Iterator[None]:
    """While it lasts, German is English between brackets."""
    catalogue.catalogue.cache_clear()
    with patch.object(catalogue, "_translations", lambda _: _Marking()):
        yield
    catalogue.catalogue.cache_clear()


def unmarked(text: str, data: set[str]) -> str:
    """What is left of `text` without marked words, dates, and the texts in `data`, "" if nothing
    that has a letter."""
    rest = text
    while (shorter := re.sub("⟦[^⟦⟧]*⟧", " ", rest)) != rest:
        rest = shorter
    for each in sorted(data, key=len, reverse=True):
        rest = rest.replace(each, " ")
    rest = re.sub(_NAMES, " ", re.sub(_OF_DATES, " ", rest))
    return rest.strip() if re.search(r"[^\W\d_]", rest) else ""


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value of dataclasses, mappings, tuples and lists."""
    if isinstance(value, str):
        yield " ".join(value.split())
    elif is_dataclass(value):
        for each in fields(value):
            yield from texts_in(getattr(value, each.name))
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from texts_in(each)
