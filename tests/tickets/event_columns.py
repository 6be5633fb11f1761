"""Events as columns by way of Python objects: the slow, obvious form of `event_reading`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from supportops.tickets.columns import (
    AUTHOR_CODES,
    KIND_CODES,
    EventColumns,
    epoch_microseconds,
    order_of,
)
from supportops.tickets.ticket import Event


def columns_of(events: Iterable[Event], ids: Mapping[tuple[str, str], int]) -> EventColumns:
    """The columns of `events`; `ids` numbers each (source, ticket)."""
    listed = sorted(events, key=lambda event: event.order)
    codes: dict[str | None, int] = {None: 0}
    kind = np.array([KIND_CODES[event.kind] for event in listed], np.int8)
    return EventColumns(
        ticket=np.array([ids[event.source, event.ticket] for event in listed], np.int64),
        at=np.array([epoch_microseconds(event.happened_at) for event in listed], np.int64),
        order=order_of(kind, np.array([event.sequence for event in listed], np.int64)),
        kind=kind,
        author=np.array([AUTHOR_CODES[event.author] for event in listed], np.int8),
        value=np.array([codes.setdefault(e.value, len(codes)) for e in listed], np.int32),
        values=tuple(codes),
    ).from_creation()
