"""Takes one push: known by its token, bounded, recorded once, and a failure at once an incident."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from supportops.config.configuration import Configuration
from supportops.context import Context, Secrets
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.sites.checking.incident_alerts import raise_or_resolve
from supportops.sites.incident import Incident, IncidentKind
from supportops.sites.push import store
from supportops.sites.push.content import Content, ContentError, Outcome, read
from supportops.sites.push.judging import KINDS, judge
from supportops.sites.push.monitor import Monitor, about
from supportops.sites.push.proof import ProofError, check_signature, whose
from supportops.sites.push.standing import Surroundings, in_force
from supportops.sites.store import open_incidents, save_changes

PERIOD = timedelta(minutes=1)
# In one period of one monitor. A failure has an allowance of its own, so that a job that pushes too
# often can still say that it failed.
MOST = 20
MOST_FAILURES = 5
NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `ending` is what comes after the token in its address."""

    token: str
    ending: str = ""
    method: str = "POST"
    body: bytes = field(default=b"", repr=False)
    timestamp: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and one line of plain text, of which nothing is what the request said."""

    status: int
    text: str
    retry_after: int | None = None


def receive(
    context: Context, configuration: Configuration, request: Request, now: datetime
) -> Answer:
    """Records a push, or says why it is none. What is not a monitor's token is not found, whatever
    else is wrong with the request."""
    monitor = whose(configuration.monitors.all, context.secrets, request.token)
    if monitor is None:
        return Answer(404, NOT_FOUND)
    if request.method not in ("POST", "GET", "HEAD"):
        return Answer(405, "a push is a POST, and not by a browser")
    if request.method != "POST" and not monitor.by_get:
        return Answer(405, "this monitor counts POST alone; sites.yaml can say get: true")
    refused, content = "", Content()
    signature = request.signature.removeprefix("sha256=").lower() if monitor.signature else None
    try:
        _check(monitor, context.secrets, request, now)
        content = read(request.body, request.ending, now)
    except ProofError as error:
        refused, status = str(error), 401
    except ContentError as error:
        refused, status = str(error), 422
    if refused:
        content, signature = Content(Outcome.REFUSED, message=refused), None
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.RECORD_PUSHES)
        if _too_many(connection, monitor, content.outcome, now):
            return Answer(429, "too many pushes", int(PERIOD.total_seconds()))
        if not store.append(connection, monitor.token, now, content, signature):
            return Answer(409, "this signed push was received before")
        if content.outcome is Outcome.FAIL:
            _open_failure(connection, configuration, monitor, now)
    return Answer(status, f"refused: {refused}") if refused else Answer(200, "ok")


def _check(monitor: Monitor, secrets: Secrets, request: Request, now: datetime) -> None:
    if monitor.signature is None:
        return
    key = secrets(monitor.signature)
    if not key:
        raise ProofError("the key of its signature is not set here")
    check_signature(key, request.timestamp, request.signature, request.body, now)
    if request.ending:
        raise ProofError("a signed push says in its body what became of the job")


def _too_many(connection: Connection, monitor: Monitor, outcome: Outcome, now: datetime) -> bool:
    since = now - PERIOD
    if outcome is Outcome.FAIL:
        return store.counted(connection, monitor.token, since, outcome) >= MOST_FAILURES
    return store.counted(connection, monitor.token, since) >= MOST


def _open_failure(
    connection: Connection, configuration: Configuration, monitor: Monitor, now: datetime
) -> None:
    standing = in_force(store.standings(connection).get(monitor.token), monitor, now)
    pushed = store.not_folded(connection, monitor.token).get(monitor.token, [])
    fleet = configuration.displayed().fleet
    site = next(iter(about(monitor, fleet)), None) if monitor.site is not None else None
    mine = _open(connection, monitor)
    judged = judge(monitor, standing, pushed, mine, Surroundings(now), site, at_once=True)
    save_changes(connection, judged.changes)
    for change in judged.changes:
        raise_or_resolve(connection, change, now)


def _open(connection: Connection, monitor: Monitor) -> dict[IncidentKind, Incident]:
    found = open_incidents(connection, KINDS)
    return {each.kind: each for each in found if each.facts.get("token") == monitor.token}
