"""The text of a page without its markup: tags out, entities read, space folded."""

from __future__ import annotations

import html
import re
import unicodedata

# Elements inside a word; every other tag separates words.
_INLINE_NAMES = """a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp
small span strike strong sub sup time tt u var wbr"""
_INLINE = frozenset(_INLINE_NAMES.split())
# What is in them is no text of the page.
_HIDDEN = ("script", "style", "template", "noscript", "iframe", "noembed", "svg", "math")
_TAG = re.compile(r"</?([a-zA-Z][^\s/>]*)")
_STOP = re.compile(r"[>\"']")


def folded(text: str) -> str:
    """Every run of white space, no-break spaces among it, as one space; none at the ends.

    Letters with their accents are one character each (NFC), however they were typed.
    """
    return unicodedata.normalize("NFC", " ".join(text.split()))


def visible_text(source: str) -> str:
    """The folded text of an HTML page. Takes time in proportion to the page, whatever it holds."""
    pieces: list[str] = []
    scan = _Scan(source)
    at = 0
    while (opened := source.find("<", at)) >= 0:
        pieces.append(source[at:opened])
        at = scan.after_markup(opened, pieces)
    pieces.append(source[at:])
    return folded(html.unescape("".join(pieces)))


class _Scan:
    """Finds the ends of markup. What is once not found any more is not searched for again."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._lower = source.lower() if len(source.lower()) == len(source) else source
        self._absent: set[str] = set()

    def _find(self, text: str, at: int) -> int:
        if text in self._absent:
            return -1
        found = self._lower.find(text, at)
        if found < 0:
            self._absent.add(text)
        return found

    def _after(self, text: str, at: int) -> int:
        """Behind the next `text`; the end of the page where there is none."""
        found = self._find(text, at)
        return len(self._source) if found < 0 else found + len(text)

    def after_markup(self, opened: int, pieces: list[str]) -> int:
        """Where text goes on after the `<` at `opened`; adds what stands for the markup."""
        source = self._source
        if source.startswith("<!--", opened):
            return self._after("-->", opened + 2)
        tag = _TAG.match(source, opened)
        if tag is None:
            if source.startswith(("<!", "<?", "</"), opened):
                return self._after(">", opened)
            pieces.append("<")
            return opened + 1
        name = tag[1].lower()
        if name not in _INLINE:
            pieces.append(" ")
        end = self._after_tag(tag.end())
        if name in _HIDDEN and source[opened + 1] != "/" and source[end - 2 : end] != "/>":
            closed = self._find(f"</{name}", end)
            return len(source) if closed < 0 else self._after(">", closed)
        return end

    def _after_tag(self, at: int) -> int:
        """Behind the `>` of a tag, past those in quoted attributes."""
        while (stop := _STOP.search(self._source, at)) is not None:
            if stop[0] == ">":
                return stop.end()
            closed = self._find(stop[0], stop.end())
            if closed < 0:
                return self._after(">", stop.end())
            at = closed + 1
        return len(self._source)
