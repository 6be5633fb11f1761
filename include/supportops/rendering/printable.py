"""Texts for a terminal: what it would obey, or nobody could see, is written out instead."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# Joiners that emoji and several scripts need stay as they are.
_JOINERS = "\u200c\u200d"
# The user and the password of any address, but for the examples in our own messages; urllib's error
# names them without a scheme.
_LOGIN = re.compile(r"(://|netloc ')(?!user:password@)\S{0,500}@")
_WRITTEN_OUT = ("Cc", "Cf", "Cs", "Zl", "Zp")


def printable(text: object, also: str = "\n") -> str:
    """`text` with control characters (C0, DEL, C1), direction and hidden characters, line
    separators and halves of surrogate pairs written as Python does: "\\x1b", "\\u202e".

    The characters in `also` stay.
    """
    words = str(text)
    if words.isprintable():
        return words
    return "".join(_shown(sign, also) for sign in words)


def printable_line(text: object) -> str:
    """The same on one line: each run of spaces, tabs and ends of lines becomes one space."""
    return printable(" ".join(re.split(r"(?:[ \t\n]|\r\n)+", str(text).strip(" \t\r\n"))), "")


def mask_logins(text: str) -> str:
    """`text`, such as a traceback, without the user and password of any address in it."""
    return _LOGIN.sub(r"\1***@", text)


def printable_json(value: Any, indent: int | None = 2) -> str:
    """`value` as JSON that a terminal can show; what JSON has no type for becomes its text."""
    text = json.dumps(value, indent=indent, default=str, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(_json_sign(sign) for sign in text)


def _obeyed(sign: str) -> bool:
    return unicodedata.category(sign) in _WRITTEN_OUT and sign not in _JOINERS


def _shown(sign: str, also: str) -> str:
    if sign.isprintable() or sign in also or not _obeyed(sign):
        return sign
    return sign.encode("unicode_escape").decode("ascii")


def _json_sign(sign: str) -> str:
    # json.dumps has escaped the characters below a space; those that are left are its own layout.
    return json.dumps(sign)[1:-1] if sign >= "\x7f" and _obeyed(sign) else sign
