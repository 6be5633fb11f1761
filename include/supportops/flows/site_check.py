"""The five-minute site check: checks every site that is due, and turns results into incidents."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import (
    acknowledge,
    find_all,
    find_open,
    note_present,
    raise_alert,
    resolve_alert,
)
from supportops.alerts.succession import predecessors, taking_over
from supportops.config import snapshots
from supportops.config.configuration import Configuration, File
from supportops.context import Context, Secrets, no_secrets
from supportops.db.activity import Flow
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import (
    active_configuration,
    load_or_last_good,
    outage_tier,
)
from supportops.flows.alert_dispatch import send_alone
from supportops.flows.checking.own_failures import watch_own_failures
from supportops.flows.checking.shard import Shard
from supportops.flows.checking.timer import Clock, Timer
from supportops.flows.dispatch_watch import standing_alert, watch_dispatch
from supportops.flows.ticketing import outage_tickets
from supportops.notify.heartbeat import beat
from supportops.sites import store
from supportops.sites.incident import (
    Change,
    ChangeKind,
    FleetState,
    Incident,
    IncidentKind,
    Run,
)
from supportops.sites.judging import BLIND, fold
from supportops.sites.present import presents
from supportops.sites.runs import part_store
from supportops.sites.runs.due import from_text, to_text
from supportops.sites.runs.parts import ready
from supportops.sites.site import FIVE_MINUTES, Fleet, Site, shards

log = logging.getLogger(__name__)

# Is called with what a judgement changed, after its transaction.
OnChanges = Callable[[Sequence[Change]], None]


def no_one(_changes: Sequence[Change]) -> None:
    """Where nobody waits for changes before the run's end."""


class IncompleteRunError(RuntimeError):
    """Some shards of a run failed; the sites in them were not checked."""


NEEDS = (File.SITES,)
# A run that begins later than this after its slot checks nothing: the past cannot be probed.
LATEST_START = 2 * FIVE_MINUTES
# A run that recorded nothing for so long was cut short; the next judgement includes it. Deadlines
# and confirmations of a run end within this, or the configuration is refused.
LONGEST_SILENCE = timedelta(minutes=4)
# While the machine's clock is behind the log, a run moves the log on by less than the time that
# passes between two, so that the clock catches up.
CATCH_UP_STEP = FIVE_MINUTES / 2
# Two clocks may differ by so much before ours counts as having jumped.
CLOCK_TOLERANCE = timedelta(minutes=1)

_SEVERITY = {
    IncidentKind.OUTAGE: Severity.CRITICAL,
    IncidentKind.HOST_OUTAGE: Severity.CRITICAL,
    IncidentKind.BLIND: Severity.CRITICAL,
    IncidentKind.FAULT: Severity.WARNING,
    IncidentKind.CERTIFICATE: Severity.WARNING,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do: its slot on the log's clock, and its sites in shards.

    `ahead` is how far the log's clock runs ahead of this machine's, after that jumped back.
    """

    slot: datetime
    shards: int
    sites: int
    ahead: timedelta = timedelta(0)
    faults: tuple[str, ...] = ()
    note: str = ""

    def specs(self) -> list[dict[str, Any]]:
        """One small JSON object for each shard's task; none where nothing is to be checked."""
        return [
            {
                "slot": self.slot.isoformat(),
                "ahead_seconds": self.ahead.total_seconds(),
                "shard": number,
                "shards": self.shards,
            }
            for number in range(self.shards)
        ]


def plan(engine: Engine, folder: Path, slot: datetime, now: datetime) -> Plan:
    """Loads the configuration, records that the run began, and cuts its sites into shards.

    A slot long past is not probed. Planning a slot again returns the first plan. Raises
    ConfigurationError where there never was a good configuration.
    """
    planned = _plan(engine, folder, slot, now)
    log.info("planned: %s", planned)
    return planned


def _plan(engine: Engine, folder: Path, slot: datetime, now: datetime) -> Plan:
    configuration, error = load_or_last_good(engine, folder, now, NEEDS)
    faults = tuple(str(fault) for fault in error.faults) if error else ()
    if now - slot > LATEST_START:
        return Plan(slot, 0, 0, faults=faults, note="the slot is past, nothing was checked")
    with writing(engine) as connection:
        advisory_lock(connection, Lock.JUDGE_SITES)
        ahead = _clock_jump(connection, now)
        slot += ahead
        due = _due(connection, configuration.fleet, slot)
        text = to_text(configuration.fleet, due)
        store.begin_run(connection, slot, configuration.digest, now + ahead, len(due), text)
        begun = store.run_of(connection, slot)
        assert begun is not None
        fleet = snapshots.get(connection, begun.configuration).fleet
    sites = from_text(fleet, begun.due)
    cut = shards([site.name for site in sites], fleet.policy.shard)
    return Plan(slot, len(cut), len(sites), ahead, faults)


def _due(connection: Connection, fleet: Fleet, slot: datetime) -> Sequence[Site]:
    """The sites whose interval has passed since a run last checked them. A run that was planned
    and checked nothing does not count: what it missed is made good by the next."""
    seldom = [site.name for site in fleet.sites if site.interval > FIVE_MINUTES]
    oldest = slot - fleet.longest_interval()
    return fleet.due(slot, store.last_asked(connection, seldom, oldest, slot))


def _clock_jump(connection: Connection, now: datetime) -> timedelta:
    """How far to run ahead of the machine's clock so that the log never runs backwards."""
    last = store.last_run(connection)
    subject = "this machine's clock"
    if last is None:
        return timedelta(0)
    ahead = last.started_at + CATCH_UP_STEP - now
    jumped = last.started_at > now + CLOCK_TOLERANCE
    if not jumped and (ahead <= timedelta(0) or not find_open(connection, Kind.CLOCK, subject)):
        resolve_alert(connection, Kind.CLOCK, subject, now)
        return timedelta(0)
    alert = operations_alert(
        Kind.CLOCK,
        subject,
        "the clock jumped back; checks go on behind the last recorded one",
        now,
        facts={"age_seconds": (last.started_at - now).total_seconds()},
    )
    raise_alert(connection, alert, now)
    return ahead


def check(
    engine: Engine,
    spec: dict[str, Any],
    clock: Clock,
    *,
    pause: Callable[[float], None] = time.sleep,
    trust: str | None = None,
    secrets: Secrets = no_secrets,
    on_changes: OnChanges = no_one,
    wait_for_others: bool = True,
) -> dict[str, Any]:
    """Checks one shard's sites, again where a result has to be confirmed, and appends every result.

    What was confirmed is judged while the rest is still being checked; `on_changes` is called after
    each such judgement that opened, updated or closed something. `wait_for_others`: whether to look
    again at the end for sites that wait for another shard's. `pause` takes seconds.

    Safe to run again: only what is not recorded yet is checked. Raises LookupError where no run was
    planned for the slot.
    """
    slot = datetime.fromisoformat(spec["slot"])
    ahead = timedelta(seconds=spec["ahead_seconds"])
    timer = Timer(lambda: clock() + ahead, pause)
    parts = PartJudge(engine, slot, clock, timer, ahead, on_changes)
    shard = Shard.load(engine, slot, spec["shard"], timer.now(), secrets)
    rounds = 0
    while (wait := shard.next_pause(timer.now())) is not None:
        timer.pause(wait)
        shard.check(engine, lambda: clock() + ahead, timer, parts.judge, trust)
        rounds += 1
    while wait_for_others and shard.look_again is not None:
        timer.pause(shard.look_again - timer.now())
        shard.look_again = parts.judge()
    changes = [_change_to_json(change) for change in parts.changes]
    return shard.summary() | {"rounds": rounds, "runs": parts.runs, "changes": changes}


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
            summary["changes"] += [_change_to_json(change) for change in changes]
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
        "changes": [_change_to_json(change) for change in changes],
    }
    store.mark_judged(connection, slot, now, summary)
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
        _raise_or_resolve(connection, change, now)
    now_true = presents(after, configuration.fleet)
    note_present(connection, {(kind.value, name): it for (kind, name), it in now_true.items()})
    outage_tickets.record(connection, changes, now, outage_tier(configuration))
    return after, changes


def _raise_or_resolve(connection: Connection, change: Change, now: datetime) -> None:
    """The alert of a change. Its instants are at most `now`: with those of a log that runs ahead
    it would not be sent before they come."""
    incident = change.incident
    if change.kind is ChangeKind.CLOSED:
        assert incident.ended_at is not None
        kind, ended_at = Kind(incident.kind.value), min(incident.ended_at, now)
        resolve_alert(connection, kind, incident.subject, ended_at, incident.facts)
        return
    alert = alert_of(incident)
    alert = replace(alert, opened_at=min(alert.opened_at, now))
    if keys := predecessors(alert):
        alert = taking_over(alert, find_all(connection, keys).values())
    raise_alert(connection, alert, now)
    if change.kind is ChangeKind.UPDATED and alert.acknowledged_at is not None:
        # Somebody took the outage of its server, which this one goes on from.
        found = find_open(connection, alert.kind, alert.subject)
        if found is not None:
            by = alert.acknowledged_by or "somebody"
            acknowledge(connection, found.key, by, alert.acknowledged_at)


def alert_of(incident: Incident) -> Alert:
    """The alert of an open incident; the two share their key."""
    words = incident.facts.get("words", incident.reason)
    return Alert(
        key=incident.key,
        kind=Kind(incident.kind.value),
        severity=_SEVERITY[incident.kind],
        subject=incident.subject,
        headline=str(words),
        opened_at=incident.opened_at,
        site=incident.site,
        customer=incident.customer,
        host=incident.host,
        facts=incident.facts,
    )


def _change_to_json(change: Change) -> dict[str, Any]:
    incident = change.incident
    return {
        "what": change.kind.value,
        "kind": incident.kind.value,
        "subject": incident.subject,
        "reason": incident.reason,
        "since": incident.started_at.isoformat(),
        "why": change.why,
    }


def finish(
    context: Context,
    specs: Sequence[Mapping[str, Any]],
    checked: Sequence[Mapping[str, Any]],
    slot: datetime,
    now: datetime,
) -> dict[str, Any]:
    """Judges the run that was planned for `slot` and calls the heartbeat.

    Raises IncompleteRunError, after the judgement, if shards are missing in `checked`: what was
    recorded counts, and the run is a failed one all the same.
    """
    ahead = timedelta(0)
    if specs:
        slot = datetime.fromisoformat(specs[0]["slot"])
        ahead = timedelta(seconds=specs[0]["ahead_seconds"])
    summary = judge(context.engine, slot, now, ahead)
    summary["runs"] += sum(shard["runs"] for shard in checked)
    summary["changes"] = [*(c for shard in checked for c in shard["changes"]), *summary["changes"]]
    standing = watch_dispatch(context.engine, Flow.SITE_CHECK, now)
    if standing is not None:
        _notify_of_standstill(context, now)
    summary["pages"] = sum(shard["pages"] for shard in checked)
    summary["failing"] = sum(shard["failing"] for shard in checked)
    missing = len(specs) - len(checked)
    if missing:
        raise IncompleteRunError(f"{missing} of {len(specs)} shards failed; judged: {summary}")
    return summary | {"heartbeat": heartbeat(context, standing) if specs else None}


def _notify_of_standstill(context: Context, now: datetime) -> None:
    """Sends the alert on the dispatch, which cannot do it. No failure of that fails the check."""
    began = time.monotonic()
    key = standing_alert(context.engine)
    if key is None:
        return
    try:
        sent = send_alone(
            context.engine,
            context.secrets,
            key,
            lambda: now + timedelta(seconds=time.monotonic() - began),
        )
        log.info("the dispatch stands still, people were notified: %s", sent)
    except Exception as error:  # its text may hold a secret, its type does not
        log.warning("the dispatch stands still, nobody was notified: %s", type(error).__name__)


def heartbeat(context: Context, standing: str | None = None) -> str | None:
    """Calls the heartbeat URL of the configuration, if it names one; returns the outcome.

    It says that checks and alerts work. With `standing`, what is wrong with the dispatch of
    alerts, only the URL for failures is called, if there is one.
    """
    with reading(context.engine) as connection:
        policy = active_configuration(connection).fleet.policy
    name = policy.heartbeat if standing is None else policy.heartbeat_failure
    outcome = None
    if name is not None:
        url = context.secrets(name)
        outcome = beat(url) if url else f"nobody set the connection {name}"
    if standing is None or policy.heartbeat is None:
        return outcome
    return f"not called: {standing}" + (f"; failure reported: {outcome}" if outcome else "")


def run(
    context: Context,
    clock: Clock,
    *,
    pause: Callable[[float], None] = time.sleep,
    trust: str | None = None,
) -> dict[str, Any]:
    """The whole check in one process: plan, every shard in turn, judgement, heartbeat."""
    now = clock()
    planned = plan(context.engine, context.config, now, now)
    specs = planned.specs()
    checked = [
        check(
            context.engine,
            spec,
            clock,
            pause=pause,
            trust=trust,
            secrets=context.secrets,
            wait_for_others=False,
        )
        for spec in specs
    ]
    summary = finish(context, specs, checked, planned.slot, clock())
    return summary | {"sites": planned.sites, "faults": list(planned.faults)}
