"""An installation with something of everything that is measured, and its metrics as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine

from supportops.alerts.alert import Kind
from supportops.alerts.operations import operations_alert
from supportops.alerts.store import raise_alert
from supportops.config.snapshots import LastConfiguration
from supportops.context import Context, OpenContext
from supportops.db.activity import Flow, worked
from supportops.db.engine import writing
from supportops.flows.sla import sla_sweep
from supportops.sites.check import Reason
from supportops.sites.site import Site
from supportops.tickets.log.store import append_events
from supportops.tickets.ticket import Author, EventKind
from supportops.web.metrics.collect import metrics_text
from web.boards import NOON, live_through, site_entry, slots_until, write_config
from web.desk import event

HOSTILE = 'a "b" \\ c\n\x1b[2J{x="1"} \u202e'
SITES: list[dict[str, Any]] = [
    site_entry("shop.example", host="web-1"),
    site_entry("wiki.example", host="web-2", pages=[{"path": "/cart"}]),
    site_entry("down.example", host="web-3"),
    site_entry(
        "quiet.example",
        host="web-4",
        maintenance={"once": [{"from": "2026-11-18T00:00+00:00", "to": "2026-11-19T00:00+00:00"}]},
    ),
]


def lived(engine: Engine, folder: Path, sites: Sequence[dict[str, Any]] = SITES) -> Context:
    """Two runs of checks before noon: one site down, one with a faulty page, one in maintenance; a
    ticket whose first reply is late; a receiver that fails; flows that worked at noon."""
    write_config(folder, list(sites))

    def answer(site: Site, page: str, at: datetime) -> Reason:
        bad = site.name == "down.example" or page == "/cart"
        return Reason.STATUS if bad else Reason.OK

    live_through(engine, folder, slots_until(NOON, 2), answer)
    ticket(engine, "1", NOON - timedelta(days=4))
    ticket(engine, "2", NOON - timedelta(minutes=5))
    context = Context(engine, folder, lambda _name: None)
    sla_sweep.hourly(context, NOON, NOON)
    with writing(engine) as connection:
        failing = operations_alert(Kind.DELIVERY, "team_email", "refused", NOON, facts={})
        raise_alert(connection, failing, NOON)
        worked(connection, Flow.ALERT_DISPATCH, NOON, timedelta(seconds=1.5))
    return context


def ticket(engine: Engine, number: str, at: datetime, tier: str = "bug_fix") -> None:
    """A customer's ticket that nobody has answered."""
    facts = {"subject": HOSTILE, "text": "Please help.", "requester": "jo@acme.example"}
    events = [
        event(number, EventKind.CREATED, at, Author.CUSTOMER, **facts),
        event(number, EventKind.TIER, at, Author.AGENT, tier),
    ]
    with writing(engine) as connection:
        append_events(connection, events, at)


def opened(context: Context) -> OpenContext:
    @contextmanager
    def open_context() -> Iterator[Context]:
        yield context

    return open_context


def metrics(context: Context, now: datetime = NOON, **asked: Any) -> dict[str, float]:
    """The metrics by name with labels, as `name{a=x,b=y}`, without the prefix."""
    text = metrics_text(opened(context), LastConfiguration(), now, **asked)
    return numbers(text.decode())


def numbers(text: str) -> dict[str, float]:
    return {
        named(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def named(name: str, labels: Mapping[str, str]) -> str:
    inside = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return name.removeprefix("supportops_") + (f"{{{inside}}}" if inside else "")
