"""Tutorials out of a sitemap, an RSS or an Atom feed, which may be hostile."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from xml.parsers import expat

from supportops.tutorials.tutorial import Tutorial

MOST = 2_000
_DEEPEST, _LONGEST = 30, 2_000
_ENTRIES = ("url", "item", "entry")


class FeedError(ValueError):
    """Why a feed cannot be read, in one line."""


@dataclass(slots=True)
class _Entry:
    title: str = ""
    address: str = ""
    tags: list[str] = field(default_factory=list)


def read_feed(content: bytes, usable: Callable[[str], bool]) -> tuple[Tutorial, ...]:
    """The entries of a feed, each address once, at most MOST; those whose address is not `usable`
    are left out. A sitemap has no titles: the end of the address stands for one.

    Raises FeedError. A document type or an entity is refused, so nothing is expanded or loaded.
    """
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refuse
    parser.StartElementHandler, parser.EndElementHandler = reading.start, reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise FeedError(f"no well-formed XML: {error}") from None
    if reading.is_index:
        raise FeedError("an index of sitemaps: name one of the sitemaps in it")
    found: dict[str, Tutorial] = {}
    for each in reading.entries:
        if usable(each.address) and each.address not in found:
            title = _clean(each.title) or _of_address(each.address)
            tags = dict.fromkeys(_clean(tag)[:200] for tag in each.tags if _clean(tag))
            found[each.address] = Tutorial(title[:200], each.address, (), tuple(tags)[:50])
    if not found:
        raise FeedError("no sitemap, RSS or Atom feed with any entry")
    return tuple(found.values())


class _Reading:
    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.is_index = False
        self._path: list[str] = []
        self._text = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        self._path.append(local)
        if len(self._path) > _DEEPEST:
            raise FeedError("brackets in brackets without end")
        self.is_index |= local == "sitemapindex"
        self._text = ""
        if local in _ENTRIES and self._inside(local) == 1:
            if len(self.entries) >= MOST:
                raise FeedError(f"more than {MOST} entries")
            self.entries.append(_Entry())
        elif local == "link" and self._in_entry() and attributes.get("href"):
            if attributes.get("rel", "alternate") == "alternate":
                self.entries[-1].address = attributes["href"].strip()
        elif local == "category" and self._in_entry() and attributes.get("term"):
            self.entries[-1].tags.append(attributes["term"])

    def end(self, name: str) -> None:
        local, text = name.rpartition(" ")[2], self._text.strip()
        self._path.pop()
        self._text = ""
        # Only what stands right in an entry: a picture's title is none of the entry's.
        if not text or not self._path or self._path[-1] not in _ENTRIES or not self.entries:
            return
        entry = self.entries[-1]
        if local in ("loc", "link"):
            entry.address = entry.address or text
        elif local == "title":
            entry.title = entry.title or text
        elif local == "category":
            entry.tags.append(text)

    def text(self, found: str) -> None:
        if len(self._text) < _LONGEST:
            self._text += found[:_LONGEST]

    def _inside(self, local: str) -> int:
        return self._path.count(local)

    def _in_entry(self) -> bool:
        return bool(self.entries) and len(self._path) > 1 and self._path[-2] in _ENTRIES


def _refuse(*_: object) -> None:
    raise FeedError("a document type or an entity, which no feed needs")


def _clean(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _of_address(address: str) -> str:
    """ "Change password" of .../change-password.html."""
    last = unquote(urlsplit(address).path).rstrip("/").rpartition("/")[2]
    words = re.sub(r"\.\w{1,5}$", "", last)
    return _clean(re.sub(r"[-_+]+", " ", words)).capitalize() or address
