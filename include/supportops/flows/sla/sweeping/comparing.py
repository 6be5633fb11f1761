"""What clocks call for beside the alerts that are stored: what to raise, to end and to retract."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from supportops.alerts.alert import LASTING_KINDS, Kind
from supportops.flows.sla.sweeping.evaluation import ClockAlert, Evaluation, breach_key, ending


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert in the store. `base` is its key without the number of one that came back."""

    key: str
    base: str
    kind: Kind
    open: bool
    retracted: bool

    @property
    def number(self) -> int:
        """1, or the number of an alert that came back after a retraction."""
        return int(self.key[len(self.base) + 1 :] or 1)


@dataclass(slots=True)
class Changes:
    """What to do with the stored alerts.

    raised: alerts to raise, by key. over: keys of warnings to resolve. ended: by key, the facts of
    the clock's end, with its instant under "ended" (ISO 8601). retracted: by key, why. standing:
    the open ones that are still called for, by key. again: those that ended and whose clock goes
    on, of a ticket that was reopened or restored, by key. untold: how many of `raised` come too
    late to be sent.
    """

    raised: dict[str, ClockAlert] = field(default_factory=dict)
    over: list[str] = field(default_factory=list)
    ended: dict[str, dict[str, str]] = field(default_factory=dict)
    retracted: dict[str, str] = field(default_factory=dict)
    standing: dict[str, ClockAlert] = field(default_factory=dict)
    again: dict[str, ClockAlert] = field(default_factory=dict)
    untold: int = 0

    def counts(self) -> dict[str, int]:
        """How many of each, by the names of `Tally`."""
        return {
            "raised": len(self.raised),
            "untold": self.untold,
            "resolved": len(self.over) + len(self.ended),
            "retracted": len(self.retracted),
        }


def compare(evaluation: Evaluation, stored: Iterable[StoredAlert]) -> Changes:
    """What to do so that the stored alerts of some tickets are what their clocks call for now."""
    changes = Changes()
    known: dict[str, StoredAlert] = {}
    for alert in stored:
        if alert.base not in known or known[alert.base].number < alert.number:
            known[alert.base] = alert
    for base, alert in known.items():
        if alert.kind in LASTING_KINDS:
            _end_or_retract(changes, evaluation, base, alert)
        elif alert.open and not evaluation.may_hold(base):
            changes.over.append(alert.key)
    for key, due in evaluation.alerts.items():
        earlier = known.get(key)
        if earlier is None:
            changes.raised[key] = due
        elif earlier.retracted:
            changes.raised[f"{key}#{earlier.number + 1}"] = due
        elif earlier.open and earlier.key not in changes.ended:
            changes.standing[earlier.key] = due
        elif not (earlier.open or evaluation.has_ended(due)):
            changes.again[earlier.key] = due
    return changes


def _end_or_retract(
    changes: Changes, evaluation: Evaluation, base: str, alert: StoredAlert
) -> None:
    """A breach or its follow-up ends with its clock, and is retracted if it never was."""
    breach = evaluation.alerts.get(breach_key(base))
    if alert.retracted:
        return
    if breach is None:
        changes.retracted[alert.key] = "by all that is known now, the promise was kept"
        return
    assert evaluation.clocks is not None
    over = ending(evaluation.clocks, breach)
    if alert.open and over:
        changes.ended[alert.key] = over


def base_of(key: str) -> str:
    """A key without the number of an alert that came back; an instant holds no `#`."""
    head, colon, last = key.rpartition(":")
    return f"{head}{colon}{last.partition('#')[0]}"
