"""When each scheduled flow last worked, and since when it has been working without a gap.

A flow that another watches stands still once it has not worked for two intervals. The time in which
the watcher itself did not work is left out: after a night without power nothing stands still yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from supportops.db.schema import flow_activity
from supportops.db.statements import insert_new

_c = flow_activity.c

# What lies further ahead of `now` was noted before the clock was set back.
CLOCK_TOLERANCE = timedelta(minutes=2)


class Flow(StrEnum):
    """A flow that is to work again and again."""

    ALERT_DISPATCH = "alert_dispatch"
    PUBLIC_ENDPOINT = "public_endpoint"
    PUSH_CHECK = "push_check"
    SITE_CHECK = "site_check"
    SLA_SWEEP = "sla_sweep"
    TICKET_SYNC = "ticket_sync"
    MAILBOX = "mailbox"
    NOTICES = "notices"
    HOUSEKEEPING = "housekeeping"


# The schedules of the DAGs (that of the mailboxes is at most so long), and how often the public
# endpoint says that it serves.
EVERY: dict[Flow, timedelta] = {
    Flow.ALERT_DISPATCH: timedelta(minutes=5),
    Flow.PUBLIC_ENDPOINT: timedelta(minutes=1),
    Flow.PUSH_CHECK: timedelta(minutes=5),
    Flow.SITE_CHECK: timedelta(minutes=5),
    Flow.SLA_SWEEP: timedelta(hours=1),
    Flow.TICKET_SYNC: timedelta(minutes=5),
    Flow.MAILBOX: timedelta(minutes=30),
    Flow.NOTICES: timedelta(minutes=1),
    Flow.HOUSEKEEPING: timedelta(hours=1),
}
# A run of a flow that works each minute may take longer than that.
_LEAST = timedelta(minutes=5)


def longest(flow: Flow) -> timedelta:
    """How long the flow may be silent: two intervals, and no less than five minutes."""
    return max(2 * EVERY[flow], _LEAST)


def worked(
    connection: Connection,
    flow: Flow,
    now: datetime,
    took: timedelta | None = None,
    counts: Mapping[str, Any] | None = None,
) -> None:
    """Notes that `flow` has worked at `now`, how long that took, and what it counted (JSON).

    Without `took` or `counts` those that were noted before stay.
    """
    expect(connection, flow, now)
    row = connection.execute(select(_c.since, _c.at).where(_c.flow == flow.value)).one()
    continued = row.at <= now <= row.at + longest(flow)
    values: dict[str, Any] = {"since": row.since if continued else now, "at": now}
    if took is not None:
        values["seconds"] = took.total_seconds()
    if counts is not None:
        values["counts"] = dict(counts)
    connection.execute(update(flow_activity).where(_c.flow == flow.value).values(values))


def took(connection: Connection, flow: Flow, time: timedelta, now: datetime) -> None:
    """Notes how long a part of `flow` took, which is most of it; another part notes that it has
    worked."""
    expect(connection, flow, now)
    changed = update(flow_activity).where(_c.flow == flow.value)
    connection.execute(changed.values(seconds=max(time, timedelta(0)).total_seconds()))


@dataclass(frozen=True, slots=True)
class Activity:
    """The last run of a flow: when, how long it took, and what it counted; None if not known."""

    at: datetime
    took: timedelta | None
    counts: Mapping[str, Any] | None


def activities(connection: Connection) -> dict[Flow, Activity]:
    """The last run of every flow that has ever worked."""
    known = {flow.value: flow for flow in Flow}
    return {
        known[row.flow]: Activity(
            row.at, None if row.seconds is None else timedelta(seconds=row.seconds), row.counts
        )
        for row in connection.execute(select(flow_activity))
        if row.flow in known
    }


def expect(connection: Connection, flow: Flow, now: datetime) -> None:
    """Notes that `flow` is to work from `now` on, where it is not known yet."""
    insert_new(connection, flow_activity, [{"flow": flow.value, "since": now, "at": now}])


def set_back(connection: Connection, now: datetime) -> None:
    """Takes what was noted in an hour that is still to come to have been noted now.

    The clock was set back since; a flow that stands still would be noticed that much later.
    """
    ahead = _c.at > now + CLOCK_TOLERANCE
    for row in connection.execute(select(flow_activity).where(ahead)).all():
        moved = update(flow_activity).where(_c.flow == row.flow, ahead)
        connection.execute(moved.values(at=now, since=row.since - (row.at - now)))


def last_worked(connection: Connection, flow: Flow) -> datetime | None:
    """When `flow` last worked, None where that is unknown."""
    return connection.execute(select(_c.at).where(_c.flow == flow.value)).scalar()


def standstill(
    connection: Connection,
    flow: Flow,
    now: datetime,
    watcher: Flow | None = None,
    *,
    only_regular: bool = False,
    limit: timedelta | None = None,
) -> timedelta | None:
    """How long `flow` has not worked, once that is too long; None else, or where it is unknown.

    Counted is only the time in which `watcher` worked without a gap. `only_regular`: a flow that
    worked once and never again was started by hand, and is not expected. `limit`: instead of two
    intervals, where the flow's own schedule is configured.
    """
    names = [each.value for each in (flow, watcher) if each is not None]
    rows = connection.execute(select(flow_activity).where(_c.flow.in_(names)))
    found = {row.flow: row for row in rows}
    mine = found.get(flow.value)
    if mine is None or (watcher is not None and watcher.value not in found):
        return None
    if only_regular and mine.at <= mine.since:
        return None
    begun = mine.at if watcher is None else max(mine.at, found[watcher.value].since)
    return now - mine.at if now - begun > (limit or longest(flow)) else None
