"""Who was notified of an alert, and why the others were not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import RowMapping

from supportops.alerts import outbox
from supportops.alerts.alert import TEST_KEYS, Alert, Kind, Phase
from supportops.alerts.escalation import decide
from supportops.alerts.hold import held_since
from supportops.alerts.outbox import PHASES, REASONS, MessageState
from supportops.alerts.routing.decision import Decision, MessageStatus, Reason
from supportops.alerts.routing.matching import visible_to
from supportops.alerts.routing.one_cause import notified_by_parts
from supportops.alerts.routing.succession import predecessors, with_inherited
from supportops.alerts.silencing import log as silence_log
from supportops.alerts.silencing.effect import in_force
from supportops.alerts.silencing.silence import Silence, aliased
from supportops.alerts.store import list_open
from supportops.rendering.render import local
from supportops.web import queries
from supportops.web.page import PageContext

MOST_MESSAGES = 200
HELD = "alerts are held until the installation goes live"
MOST_ATTEMPTS = 1000

OUTCOMES = {
    "handed_over": "handed over",
    "failed": "failed",
    "unknown": "no answer, may have arrived",
    "nobody": "no recipient at this address",
}
_STATES: dict[str, str] = {
    MessageState.WAITING: "waiting",
    MessageState.CLAIMED: "being sent",
    MessageState.HANDED_OVER: "handed over",
    MessageState.UNKNOWN: "no answer, may have arrived",
    MessageState.SUPERSEDED: "withdrawn, it was over before it was sent",
    MessageState.GIVEN_UP: "given up",
}
_TONES: dict[str, str] = {
    MessageState.HANDED_OVER: "good",
    MessageState.UNKNOWN: "warning",
    MessageState.GIVEN_UP: "bad",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send a message, as the notification log holds it."""

    at: datetime
    outcome: str
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One message: its receiver and channel, why it was queued, and its outcome or state."""

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
class SkippedReceiver:
    """A receiver whom nobody notified, and why not."""

    target: str
    channel: str
    step: int
    why: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Notifications:
    """The messages of one alert, and the receivers that none went to."""

    messages: tuple[MessageLine, ...]
    skipped: tuple[SkippedReceiver, ...]


def notifications(page: PageContext, alert: Alert) -> Notifications:
    """Every message of `alert` with its attempts, and the receivers that none went to."""
    attempts = queries.attempts_of(page.connection, alert.key, MOST_ATTEMPTS)
    rows = queries.messages_of(page.connection, alert.key, MOST_MESSAGES)
    statuses = [
        _status(row, attempts.get(row["id"], ()))
        for row in rows
        if row["state"] != MessageState.SUPERSEDED and row["phase"] in PHASES
    ]
    return Notifications(
        tuple(message_line(row, attempts.get(row["id"], ())) for row in rows),
        tuple(_skipped(page, alert, statuses)),
    )


def _status(row: RowMapping, attempts: Sequence[RowMapping]) -> MessageStatus:
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
        reason=REASONS.get(row["why"], Reason.STEP_REACHED),
        duty=row["duty"] or "",
    )


def message_line(row: RowMapping, attempts: Sequence[RowMapping] = ()) -> MessageLine:
    """A row of `queries.messages_of` with its attempts, in the words of the pages."""
    state = row["state"]
    failed = state == MessageState.WAITING and row["attempts"] > 0
    return MessageLine(
        alert=row["alert"],
        target=row["target"],
        channel=row["channel"],
        about=_about(row),
        why=_on_call(row["why"], row["duty"]),
        state="failed, will be tried again" if failed else _STATES.get(state, state),
        tone="bad" if failed else _TONES.get(state, "plain"),
        queued_at=row["queued_at"],
        next_attempt_at=None if row["finished_at"] else row["next_attempt_at"],
        attempts=tuple(_attempt(attempt) for attempt in attempts),
        tries=row["attempts"],
    )


def _on_call(why: str, duty: str | None) -> str:
    return f"{why}, on call for {duty}" if duty else why


def _about(row: RowMapping) -> str:
    if row["alert"].startswith(f"{Kind.REPORT}:"):
        return "report"
    if row["alert"].startswith(TEST_KEYS):
        return "test"
    if row["alert"].startswith(f"{Kind.HAND_OVER}:"):
        return "hand-over"
    if row["alert"].startswith(f"{Kind.NOTICE}:"):
        return "notice"
    if row["phase"] == "resolved":
        return "resolved"
    if row["reminder"]:
        return f"reminder {row['reminder']}"
    return f"alarm, step {row['step'] + 1}" if row["step"] else "alarm"


def _attempt(row: RowMapping) -> Attempt:
    words = OUTCOMES.get(row["outcome"], row["outcome"])
    return Attempt(row["started_at"], words, row["detail"], row["seconds"])


def _skipped(
    page: PageContext, alert: Alert, statuses: Sequence[MessageStatus]
) -> Iterator[SkippedReceiver]:
    """The receivers that the policy names for `alert` and no message went to: as of now, or of its
    end.
    """
    at = min(page.now, alert.resolved_at) if alert.resolved_at else page.now
    configuration = page.configuration
    own = {alert.key: statuses}
    keys = predecessors(alert)
    earlier = outbox.history(page.connection, keys=keys) if keys else {}
    statuses = with_inherited([alert], configuration.alerts, own, earlier)[alert.key]
    wider = alert.covered_by
    histories = outbox.history(page.connection, keys=[wider]) if wider else {}
    covered = {m.target for m in histories.get(wider or "", ()) if m.phase is Phase.FIRING}
    while_open = replace(alert, resolved_at=None)
    policy, office = configuration.alerts, configuration.office
    if alert.kind is Kind.HOST_OUTAGE and alert.resolved_at is None:
        parts = [a for a in list_open(page.connection, Kind.OUTAGE) if a.covered_by == alert.key]
        histories = outbox.history(page.connection, keys=[each.key for each in parts])
        covered = notified_by_parts(alert, parts, histories, policy)
    found = silence_log.ending_after(page.connection, alert.opened_at)
    silences = aliased(found, page.configuration.customers)
    held = alert.held and held_since(page.connection) is not None
    for d in decide(while_open, policy, statuses, at, office, covered, silences):
        if d.reason is not Reason.ALREADY:
            theirs = visible_to(d.target, alert, policy)
            silence = in_force(alert, silences, at, theirs)
            why = _why(d, while_open.at(at), alert.resolved_at is not None, silence, page.zone)
            why = HELD if held and d.sends else why
            why = _on_call(why, d.duty)
            yield SkippedReceiver(d.target, d.channel, d.step, why, d.due_at)


def _why(decision: Decision, alert: Alert, over: bool, silence: Silence | None, zone: str) -> str:
    if decision.sends:
        return (
            "it was over before anybody was notified" if over else "the next dispatch notifies them"
        )
    taken = alert.acknowledged_at is not None and decision.step > 0
    if decision.reason is Reason.ACKNOWLEDGED or (decision.reason is Reason.NOT_YET and taken):
        return f"{alert.acknowledged_by or 'somebody'} acknowledged it before"
    if decision.reason is Reason.SNOOZED and alert.snoozed_until is not None:
        who = alert.snoozed_by or "somebody"
        return f"{who} snoozed it until {local(alert.snoozed_until, zone)}"
    if decision.reason is Reason.SILENCED and silence is not None:
        until = local(silence.until, zone)
        return f"silenced until {until} by {silence.created_by}: {silence.reason}"
    if decision.reason is Reason.NOT_YET:
        return "it was over before their step was reached" if over else "their step is not reached"
    return decision.reason.value
