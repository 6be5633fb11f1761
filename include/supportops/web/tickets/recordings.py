"""The recordings of a ticket: how its page shows them, and the file that a browser plays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from fastapi.responses import Response
from sqlalchemy import Connection

from supportops.mailbox import store
from supportops.mailbox.audio import MEDIA_TYPES
from supportops.rendering.render import duration
from supportops.tickets.source import MAILBOX
from supportops.web.page import NotFound, link

# A recording is data of a stranger: wherever it is opened, nothing in it runs or loads.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; media-src 'self'; sandbox; frame-ancestors 'none'"
    ),
    "accept-ranges": "bytes",
    "cache-control": "private, no-store",
}
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True, slots=True)
class RecordingLine:
    """A recording as the page shows it; `words`: its length, where that is known, and its size."""

    name: str
    words: str
    href: str
    media_type: str
    received_at: datetime


def recordings(connection: Connection, source: str, number: str) -> list[RecordingLine]:
    """Those of a ticket, in the order in which they came."""
    if source != MAILBOX:
        return []
    return [
        RecordingLine(
            each.name,
            _words(each),
            link("recording", id=each.id),
            each.media_type,
            each.received_at,
        )
        for each in store.recordings_of(connection, number)
    ]


def recording_file(connection: Connection, number: int, wanted: str | None) -> Response:
    """The recording, or the part that the header Range names, which players ask for (RFC 9110).

    Raises NotFound.
    """
    found = store.content_of(connection, number)
    if found is None or found[0].media_type not in MEDIA_TYPES:
        raise NotFound("there is no such recording")
    recording, content = found
    ending = recording.media_type.rpartition("/")[2]
    name = f'inline; filename="recording-{recording.ticket}-{recording.id}.{ending}"'
    headers = {**HEADERS, "content-disposition": name}
    part = _RANGE.fullmatch((wanted or "").strip())
    if part is None or not (part[1] or part[2]):
        return Response(content, media_type=recording.media_type, headers=headers)
    whole = len(content)
    start = int(part[1]) if part[1] else max(0, whole - int(part[2]))
    end = min(int(part[2]), whole - 1) if part[1] and part[2] else whole - 1
    if start > end:
        headers["content-range"] = f"bytes */{whole}"
        return Response(status_code=416, headers=headers)
    headers["content-range"] = f"bytes {start}-{end}/{whole}"
    part_of_it = content[start : end + 1]
    return Response(part_of_it, 206, media_type=recording.media_type, headers=headers)


def _words(each: store.Recording) -> str:
    size = f"{max(1, round(each.size / 1000))} kB"
    return size if each.seconds is None else f"{duration(each.seconds)}, {size}"
