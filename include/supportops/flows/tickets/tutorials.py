"""What tutorials a ticket is offered, and how well they fit texts that are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Connection, select

from supportops.config.configuration import Configuration, File
from supportops.config.of_customers.tutorials import TutorialsFile
from supportops.config.validation import validate
from supportops.config.yaml_source import ConfigurationError, Source
from supportops.db.schema import tickets
from supportops.download import DownloadError, download
from supportops.files import open_file
from supportops.tickets.clauses import own_words
from supportops.tickets.log.store import events_of_kinds
from supportops.tickets.source import OUTAGE
from supportops.tickets.ticket import Author, Event, EventKind
from supportops.tutorials.feed import FeedError, read_feed
from supportops.tutorials.matching import suggest
from supportops.tutorials.note import draft_reply, note
from supportops.tutorials.spared import Sparing, spared
from supportops.tutorials.trial import Trial, read_labels, trial
from supportops.tutorials.tutorial import Library, Match

__all__ = ["DownloadError", "FeedError", "entries_of", "for_ticket", "note_for", "sparing", "tried"]

_PAGE = 500
_LARGEST = 8 * 1024 * 1024


def for_ticket(
    configuration: Configuration, events: Sequence[Event], tier: str | None
) -> tuple[Match, ...]:
    """The tutorials that answer a ticket of this tier, by its subject and its first text without
    what that quotes; none for a tier whose tickets get none."""
    library = configuration.tutorials
    tiers = library.offer.tiers
    if not library.tutorials or (tiers and tier not in tiers):
        return ()
    return suggest(text_of(events), library)


def text_of(events: Iterable[Event]) -> str:
    """What a ticket's creator asked: the subject and the text, without earlier messages."""
    created = next((each for each in events if each.kind is EventKind.CREATED), None)
    if created is None:
        return ""
    subject, text = (str(created.facts.get(name) or "") for name in ("subject", "text"))
    return f"{subject}\n{own_words(text)}"


def note_for(
    configuration: Configuration, matches: Sequence[Match], customer: str | None
) -> tuple[str, str]:
    """The internal note about `matches`, and the reply that it drafts, in the customer's language;
    no reply where none is wanted."""
    if not matches:
        return "", ""
    draft = ""
    if configuration.tutorials.offer.draft:
        draft = draft_reply(matches, configuration.customers.get(customer or "").language)
    return note(matches, draft), draft


def sparing(
    connection: Connection, configuration: Configuration, start: datetime, end: datetime
) -> Sparing:
    """Which tutorials would have spared how many of the tickets that customers raised in
    [start, end), of the tiers that get tutorials."""
    library = configuration.tutorials
    book = configuration.displayed().promises
    c = tickets.c
    rows = connection.execute(
        select(c.id, c.tier)
        .where(c.created_at >= start, c.created_at < end, c.source != OUTAGE)
        .order_by(c.id)
    ).all()
    wanted = [
        row.id
        for row in rows
        if not library.offer.tiers
        or (row.tier or (book.default_tier if book else None)) in library.offer.tiers
    ]
    return spared(_texts(connection, wanted), library)


def _texts(connection: Connection, ids: Sequence[int]) -> Iterator[str]:
    for first in range(0, len(ids), _PAGE):
        page = ids[first : first + _PAGE]
        for event in events_of_kinds(connection, page, [EventKind.CREATED]):
            if event.author is Author.CUSTOMER:
                yield text_of([event])


def tried(library: Library, lines: Iterable[str], least: float | None = None) -> Trial:
    """The library tried on labelled texts. Raises LabelsError."""
    return trial(read_labels(lines, library), library, least)


def entries_of(address: str, known: Library, *, allow_private: bool = False) -> str:
    """YAML of the tutorials in a sitemap or feed that the library lacks, for tutorials.yaml; "" of
    none. `address`: http, https, or the path of a file. Raises DownloadError, FeedError or
    OSError."""
    if "://" in address:
        content = download(address, allow_private=allow_private, most_bytes=_LARGEST, plain=True)
    else:
        with open_file(Path(address)) as file:
            content = file.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise FeedError(f"it is larger than {_LARGEST >> 20} MB")
    have = {each.address for each in known.tutorials}
    found = [each for each in read_feed(content, _is_usable) if each.address not in have]
    entries: list[dict[str, Any]] = []
    for each in found:
        entry: dict[str, Any] = {"title": each.title, "address": each.address, "questions": []}
        entries.append(entry | ({"tags": list(each.tags)} if each.tags else {}))
    if not entries:
        return ""
    return str(yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=1000))


def _is_usable(address: str) -> bool:
    data = {"tutorials": [{"title": "x", "address": address}]}
    try:
        validate(TutorialsFile, Source(data, {}), f"{File.TUTORIALS}.yaml")
    except ConfigurationError:
        return False
    return True
