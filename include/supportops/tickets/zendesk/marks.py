"""How far Zendesk's exports were read: what their marks in the store mean."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from supportops.tickets.zendesk.model import EventPage, TicketPage

_MOST_CROWDED = 20


@dataclass(frozen=True, slots=True)
class TicketMark:
    """Where the cursor export continues: at `cursor`, or at `start` before there is one.

    `start` and `newest` are epoch seconds. `newest` is the largest `generated_timestamp` read so
    far, for the case that Zendesk no longer knows the cursor. `fetched` are the tickets of the page
    to come whose history was fetched already. `crowded` are the seconds in which most tickets were
    last changed, with how many there were: what the events are compared with.
    """

    start: int
    cursor: str | None = None
    newest: int = 0
    fetched: tuple[str, ...] = ()
    crowded: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None, start: int) -> TicketMark:
        """The mark in the store's words; the one before the first page where there is none."""
        fields: dict[str, Any] = json.loads(text) if text else {}
        crowded = {int(second): count for second, count in fields.get("crowded", {}).items()}
        return cls(
            fields.get("start", start),
            fields.get("cursor"),
            fields.get("newest", start),
            tuple(fields.get("fetched", ())),
            crowded,
        )

    def write(self) -> str:
        """The mark as the store has it."""
        fields: dict[str, Any] = {"start": self.start, "cursor": self.cursor, "newest": self.newest}
        if self.fetched:
            fields["fetched"] = list(self.fetched)
        if self.crowded:
            fields["crowded"] = {str(one): count for one, count in sorted(self.crowded.items())}
        return json.dumps(fields, sort_keys=True)

    def after(self, page: TicketPage) -> TicketMark:
        """The mark after a page."""
        stamps = (row.get("generated_timestamp") for row in page.tickets if isinstance(row, dict))
        seconds = [one for one in stamps if type(one) is int and 0 < one < 2**33]
        newest = max(seconds, default=self.newest)
        counts = Counter(self.crowded) + Counter(seconds)
        crowded = {second: n for second, n in counts.most_common(_MOST_CROWDED) if n > 1}
        newest = max(newest, self.newest)
        return TicketMark(self.start, page.cursor or self.cursor, newest, crowded=crowded)


@dataclass(frozen=True, slots=True)
class EventMark:
    """The epoch second from which the time-based export continues; that second is read again.

    `begun` is how many changes of that second stood on the page that first reached it.
    """

    start: int
    begun: int = 0

    @classmethod
    def read(cls, text: str | None, start: int) -> EventMark:
        """The mark in the store's words; the one before the first page where there is none."""
        fields: dict[str, Any] = json.loads(text) if text else {"start": start}
        return cls(fields["start"], fields.get("begun", 0))

    def write(self) -> str:
        """The mark as the store has it."""
        begun = {"begun": self.begun} if self.begun else {}
        return json.dumps({"start": self.start} | begun)

    def after(self, page: EventPage, remote_time: datetime | None) -> EventMark:
        """The mark after a page: at most where its events end, whatever `page.end` says.

        An event later than Zendesk's own clock does not move the mark.
        """
        latest = remote_time.timestamp() if remote_time else math.inf
        stamps = [one.get("timestamp") for one in page.events if isinstance(one, dict)]
        seconds = [one for one in stamps if type(one) is int and one <= latest]
        if not seconds or page.end is None:
            return self
        start = max(self.start, min(page.end, max(seconds)))
        return (
            self if start == self.start and self.begun else EventMark(start, seconds.count(start))
        )
