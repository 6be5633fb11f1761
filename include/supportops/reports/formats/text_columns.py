"""Text of any script in the columns of a fixed-width screen: filled up, folded, narrowed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

_UNBROKEN = 12  # characters of a figure that stays on one line


def glued(text: str) -> str:
    """A figure that does not break in itself: "3 d 4 h", "over 52 h"."""
    if len(text) <= _UNBROKEN:
        return text.replace(" ", "\u00a0")
    return re.sub(r"(\d) (?=[\w%])", "\\1\u00a0", text)


def padded(text: str, width: int, right: bool) -> str:
    """`text` filled up to `width` columns, on its left where figures stand `right`."""
    blanks = " " * max(0, width - cell_len(text))
    return blanks + text if right else text + blanks


def folded(text: str, width: int, indent: str = "") -> list[str]:
    """`text` on lines of at most `width` columns, those after the first behind `indent`.

    Breaks at spaces, and inside a word only where it is longer than a line.
    """
    lines, line = [], ""
    for word in (part for w in text.split(" ") if w for part in _parts(w, width - len(indent))):
        if line.strip() and cell_len(line) + 1 + cell_len(word) > width:
            lines.append(line)
            line = indent + word
        else:
            line = f"{line} {word}" if line.strip() else line + word
    return [*lines, line]


def _parts(word: str, width: int) -> Iterator[str]:
    part = ""
    for character in word:
        if cell_len(part + character) > width:
            yield part
            part = ""
        part += character
    yield part


def narrowed(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """The width of each column so that all fit into `room`; None where words are too long.

    The widest one gives way first, down to its longest word.
    """
    widths = [max(map(cell_len, texts), default=0) for texts in columns]
    least = [
        max((cell_len(word) for text in texts for word in text.split(" ")), default=0)
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
    """`parts` after each other on lines of at most `width` columns, whole if possible."""
    lines: list[str] = []
    line = ""
    for text in parts:
        if line and cell_len(f"{indent}{line} {text}") > width:
            lines.append(line)
            line = text
        else:
            line = f"{line} {text}" if line else text
    return [
        indent + each for one in (*lines, line) for each in folded(one, width - len(indent), "  ")
    ]
