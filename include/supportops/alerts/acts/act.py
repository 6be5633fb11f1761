"""What people do with an alert: take it, hand it on, give it back, and put it off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never


class ActKind(StrEnum):
    """TAKEN_OVER is an acknowledgement by somebody else than who had the alert before; WOKEN ends
    a snooze early."""

    ACKNOWLEDGED = "acknowledged"
    TAKEN_OVER = "taken_over"
    UNACKNOWLEDGED = "unacknowledged"
    SNOOZED = "snoozed"
    WOKEN = "woken"


@dataclass(frozen=True, slots=True)
class Act:
    """One act on the alert with this key. `until`: when an acknowledgement or a snooze ends by
    itself; None for an acknowledgement that does not."""

    alert: str
    kind: ActKind
    by: str
    at: datetime
    note: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the acts on an alert come to; the columns of `alerts` with these names hold it.

    `resumed_at`: when the last acknowledgement or snooze ended, from which on the alert is
    escalated again.
    """

    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    acknowledged_until: datetime | None = None
    snoozed_by: str | None = None
    snoozed_until: datetime | None = None
    resumed_at: datetime | None = None

    def at(self, now: datetime) -> Standing:
        """The same once what was limited to a time before `now` has ended."""
        found = self
        until = self.acknowledged_until
        if until is not None and until <= now:
            found = replace(found.unacknowledged(), resumed_at=later(found.resumed_at, until))
        until = self.snoozed_until
        if until is not None and until <= now:
            found = replace(found.woken(), resumed_at=later(found.resumed_at, until))
        return found

    def unacknowledged(self) -> Standing:
        """The same with nobody who has it."""
        return replace(self, acknowledged_at=None, acknowledged_by=None, acknowledged_until=None)

    def woken(self) -> Standing:
        """The same without a snooze."""
        return replace(self, snoozed_by=None, snoozed_until=None)


def fold(acts: Iterable[Act], now: datetime) -> Standing:
    """What the acts on one alert, in their order, come to at `now`."""
    found = Standing()
    for act in acts:
        found = _after(found.at(act.at), act)
    return found.at(now)


def _after(before: Standing, act: Act) -> Standing:
    match act.kind:
        case ActKind.ACKNOWLEDGED | ActKind.TAKEN_OVER:
            return replace(
                before,
                acknowledged_at=act.at,
                acknowledged_by=act.by,
                acknowledged_until=act.until,
            )
        case ActKind.UNACKNOWLEDGED:
            resumed_at = later(before.resumed_at, act.at)
            return replace(before.unacknowledged(), resumed_at=resumed_at)
        case ActKind.SNOOZED:
            return replace(before, snoozed_by=act.by, snoozed_until=act.until)
        case ActKind.WOKEN:
            return replace(before.woken(), resumed_at=later(before.resumed_at, act.at))
        case _:
            assert_never(act.kind)


def later(one: datetime | None, other: datetime) -> datetime:
    """The later of two instants, of which the first may be missing."""
    return other if one is None else max(one, other)
