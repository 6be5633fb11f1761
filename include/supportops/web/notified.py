"""Who was told of an alert, and why the others were not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import RowMapping

from supportops.alerts.alert import Alert, Kind, Phase
from supportops.alerts.escalation import Decision, MessageStatus, Reason, decide
from supportops.alerts.outbox import MessageState
from supportops.web import queries
from supportops.web.parts import Desk

MOST_MESSAGES = 200
MOST_ATTEMPTS = 1000

OUTCOMES = {
    "handed_over": "handed over",
    "failed": "failed",
    "unknown": "no answer, may have arrived",
    "nobody": "the address leads to nobody",
}
_STATES = {
    MessageState.WAITING: "waiting",
    MessageState.CLAIMED: "being sent",
    MessageState.HANDED_OVER: "handed over",
    MessageState.UNKNOWN: "no answer, may have arrived",
    MessageState.SUPERSEDED: "taken back, it was over before it went out",
    MessageState.GIVEN_UP: "given up",
}
_TONES = {
    MessageState.HANDED_OVER: "good",
    MessageState.UNKNOWN: "warning",
    MessageState.GIVEN_UP: "bad",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the ledger."""

    at: datetime
    outcome: str
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """One message: to whom, on which channel, why, and how it ended or where it stands."""

    alert: str
    target: str
    channel: str
    about: str
    why: str
    state: str
    tone: str
    queued_at: datetime
    next_attempt_at: datetime | None
    attempts: tuple[Attempt, ...]
    tries: int


@dataclass(frozen=True, slots=True)
class NotTold:
    """A receiver who was not told, and why not."""

    target: str
    channel: str
    step: int
    why: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """Everything that was done about one alert, and what was left undone."""

    told: tuple[Told, ...]
    not_told: tuple[NotTold, ...]


def telling(desk: Desk, alert: Alert) -> Telling:
    """Every message of `alert` with its attempts, and whom nobody told."""
    ledger = queries.attempts_of(desk.connection, alert.key, MOST_ATTEMPTS)
    rows = queries.messages_of(desk.connection, alert.key, MOST_MESSAGES)
    entries = [
        _entry(row, ledger.get(row["id"], ()))
        for row in rows
        if row["state"] != MessageState.SUPERSEDED
    ]
    return Telling(
        tuple(as_told(row, ledger.get(row["id"], ())) for row in rows),
        tuple(_not_told(desk, alert, entries)),
    )


def _entry(row: RowMapping, attempts: Sequence[RowMapping]) -> MessageStatus:
    return MessageStatus(
        target=row["target"],
        phase=Phase(row["phase"]),
        step=row["step"],
        reminder=row["reminder"],
        handed_over=row["state"] == MessageState.HANDED_OVER,
        maybe_delivered=row["maybe_sent"] or row["state"] == MessageState.UNKNOWN,
        failures=sum(attempt["outcome"] != "handed_over" for attempt in attempts),
        finished=row["finished_at"] is not None,
        at=row["finished_at"] or row["claimed_at"],
    )


def as_told(row: RowMapping, attempts: Sequence[RowMapping] = ()) -> Told:
    state = MessageState(row["state"])
    failed = state is MessageState.WAITING and row["attempts"] > 0
    return Told(
        alert=row["alert"],
        target=row["target"],
        channel=row["channel"],
        about=_about(row),
        why=row["why"],
        state="failed, will be tried again" if failed else _STATES[state],
        tone="bad" if failed else _TONES.get(state, "plain"),
        queued_at=row["queued_at"],
        next_attempt_at=None if row["finished_at"] else row["next_attempt_at"],
        attempts=tuple(_attempt(attempt) for attempt in attempts),
        tries=row["attempts"],
    )


def _about(row: RowMapping) -> str:
    if row["alert"].startswith(f"{Kind.REPORT}:"):
        return "report"
    if row["phase"] == "resolved":
        return "resolved"
    if row["reminder"]:
        return f"reminder {row['reminder']}"
    return f"alarm, step {row['step'] + 1}" if row["step"] else "alarm"


def _attempt(row: RowMapping) -> Attempt:
    words = OUTCOMES.get(row["outcome"], row["outcome"])
    return Attempt(row["started_at"], words, row["detail"], row["seconds"])


def _not_told(desk: Desk, alert: Alert, ledger: Sequence[MessageStatus]) -> Iterator[NotTold]:
    """Whom the policy names for `alert` and nobody told: as of now, or of its end."""
    at = min(desk.now, alert.resolved_at) if alert.resolved_at else desk.now
    configuration = desk.configuration
    as_it_was = replace(alert, resolved_at=None)
    for d in decide(as_it_was, configuration.alerts, ledger, at, configuration.office):
        if d.reason is not Reason.ALREADY:
            yield NotTold(d.target, d.channel, d.step, _why(d, alert), d.due_at)


def _why(decision: Decision, alert: Alert) -> str:
    over = alert.resolved_at is not None
    if decision.sends:
        return "it was over before anybody was told" if over else "the next dispatch tells them"
    taken = alert.acknowledged_at is not None and decision.step > 0
    if decision.reason is Reason.ACKNOWLEDGED or (decision.reason is Reason.NOT_YET and taken):
        return f"{alert.acknowledged_by or 'somebody'} acknowledged it before"
    if decision.reason is Reason.NOT_YET:
        return "it was over before their step was reached" if over else "their step is not reached"
    return decision.reason.value
