"""Pushes of jobs: each is recorded as it comes, and judged every five minutes with what did not.

A failure that is pushed opens its incident at once (`receive`); silence, values above their limits
and all ends are judged by the log (`judge`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import reduce
from time import monotonic
from typing import Any

from sqlalchemy import Connection

from supportops.alerts.store import note_present
from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.activity import Flow
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import active_configuration, load_or_last_good
from supportops.flows.alerts.watching.dispatch_watch import watch_dispatch
from supportops.flows.sites.checking.incident_alerts import raise_or_resolve
from supportops.flows.sites.pushing import arrivals, endpoint
from supportops.flows.sites.pushing.receiving import Answer, Request, receive
from supportops.flows.sites.pushing.surroundings import Around, by_kind
from supportops.flows.sites.pushing.tokens import token_faults, watch_tokens
from supportops.sites.incident import Change, IncidentKind
from supportops.sites.present import PresentState
from supportops.sites.push import store
from supportops.sites.push.judging import KINDS, removed
from supportops.sites.push.judging import judge as judge_one
from supportops.sites.push.monitor import Monitor, about
from supportops.sites.push.standing import Push, PushStanding, after, expected, in_force, state_of
from supportops.sites.site import Fleet
from supportops.sites.store import open_incidents, save_changes

__all__ = ["Answer", "Monitored", "Request", "beat", "judge", "monitored", "receive", "standing_of"]

NEEDS = (File.SITES,)
# Beyond this no push that is still missing can be due to a stop or an outage.
LOOK_BACK = timedelta(days=32)


@dataclass(frozen=True, slots=True)
class Monitored:
    """A monitor as it stands: `state` is a PushState, `expected_at` of its next push, `values`
    what was reported last. `fault`: why no push can be taken for its."""

    monitor: Monitor
    state: str
    standing: PushStanding | None
    expected_at: datetime | None
    fault: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values; instants as ISO texts in UTC."""
        standing = self.standing
        pushed_at = standing.pushed_at if standing else None
        return {
            "monitor": self.monitor.name,
            "site": self.monitor.site,
            "server": self.monitor.server,
            "schedule": str(self.monitor.schedule),
            "state": self.state,
            "pushed_at": pushed_at.isoformat() if pushed_at else None,
            "expected_at": self.expected_at.isoformat() if self.expected_at else None,
            "exit_code": standing.exit_code if standing else None,
            "message": standing.message if standing else "",
            "values": {k: v for k, (v, _) in standing.values.items()} if standing else {},
            "refused": standing.refused if standing else "",
            "fault": self.fault,
        }


def beat(context: Context, now: datetime, *, started: bool = False) -> None:
    """The public endpoint serves at `now`; `started`: for the first time in this process."""
    with writing(context.engine) as connection:
        endpoint.beat(connection, now, started=started)


def judge(context: Context, now: datetime) -> dict[str, Any]:
    """Folds what was pushed into standings, incidents and alerts, all in one transaction.

    Raises ConfigurationError where there is no usable sites.yaml.
    """
    began = monotonic()
    configuration, error = load_or_last_good(context.engine, context.config, now, NEEDS)
    faults = token_faults(configuration.monitors, context.secrets)
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.RECORD_PUSHES)
        pushed = store.not_folded(connection)
        changes, states = _judge(connection, configuration, faults, pushed, now)
        watch_tokens(connection, configuration.monitors, faults, now)
        pruned = store.prune(connection, now, pushed)
    took = timedelta(seconds=monotonic() - began)
    watch_dispatch(context.engine, Flow.PUSH_CHECK, now, took)
    return {
        "monitors": len(configuration.monitors.all),
        "states": states,
        "changes": [{"change": c.kind.value, "key": c.incident.key, "why": c.why} for c in changes],
        "pruned": pruned,
        "faults": [str(fault) for fault in error.faults] if error else [],
    }


def standing_of(context: Context, now: datetime) -> list[Monitored]:
    """Every monitor as it stands at `now`, in the order of the file; nothing is written.

    Raises LookupError before the first configuration.
    """
    with reading(context.engine) as connection:
        configuration = active_configuration(connection)
        faults = token_faults(configuration.monitors, context.secrets)
        return monitored(connection, configuration, now, faults)


def monitored(
    connection: Connection,
    configuration: Configuration,
    now: datetime,
    faults: Mapping[str, str] | None = None,
    only: Sequence[Monitor] | None = None,
) -> list[Monitored]:
    """As `standing_of`, of what is recorded; `only` of these."""
    known, found = store.standings(connection), list[Monitored]()
    pushed = store.not_folded(connection)
    monitors = configuration.monitors.all if only is None else only
    fleet = configuration.displayed().fleet
    around = Around.load(connection, fleet, _looks_back(monitors, known, now), now)
    around = around.also_unseen(arrivals.unseen(connection))
    for monitor in monitors:
        fault = (faults or {}).get(monitor.token)
        standing, waiting = known.get(monitor.token), pushed.get(monitor.token, ())
        if standing is None and not waiting:
            found.append(Monitored(monitor, "waiting", None, None, fault))
            continue
        mine = around.of(monitor)
        # What came since the last judgement counts here already.
        standing = reduce(after, waiting, in_force(standing, monitor, now))
        state = "unknown" if fault else state_of(monitor, standing, mine).value
        next_push = expected(monitor, standing, mine)
        found.append(Monitored(monitor, state, standing, next_push.at, fault))
    return found


def _judge(
    connection: Connection,
    configuration: Configuration,
    faults: Mapping[str, str],
    pushed: Mapping[str, Sequence[Push]],
    now: datetime,
) -> tuple[list[Change], dict[str, int]]:
    monitors, fleet = configuration.monitors, configuration.fleet
    known = store.standings(connection)
    still_open = by_kind(open_incidents(connection, KINDS))
    arrivals.end(connection, len(monitors.all), now)
    around = Around.load(connection, fleet, _looks_back(monitors.all, known, now), now)
    wider = _none_arrives(connection, monitors.all, around, known, faults, pushed)
    around = around.also_unseen(arrivals.unseen(connection))
    changes: list[Change] = []
    saved, states, present = {}, dict[str, int](), {}
    for monitor in monitors.all:
        token, mine = monitor.token, around.of(monitor)
        standing = in_force(known.get(token), monitor, now)
        if token in faults:
            # No push of it can be taken: its silence says nothing, and begins anew when it can.
            saved[token] = (replace(standing, since=now), "unknown")
            states["unknown"] = states.get("unknown", 0) + 1
            continue
        site = _site(monitor, fleet)
        judged = judge_one(
            monitor, standing, pushed.get(token, ()), still_open.get(token, {}), mine, site
        )
        changes += judged.changes
        state = state_of(monitor, judged.standing, mine).value
        states[state] = states.get(state, 0) + 1
        saved[token] = (judged.standing, state)
        for kind in judged.open:
            present[(kind.value, monitor.name)] = _present(around, monitor, kind, wider)
    gone = (known.keys() | still_open.keys()) - monitors.by_token().keys()
    for token in sorted(gone):
        changes += [removed(each, now) for each in still_open.get(token, {}).values()]
    store.forget(connection, gone)
    store.save_standings(connection, saved, now)
    apply(connection, changes, now)
    note_present(connection, present)
    first = min((each.since for each, _ in saved.values()), default=now)
    endpoint.watch(connection, len(monitors.all), now, first)
    return changes, states


def _looks_back(
    monitors: Sequence[Monitor], known: Mapping[str, PushStanding], now: datetime
) -> datetime:
    """Since when stops and outages count: no push is missing that was due before the last ones.

    A push may come its grace, or a minute, before it is expected.
    """
    due = [known[each.token].anchor - each.grace for each in monitors if each.token in known]
    return max(min([now, *due]), now - LOOK_BACK)


def apply(connection: Connection, changes: Sequence[Change], now: datetime) -> None:
    """Writes incidents with their alerts."""
    save_changes(connection, changes)
    for change in changes:
        raise_or_resolve(connection, change, now)


def _site(monitor: Monitor, fleet: Fleet) -> Any:
    return next(iter(about(monitor, fleet)), None) if monitor.site is not None else None


def _none_arrives(
    connection: Connection,
    monitors: Sequence[Monitor],
    around: Around,
    known: Mapping[str, PushStanding],
    faults: Mapping[str, str],
    pushed: Mapping[str, Sequence[Push]],
) -> str | None:
    """The key of the alert that no push comes of any job, where that is so."""
    now, due, standings = around.now, list[arrivals.Due](), dict[str, PushStanding]()
    for monitor in monitors:
        token = monitor.token
        if token in faults:
            continue
        standing = reduce(after, pushed.get(token, ()), in_force(known.get(token), monitor, now))
        standings[token] = standing
        next_push = expected(monitor, standing, around.of(monitor))
        if next_push.passed(now):
            due.append(arrivals.Due(monitor, next_push.at, _place(monitor, around.fleet)))
    return arrivals.watch(connection, due, standings, now)


def _place(monitor: Monitor, fleet: Fleet) -> str:
    hosts = [site.host for site in about(monitor, fleet)]
    return next(filter(None, [monitor.server, *hosts, monitor.site]), monitor.name)


def _present(
    around: Around, monitor: Monitor, kind: IncidentKind, none_arrives: str | None
) -> dict[str, Any]:
    wider = around.covered_by(monitor)
    if wider is not None:
        return {"state": PresentState.COVERED.value, "by": wider.key, "name": wider.subject}
    if none_arrives is not None and kind is IncidentKind.PUSH_MISSING:
        return {
            "state": PresentState.UNSEEN.value,
            "by": none_arrives,
            "name": arrivals.SUBJECT,
        }
    return {"state": PresentState.FAILS.value}
