"""Where the tickets of each source have their pages, for the people who work there.

The sync, which is connected to the source, stores the form of the addresses; whoever writes about
a ticket needs no connection then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import Connection, select

from supportops.db.schema import sync_marks
from supportops.tickets.log.sync_marks import read_mark, set_mark
from supportops.tickets.source import NUMBER

STREAM = "pages"


def note_pages(connection: Connection, source: str, form: str, now: datetime) -> None:
    """Stores the form of a source's addresses, `tickets.source.Linked.pages`."""
    if read_mark(connection, source, STREAM) != form:
        set_mark(connection, source, STREAM, form, now)


def page_forms(connection: Connection) -> dict[str, str]:
    """The forms that are known, by the source's name."""
    c = sync_marks.c
    rows = connection.execute(select(c.source, c.mark).where(c.stream == STREAM))
    return {row.source: row.mark for row in rows}


def page_of(forms: Mapping[str, str], source: str, ticket: str) -> str | None:
    """The address of a ticket's page in its source; None where the source is not known to have
    any."""
    form = forms.get(source)
    return form and form.replace(NUMBER, quote(ticket, safe=""))
