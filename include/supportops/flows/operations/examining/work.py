"""Whether the scheduled flows work, and whether messages go out and arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from supportops.alerts import claims, hold, store
from supportops.alerts.alert import Kind
from supportops.alerts.outbox import is_wanted
from supportops.config.configuration import Configuration, File
from supportops.db.activity import EVERY, Flow, activities, longest
from supportops.db.engine import reading
from supportops.db.schema import alert_hold, messages, notification_log
from supportops.flows.operations.examining.airflow import DAGS
from supportops.flows.operations.examining.finding import (
    Finding,
    Installation,
    Level,
    fine,
    unknown,
)
from supportops.rendering.render import duration

# A message that waits longer is held back by something: dispatch, a limit or a receiver.
_LONGEST_WAIT = timedelta(minutes=15)
_MOST_NAMED = 5
# Who works depends on what is configured; these always do.
_ALWAYS = (Flow.SITE_CHECK, Flow.ALERT_DISPATCH)
# As the rule SupportopsFlowSlow of deploy/prometheus/alerts.yml.
_MOST_OF_AN_INTERVAL = 0.75
_IMPORT_ERRORS = "airflow dags list-import-errors"
_SLOW = "A run that takes longer makes the next ones late."
_WHEN_SLOW = {
    Flow.SITE_CHECK: (
        "A run that takes longer than that makes the next one late or leaves it out: outages are "
        "noticed later.",
        "more places: PARALLELISM, or WORKERS and WORKER_TASKS; docs/scaling.md",
    ),
}
# What is no DAG.
_WHY_SILENT = {
    Flow.PUBLIC_ENDPOINT: (
        "Links of alerts and pushes of jobs are not served.",
        "docker compose --profile public up -d, or supportops public",
    )
}


def is_needed(flow: Flow, configuration: Configuration) -> bool:
    """Whether a flow has anything to do. One that worked and is not needed any more is silent,
    and rightly so."""
    if flow is Flow.PUBLIC_ENDPOINT:
        linked = configuration.has(File.ALERTS) and configuration.alerts.public_url
        pages = configuration.customers.pages.url
        return bool(linked or configuration.monitors.all or pages)
    dag = DAGS.get(flow.value)
    return dag is None or dag.needed(configuration)


def flows(installation: Installation) -> Iterator[Finding]:
    """When each scheduled flow last worked, against how often it is to work."""
    now = installation.now
    with reading(installation.context.engine) as connection:
        last = activities(connection)
        made = connection.execute(select(func.min(alert_hold.c.since))).scalar()
    for flow in Flow:
        if not is_needed(flow, installation.configuration):
            continue
        if flow not in last:
            yield _never(flow, _had_work_since(flow, made, installation), now)
            continue
        silent, took = now - last[flow].at, last[flow].took
        if silent <= longest(flow):
            if took is not None and took > _MOST_OF_AN_INTERVAL * EVERY[flow]:
                yield _slow(flow, took)
            else:
                yield fine(f"{flow} worked {duration(silent)} ago")
            continue
        yield Finding(
            Level.FAULT if flow in _ALWAYS else Level.WARNING,
            f"{flow} worked {duration(silent)} ago, and is to work every {duration(EVERY[flow])}",
            *_WHY_SILENT.get(
                flow,
                (
                    "Its DAG is paused, missing or fails, or the scheduler stands still.",
                    f"airflow dags list-runs {flow}; airflow dags unpause {flow}",
                ),
            ),
        )


def _had_work_since(flow: Flow, made: datetime | None, by: Installation) -> datetime | None:
    """Since when the flow has had work to do, as far as that is known: since the store was made,
    and what it is needed for may have been written into a file since."""
    known = [] if made is None else [made]
    if flow not in _ALWAYS:
        files = by.context.config.glob("*.yaml")
        known += [datetime.fromtimestamp(file.stat().st_mtime, UTC) for file in files]
    return max((at for at in known if at <= by.now), default=None)


def _never(flow: Flow, since: datetime | None, now: datetime) -> Finding:
    without = DAGS[flow.value].without if flow.value in DAGS else _WHY_SILENT[flow][0]
    _, mend = _WHY_SILENT.get(flow, ("", f"airflow dags unpause {flow}; {_IMPORT_ERRORS}"))
    if since is not None and now - since <= longest(flow):
        what = f"{flow} has not worked yet; it has had work to do for {duration(now - since)}"
        later = f"if it says so {duration(longest(flow))} later: {mend}"
        return unknown(what, f"Until it has: {without}", later)
    level = Level.FAULT if flow in _ALWAYS else Level.WARNING
    return Finding(level, f"{flow} has never worked", without, mend)


def _slow(flow: Flow, took: timedelta) -> Finding:
    why, mend = _WHEN_SLOW.get(flow, (_SLOW, f"airflow dags list-runs {flow}"))
    what = f"{flow} took {duration(took)}, and is to work every {duration(EVERY[flow])}"
    return Finding(Level.WARNING, what, why, mend)


def outbox(installation: Installation) -> Iterator[Finding]:
    """How many messages wait, and for how long the oldest of them has been due."""
    c = messages.c
    with reading(installation.context.engine) as connection:
        waiting = select(func.count(), func.min(claims.waiting_since())).where(
            is_wanted(), c.due_at <= installation.now
        )
        count, oldest = connection.execute(waiting).one()
        held = hold.held_since(connection)
    if held is not None:
        yield Finding(
            Level.WARNING,
            f"alerts are held since {held:%Y-%m-%d %H:%M} UTC: nobody is notified",
            "A new installation holds them until somebody has seen who would be notified.",
            "supportops go-live",
        )
        return
    late = installation.now - oldest if oldest is not None else timedelta(0)
    if late <= _LONGEST_WAIT:
        yield fine(f"{count or 'no'} messages are due" if count != 1 else "1 message is due")
        return
    yield Finding(
        Level.FAULT,
        f"{count} messages wait, the oldest has been due for {duration(late)}",
        "People do not hear of what has happened.",
        "supportops alert-dispatch; supportops receivers list",
    )


def receivers(installation: Installation) -> Iterator[Finding]:
    """Whether messages to each receiver arrive."""
    if not installation.configuration.has(File.ALERTS):
        return
    targets = installation.configuration.alerts.targets()
    with reading(installation.context.engine) as connection:
        failing = sorted(alert.subject for alert in store.list_open(connection, Kind.DELIVERY))
        log = select(notification_log.c.target).where(
            notification_log.c.target.in_(sorted(targets))
        )
        tried = set(connection.execute(log.distinct()).scalars())
    for name in failing:
        yield Finding(
            Level.FAULT,
            f"messages to {name} do not arrive",
            "This person does not hear of alerts.",
            f"supportops receivers test {name}",
        )
    untried = sorted(targets.keys() - tried - {*failing})
    if untried:
        yield unknown(
            f"nothing was sent yet to {', '.join(untried[:_MOST_NAMED])}"
            + (f" and {len(untried) - _MOST_NAMED} more" if len(untried) > _MOST_NAMED else ""),
            "Whether a message arrives there is not known.",
            "supportops receivers test NAME",
        )
    if not failing and len(untried) < len(targets):
        count = len(targets) - len(untried)
        yield fine(
            f"messages to {count} of {len(targets)} receivers arrive, as far as they were sent"
        )
