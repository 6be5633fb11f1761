"""What people do with alerts: acknowledge, take over, give back, put off; and what became of one.

Each act is one transaction: the act in the log, and what it comes to in the alert. Of two people
who take an alert at once the second is told who has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from supportops.alerts import store
from supportops.alerts.acts import log
from supportops.alerts.acts.reference import keys_meant, longer_references
from supportops.alerts.acts.timeline import Timeline
from supportops.alerts.alert import LETTERS, Alert, Kind
from supportops.alerts.words.ticket import title
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.db.schema import alerts
from supportops.db.storable import storable
from supportops.flows.alerts.acting.call_taken import note_taken
from supportops.flows.alerts.acting.timeline import timeline
from supportops.rendering.render import one_line

LONGEST = timedelta(days=366)
LONGEST_NOTE = 1000
LONGEST_NAME = 200
_MOST_NAMED = 5


class AlertActError(ValueError):
    """Why an act on an alert cannot be done, in one line."""


class UnknownAlert(AlertActError):
    """No alert has this key or reference."""


class AmbiguousReference(AlertActError):
    """Several alerts have this reference: `references` tells them apart, by their keys."""

    def __init__(self, message: str, references: dict[str, str]) -> None:
        super().__init__(message)
        self.references = references


class AlreadyTaken(AlertActError):
    """Somebody has the alert: `by`, since `at`, until `until`, None for no limit."""

    def __init__(self, by: str, at: datetime, until: datetime | None) -> None:
        super().__init__(f"{one_line(by)} has it already; take it over if that is meant")
        self.by, self.at, self.until = by, at, until


@dataclass(frozen=True, slots=True)
class Acted:
    """An act that was done: the alert after it, and what happened in one line."""

    alert: Alert
    said: str


def list_alerts(context: Context, now: datetime) -> list[Alert]:
    """Every open alert as it stands at `now`, in the order of `alerts.store.list_open`."""
    with reading(context.engine) as connection:
        return [alert.at(now) for alert in store.list_open(connection)]


def unreadable_alerts(context: Context) -> list[str]:
    """A line for each open alert that this version cannot read."""
    with reading(context.engine) as connection:
        stored = store.read_open(connection)
    return [f"{each.key}: {each.why}" for each in stored.unreadable]


def find(context: Context, ref: str) -> Alert:
    """The alert with this key or #reference, open or resolved; see `meant`."""
    with reading(context.engine) as connection:
        return meant(connection, ref)


def acknowledge(
    context: Context,
    ref: str,
    by: str,
    now: datetime,
    *,
    note: str = "",
    until: datetime | None = None,
) -> Acted:
    """`by` takes the alert: its reminders and later steps stop, until `until` or its end.

    Raises AlreadyTaken where somebody has it, AlertActError for another reason why not.
    """
    who, words, end = _who(by), _note(note), _until(until, now)

    def act(connection: Connection, alert: Alert) -> str:
        if not log.acknowledge(connection, alert.key, who, now, words, end):
            raise _refused(connection, alert.key, now)
        note_taken(connection, alert, who, now)
        return f"{who} has it" + (f" until {_at(end)}" if end else "")

    return _acted(context, ref, now, act)


def take_over(
    context: Context,
    ref: str,
    by: str,
    now: datetime,
    *,
    note: str = "",
    until: datetime | None = None,
    holder: str | None = None,
) -> Acted:
    """`by` takes the alert from whoever has it, who is recorded; of nobody it is an
    acknowledgement, and of `by` another one, with another end.

    `holder`: who had it by what `by` saw; raises AlreadyTaken where that is somebody else by now.
    """
    who, words, end = _who(by), _note(note), _until(until, now)

    def act(connection: Connection, alert: Alert) -> str:
        before = alert.acknowledged_by
        if before is not None and holder not in (None, before):
            raise _refused(connection, alert.key, now)
        if before is None:
            done = log.acknowledge(connection, alert.key, who, now, words, end)
        else:
            done = log.take_over(connection, alert.key, who, now, before, words, end)
        if not done:
            raise _refused(connection, alert.key, now)
        note_taken(connection, alert, who, now)
        said = f"{who} has it" + (f" until {_at(end)}" if end else "")
        return said + (f", taken over from {before}" if before not in (None, who) else "")

    return _acted(context, ref, now, act)


def unacknowledge(context: Context, ref: str, by: str, now: datetime, *, note: str = "") -> Acted:
    """Nobody has the alert any more: it is escalated again, from where it is by now."""
    who, words = _who(by), _note(note)

    def act(connection: Connection, alert: Alert) -> str:
        holder = alert.acknowledged_by
        if holder is None or not log.unacknowledge(connection, alert.key, who, now, holder, words):
            raise AlertActError("nobody has it")
        return f"{holder} does not have it any more; it is escalated again"

    return _acted(context, ref, now, act)


def snooze(
    context: Context, ref: str, by: str, until: datetime, now: datetime, *, note: str = ""
) -> Acted:
    """No reminders and no further steps before `until`, whoever has the alert; then they go on."""
    who, words, end = _who(by), _note(note), _until(until, now)
    assert end is not None

    def act(connection: Connection, alert: Alert) -> str:
        if not log.snooze(connection, alert.key, who, now, end, words):
            raise _refused(connection, alert.key, now)
        return f"no reminders and no further steps before {_at(end)}"

    return _acted(context, ref, now, act)


def end_snooze(context: Context, ref: str, by: str, now: datetime, *, note: str = "") -> Acted:
    """Ends a snooze before its time."""
    who, words = _who(by), _note(note)

    def act(connection: Connection, alert: Alert) -> str:
        if not log.wake(connection, alert.key, who, now, words):
            raise AlertActError("it is not snoozed")
        return "it is reminded of and escalated again"

    return _acted(context, ref, now, act)


def history(context: Context, ref: str, now: datetime) -> Timeline:
    """What became of an alert: its beginning and end, the acts on it, its messages, and the
    silences over it."""
    with reading(context.engine) as connection:
        return history_of(connection, meant(connection, ref), now)


def history_of(connection: Connection, alert: Alert, now: datetime) -> Timeline:
    """`history` of an alert that is read already."""
    return timeline(connection, alert, now)


def meant(connection: Connection, ref: str) -> Alert:
    """The alert with this key or #reference: an open one before one that is over.

    Raises UnknownAlert for none, AmbiguousReference for several.
    """
    ref = storable(ref).strip()
    exact = store.find(connection, ref)
    if exact is not None:
        return exact
    c = alerts.c
    for over in (False, True):
        known = select(c.key).where(c.resolved_at.is_not(None) if over else c.resolved_at.is_(None))
        keys = keys_meant(ref, connection.execute(known).scalars())
        found = sorted(store.find_all(connection, keys).values(), key=lambda alert: alert.key)
        if len(found) > 1:
            raise _ambiguous(ref, found)
        if found:
            return found[0]
    raise UnknownAlert(f"no alert {ref!r}; see `supportops alerts list`")


def _ambiguous(ref: str, found: Sequence[Alert]) -> AmbiguousReference:
    longer = longer_references(alert.key for alert in found)
    named = [f"#{longer[alert.key]} ({title(alert)})" for alert in found[:_MOST_NAMED]]
    rest = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    return AmbiguousReference(f"{ref!r} is {len(found)} alerts: {', '.join(named)}{rest}", longer)


def _acted(
    context: Context, ref: str, now: datetime, act: Callable[[Connection, Alert], str]
) -> Acted:
    with writing(context.engine) as connection:
        alert = meant(connection, ref)
        if alert.resolved_at is not None:
            raise AlertActError(f"it is over since {_at(alert.resolved_at)}")
        if alert.kind in LETTERS:
            raise AlertActError(f"a {alert.kind} is no alert that somebody could take")
        if alert.kind is Kind.CALL:  # before the alert's row, as everybody who writes both
            advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        said = act(connection, alert.at(now))
        after = store.find(connection, alert.key)
    assert after is not None
    return Acted(after, said)


def _refused(connection: Connection, key: str, now: datetime) -> AlertActError:
    """Why an alert could not be taken, as it stands now."""
    found = store.find(connection, key)
    if found is None or found.resolved_at is not None:
        return AlertActError("it is over")
    found = found.at(now)
    if found.acknowledged_by is None or found.acknowledged_at is None:
        return AlertActError("it was given back just now; try again")
    return AlreadyTaken(found.acknowledged_by, found.acknowledged_at, found.acknowledged_until)


def _who(by: str) -> str:
    name: str = one_line(str(storable(by)))
    if not name:
        raise AlertActError("a name is missing: who does it")
    return name[:LONGEST_NAME]


def _note(note: str) -> str:
    text = str(storable(note)).strip()
    if len(text) > LONGEST_NOTE:
        raise AlertActError(f"the note has {len(text)} characters, at most {LONGEST_NOTE} fit")
    return text


def _until(until: datetime | None, now: datetime) -> datetime | None:
    if until is None:
        return None
    if until <= now:
        raise AlertActError(f"{_at(until)} is past")
    if until - now > LONGEST:
        raise AlertActError(f"{_at(until)} is more than {LONGEST.days} days ahead")
    return until


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
