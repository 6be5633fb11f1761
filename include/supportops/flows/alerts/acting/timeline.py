"""What became of an alert, as one list in the order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from supportops.alerts.acts import log
from supportops.alerts.acts.act import Act, ActKind
from supportops.alerts.acts.timeline import Entry, EntryKind, Timeline
from supportops.alerts.alert import Alert, Phase
from supportops.alerts.facts import Facts
from supportops.alerts.kind_texts import not_mended
from supportops.alerts.silencing import log as silence_log
from supportops.alerts.silencing.silence import Silence, aliased, covered
from supportops.db.schema import messages, notification_log
from supportops.flows.active_configuration import customers_now

MOST_MESSAGES = 1000
_ACTS = {
    ActKind.ACKNOWLEDGED: "acknowledged",
    ActKind.TAKEN_OVER: "taken over",
    ActKind.UNACKNOWLEDGED: "given back",
    ActKind.SNOOZED: "snoozed",
    ActKind.WOKEN: "snooze ended",
}
_OUTCOMES = {
    "handed_over": "handed over",
    "failed": "failed",
    "unknown": "no answer, may have arrived",
    "nobody": "no recipient at this address",
}


def timeline(connection: Connection, alert: Alert, now: datetime) -> Timeline:
    """Everything that is recorded about `alert` up to `now`; of its messages the first thousand."""
    acts = log.acts_of(connection, alert.key)
    stored = silence_log.ending_after(connection, alert.opened_at)
    silences = aliased(stored, customers_now(connection))
    found = [
        *_of_alert(alert),
        *_of_acts(acts, alert, now),
        *_of_silences(silences, alert, now),
        *_of_messages(connection, alert),
    ]
    return Timeline(alert.at(now), tuple(sorted(found, key=lambda entry: entry.at)))


def _of_alert(alert: Alert) -> Iterator[Entry]:
    facts = Facts(alert.facts)
    if failed := facts.instant("first_failed_at"):
        yield Entry(failed, EntryKind.ALERT, "first failure")
    yield Entry(alert.opened_at, EntryKind.ALERT, "raised", note=alert.headline)
    if alert.resolved_at is not None:
        ending = not_mended(alert)
        what = "retracted" if alert.retracted else ending.label.lower() if ending else "resolved"
        yield Entry(alert.resolved_at, EntryKind.ALERT, what, note=facts.text("over") or "")


def _of_acts(acts: list[Act], alert: Alert, now: datetime) -> Iterator[Entry]:
    """Each act, and the ends of those that were limited and that nobody ended before."""
    over = min(now, alert.resolved_at) if alert.resolved_at else now
    endings = {
        ActKind.ACKNOWLEDGED: "acknowledgement ended",
        ActKind.TAKEN_OVER: "acknowledgement ended",
        ActKind.SNOOZED: "snooze ended",
    }
    for place, act in enumerate(acts):
        until = f" until {act.until:%Y-%m-%d %H:%M} UTC" if act.until else ""
        yield Entry(act.at, EntryKind.ACT, _ACTS[act.kind] + until, act.by, act.note)
        if act.until is None or act.until > over:
            continue
        same = _of_same_thing(act.kind)
        if not any(later.kind in same and later.at <= act.until for later in acts[place + 1 :]):
            yield Entry(act.until, EntryKind.ACT, endings[act.kind], act.by)


def _of_same_thing(kind: ActKind) -> frozenset[ActKind]:
    snoozes = frozenset({ActKind.SNOOZED, ActKind.WOKEN})
    return snoozes if kind in snoozes else frozenset(ActKind) - snoozes


def _of_silences(silences: list[Silence], alert: Alert, now: datetime) -> Iterator[Entry]:
    last = alert.resolved_at or now
    for each in silences:
        sites = covered(each.matchers, alert)
        start, end = max(each.starts_at, alert.opened_at), each.until
        if not sites or start > last or end <= alert.opened_at:
            continue
        about = f"silence {each.id}: {each.words()}"
        yield Entry(start, EntryKind.SILENCE, f"silenced, {about}", each.created_by, each.reason)
        if end <= min(now, last):
            by = each.expired_by or ""
            yield Entry(end, EntryKind.SILENCE, f"no longer silenced, {about}", by)


def _of_messages(connection: Connection, alert: Alert) -> Iterator[Entry]:
    """Each message when it was queued, and each attempt to send it."""
    c, log_of = messages.c, notification_log.c
    rows = connection.execute(
        select(messages).where(c.alert == alert.key).order_by(c.id).limit(MOST_MESSAGES)
    ).mappings()
    named = {row["id"]: row for row in rows}
    for row in named.values():
        what = f"{_about(row)} queued ({row['channel']}), {row['why']}"
        yield Entry(row["queued_at"], EntryKind.MESSAGE, what, row["target"])
    attempts = connection.execute(
        select(notification_log).where(log_of.alert == alert.key).order_by(log_of.id)
    ).mappings()
    for attempt in attempts:
        message = named.get(attempt["message"])
        if message is not None:
            outcome = _OUTCOMES.get(attempt["outcome"], attempt["outcome"])
            detail = attempt["detail"] if attempt["outcome"] != "handed_over" else ""
            what = f"{_about(message)} sent ({message['channel']}): {outcome}"
            at = max(attempt["started_at"], message["queued_at"])
            yield Entry(at, EntryKind.MESSAGE, what, message["target"], detail)


def _about(row: RowMapping) -> str:
    if row["phase"] == Phase.RESOLVED.value:
        return "end"
    if row["reminder"]:
        return f"reminder {row['reminder']}"
    return f"alarm, step {row['step'] + 1}"
