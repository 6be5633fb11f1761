"""The clocks of tickets as columns: what each is, how it stands, and what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from supportops.sla.events import MICRO, NONE, Ints
from supportops.sla.history import History
from supportops.sla.policy import METRICS, PolicyBook
from supportops.sla.policy_assignment import Codes, PolicyAssignment
from supportops.sla.runs import FULFILLED, PAUSED

if TYPE_CHECKING:
    import pandas as pd


class State(StrEnum):
    """The state of a clock. Their order is the code in `Clocks.state`.

    UNANSWERED: the ticket is solved, and what the clock waits for neither came nor can come in
    time any more. A later reply still fulfils it, late; a reopened ticket waits again.
    """

    RUNNING = "running"
    PAUSED = "paused"
    FULFILLED = "fulfilled"
    UNANSWERED = "unanswered"
    MERGED = "merged"
    DELETED = "deleted"


STATES = tuple(State)


@dataclass(frozen=True, slots=True, eq=False)
class Clocks:
    """The clocks of a history under a book as of an instant: one row a clock.

    Instants are int64 microseconds since 1970 UTC, durations int64 microseconds; NONE (which
    datetime64 reads as NaT) where there is none. `frame` gives them as times and seconds. The
    order is by metric, then by ticket and instance; `take` may choose any other.

    as_of: microseconds since 1970 UTC.
    row: int64, the ticket's place in `history.tickets`.
    metric: int8, index into METRICS. instance: int32, from 1 for each ticket and metric.
    version: int16, index into the book's versions, by which the clock started; -1 before the first.
    promise: int16, index into `assignment.promises`, the one that holds at `until`; -1 if none.
    tier: int32, index into `history.values`, the ticket's tier at `until`.
    state: int8, index into STATES.
    started_at; until: the end, or `as_of` while open.
    target: the open time promised. deadline: NONE without a target, and while paused before it.
    aim: the instant of the softer target, by the same rules.
    breached_at: of the first breach, of whichever promise. breached_promise, breached_tier,
    breached_deadline: of that promise, like `promise`, `tier` and `deadline`, but as of the clock's
    end under it; -1, -1 and NONE where nothing is broken. `sla/counting` counts by them.
    spent: open time on the clock, on its promise's calendar. paused: open time left out by pauses.
    """

    history: History
    book: PolicyBook
    assignment: PolicyAssignment
    as_of: int
    row: Ints
    metric: NDArray[np.int8]
    instance: NDArray[np.int32]
    version: NDArray[np.int16]
    promise: Codes
    tier: NDArray[np.int32]
    state: NDArray[np.int8]
    started_at: Ints
    until: Ints
    target: Ints
    deadline: Ints
    aim: Ints
    breached_at: Ints
    breached_promise: Codes
    breached_tier: NDArray[np.int32]
    breached_deadline: Ints
    spent: Ints
    paused: Ints

    def __len__(self) -> int:
        return len(self.row)

    @property
    def ticket(self) -> Ints:
        """The id of each clock's ticket: int64."""
        return self.history.tickets[self.row]

    @property
    def open(self) -> NDArray[np.bool_]:
        """Which clocks have not ended, running or paused: bool."""
        return self.state <= PAUSED

    @property
    def fulfilled_at(self) -> Ints:
        """When what a clock waits for came (microseconds), NONE where it did not."""
        return np.where(self.state == FULFILLED, self.until, NONE)

    @property
    def ended_at(self) -> Ints:
        """When it ended, for whatever reason."""
        return np.where(self.open, NONE, self.until)

    @property
    def left(self) -> Ints:
        """Open time until the deadline, negative after it; NONE without a target."""
        return np.where(self.target == NONE, NONE, self.target - self.spent)

    @property
    def calendar_time(self) -> Ints:
        """From the start to the end or `as_of`, as the customer waits: pauses included."""
        return self.until - self.started_at

    def take(self, chosen: Any) -> Clocks:
        """The chosen rows, by position, mask or slice."""
        own = (column[chosen] for column in self.columns().values())
        return Clocks(self.history, self.book, self.assignment, self.as_of, *own)

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns by name, in the order of the fields: those from `row` on."""
        return {each.name: getattr(self, each.name) for each in fields(self)[4:]}

    def in_order(self) -> NDArray[np.intp]:
        """The rows by ticket, metric and instance."""
        return np.lexsort((self.instance, self.metric, self.row))

    def frame(self) -> pd.DataFrame:
        """The clocks ordered by `in_order`, a row each.

        ticket (int64, id), tier, metric, instance, policy ("version/promise"), state, started_at,
        deadline, aim, fulfilled_at, ended_at, breached_at (datetime64[us, UTC]), breached_tier,
        breached_policy, breached_deadline (of the promise that was broken), target_seconds,
        open_seconds, paused_seconds, left_seconds, calendar_seconds (float64). `open_seconds` is
        the time on the promise's calendar, `calendar_seconds` the time that the customer waited.
        """
        import pandas as pd  # a sweep has no frames, and its process starts a third sooner without

        own = self.take(self.in_order())
        listed = self.assignment.promises
        policies = [f"{version.name}/{promise.name}" for version, promise in listed]
        tiers = [tier or self.book.default_tier for tier in self.history.values]
        columns: dict[str, Any] = {
            "ticket": own.ticket,
            "tier": _words(own.tier, tiers),
            "metric": _words(own.metric, [metric.value for metric in METRICS]),
            "instance": own.instance,
            "policy": _words(own.promise, policies),
            "state": _words(own.state, [state.value for state in STATES]),
        }
        for name in ("started_at", "deadline", "aim", "fulfilled_at", "ended_at", "breached_at"):
            columns[name] = _times(getattr(own, name))
        columns["breached_tier"] = _words(
            np.where(own.breached_at == NONE, len(tiers), own.breached_tier), tiers
        )
        columns["breached_policy"] = _words(own.breached_promise, policies)
        columns["breached_deadline"] = _times(own.breached_deadline)
        for name, lasted in (
            ("target_seconds", own.target),
            ("open_seconds", own.spent),
            ("paused_seconds", own.paused),
            ("left_seconds", own.left),
            ("calendar_seconds", own.calendar_time),
        ):
            columns[name] = np.where(lasted == NONE, np.nan, lasted / MICRO)
        return pd.DataFrame(columns)


def _times(instants: Ints) -> pd.Series[pd.Timestamp]:
    import pandas as pd

    return pd.Series(instants.view("M8[us]")).dt.tz_localize("UTC")


def _words(codes: NDArray[Any], words: Sequence[str]) -> NDArray[np.object_]:
    """The word of each code, None for -1."""
    found: NDArray[np.object_] = np.array([*words, None], dtype=np.object_)[codes]
    return found
