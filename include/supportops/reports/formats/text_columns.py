"""Text of any script in columns: how wide it is on a fixed-width screen, and how it is folded."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_UNBROKEN = 12  # signs of a figure that stays on one line


def wide(text: str) -> int:
    """Columns that `text` takes: two for a wide sign, none for one that is set upon another."""
    return len(text) if text.isascii() else sum(_columns(sign) for sign in text)


def _columns(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def glued(text: str) -> str:
    """A figure that does not break in itself: "3 d 4 h", "over 52 h"."""
    if len(text) <= _UNBROKEN:
        return text.replace(" ", "\u00a0")
    return re.sub(r"(\d) (?=[\w%])", "\\1\u00a0", text)


def padded(text: str, width: int, right: bool) -> str:
    """`text` filled up to `width` columns, on its left where figures stand `right`."""
    blanks = " " * max(0, width - wide(text))
    return blanks + text if right else text + blanks


def folded(text: str, width: int, indent: str = "") -> list[str]:
    """`text` on lines of at most `width` columns, those after the first behind `indent`.

    Breaks at spaces, and inside a word only where it is longer than a line.
    """
    lines, line = [], ""
    for word in (part for w in text.split(" ") if w for part in _parts(w, width - len(indent))):
        if line.strip() and wide(line) + 1 + wide(word) > width:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line.strip() else line + word
    return [*lines, line]


def _parts(word: str, width: int) -> Iterator[str]:
    part = ""
    for sign in word:
        if wide(part + sign) > width:
            yield part
            part = ""
        part += sign
    yield part


def narrowed(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """How wide each column may be so that all fit into `room`; None where words are too long.

    The widest one gives way first, down to its longest word.
    """
    widths = [max(map(wide, texts), default=0) for texts in columns]
    least = [
        max((wide(word) for text in texts for word in text.split(" ")), default=0)
        for texts in columns
    ]
    while sum(widths) > room:
        spare = [width - low for width, low in zip(widths, least, strict=True)]
        if not any(spare):
            return None
        widest = max(range(len(widths)), key=lambda n: widths[n] if spare[n] else 0)
        widths[widest] -= 1
    return widths


def joined(parts: Sequence[str], width: int, indent: str) -> list[str]:
    """`parts` separated by semicolons on lines of at most `width` columns, whole if possible."""
    lines: list[str] = []
    line = ""
    for number, part in enumerate(parts):
        told = part + (";" if number < len(parts) - 1 else "")
        if line and wide(f"{indent}{line} {told}") > width:
            lines.append(line)
            line = told
        else:
            line = f"{line} {told}" if line else told
    return [
        indent + each for one in (*lines, line) for each in folded(one, width - len(indent), "  ")
    ]
