"""The sweep: judges every clock that may have moved, and raises what has come due on them.

A sweep is given the instant that it judges by. The store remembers the newest; of any instant an
hour or more before it, and of one to come, a sweep only reports what it finds and writes nothing:
later sweeps have judged all of that. One that is late by less judges as of the newest. A sweep that
was killed and runs again leaves the same rows as one that was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.config.configuration import File
from supportops.config.of_tickets.service_levels import Tiers
from supportops.context import Context
from supportops.db.activity import Flow
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.alerts.watching.dispatch_watch import watch_dispatch
from supportops.flows.sla.sweeping.chunks import Tally, report_only, write_chunks
from supportops.flows.sla.sweeping.selection import (
    DONE,
    SOURCE,
    Selection,
    begin,
    mark,
    marked,
    why_read_only,
)
from supportops.sla.policy import PolicyBook

NEEDS = (File.SERVICE_LEVELS,)
CHUNK = 50_000
MOST_NAMED = 20
OPEN_CLOCKS = "open_clocks"
"""Under which name a whole sweep notes its `Tally.open`; see `db.activity.worked`."""
UNJUDGEABLE = "tickets that cannot be judged"


def hourly(context: Context, at: datetime, now: datetime) -> dict[str, Any]:
    """The sweep over all open tickets, by the active configuration; returns what `run` does.

    Raises ConfigurationError where there is no usable service_levels.yaml.
    """
    began = monotonic()
    configuration, error = load_or_last_good(context.engine, context.config, now, NEEDS)
    faults = [str(fault) for fault in error.faults] if error else []
    levels = configuration.service_levels
    summary = run(context.engine, levels.promises, levels.tiers, at, now)
    took = timedelta(seconds=monotonic() - began)
    counts = {OPEN_CLOCKS: summary["open"]} if summary["written"] else None
    watch_dispatch(context.engine, Flow.SLA_SWEEP, now, took, counts)
    return summary | {"faults": faults}


def run(
    engine: Engine,
    book: PolicyBook | None,
    tiers: Tiers,
    at: datetime,
    now: datetime,
    *,
    size: int = CHUNK,
    every_open: bool = True,
) -> dict[str, Any]:
    """Sweeps the open tickets, those touched since the last sweep, and those whose time has come.

    `size`: how many tickets at once, in one transaction. Without `every_open`, of open tickets only
    those touched since, or whose next instant has come. The result counts
    tickets, clocks, alerts raised (and of these `untold`, too late to be sent), resolved and
    retracted, and those in force by kind; it names the tickets that cannot be judged, which stop
    no other; `written` and `note` say whether the store was written to, and why not.
    """
    tally, answer = Tally(), {"at": at.isoformat(), "written": False, "note": ""}
    if book is None:
        return answer | {"note": "no policy is written, nothing is promised"} | tally.to_json()
    with writing(engine) as connection:
        advisory_lock(connection, Lock.SWEEP_CLOCKS)
        note = why_read_only(connection, at, now)
        if not note:
            at = begin(connection, min(at, now))
        since = marked(connection, DONE)
    selection = Selection(since, at, every_open)
    if note:
        report_only(engine, book, at, selection, size, tally)
        return answer | {"note": note} | tally.to_json()
    write_chunks(engine, book, tiers, at, selection, size, tally)
    with writing(engine) as connection:
        advisory_lock(connection, Lock.SWEEP_CLOCKS)
        mark(connection, DONE, at)
        _alert_on_unjudgeable(connection, tally, at, whole=every_open)
    return answer | {"at": at.isoformat(), "written": True} | tally.to_json()


def _alert_on_unjudgeable(
    connection: Connection, tally: Tally, at: datetime, *, whole: bool
) -> None:
    """An alert while there are tickets that cannot be judged, until a whole sweep finds none."""
    if not tally.unjudgeable:
        if whole:
            resolve_alert(connection, Kind.TASK_FAILED, UNJUDGEABLE, at)
        return
    count, first = len(tally.unjudgeable), tally.unjudgeable[0]
    named = [f"{one['ticket']}: {one['error']}" for one in tally.unjudgeable[:MOST_NAMED]]
    facts: Mapping[str, Any] = {"errors": named, "dag_id": SOURCE}
    alert = operations_alert(
        Kind.TASK_FAILED,
        UNJUDGEABLE,
        f"{count} could not be judged, such as {first['ticket']}",
        at,
        facts=facts,
    )
    raise_alert(connection, alert, at)
