"""The typefaces of pictures and PDF files, and which signs they can draw.

DejaVu Sans comes inside matplotlib's wheel: Latin, Greek, Cyrillic, Hebrew, Arabic, many symbols
and the oldest emoji. Droid Sans Fallback, in `fonts`, has Chinese, Japanese and Korean. A sign
that both lack (newer emoji, Thai, the scripts of India) is drawn as an empty box, so that a reader
sees that something stood there.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock

from supportops.rendering.render import one_line

FAMILIES = ("DejaVu Sans", "Droid Sans Fallback")
"""The second for signs that the first lacks."""
BOX = "\u25a1"
_REGULAR, _BOLD = "DejaVuSans.ttf", "DejaVuSans-Bold.ttf"
# They shape their neighbours and have no picture of their own.
_UNSEEN = frozenset({0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)})
_LOADING = Lock()
_FALLBACK = Path(__file__).parent / "fonts" / "DroidSansFallback.ttf"


@cache
def folder() -> Path:
    """The directory of the first family's files. Finding it imports nothing."""
    found = find_spec("matplotlib")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("matplotlib, whose fonts every picture is drawn with")
    return Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"


def font_file(*, bold: bool = False) -> Path:
    """The typeface's TrueType file."""
    return folder() / (_BOLD if bold else _REGULAR)


def folders() -> list[Path]:
    """The directories of all font files."""
    return [folder(), _FALLBACK.parent]


def drawable(text: object, at_most: int = 500) -> str:
    """`text` as one line of at most so many signs, each of which can be drawn."""
    line = one_line(str(text)[: 8 * at_most], fixed_spaces=True)
    if len(line) > at_most:
        line = line[: at_most - 1].rstrip() + "…"
    return "".join(_seen(sign) for sign in line)


def undrawable(text: str) -> set[str]:
    """The signs of `text` that stand as boxes."""
    signs = set(one_line(text, fixed_spaces=True)) - {BOX}
    return {sign for sign in signs if _seen(sign) == BOX}


def _seen(sign: str) -> str:
    code = ord(sign)
    if code < 0x7F or code in _drawn_codes():
        return sign
    return "" if code in _UNSEEN else BOX


@cache
def _drawn_codes() -> frozenset[int]:
    load_matplotlib()
    from matplotlib.ft2font import FT2Font

    files = (font_file(), _FALLBACK)
    return frozenset().union(*(FT2Font(str(each)).get_charmap() for each in files)) - _UNSEEN


def load_matplotlib() -> None:
    """Imports matplotlib without its warnings in the log.

    Where no home can be written to, matplotlib warns and keeps its list of fonts in a temporary
    folder; where it was never used before, it warns that making that list takes a while. Neither
    matters to a report, and of that list only the two families are used.
    """
    log = logging.getLogger("matplotlib")
    with _LOADING:
        before = log.level
        log.setLevel(logging.ERROR)
        try:
            from matplotlib.font_manager import fontManager

            if not any(each.fname == str(_FALLBACK) for each in fontManager.ttflist):
                fontManager.addfont(_FALLBACK)
                # It has one weight; asked for another, matplotlib would warn each time.
                bold = replace(fontManager.ttflist[-1], weight=700)
                fontManager.ttflist.append(bold)
        finally:
            log.setLevel(before)
