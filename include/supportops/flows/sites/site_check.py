"""The five-minute site check: checks every site that is due, and turns results into incidents."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from supportops.context import Context, Secrets, no_secrets
from supportops.db.activity import Flow
from supportops.db.engine import reading
from supportops.flows.active_configuration import active_configuration
from supportops.flows.alerts.alert_dispatch import send_alone
from supportops.flows.alerts.watching.dispatch_watch import standing_alert, watch_dispatch
from supportops.flows.customers import status_pages
from supportops.flows.sites.checking.judgement import OnChanges, PartJudge, change_to_json, judge
from supportops.flows.sites.checking.planning import plan
from supportops.flows.sites.checking.shard import Shard
from supportops.flows.sites.checking.timer import Clock, Timer
from supportops.notify.heartbeat import beat
from supportops.sites import store
from supportops.sites.incident import Change

__all__ = [
    "IncompleteRunError",
    "check",
    "finish",
    "heartbeat",
    "judge",
    "plan",
    "run",
    "shown_at_once",
]

log = logging.getLogger(__name__)


def no_one(_changes: Sequence[Change]) -> None:
    """Where nobody waits for changes before the run's end."""


class IncompleteRunError(RuntimeError):
    """Some shards of a run failed; the sites in them were not checked."""


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
    if shard.resumed:
        # What was confirmed is judged now; of what was judged, nobody may have been notified.
        shard.look_again, shard.has_news = parts.judge(), False
        if not parts.changes:
            on_changes(())
    rounds = 0
    while (wait := shard.next_pause(timer.now())) is not None:
        timer.pause(wait)
        shard.check(engine, lambda: clock() + ahead, timer, parts.judge, trust)
        rounds += 1
    while wait_for_others and shard.look_again is not None:
        timer.pause(shard.look_again - timer.now())
        shard.look_again = parts.judge()
    changes = [change_to_json(change) for change in parts.changes]
    return shard.summary() | {"rounds": rounds, "runs": parts.runs, "changes": changes}


def shown_at_once(context: Context, clock: Clock, then: OnChanges = no_one) -> OnChanges:
    """For `on_changes`: after `then`, what was confirmed is on the status pages before the run's
    end."""

    def show(changes: Sequence[Change]) -> None:
        then(changes)
        status_pages.refresh(context, clock())

    return show


def finish(
    context: Context,
    specs: Sequence[Mapping[str, Any]],
    checked: Sequence[Mapping[str, Any]],
    slot: datetime,
    now: datetime,
    on_changes: OnChanges = no_one,
) -> dict[str, Any]:
    """Judges the run that was planned for `slot`, writes status pages and calls the heartbeat.

    `on_changes` is called, without the changes, where there may be any: a task that fails later
    makes no event for the dispatch.

    Raises IncompleteRunError, after the judgement, if shards are missing in `checked`: what was
    recorded counts, and the run is a failed one all the same.
    """
    ahead = timedelta(0)
    if specs:
        slot = datetime.fromisoformat(specs[0]["slot"])
        ahead = timedelta(seconds=specs[0]["ahead_seconds"])
    took = _took(context.engine, slot, now + ahead) if specs else None
    summary = judge(context.engine, slot, now, ahead)
    missing = len(specs) - len(checked)
    if summary["changes"] or missing:
        on_changes(())
    summary["runs"] += sum(shard["runs"] for shard in checked)
    summary["changes"] = [*(c for shard in checked for c in shard["changes"]), *summary["changes"]]
    standing = watch_dispatch(context.engine, Flow.SITE_CHECK, now, took)
    if standing is not None:
        _notify_of_standstill(context, now)
    summary["pages"] = sum(shard["pages"] for shard in checked)
    summary["failing"] = sum(shard["failing"] for shard in checked)
    if (pages := status_pages.refresh(context, now)) is not None:
        summary["status_pages"] = pages
    if missing:
        raise IncompleteRunError(f"{missing} of {len(specs)} shards failed; judged: {summary}")
    return summary | {"heartbeat": heartbeat(context, standing) if specs else None}


def _took(engine: Engine, slot: datetime, log_now: datetime) -> timedelta | None:
    """How long ago the run was planned: its checks, and their wait for a place. None for one that
    was judged before, such as one that is cleared days later."""
    with reading(engine) as connection:
        run = store.run_of(connection, slot)
    if run is None or run.judged_at is not None:
        return None
    return max(log_now - run.started_at, timedelta(0))


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
            on_changes=shown_at_once(context, clock),
            wait_for_others=False,
        )
        for spec in specs
    ]
    summary = finish(context, specs, checked, planned.slot, clock())
    return summary | {"sites": planned.sites, "faults": list(planned.faults)}
