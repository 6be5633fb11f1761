"""The metrics of alerts and messages, and of the tickets' clocks that alerts are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, select

from supportops.alerts import claims, store
from supportops.alerts.alert import SERVICE_LEVEL_KINDS, TEST_KEYS, Kind, Severity
from supportops.alerts.outbox import MessageState
from supportops.config.configuration import File
from supportops.db.activity import Flow, activities
from supportops.db.schema import alerts, messages, notification_log, tickets
from supportops.db.sound_json import sound_json
from supportops.flows.sla.sla_sweep import OPEN_CLOCKS
from supportops.notify.outgoing import Outcome
from supportops.sla.policy import METRICS as CLOCKS
from supportops.web.metrics.sample import Sample, instant
from supportops.web.metrics.snapshot import Snapshot

DAY = timedelta(hours=24)
OTHER = "other"
"""The label of a tier that is not configured any more, and of what an older version wrote."""
_CLOCKS = frozenset(metric.value for metric in CLOCKS)
_UNFINISHED = (MessageState.WAITING, MessageState.CLAIMED)


def outbox(snapshot: Snapshot) -> Iterator[Sample]:
    """The messages that are not finished; of these, what could be sent by now."""
    c, connection = messages.c, snapshot.connection
    unfinished = c.finished_at.is_(None)
    rows = select(c.state, func.count()).where(unfinished).group_by(c.state)
    counts: dict[str, int] = dict(connection.execute(rows).all())
    for state in _UNFINISHED:
        yield Sample("outbox_messages", counts.get(state.value, 0), (state.value,))
    due = select(func.count(), func.min(claims.waiting_since())).where(
        unfinished, c.due_at <= snapshot.now, c.next_attempt_at <= snapshot.now
    )
    count, oldest = connection.execute(due).one()
    yield Sample("outbox_due_messages", count)
    yield from instant("outbox_oldest_due_timestamp_seconds", oldest)


def deliveries(snapshot: Snapshot) -> Iterator[Sample]:
    """What became of the attempts to each receiver that is configured, without test messages."""
    if not snapshot.configuration.has(File.ALERTS):
        return
    c, connection = notification_log.c, snapshot.connection
    failing = {alert.subject for alert in store.list_open(connection, Kind.DELIVERY)}
    targets = snapshot.configuration.alerts.targets()
    lately = (
        select(c.target, c.outcome, func.count())
        .where(c.target.in_(sorted(targets)), c.started_at > snapshot.now - DAY)
        .where(c.alert.not_like(f"{TEST_KEYS}%"))
        .group_by(c.target, c.outcome)
    )
    counts = {(name, outcome): n for name, outcome, n in connection.execute(lately).all()}
    for name, target in targets.items():
        for outcome in Outcome:
            labels = (name, target.channel, outcome.value)
            yield Sample("delivery_attempts_last_day", counts.get((name, outcome.value), 0), labels)
        yield Sample("receiver_failing", name in failing, (name,))


def open_alerts(snapshot: Snapshot) -> Iterator[Sample]:
    """Open alerts by kind and severity; those of clocks also by tier and metric."""
    c = alerts.c
    facts = sound_json(c.facts)
    kinds = [kind.value for kind in SERVICE_LEVEL_KINDS]
    is_clock = c.kind.in_(kinds)
    tier = case((is_clock, facts["tier"].as_string())).label("tier")
    metric = case((is_clock, facts["metric"].as_string())).label("metric")
    # Grouped by what is read: an expression with parameters is another one each time it is written.
    read = select(c.kind, c.severity, tier, metric).where(c.resolved_at.is_(None)).subquery()
    grouped = select(*read.c, func.count()).group_by(*read.c)
    counts = Counter[tuple[str, str]]()
    by_clock: dict[str, Counter[tuple[str, str]]] = {kind: Counter() for kind in kinds}
    found: Sequence[Any] = snapshot.connection.execute(grouped).all()
    for kind, severity, of_tier, of_metric, count in found:
        counts[kind, severity] += count
        if kind in by_clock:
            by_clock[kind][_tier(snapshot, of_tier), _metric(of_metric)] += count
    for each in Kind:
        for urgency in Severity:
            labels = (each.value, urgency.value)
            yield Sample("alerts_open", counts[labels], labels)
    yield from _by_clock(snapshot, "clocks_breached", by_clock[Kind.SLA_BREACH.value])
    yield from _by_clock(snapshot, "clocks_at_risk", by_clock[Kind.SLA_WARNING.value])


def open_tickets(snapshot: Snapshot) -> Iterator[Sample]:
    """Open tickets by tier, and their clocks as the last sweep of all of them counted."""
    c = tickets.c
    rows = select(c.tier, func.count()).where(c.open).group_by(c.tier)
    default = (
        snapshot.configuration.promises.default_tier if snapshot.configuration.promises else None
    )
    counts = Counter[str]()
    for tier, count in snapshot.connection.execute(rows):
        counts[_tier(snapshot, tier or default)] += count
    for tier in dict.fromkeys([*snapshot.configuration.tiers.named, *counts]):
        yield Sample("tickets_open", counts[tier], (tier,))
    swept = activities(snapshot.connection).get(Flow.SLA_SWEEP)
    if swept is not None and swept.counts is not None:
        yield from _by_clock(snapshot, "clocks_open", _counted(snapshot, swept.counts))


def _by_clock(
    snapshot: Snapshot, name: str, counts: Mapping[tuple[str, str], int]
) -> Iterator[Sample]:
    """A value for each tier and metric, 0 where there is none."""
    every = [
        (tier, metric.value) for tier in snapshot.configuration.tiers.named for metric in CLOCKS
    ]
    for labels in dict.fromkeys([*every, *counts]):
        yield Sample(name, counts.get(labels, 0), labels)


def _counted(snapshot: Snapshot, counts: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    for tier, of_tier in counts.get(OPEN_CLOCKS, {}).items():
        for metric, count in of_tier.items():
            found[_tier(snapshot, tier), _metric(metric)] += count
    return found


def _metric(metric: str | None) -> str:
    return metric if metric is not None and metric in _CLOCKS else OTHER


def _tier(snapshot: Snapshot, tier: str | None) -> str:
    return tier if tier is not None and tier in snapshot.configuration.tiers.named else OTHER
