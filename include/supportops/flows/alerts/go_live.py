"""Going live: who would be notified of what, and letting alerts go out from then on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from supportops.alerts import hold, store
from supportops.alerts.alert import Kind, Severity, usual_severity
from supportops.alerts.policy import Target
from supportops.alerts.routing.course import Course
from supportops.alerts.routing.decision import Reason
from supportops.alerts.routing.one_cause import decide_all
from supportops.config.configuration import Configuration, File
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.alerts.receivers import has_address
from supportops.flows.alerts.who_is_notified import configuration_in, course_from

# What an operator asks about first; the others are answered by `supportops alerts who`.
_ASKED = (
    (Kind.OUTAGE, None),
    (Kind.FAULT, None),
    (Kind.CALL, None),
    (Kind.SLA_WARNING, Severity.WARNING),
    (Kind.SLA_BREACH, Severity.CRITICAL),
    (Kind.SLA_BREACH, Severity.WARNING),
    (Kind.SLA_FOLLOW_UP, Severity.WARNING),
)
_LATER = frozenset({Reason.OUTSIDE_HOURS, Reason.NOT_YET})


@dataclass(frozen=True, slots=True)
class Recipient:
    """A receiver and what going live sends it: `now` in one summary, `later` once its routes are
    open, in numbers of alerts by kind. `has_address`: None where that could not be read.
    """

    target: Target
    has_address: bool | None
    now: Mapping[Kind, int] = field(default_factory=dict)
    later: Mapping[Kind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preview:
    """What going live would do. `held_since` is None where the installation is live.

    `courses`: who is notified of what is raised from now on, with the severity that was asked for.
    """

    held_since: datetime | None
    alerts: int
    recipients: tuple[Recipient, ...]
    courses: tuple[Course, ...]


def preview(context: Context, now: datetime) -> Preview:
    """Who would be notified of what, by the deciding function; nothing is written.

    Raises ConfigurationError where there is no usable alerts.yaml.
    """
    configuration = configuration_in(context.config, context.engine)
    configuration.require(File.ALERTS)
    with reading(context.engine) as connection:
        since = hold.held_since(connection)
        sent = _counts(connection, configuration, now) if since is not None else {}
        total = hold.held_alerts(connection)
    targets = configuration.alerts.targets()
    recipients = tuple(
        Recipient(
            target,
            has_address(context, target),
            *(_sorted(sent.get((name, due), Counter())) for due in (True, False)),
        )
        for name, target in targets.items()
    )
    courses = tuple(
        course_from(configuration, kind, severity or usual_severity(kind), now)
        for kind, severity in _ASKED
    )
    return Preview(since, total, recipients, courses)


def run(context: Context, who: str, now: datetime) -> hold.Released | None:
    """Lets alerts go out from `now` on, with the next dispatch; None where they do already."""
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.DISPATCH_ALERTS)
        return hold.release(connection, who, now)


def note(context: Context) -> str | None:
    """Since when alerts are held, in a sentence; None for a live installation."""
    with reading(context.engine) as connection:
        since = hold.held_since(connection)
    if since is None:
        return None
    return f"alerts are held since {since:%Y-%m-%d %H:%M} UTC: nobody is notified until go-live"


def _counts(
    connection: Connection, configuration: Configuration, now: datetime
) -> dict[tuple[str, bool], Counter[Kind]]:
    """How many alerts each target is sent, at once (True) or later (False), by their kinds."""
    policy, shown = configuration.alerts, configuration.displayed()
    if not configuration.has(File.SERVICE_LEVELS):
        policy = policy.at_any_hour()
    held = [replace(alert, held=True) for alert in store.unsettled(connection)]
    found: dict[tuple[str, bool], Counter[Kind]] = {}
    for each in decide_all(held, policy, {}, now, shown.office):
        at_once = {one.target for one in each.decisions if one.sends}
        later = {one.target for one in each.decisions if one.reason in _LATER} - at_once
        for names, due in ((at_once, True), (later, False)):
            for name in names:
                found.setdefault((name, due), Counter())[each.alert.kind] += 1
    return found


def _sorted(counts: Counter[Kind]) -> dict[Kind, int]:
    return {kind: counts[kind] for kind in Kind if counts[kind]}
