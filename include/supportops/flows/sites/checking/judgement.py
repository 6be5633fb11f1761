"""Judges runs, whole or in parts: results become incidents, alerts and tickets of outages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts.store import note_present
from supportops.config import snapshots
from supportops.config.configuration import Configuration
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import outage_tier
from supportops.flows.sites.checking.incident_alerts import raise_or_resolve
from supportops.flows.sites.checking.own_failures import watch_own_failures
from supportops.flows.sites.checking.timer import Clock, Timer
from supportops.flows.tickets.own_tickets import outage_tickets
from supportops.flows.tickets.own_tickets.late_hints import hint_calls
from supportops.sites import store
from supportops.sites.incident import Change, FleetState, Run
from supportops.sites.judging.fold import fold
from supportops.sites.judging.judged_run import BLIND
from supportops.sites.present import presents
from supportops.sites.runs import part_store
from supportops.sites.runs.due import from_text
from supportops.sites.runs.parts import ready
from supportops.sites.summaries import store as summaries

# A run that recorded nothing for so long was cut short; the next judgement includes it. Deadlines
# and confirmations of a run end within this, or the configuration is refused.
LONGEST_SILENCE = timedelta(minutes=4)

# Is called with what a judgement changed, after its transaction.
OnChanges = Callable[[Sequence[Change]], None]


class PartJudge:
    """Judges what is ready of a run that is still being checked, and collects the changes.

    Runs that were killed before their judgement are judged first; `runs` counts them.
    """

    def __init__(
        self,
        engine: Engine,
        slot: datetime,
        clock: Clock,
        timer: Timer,
        ahead: timedelta,
        on_changes: OnChanges,
    ) -> None:
        self.changes: list[Change] = []
        self.runs = 0
        self._engine, self._slot, self._clock, self._timer = engine, slot, clock, timer
        self._ahead, self._on_changes = ahead, on_changes

    def judge(self) -> datetime | None:
        """When to look again, where something waits for the rest of its server."""
        now = self._clock()
        changes: list[Change] = []
        for earlier in _killed(self._engine, self._slot, now + self._ahead):
            judged = _judge_whole(self._engine, earlier, now)
            self.runs += judged is not None
            changes += judged or []
        with writing(self._engine) as connection:
            advisory_lock(connection, Lock.JUDGE_SITES)
            found, look_again = _judge_ready(connection, self._slot, now, self._timer.now())
        changes += found
        self.changes += changes
        if changes:
            self._on_changes(changes)
        return look_again


def judge(
    engine: Engine, slot: datetime, now: datetime, ahead: timedelta = timedelta(0)
) -> dict[str, Any]:
    """Folds the run, and any that was killed before its judgement, into incidents and alerts.

    One transaction for each run holds standings, incidents, alerts, tickets of outages and the
    mark that it was judged: all of it happens, or none. `ahead`: how far the log runs ahead of
    `now`.
    """
    summary: dict[str, Any] = {"slot": slot.isoformat(), "runs": 0, "changes": []}
    for run_slot in [*_killed(engine, slot, now + ahead), slot]:
        changes = _judge_whole(engine, run_slot, now)
        if changes is not None:
            summary["runs"] += 1
            summary["changes"] += [change_to_json(change) for change in changes]
    return summary


def _killed(engine: Engine, slot: datetime, now: datetime) -> list[datetime]:
    """The slots of the runs before `slot` that wait for their judgement and record nothing."""
    with reading(engine) as connection:
        waiting = [run for run in store.unjudged(connection) if run.slot < slot]
        return [run.slot for run in waiting if _is_silent(connection, run, now)]


def _judge_whole(engine: Engine, slot: datetime, now: datetime) -> list[Change] | None:
    with writing(engine) as connection:
        advisory_lock(connection, Lock.JUDGE_SITES)
        return _judge_one(connection, slot, now)


def _is_silent(connection: Connection, run: store.CheckRun, now: datetime) -> bool:
    """Whether a run recorded nothing for so long that it must have been killed."""
    return now - store.last_activity(connection, run) > LONGEST_SILENCE


def _judge_one(connection: Connection, slot: datetime, now: datetime) -> list[Change] | None:
    """The changes of one run; None if another judged it first."""
    run = store.run_of(connection, slot)
    if run is None or run.judged_at is not None:
        return None
    configuration = snapshots.get(connection, run.configuration)
    attempts = store.attempts(connection, slot)
    whole = part_store.rest_of(run, attempts, part_store.judged_pages(connection, slot))
    before = store.load_state(connection)
    after, changes = _fold(connection, before, whole, configuration, now)
    watch_own_failures(connection, attempts, now, configuration.fleet.sites)
    summary = {
        "attempts": len(attempts),
        "blind": BLIND in after.open,
        "changes": [change_to_json(change) for change in changes],
    }
    store.mark_judged(connection, slot, now, summary)
    summaries.reopen(connection, min([slot, *(each.result.checked_at for each in attempts)]))
    return changes


def _judge_ready(
    connection: Connection, slot: datetime, now: datetime, log_now: datetime
) -> tuple[list[Change], datetime | None]:
    """Judges what is ready of a run; the changes, and when to look again at what waits."""
    run = store.run_of(connection, slot)
    if run is None or run.judged_at is not None:
        return [], None
    configuration = snapshots.get(connection, run.configuration)
    fleet = configuration.fleet
    attempts = store.attempts(connection, slot)
    judged = part_store.judged_pages(connection, slot)
    before = store.load_state(connection)
    found = ready(attempts, before, fleet, from_text(fleet, run.due), judged, log_now)
    if not found.news:
        return [], found.look_again
    part = part_store.part_of(run, fleet, attempts, judged, found.pages)
    _, changes = _fold(connection, before, part, configuration, now)
    part_store.append(connection, part, found.pages, now)
    return changes, found.look_again


def _fold(
    connection: Connection,
    before: FleetState,
    run: Run,
    configuration: Configuration,
    now: datetime,
) -> tuple[FleetState, list[Change]]:
    """Folds a run or a part of one, and stores what follows from it."""
    after, changes = fold(before, run, configuration.fleet)
    store.save_state(connection, before, after)
    store.save_changes(connection, changes)
    for change in changes:
        raise_or_resolve(connection, change, now)
    now_true = presents(after, configuration.fleet)
    note_present(connection, {(kind.value, name): it for (kind, name), it in now_true.items()})
    outage_tickets.record(connection, changes, now, outage_tier(configuration))
    hint_calls(connection, configuration, changes, now)
    return after, changes


def change_to_json(change: Change) -> dict[str, Any]:
    """What a command and a log show of a change: plain values; `since` in ISO 8601."""
    incident = change.incident
    return {
        "what": change.kind.value,
        "kind": incident.kind.value,
        "subject": incident.subject,
        "reason": incident.reason,
        "since": incident.started_at.isoformat(),
        "why": change.why,
    }
