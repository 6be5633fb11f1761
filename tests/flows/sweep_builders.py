"""A store of tickets, swept at instants of London's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, select

from sla.policies import book, london
from supportops.alerts.alert import Severity
from supportops.config.of_tickets.service_levels import Tier, Tiers
from supportops.db.engine import reading, writing
from supportops.db.schema import alerts, sync_marks, ticket_events, tickets
from supportops.flows.sla import sla_sweep
from supportops.sla.policy import PolicyBook
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Event

TIERS = Tiers(
    {"mission_critical": Tier(severity=Severity.CRITICAL, wakes=True)},
    outages="mission_critical",
    calls="mission_critical",
)
SWEPT = (alerts, sync_marks, tickets)


def recorded(events: Sequence[Event], at: str) -> list[Event]:
    """The events, recorded at a local time."""
    return [replace(event, recorded_at=london(at)) for event in events]


@dataclass
class Sweeper:
    """`at` is local time, "2026-04-09 17:03"; it is also the time that it is."""

    store: Engine
    book: PolicyBook

    def append(self, *events: Event) -> None:
        with writing(self.store) as connection:
            append_events(connection, events, datetime(2030, 1, 1, tzinfo=UTC))

    def sweep(self, at: str, now: str | None = None, **options: Any) -> dict[str, Any]:
        return sla_sweep.run(self.store, self.book, TIERS, london(at), london(now or at), **options)

    def due(self, at: str) -> dict[str, Any]:
        return self.sweep(at, every_open=False)

    def alerts(self) -> list[Any]:
        with reading(self.store) as connection:
            return list(connection.execute(select(alerts).order_by(alerts.c.key)))

    def lines(self) -> list[str]:
        """Each alert as "metric milestone state"."""
        found = []
        for row in self.alerts():
            f = row.facts
            if "metric" not in f:
                continue
            state = "retracted" if f.get("retracted") else "over" if row.resolved_at else "open"
            state = "untold" if f.get("untold") else state
            found.append(f"{f['metric'].removesuffix('_time')} {f['milestone']} {state}")
        return sorted(found)

    def rows(self) -> list[list[tuple[Any, ...]]]:
        with reading(self.store) as connection:
            return [
                [tuple(row) for row in connection.execute(select(t).order_by(*t.primary_key))]
                for t in SWEPT
            ]

    def plain_rows(self) -> list[list[dict[str, Any]]]:
        """The same without the numbers that the store gave."""
        with reading(self.store) as connection:
            return [
                [
                    {name: value for name, value in row.items() if name != "id"}
                    for row in connection.execute(select(t).order_by(*t.primary_key)).mappings()
                ]
                for t in SWEPT
            ]

    def empty(self) -> None:
        with writing(self.store) as connection:
            for table in (alerts, sync_marks, ticket_events, tickets):
                connection.execute(delete(table))


def sweeper(store: Engine) -> Sweeper:
    return Sweeper(store, book())
