"""Facts gathered from a store, and their rows as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pandas as pd
from sqlalchemy import Engine, delete

from builders import SHIPPED
from sla.policies import book
from supportops.config.configuration import Configuration, File
from supportops.config.loader import load
from supportops.db.engine import reading, writing
from supportops.db.schema import ticket_events, tickets
from supportops.flows.reports.reporting.gathering import gather
from supportops.flows.reports.reporting.selection import FactsRequest
from supportops.reports.facts import Facts
from supportops.sites.site import Fleet, Site
from supportops.sla.policy import PolicyBook
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Event

LATER = datetime(2026, 12, 1, tzinfo=UTC)
Values = tuple[Any, ...]

_CLOCKS = ("number", "metric", "instance", "tier", "policy", "state", "started_at", "deadline")
_CLOCKS += ("ended_at", "breached_at", "customer", "site", "assignee")
_TICKETS = ("number", "customer", "site", "assignee", "tier", "status", "created_at", "open")
_TICKETS += ("solved", "reopened", "reassigned", "left_out")


@cache
def _shipped() -> Configuration:
    return load(SHIPPED)


def configured(promises: PolicyBook | None = None, *sites: Site) -> Configuration:
    """The shipped configuration with these promises and sites instead of its own."""
    shipped = _shipped()
    levels = replace(shipped.service_levels, promises=promises)
    parts = {File.SERVICE_LEVELS.value: levels, File.SITES.value: Fleet(sites)}
    return replace(shipped, parts={**shipped.parts, **parts})


def gathered(
    store: Engine,
    *requests: FactsRequest,
    promises: PolicyBook | None = None,
    sites: Iterable[Site] = (),
) -> list[Facts]:
    """The facts of these requests; by the published promises where no others are given."""
    with reading(store) as connection:
        return gather(connection, configured(promises or book(), *sites), requests)


def refill(store: Engine, events: Iterable[Event]) -> None:
    """A store that holds these tickets and no others."""
    with writing(store) as connection:
        for table in (ticket_events, tickets):
            connection.execute(delete(table))
        append_events(connection, events, LATER)


def rows(frame: pd.DataFrame, *names: str) -> list[Values]:
    """The rows of these columns as plain values: None where there is nothing."""
    columns = [[_plain(value) for value in frame[name].array] for name in names]
    return list(zip(*columns, strict=True))


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or value != value:
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def clocks_of(facts: Facts) -> Counter[Values]:
    """The clocks as `slow_report` computes them."""
    frame = facts.clocks.assign(
        policy=[None if each is None else each.partition("/")[2] for each in facts.clocks["policy"]]
    )
    return Counter(rows(frame, *_CLOCKS))


def tickets_of(facts: Facts) -> Counter[Values]:
    """The tickets as `slow_report` computes them."""
    return Counter(rows(facts.tickets, *_TICKETS))
