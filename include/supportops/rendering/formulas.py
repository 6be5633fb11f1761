"""Texts in files for spreadsheets, which would compute those that look like a formula."""

from __future__ import annotations

# The wide ones are the same to a spreadsheet that is set to an East Asian language.
_BEGINNINGS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BEFORE_ALL = ("\t", "\r")


def never_formula(text: str) -> str:
    """`text` with an apostrophe in front of it where a spreadsheet would take it for a formula."""
    computed = text.startswith(_BEFORE_ALL) or text.lstrip().startswith(_BEGINNINGS)
    return f"'{text}" if computed else text
