"""A status page as files: the page itself, the same as JSON, and its incidents as RSS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from supportops.rendering.catalogue import languages
from supportops.rendering.render import one_line, render
from supportops.status_pages.page import Day, Incident, State, StatusPage
from supportops.status_pages.words import Reader

PAGE, JSON, FEED = "index.html", "status.json", "feed.xml"
STYLE, SCRIPT = "status.css", "status.js"
# The page of service levels by language, beside the public page, and its style.
LEVELS = {
    "en-GB": "service-levels.html",
    **{tag: f"service-levels.{tag}.html" for tag in languages()[1:]},
}
LEVELS_STYLE = "service-levels.css"
FORMAT = 1
_STATIC = Path(__file__).with_name("static")
_STEP, _BAR = 3, 2
MOST_TICKETS = 50
# What XML 1.0 has no way to write.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHOWN = (State.DOWN, State.DEGRADED, State.MAINTENANCE)


@dataclass(frozen=True, slots=True)
class Bars:
    """The days of a site as a drawing: one path for the days of each state, and the days that were
    not as they should be, in words."""

    paths: tuple[tuple[State, str], ...]
    words: tuple[str, ...]


def files_of(page: StatusPage, *, to_root: str) -> dict[str, bytes]:
    """The files of a page by their names; `to_root`: from it to the folder with style and
    script, "" or "../../"."""
    reader = Reader(page.language, page.zone)
    return {
        PAGE: html(page, reader, to_root).encode(),
        JSON: as_json(page).encode(),
        FEED: feed(page, reader),
    }


def static_files() -> dict[str, bytes]:
    """The style and the script that all pages share."""
    return dict(_static())


@cache
def _static() -> tuple[tuple[str, bytes], ...]:
    return tuple((name, (_STATIC / name).read_bytes()) for name in (STYLE, SCRIPT))


def html(page: StatusPage, reader: Reader, to_root: str) -> str:
    """The page, whole without its script."""
    return render(
        "status_pages/page.html",
        page=page,
        reader=reader,
        gettext=reader.words.gettext,
        ngettext=reader.words.ngettext,
        most_tickets=MOST_TICKETS,
        title=one_line(page.title),
        root=to_root,
        bars={site.name: bars(site.days, reader) for site in page.sites},
        names={site.name: one_line(site.name) for site in page.sites},
        State=State,
        files={"style": STYLE, "script": SCRIPT, "json": JSON, "feed": FEED},
    )


def bars(days: Sequence[Day], reader: Reader) -> Bars:
    """The days of a site, the oldest on the left."""
    places: dict[State, list[int]] = {}
    for place, day in enumerate(days):
        places.setdefault(day.state, []).append(place)
    paths = tuple((state, _path(tuple(places[state]))) for state in State if state in places)
    words = tuple(reader.bad_day(day) for day in reversed(days) if day.state in _SHOWN)
    return Bars(paths, words)


@cache
def _path(places: tuple[int, ...]) -> str:
    return "".join(f"M{place * _STEP} 0h{_BAR}v24h-{_BAR}z" for place in places)


def as_json(page: StatusPage) -> str:
    """The page for programs: instants in ISO, lengths of time in seconds."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "title": page.title,
        "made_at": page.made_at.isoformat(),
        "checked_at": _iso(page.checked_at),
        "stale_after_seconds": int(page.stale_after.total_seconds()),
        "state": page.state.value,
        "sites": [
            {
                "name": site.name,
                "state": site.state.value,
                "up_share": site.up_share,
                "days": [_day(day) for day in site.days],
            }
            for site in page.sites
        ],
        "incidents": [_incident(each) for each in page.incidents],
        "past_incidents": [_incident(each) for each in page.past],
        "maintenance": [
            {"sites": list(each.sites), "from": _iso(each.start), "to": _iso(each.end)}
            for each in page.maintenance
        ],
    }
    if page.tickets is not None:
        content["tickets_as_of"] = _iso(page.tickets.as_of)
        content["tickets"] = [
            {
                "number": each.number,
                "subject": each.subject,
                "next": each.metric,
                "due_at": _iso(each.due_at),
            }
            for each in page.tickets.open
        ]
    return json.dumps(content, ensure_ascii=True, separators=(",", ":"))


@lru_cache(maxsize=10_000)
def _day(day: Day) -> Mapping[str, Any]:
    times = {"up": day.up, "degraded": day.degraded, "down": day.down}
    times["maintenance"] = day.maintenance
    lengths = {name: round(each.total_seconds()) for name, each in times.items() if each}
    return {"date": day.date.isoformat(), "state": day.state.value, **lengths}


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.key,
        "state": incident.state.value,
        "sites": list(incident.sites),
        "since": _iso(incident.since),
        "until": _iso(incident.until),
        "recovered": None if incident.until is None else incident.good,
        "notices": [
            {"at": _iso(each.at), "subject": each.subject, "text": each.text}
            for each in incident.notices
        ],
    }


def feed(page: StatusPage, reader: Reader) -> bytes:
    """RSS 2.0: an item for each incident, and for each notice about it. What is not said again
    does not change, so that a reader shows it once."""
    root = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(root, "channel")
    _text(channel, "title", page.title)
    _text(channel, "link", page.address or "index.html")
    _text(channel, "description", page.title)
    _text(channel, "language", reader.tag)
    for key, at, title, text in _items(page, reader):
        item = ElementTree.SubElement(channel, "item")
        _text(item, "title", title)
        _text(item, "description", text)
        _text(item, "pubDate", format_datetime(at))
        guid = ElementTree.SubElement(item, "guid", isPermaLink="false")
        guid.text = key
        if page.address:
            _text(item, "link", page.address)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _items(page: StatusPage, reader: Reader) -> Iterator[tuple[str, datetime, str, str]]:
    found = []
    for each in (*page.incidents, *page.past):
        title = reader.title(each)
        since = reader.words.gettext("since {since}", since=reader.moment(each.since))
        found.append((each.key, each.since, title, since))
        if each.until is not None and each.good:
            over = reader.words.gettext("Over: {what}", what=title)
            found.append((f"{each.key}-over", each.until, over, reader.span(each)))
        for notice in each.notices:
            key = f"{each.key}-{notice.at.isoformat()}"
            found.append((key, notice.at, notice.subject, notice.text))
    for ticket in page.tickets.open if page.tickets is not None else ():
        if ticket.metric is None or ticket.due_at is None:
            continue
        # Said once for each promise, in the words of the instant at which it was made.
        at = ticket.changed_at
        key = f"ticket-{ticket.number}-{ticket.metric}-{ticket.due_at.isoformat()}"
        subject = f"{ticket.number} {one_line(ticket.subject)}".strip()
        found.append((key, at, subject, reader.due(ticket, at)))
    yield from sorted(found, key=lambda item: (item[1], item[0]), reverse=True)


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NOT_XML.sub("\ufffd", text)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
