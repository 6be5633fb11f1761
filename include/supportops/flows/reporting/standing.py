"""How the clocks of a few tickets stand, wherever they fall due: why an issued figure changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from supportops.db.schema import tickets as tickets_table
from supportops.flows.reporting.tickets import TicketStates
from supportops.flows.ticketing.judged_tickets import Unjudgeable, each_judged, names
from supportops.reports.measuring.restating import STANDING_COLUMNS
from supportops.sla.clock import Clocks, judge
from supportops.sla.history import prepare
from supportops.sla.policy import PolicyBook
from supportops.tickets.columns import EventColumns
from supportops.tickets.log.event_reading import event_chunks

_PAGE = 10_000

Ticket = tuple[str, str]


def standing(
    connection: Connection, book: PolicyBook, tickets: Collection[Ticket], as_of: datetime
) -> pd.DataFrame:
    """All clocks of these tickets (source, number) as of an aware instant: STANDING_COLUMNS.

    Tickets that the store does not know, or whose clocks cannot be computed, have none.
    """
    ids = np.array(sorted(_ids(connection, tickets)), dtype=np.int64)
    known = names(connection, ids)
    frames = [
        _named(frame, known)
        for events in event_chunks(connection, tickets=ids, until=as_of)
        for frame in _judged(events, book, as_of)
    ]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in STANDING_COLUMNS})
    return pd.concat(frames, ignore_index=True)[list(STANDING_COLUMNS)]


def _ids(connection: Connection, tickets: Collection[Ticket]) -> Iterator[int]:
    c = tickets_table.c
    for source in sorted({source for source, _ in tickets}):
        numbers = sorted(number for each, number in tickets if each == source)
        for first in range(0, len(numbers), _PAGE):
            page = numbers[first : first + _PAGE]
            asked = select(c.id).where(c.source == source, c.ticket.in_(page))
            yield from connection.execute(asked).scalars()


def _judged(events: EventColumns, book: PolicyBook, as_of: datetime) -> Iterator[pd.DataFrame]:
    def judged(rows: NDArray[np.intp]) -> Clocks:
        return judge(prepare(events.take(rows)), book, as_of)

    states = TicketStates.of(events, book.default_tier)
    for clocks in each_judged(events, judged, Unjudgeable()):
        frame = clocks.frame()
        at = np.searchsorted(states.ticket, frame["ticket"].to_numpy())
        yield frame.assign(customer=pd.Series(states.words("customer", at), dtype=object))


def _named(frame: pd.DataFrame, known: dict[int, Ticket]) -> pd.DataFrame:
    told = [known[each] for each in frame["ticket"].tolist()]
    return frame.assign(
        source=pd.Series([source for source, _ in told], dtype=object),
        number=pd.Series([number for _, number in told], dtype=object),
    )
