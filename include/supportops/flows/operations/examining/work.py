"""Whether the scheduled flows work, and whether messages go out and arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select

from supportops.alerts import claims, hold, store
from supportops.alerts.alert import Kind
from supportops.alerts.outbox import is_wanted
from supportops.config.configuration import Configuration, File
from supportops.db.activity import EVERY, Flow, activities, longest
from supportops.db.engine import reading
from supportops.db.schema import messages
from supportops.flows.operations.examining.airflow import DAGS
from supportops.flows.operations.examining.finding import Finding, Installation, Level, fine
from supportops.rendering.render import duration

# A message that waits longer is held back by something: dispatch, a limit or a receiver.
_LONGEST_WAIT = timedelta(minutes=15)
# Who works depends on what is configured; these always do.
_ALWAYS = (Flow.SITE_CHECK, Flow.ALERT_DISPATCH)
# As the rule SupportopsFlowSlow of deploy/prometheus/alerts.yml.
_MOST_OF_AN_INTERVAL = 0.75
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
    for flow in Flow:
        if not is_needed(flow, installation.configuration):
            continue
        if flow not in last:
            if flow in _ALWAYS:
                yield Finding(
                    Level.FAULT,
                    f"{flow} has never worked",
                    "Nothing is checked or sent without it.",
                    f"airflow dags unpause {flow}; airflow dags list-import-errors",
                )
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
    with reading(installation.context.engine) as connection:
        failing = sorted(alert.subject for alert in store.list_open(connection, Kind.DELIVERY))
    for name in failing:
        yield Finding(
            Level.FAULT,
            f"messages to {name} do not arrive",
            "This person does not hear of alerts.",
            f"supportops receivers test {name}",
        )
    if not failing:
        count = len(installation.configuration.alerts.targets())
        yield fine(f"messages to all {count} receivers arrive, as far as any were sent")
