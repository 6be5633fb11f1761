"""The state of many tickets at once: the same fold as `ticket.fold`, over columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from supportops.tickets.columns import KIND_CODES, EventColumns
from supportops.tickets.ticket import DONE, EventKind, Status

NEVER = np.int64(np.iinfo(np.int64).min)

_VALUED = {
    "status": EventKind.STATUS,
    "priority": EventKind.PRIORITY,
    "tier": EventKind.TIER,
    "assignee": EventKind.ASSIGNEE,
    "site": EventKind.SITE,
    "customer": EventKind.CUSTOMER,
    "tags": EventKind.TAGS,
}
_Kinds = frozenset[EventKind]
_ENDS: _Kinds = frozenset({EventKind.MERGED, EventKind.DELETED, EventKind.RESTORED})
_MERGES: _Kinds = frozenset({EventKind.MERGED, EventKind.RESTORED})


@dataclass(frozen=True, slots=True, eq=False)
class TicketColumns:
    """One row per ticket, by ascending id, in arrays of equal length.

    `ticket` int64: `tickets.id`. The instants are int64 microseconds since 1970 UTC, NEVER where
    there is none. The others are int32 codes into `values`, whose entry 0 is None; a ticket
    whose status no event has set has 0 and is new.
    """

    ticket: NDArray[np.int64]
    created_at: NDArray[np.int64]
    solved_at: NDArray[np.int64]
    ended_at: NDArray[np.int64]
    updated_at: NDArray[np.int64]
    status: NDArray[np.int32]
    priority: NDArray[np.int32]
    tier: NDArray[np.int32]
    assignee: NDArray[np.int32]
    site: NDArray[np.int32]
    customer: NDArray[np.int32]
    tags: NDArray[np.int32]
    merged_into: NDArray[np.int32]
    values: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.ticket)


def fold_columns(columns: EventColumns) -> TicketColumns:
    """The tickets after these events, by ascending id."""
    events = columns.from_creation().ordered()
    ids, first = np.unique(events.ticket, return_index=True)
    row = np.repeat(np.arange(len(ids)), np.diff(first, append=len(events)))
    ended = _last(events, row, len(ids), _ENDS)
    merged = _last(events, row, len(ids), _MERGES)
    return TicketColumns(
        ticket=ids,
        created_at=_at(events, _last(events, row, len(ids), frozenset({EventKind.CREATED}))),
        solved_at=_solved_at(events, row, len(ids)),
        ended_at=np.where(_is(events, ended, EventKind.RESTORED), NEVER, _at(events, ended)),
        updated_at=events.at[np.append(first[1:], len(events)) - 1] if len(ids) else events.at,
        merged_into=_value(events, np.where(_is(events, merged, EventKind.MERGED), merged, -1)),
        values=events.values,
        **{
            name: _value(events, _last(events, row, len(ids), frozenset({kind})))
            for name, kind in _VALUED.items()
        },
    )


def _last(
    events: EventColumns, row: NDArray[np.intp], count: int, kinds: _Kinds
) -> NDArray[np.intp]:
    """The position of each ticket's last event of these kinds, -1 where it has none."""
    found = np.flatnonzero(np.isin(events.kind, [KIND_CODES[kind] for kind in kinds]))
    last = np.full(count, -1, dtype=np.intp)
    last[row[found]] = found  # the last assignment to a position stays
    return last


def _solved_at(events: EventColumns, row: NDArray[np.intp], count: int) -> NDArray[np.int64]:
    """When each ticket's last unbroken run of solved or closed began, NEVER without one."""
    done_codes = [code for code, value in enumerate(events.values) if value in DONE]
    statuses = np.flatnonzero(events.kind == KIND_CODES[EventKind.STATUS])
    done = np.isin(events.value[statuses], done_codes)
    undone = np.full(count, -1, dtype=np.intp)
    undone[row[statuses[~done]]] = statuses[~done]
    running = statuses[done & (statuses > undone[row[statuses]])]
    began = np.full(count, -1, dtype=np.intp)
    began[row[running[::-1]]] = running[::-1]
    return _at(events, began)


def _at(events: EventColumns, positions: NDArray[np.intp]) -> NDArray[np.int64]:
    if not len(events):
        return np.empty(0, dtype=np.int64)
    return np.where(positions >= 0, events.at[positions], NEVER)


def _value(events: EventColumns, positions: NDArray[np.intp]) -> NDArray[np.int32]:
    if not len(events):
        return np.empty(0, dtype=np.int32)
    return np.where(positions >= 0, events.value[positions], np.int32(0))


def _is(events: EventColumns, positions: NDArray[np.intp], kind: EventKind) -> NDArray[np.bool_]:
    if not len(events):
        return np.empty(0, dtype=np.bool_)
    found: NDArray[np.bool_] = (positions >= 0) & (events.kind[positions] == KIND_CODES[kind])
    return found


def status_of(value: str | None) -> Status:
    """The status for the value of the last STATUS event; None, without such an event, is NEW."""
    return Status(value) if value else Status.NEW
