"""The state of each clock as of an instant: from its start to its end, or to that instant."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from supportops.sla.events import DONE, MERGED, NEVER, NONE, STATUSES, Bools, Ints
from supportops.sla.history import History

SOLVED = STATUSES.index(DONE[0])
RUNNING, PAUSED, FULFILLED, UNANSWERED, MERGED_AWAY, DELETED_AWAY = range(6)


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Clocks of one metric as of an instant: one row a clock.

    row: int64, the ticket's place in `History.tickets`. instance: int32, from 1 for each ticket.
    started_at, until: int64 microseconds since 1970 UTC; `until` is the end, or the instant of the
        judgement while the clock is open.
    start_event, until_event: int64, the events there, -1 where there is none.
    start_status, until_status: int64, the intervals of `History.statuses` there.
    start_profile: int64, the interval of `History.profiles` after the start's instant.
    until_profile: int64, the one that held when the clock ended: a reply that comes with another
        tier, customer or tag is judged by what was promised before it.
    state: int8, RUNNING while open, whether or not it is paused, or why it ended; UNANSWERED where
        the ticket was solved before what the clock waits for came.
    """

    row: Ints
    instance: NDArray[np.int32]
    started_at: Ints
    start_event: Ints
    start_status: Ints
    start_profile: Ints
    until: Ints
    until_event: Ints
    until_status: Ints
    until_profile: Ints
    state: NDArray[np.int8]

    def take(self, chosen: NDArray[np.intp] | Bools) -> "Runs":
        """The chosen rows, by position or mask."""
        return Runs(*(getattr(self, name)[chosen] for name in self.__slots__))

    @property
    def open(self) -> Bools:
        """Which clocks have not ended: bool."""
        running: Bools = self.state == RUNNING
        return running


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A history as of an instant: one row a ticket, in the order of `History.tickets`.

    as_of: microseconds since 1970 UTC.
    profile, status: int64, the ticket's intervals at that instant, or when it was removed.
    removed_at: int64 microseconds, NEVER for a ticket that is not removed.
    removed: int8, the state of the clocks that a removal ends.
    last_profile: int64, the profile interval before a removal.

    A ticket that was restored counts as if it had never been removed, except that nothing was
    promised in between.
    """

    history: History
    as_of: int
    profile: Ints
    status: Ints
    removed_at: Ints
    removed: NDArray[np.int8]
    last_profile: Ints

    @classmethod
    def at(cls, history: History, as_of: int) -> Self:
        """The history as of an instant in microseconds since 1970 UTC."""
        profiles = history.profiles
        profile = profiles.all_at(as_of)
        gone = profiles.attributes["removed"][profile] > 0
        begun = profiles.run[profile]
        removed_at = np.where(gone, profiles.at[begun], NEVER)
        status = history.statuses.all_at(as_of)
        left = np.flatnonzero(gone)
        status[left] = history.statuses.at_instant(left, removed_at[left])
        how = np.where(profiles.attributes["removed"][begun] == MERGED, MERGED_AWAY, DELETED_AWAY)
        return cls(
            history,
            as_of,
            profile,
            status,
            removed_at,
            how.astype(np.int8),
            np.where(gone, np.maximum(begun - 1, profiles.begin[:-1]), profile),
        )

    def between_events(self, start: Ints, end: Ints) -> Runs:
        """Clocks from one event to another (-1 if none), numbered from 1 for each ticket.

        `start` and `end` are int64 columns of equal length, in the order of the events.
        """
        history = self.history
        row = history.row[start]
        first = np.append(True, row[1:] != row[:-1])[: len(row)]
        place = np.arange(len(row))
        instance = (place - np.maximum.accumulate(np.where(first, place, 0)) + 1).astype(np.int32)
        ended = end >= 0
        return self._seen(
            Runs(
                row,
                instance,
                history.at[start],
                start,
                history.status_of[start],
                history.profile_of[start],
                np.where(ended, history.at[end], NEVER),
                end,
                history.status_of[end],
                self._when_ended(history.profile_of[start], end),
                np.full(len(row), FULFILLED, dtype=np.int8),
            )
        )

    def where(self, chosen: Bools, others: Runs, runs: Runs) -> Runs:
        """`others` in the chosen rows and `runs` elsewhere; all three have the same rows."""
        pairs = ((getattr(others, name), getattr(runs, name)) for name in Runs.__slots__)
        return Runs(*(np.where(chosen, other, own) for other, own in pairs))

    def solved_since(self, row: Ints) -> Ints:
        """Since when each ticket is solved or closed (microseconds), NEVER where it is not."""
        statuses = self.history.statuses
        begun = statuses.run[self.status[row]]
        solved = statuses.attributes["status"][begun] >= SOLVED
        return np.where(solved, statuses.at[begun], NEVER)

    def unanswered(self, runs: Runs, until: Ints) -> Runs:
        """`runs` as ended at `until` without what they wait for."""
        history = self.history
        return replace(
            runs,
            until=until,
            until_event=np.full(len(until), -1, dtype=np.int64),
            until_status=history.statuses.at_instant(runs.row, until),
            state=np.full(len(until), UNANSWERED, dtype=np.int8),
        )

    def resolutions(self, due: Ints) -> Runs:
        """One clock a ticket: from the first reply, or when that was due, to solved.

        `due`: int64 microseconds, one row a ticket, NONE where the reply was in time. A ticket
        that was solved before either starts there; one that no customer created starts with its
        creation, and one whose earlier history is unknown where the log begins.
        """
        history = self.history
        choices = (history.first_reply, history.first_solved)
        started = np.where(due == NONE, NEVER, due)
        event = np.full(len(started), -1, dtype=np.int64)
        for choice in choices:
            at = np.where(choice >= 0, history.at[choice], NEVER)
            event = np.where(at <= started, choice, event)
            started = np.minimum(at, started)
        own = (history.created >= 0) & ~history.by_customer
        event = np.where(own, history.created, event)
        started = np.where(own, history.at[history.created], started)
        known = (history.created >= 0) & (started <= self.as_of)
        row = np.flatnonzero(known)
        found = self._resolving(row, started[row], event[row])
        # What was solved when the log begins took a time that nobody knows.
        at_once = (found.state == FULFILLED) & (found.until == found.started_at)
        unknown = history.partial[found.row] & at_once
        return found.take(~unknown) if unknown.any() else found

    def _resolving(self, row: Ints, started: Ints, event: Ints) -> Runs:
        history, statuses = self.history, self.history.statuses
        status, profile = history.status_of[event], history.profile_of[event]
        other = np.flatnonzero(event < 0)
        status[other] = statuses.at_instant(row[other], started[other])
        profile[other] = history.profiles.at_instant(row[other], started[other])
        solution = statuses.run[self.status[row]]
        solved = statuses.attributes["status"][solution] >= SOLVED
        # A solution from before the clock began, of a ticket created as solved, ends it at once.
        later = solved & (statuses.at[solution] > started)
        until = np.where(later, statuses.at[solution], np.where(solved, started, NEVER))
        until_event = np.where(later, statuses.event[solution], np.where(solved, event, -1))
        return self._seen(
            Runs(
                row,
                np.ones(len(row), dtype=np.int32),
                started,
                event,
                status,
                profile,
                until,
                until_event,
                np.where(later, solution, status),
                np.where(later, self._when_ended(profile, statuses.event[solution]), profile),
                np.full(len(row), FULFILLED, dtype=np.int8),
            )
        )

    def _when_ended(self, start_profile: Ints, end: Ints) -> Ints:
        """The profile that held before the instant of each clock's end, not before its start.

        A ticket that was restored in that instant counts as restored.
        """
        history = self.history
        before = np.maximum(start_profile, history.profile_before(end))
        removed = history.profiles.attributes["removed"][before] > 0
        return np.where(removed, history.profile_of[end], before)

    def _seen(self, runs: Runs) -> Runs:
        """The clocks that had begun, open where they end later, ended where the ticket is gone."""
        removed_at = self.removed_at[runs.row]
        begun = (runs.started_at <= self.as_of) & (runs.started_at < removed_at)
        if not begun.all():
            runs, removed_at = runs.take(begun), removed_at[begun]
        gone = (runs.until >= removed_at) & (removed_at != NEVER)
        running = (runs.until > self.as_of) & ~gone
        cut = gone | running
        row = runs.row
        return replace(
            runs,
            until=np.where(gone, removed_at, np.where(running, self.as_of, runs.until)),
            until_event=np.where(cut, -1, runs.until_event),
            until_status=np.where(cut, self.status[row], runs.until_status),
            until_profile=np.where(cut, self.last_profile[row], runs.until_profile),
            state=np.where(gone, self.removed[row], np.where(running, RUNNING, runs.state)).astype(
                np.int8
            ),
        )
