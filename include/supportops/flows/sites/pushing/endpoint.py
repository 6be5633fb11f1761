"""When the public endpoint served: what came while it did not is nowhere in the log."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from supportops.alerts.alert import Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert, resolve_alert
from supportops.db.activity import Flow, last_worked, set_back, worked
from supportops.rendering.render import duration
from supportops.sites.history import FIRST, LAST, Span
from supportops.sites.push import store

SUBJECT = "public endpoint"
# It says every twenty seconds that it serves; a pause of so long is a stop.
GAP = timedelta(minutes=2)
_EXPLANATION = (
    "Pushes of jobs cannot be taken, so their monitors are unknown. See whether `supportops "
    "public` runs (docker compose --profile public up -d) and reaches the store."
)


def beat(connection: Connection, now: datetime, *, started: bool = False) -> None:
    """Notes that the endpoint serves at `now`; a stop before it is recorded.

    A start is a stop since the last beat, however short: what came in between was refused.
    """
    set_back(connection, now)
    last = last_worked(connection, Flow.PUBLIC_ENDPOINT)
    if last is None:
        store.add_stop(connection, FIRST_STOP, now)
    elif started or now - last > GAP:
        store.add_stop(connection, min(last, now), now)
    worked(connection, Flow.PUBLIC_ENDPOINT, now)


def unseen(connection: Connection, since: datetime, now: datetime) -> list[Span]:
    """When no push could reach the log, of the time after `since`: until `now` and beyond it
    where the endpoint does not serve now."""
    last = last_worked(connection, Flow.PUBLIC_ENDPOINT)
    if last is None:
        return [Span(FIRST, LAST)]
    found = store.stops(connection, since)
    if now - last > GAP:
        found.append(Span(last, LAST))
    return found


def watch(connection: Connection, monitors: int, now: datetime, expected_since: datetime) -> None:
    """Raises the alert that the endpoint does not serve, or ends it; without monitors it need not.

    `expected_since`: the first appearance of a monitor, from which an endpoint that never served is
    missed.
    """
    last = last_worked(connection, Flow.PUBLIC_ENDPOINT) or expected_since
    silent = now - last
    if not monitors or silent <= _MISSED_AFTER:
        over = {"over": "it serves again"} if monitors else {"over": "no monitor is configured"}
        resolve_alert(connection, Kind.TASK_FAILED, SUBJECT, now, over)
        return
    several = f"{monitors} push monitors are unknown"
    unknown = "1 push monitor is unknown" if monitors == 1 else several
    alert = operations_alert(
        Kind.TASK_FAILED,
        SUBJECT,
        f"has not served for {duration(silent)}: {unknown}",
        now,
        severity=Severity.WARNING,
        facts={"explanation": _EXPLANATION, "standing_seconds": silent.total_seconds()},
    )
    raise_alert(connection, alert, now)


_MISSED_AFTER = timedelta(minutes=5)
# PostgreSQL's timestamps and SQLite's whole numbers both reach further back than this.
FIRST_STOP = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
