"""Tickets' events as the clocks need them: a few integer columns and their code tables.

The tables repeat the words of the ticket log in its order; a test compares the two.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# Places in columns. int32 where there is one an event, to save memory: 2**31 events do not fit
# into any memory anyway.
Places = NDArray[np.signedinteger[Any]]

MICRO = 1_000_000
NEVER = int(np.iinfo(np.int64).max)  # later than any instant
NONE = int(np.iinfo(np.int64).min)  # no instant; datetime64 reads it as NaT

KINDS = (
    "created",
    "known_since",
    "comment",
    "note",
    "notice",
    "status",
    "priority",
    "tier",
    "assignee",
    "site",
    "customer",
    "tags",
    "merged",
    "deleted",
    "restored",
)
AUTHORS = ("customer", "agent", "automatic")
STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
DONE = ("solved", "closed")

CREATED, COMMENT, STATUS = (KINDS.index(kind) for kind in ("created", "comment", "status"))
NOTICE = KINDS.index("notice")
KNOWN_SINCE = KINDS.index("known_since")
TIER, CUSTOMER_OF, TAGS = (KINDS.index(kind) for kind in ("tier", "customer", "tags"))
MERGED, DELETED, RESTORED = (KINDS.index(kind) for kind in ("merged", "deleted", "restored"))
CUSTOMER, AGENT = AUTHORS.index("customer"), AUTHORS.index("agent")


class EventColumns(Protocol):
    """One row an event, in any order; (`ticket`, `at`, `order`) sorts them as they happened.

    ticket: int64, the id. at: int64, microseconds since 1970 UTC. order: int64, of the acts of one
    instant. kind: int8, index into KINDS. author: int8, index into AUTHORS. value: int32, index
    into `values`, the texts.
    """

    @property
    def ticket(self) -> Ints: ...
    @property
    def at(self) -> Ints: ...
    @property
    def order(self) -> Ints: ...
    @property
    def kind(self) -> NDArray[np.int8]: ...
    @property
    def author(self) -> NDArray[np.int8]: ...
    @property
    def value(self) -> NDArray[np.int32]: ...
    @property
    def values(self) -> tuple[str | None, ...]: ...
