"""How much open time tickets spend in the statuses that pause a clock, added up once for all."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from supportops.sla.events import STATUSES, Bools, Ints
from supportops.sla.intervals import Stretches


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """By status stretch: whether clocks rest in it, the open time up to its beginning, and how much
    open time was rested and ran before it, added up over all tickets: only differences mean much.
    """

    resting: Bools
    passed: Ints
    rested: Ints
    ran: Ints

    @classmethod
    def of(cls, statuses: Stretches, passed: Ints, pauses: frozenset[str]) -> Self:
        by_code = np.array([status in pauses for status in STATUSES], dtype=np.bool_)
        resting = by_code[statuses.held["status"]]
        lasted = np.diff(passed, append=0)
        lasted[statuses.begin[1:] - 1] = 0  # the last stretch of a ticket has no end
        return cls(
            resting,
            passed,
            _before(np.where(resting, lasted, 0)),
            _before(np.where(resting, 0, lasted)),
        )

    def rested_at(self, stretch: Ints, passed: Ints) -> Ints:
        """Rested by instants in these stretches, given the open time up to them."""
        rested: Ints = self.rested[stretch]
        return rested + np.where(self.resting[stretch], passed - self.passed[stretch], 0)

    def ran_at(self, stretch: Ints, passed: Ints) -> Ints:
        """Ran by instants in these stretches, given the open time up to them."""
        ran: Ints = self.ran[stretch]
        return ran + np.where(self.resting[stretch], 0, passed - self.passed[stretch])

    def when_ran(self, goal: Ints, first: Ints, last: Ints) -> Ints:
        """The open time up to the instant when `goal` had run, between these stretches."""
        found = np.clip(np.searchsorted(self.ran, goal, side="left") - 1, first, last)
        when: Ints = self.passed[found] + goal - self.ran[found]
        return when


def _before(lengths: Ints) -> Ints:
    return np.cumsum(lengths) - lengths
