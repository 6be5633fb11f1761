"""The five-minute site check: asks every site that is due, and turns answers into incidents."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config import snapshots
from supportops.db.engine import JUDGING, reading, take_turns, writing
from supportops.flows.in_force import in_force, take_up
from supportops.heartbeat import beat
from supportops.sites import store
from supportops.sites.check import ProbeResult
from supportops.sites.incident import VANTAGE, Change, ChangeKind, Incident, IncidentKind, Run
from supportops.sites.judging import fold
from supportops.sites.site import FIVE_MINUTES, Expectation, Fleet, Site, shards
from supportops.sites.standing import Attempt
from supportops.sites.trying import pause_before_next

Clock = Callable[[], datetime]
Secrets = Callable[[str], str | None]


class Place(Protocol):
    """What `supportops.bootstrap.Workplace` is."""

    @property
    def engine(self) -> Engine: ...
    @property
    def config(self) -> Path: ...
    @property
    def secrets(self) -> Secrets: ...


class IncompleteRunError(RuntimeError):
    """Some shards of a run failed; the sites in them were not checked."""


PageKey = tuple[str, str]

# A run that begins later than this after its slot asks nobody: the past cannot be probed.
LATEST_START = 2 * FIVE_MINUTES
# A run whose shards have not all ended by now never will; the next judgement takes it along.
LONGEST_RUN = timedelta(minutes=10)
# Two clocks may differ by so much before we say that ours jumped.
CLOCK_TOLERANCE = timedelta(minutes=1)
FLUSH_EVERY = 200

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
        """One small JSON object for each shard's task; none where nothing is to be asked."""
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
    """Takes up the configuration, records that the run began, and cuts its sites into shards.

    A slot long past is not probed. Planning a slot twice finds the first plan.
    """
    configuration, error = take_up(engine, folder, now)
    faults = tuple(str(fault) for fault in error.faults) if error else ()
    if now - slot > LATEST_START:
        return Plan(slot, 0, 0, faults=faults, note="the slot is past, nothing was asked")
    with writing(engine) as connection:
        take_turns(connection, JUDGING)
        ahead = _clock_jump(connection, now)
        slot += ahead
        due = configuration.fleet.due(slot)
        store.begin_run(connection, slot, configuration.digest, now + ahead, len(due))
        begun = store.run_of(connection, slot)
        assert begun is not None
        fleet = snapshots.get(connection, begun.configuration).fleet
    sites = fleet.due(slot)
    cut = shards([site.name for site in sites], fleet.policy.shard)
    return Plan(slot, len(cut), len(sites), ahead, faults)


def _clock_jump(connection: Connection, now: datetime) -> timedelta:
    """How far to run ahead of the machine's clock so that the log never runs backwards."""
    last = store.last_run(connection)
    subject = "this machine's clock"
    if last is None or last.started_at <= now + CLOCK_TOLERANCE:
        resolve_alert(connection, Kind.CLOCK, subject, now)
        return timedelta(0)
    ahead = last.started_at + FIVE_MINUTES - now
    alert = Alert(
        key=f"{Kind.CLOCK}:{subject}:{now.isoformat()}",
        kind=Kind.CLOCK,
        severity=Severity.WARNING,
        subject=subject,
        headline="the clock jumped back; checks go on behind the last recorded one",
        opened_at=now,
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
) -> dict[str, Any]:
    """Asks one shard's sites, again where an answer wants confirming, and appends every result.

    Safe to run again: what is recorded is not asked anew, what is missing is.
    """
    slot = datetime.fromisoformat(spec["slot"])
    ahead = timedelta(seconds=spec["ahead_seconds"])
    shard = _Shard.load(engine, slot, spec["shard"])
    rounds = 0
    while (wait := shard.next_pause()) is not None:
        pause(max(0.0, wait.total_seconds()))
        shard.ask(engine, lambda: clock() + ahead, wait, trust)
        rounds += 1
    return shard.summary() | {"rounds": rounds}


@dataclass(slots=True)
class _Shard:
    """The pages of one shard, and what was recorded of them so far."""

    slot: datetime
    fleet: Fleet
    sites: Sequence[Site]
    down: frozenset[PageKey]
    tries: dict[PageKey, list[Attempt]] = field(default_factory=dict)

    @classmethod
    def load(cls, engine: Engine, slot: datetime, number: int) -> _Shard:
        with reading(engine) as connection:
            run = store.run_of(connection, slot)
            if run is None:
                raise LookupError(f"no run was planned for {slot.isoformat()}")
            fleet = snapshots.get(connection, run.configuration).fleet
            size = fleet.policy.shard
            sites = fleet.due(slot)[number * size : (number + 1) * size]
            names = {site.name for site in sites} | {VANTAGE}
            state = store.load_state(connection)
            down = frozenset((s, p) for (s, p, _), st in state.standings.items() if st.down)
            shard = cls(slot, fleet, sites, down)
            for attempt in store.attempts(connection, slot, names):
                shard.tries.setdefault((attempt.site, attempt.page), []).append(attempt)
        return shard

    def pages(self) -> dict[PageKey, tuple[str, Expectation, bool]]:
        """Every address to ask, with what is expected of it and whether it may be private."""
        found: dict[PageKey, tuple[str, Expectation, bool]] = {}
        for site in self.sites:
            found[(site.name, "")] = (site.url, site.expect, site.allow_private)
            for page in site.pages:
                url = page_url(site.url, page.path)
                found[(site.name, page.path)] = (url, page.expect, site.allow_private)
        return found

    def next_pause(self) -> timedelta | None:
        """How long to wait for the next round, None when every page is done."""
        pauses = self._pauses().values()
        return min(pauses, default=None)

    def _pauses(self) -> dict[PageKey, timedelta]:
        policy = self.fleet.policy
        wanted = {
            key: pause_before_next(self.tries.get(key, []), key in self.down, policy)
            for key in self.pages()
        }
        return {key: pause for key, pause in wanted.items() if pause is not None}

    def ask(self, engine: Engine, clock: Clock, wait: timedelta, trust: str | None) -> None:
        """One round: every page whose pause is over, and beside them the control addresses."""
        from supportops.sites.probe import Target, probe

        pages = self.pages()
        keys = [key for key, pause in self._pauses().items() if pause <= wait]
        targets = [Target(*pages[key]) for key in keys]
        for url in self.fleet.policy.vantage:
            keys.append((VANTAGE, url))
            targets.append(Target(url, Expectation(status=((100, 599),)), True))
        writer = _Writer(engine, self.slot)

        def keep(index: int, result: ProbeResult) -> None:
            tries = self.tries.setdefault(keys[index], [])
            attempt = Attempt(*keys[index], len(tries), result)
            tries.append(attempt)
            writer.add(attempt)

        probe(targets, self.fleet.policy, clock, on_result=keep, trust=trust)
        writer.flush()

    def summary(self) -> dict[str, Any]:
        results = [tries for (site, _), tries in self.tries.items() if site != VANTAGE]
        return {
            "pages": len(results),
            "attempts": sum(len(tries) for tries in results),
            "failing": sum(not tries[-1].result.good for tries in results),
        }


class _Writer:
    """Appends results in small transactions, so that a killed check loses the last few at most."""

    def __init__(self, engine: Engine, slot: datetime) -> None:
        self.engine = engine
        self.slot = slot
        self.rows: list[Attempt] = []

    def add(self, attempt: Attempt) -> None:
        self.rows.append(attempt)
        if len(self.rows) >= FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        rows, self.rows = self.rows, []
        if rows:
            with writing(self.engine) as connection:
                store.append_results(connection, self.slot, rows)


def page_url(site_url: str, path: str) -> str:
    """The address of a further page: the site's scheme and server, and `path`."""
    scheme, _, rest = site_url.partition("://")
    server = rest.split("/", 1)[0].split("?", 1)[0].split("#", 1)[0]
    return f"{scheme}://{server}{path}"


def judge(engine: Engine, slot: datetime, now: datetime) -> dict[str, Any]:
    """Folds the run, and any that a killed one left behind, into incidents and their alerts.

    One transaction for each run holds standings, incidents, alerts and the mark that it was
    judged: all of it happened, or none.
    """
    summary: dict[str, Any] = {"slot": slot.isoformat(), "runs": 0, "changes": []}
    with reading(engine) as connection:
        waiting = [run for run in store.unjudged(connection) if _is_over(run, slot, now)]
    for run in waiting:
        with writing(engine) as connection:
            take_turns(connection, JUDGING)
            changes = _judge_one(connection, run.slot, now)
        if changes is not None:
            summary["runs"] += 1
            summary["changes"] += [_shown(change) for change in changes]
    return summary


def _is_over(run: store.CheckRun, slot: datetime, now: datetime) -> bool:
    return run.slot == slot or (run.slot < slot and now - run.started_at > LONGEST_RUN)


def _judge_one(connection: Connection, slot: datetime, now: datetime) -> list[Change] | None:
    """The changes of one run; None if another judged it first."""
    run = store.run_of(connection, slot)
    if run is None or run.judged_at is not None:
        return None
    fleet = snapshots.get(connection, run.configuration).fleet
    attempts = store.attempts(connection, slot)
    before = store.load_state(connection)
    after, changes = fold(before, Run(slot, attempts), fleet)
    store.save_state(connection, before, after)
    store.save_changes(connection, changes)
    for change in changes:
        _tell(connection, change, now)
    summary = {"attempts": len(attempts), "changes": [_shown(change) for change in changes]}
    store.mark_judged(connection, slot, now, summary)
    return changes


def _tell(connection: Connection, change: Change, now: datetime) -> None:
    incident = change.incident
    if change.kind is ChangeKind.CLOSED:
        assert incident.ended_at is not None
        kind = Kind(incident.kind.value)
        resolve_alert(connection, kind, incident.subject, incident.ended_at, incident.facts)
    else:
        raise_alert(connection, alert_of(incident), now)


def alert_of(incident: Incident) -> Alert:
    """The alert that an open incident calls for; the two share their key."""
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


def _shown(change: Change) -> dict[str, Any]:
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
    place: Place,
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
    summary = judge(place.engine, slot, now + ahead)
    summary["pages"] = sum(shard["pages"] for shard in checked)
    summary["failing"] = sum(shard["failing"] for shard in checked)
    missing = len(specs) - len(checked)
    if missing:
        raise IncompleteRunError(f"{missing} of {len(specs)} shards failed; judged: {summary}")
    return summary | {"heartbeat": heartbeat(place) if specs else None}


def heartbeat(place: Place) -> str | None:
    """Calls the heartbeat URL of the configuration, if it names one; what came of it."""
    with reading(place.engine) as connection:
        name = in_force(connection).fleet.policy.heartbeat
    if name is None:
        return None
    url = place.secrets(name)
    return beat(url) if url else f"nobody set the connection {name}"


def run(
    place: Place,
    clock: Clock,
    *,
    pause: Callable[[float], None] = time.sleep,
    trust: str | None = None,
) -> dict[str, Any]:
    """The whole check in one process: plan, every shard in turn, judgement, heartbeat."""
    now = clock()
    planned = plan(place.engine, place.config, now, now)
    specs = planned.specs()
    checked = [check(place.engine, spec, clock, pause=pause, trust=trust) for spec in specs]
    summary = finish(place, specs, checked, planned.slot, clock())
    return summary | {"sites": planned.sites, "faults": list(planned.faults)}
