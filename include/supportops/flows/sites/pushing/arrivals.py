"""Whether pushes reach the endpoint at all: what is before it may fail while it serves itself.

A proxy, a name or a certificate that fails takes the pushes of all jobs. That is one cause, and
one alert: each job is unknown meanwhile, as while the endpoint does not serve.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts.alert import Alert, Kind, Severity
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import find_open, raise_alert, resolve_alert
from supportops.rendering.render import duration
from supportops.sites.history import LAST, Span
from supportops.sites.push import store
from supportops.sites.push.monitor import Monitor
from supportops.sites.push.standing import PushStanding

SUBJECT = "pushes of jobs"
# So many jobs that are due, or all that there are, do not fall silent together by chance.
MANY = 3
_MOST_NAMED = 10
_SINCE = "none_since"
_EXPLANATION = (
    "The endpoint itself serves. See whether it can be reached by the address that jobs push to: "
    "the proxy before it, its name, its certificate, a firewall. Each job is unknown until a push "
    "of any comes; if it can be reached, look at each of these: "
)


@dataclass(frozen=True, slots=True)
class Due:
    """A monitor whose push has not come in time. `expected_at`: when it was to come; `place`: the
    server, else the site, that it comes from."""

    monitor: Monitor
    expected_at: datetime
    place: str


def unseen(connection: Connection) -> list[Span]:
    """Since when no push has come of any job, while that goes on."""
    found = find_open(connection, Kind.TASK_FAILED, SUBJECT)
    return [] if found is None else [Span(_since(found), LAST)]


def end(connection: Connection, monitors: int, now: datetime) -> None:
    """Ends the alert where a push has come again, or no monitor is left. The time until then is
    recorded as a stop, since what was pushed in it came to nobody."""
    found = find_open(connection, Kind.TASK_FAILED, SUBJECT)
    if found is None:
        return
    came = store.first_since(connection, _since(found))
    if came is None and monitors:
        return
    store.add_stop(connection, _since(found), came or now)
    over = "no monitor is configured" if came is None else "pushes come again"
    resolve_alert(connection, Kind.TASK_FAILED, SUBJECT, now, {"over": over})


def watch(
    connection: Connection,
    due: Sequence[Due],
    standings: Mapping[str, PushStanding],
    now: datetime,
) -> str | None:
    """The key of the alert that no push comes at all, which is raised or brought up to date; None
    where some come. `due`: all that are missing; `standings`: of every monitor that can push, by
    token."""
    found = find_open(connection, Kind.TASK_FAILED, SUBJECT)
    if found is not None:
        began = _since(found)
        if missing := [each for each in due if each.expected_at > began]:
            raise_alert(connection, _alert(began, missing, found.opened_at, now), now)
        return found.key
    came = [at for each in standings.values() for at in (each.pushed_at, each.refused_at) if at]
    since = max(came, default=None)
    missing = [each for each in due if since is None or each.expected_at > since]
    several = len(missing) >= MANY or len(missing) == len(standings)
    if not several or len({each.place for each in missing}) < 2:
        return None
    first = since or min(each.since for each in standings.values())
    alert = _alert(first, missing, now, now)
    raise_alert(connection, alert, now)
    return alert.key


def _since(alert: Alert) -> datetime:
    return datetime.fromisoformat(str(alert.facts[_SINCE]))


def _alert(since: datetime, due: Sequence[Due], opened_at: datetime, now: datetime) -> Alert:
    names = [each.monitor.name for each in due]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    urgent = any(each.monitor.urgent for each in due)
    return operations_alert(
        Kind.TASK_FAILED,
        SUBJECT,
        f"none has come for {duration(now - since)}, though {len(names)} were due",
        opened_at,
        severity=Severity.CRITICAL if urgent else Severity.WARNING,
        facts={
            "explanation": f"{_EXPLANATION}{', '.join(names[:_MOST_NAMED])}{more}.",
            "standing_seconds": (now - since).total_seconds(),
            _SINCE: since.isoformat(),
        },
    )
