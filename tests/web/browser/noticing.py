"""Notices for the board: one that waits for approval, and one thread that was sent to its end."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine

from supportops.db.engine import writing
from supportops.notices import store
from supportops.notices.notice import OURSELVES, NoticeKind, NoticeState
from supportops.notices.settings import Timeout
from supportops.notices.wording import Text

_DOWN = "{site} cannot be reached (since Wed 18 Nov, 11:39 GMT).\n\nWe are working on it."
_UP = "{site} works again (since Wed 18 Nov, 09:12 GMT). It lasted 12 min."


def add_notices(engine: Engine, customer: str, site: str, incident: str, now: datetime) -> None:
    """Number 1 waits; the others are of this morning."""
    waiting = Text(f"{site} cannot be reached", _DOWN.format(site=site))
    with writing(engine) as connection:
        begun = now - timedelta(minutes=2)
        thread = store.begin(connection, customer, [site], [incident], begun)
        first = _draft(NoticeKind.FIRST, waiting, site, begun)
        store.draft(connection, thread, first, OURSELVES, "it is confirmed", begun)
        begun = now - timedelta(hours=3)
        thread = store.begin(connection, customer, [site], [f"{incident}/before"], begun)
        ended = Text(f"{site} works again", _UP.format(site=site))
        for minutes, kind, text in ((1, NoticeKind.FIRST, waiting), (14, NoticeKind.END, ended)):
            at = begun + timedelta(minutes=minutes)
            draft = _draft(kind, text, site, at)
            number = store.draft(connection, thread, draft, OURSELVES, "it is confirmed", at)
            found = store.find(connection, number)
            assert found is not None
            sent, next_at = at + timedelta(minutes=2), at + timedelta(minutes=62)
            store.decide(
                *(connection, found[1], NoticeState.SENT, "Grace", "approved", sent),
                next_at=None if kind is NoticeKind.END else next_at,
            )
        store.close(connection, thread, "its end was sent", begun + timedelta(minutes=17))


def _draft(kind: NoticeKind, text: Text, site: str, at: datetime) -> store.Draft:
    return store.Draft(
        kind=kind,
        text=text,
        language="en-GB",
        items=frozenset({(site, "")}),
        cause="",
        decide_at=at + timedelta(minutes=5),
        timeout=Timeout.SEND,
        every=timedelta(hours=1),
    )
