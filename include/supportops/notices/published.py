"""Notices as they were published: what a customer may read, and nothing that was only a draft."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from supportops.notices.notice import NoticeKind, Thread
from supportops.notices.wording import Reader, sent_text


@dataclass(frozen=True, slots=True)
class Published:
    """One notice as the customer has it. Instants are aware UTC; `text` is plain paragraphs, and
    ends with when the next update comes; what was said of tickets is not in it. `next_at`: None
    where none was promised, or the next one came."""

    id: int
    at: datetime
    kind: NoticeKind
    language: str
    subject: str
    text: str
    next_at: datetime | None


def published(
    threads: Iterable[Thread], customers: Collection[str], zone: str, incident: str | None = None
) -> list[Published]:
    """What was sent to one customer, the oldest first; with `incident`, its key, what was sent
    about that incident alone. `customers`: the names that the customer has and had.
    """
    found = []
    for thread in threads:
        about = incident is None or incident in thread.incidents
        if thread.customer not in customers or not about:
            continue
        for notice in thread.sent:
            assert notice.decided_at is not None
            pending = notice is thread.last_sent and thread.closed_at is None
            found.append(
                Published(
                    id=notice.id,
                    at=notice.decided_at,
                    kind=notice.kind,
                    language=notice.language,
                    subject=notice.subject,
                    text=sent_text(replace(notice, due=None), Reader(notice.language, zone)),
                    next_at=notice.next_at if pending else None,
                )
            )
    return sorted(found, key=lambda each: (each.at, each.id))
