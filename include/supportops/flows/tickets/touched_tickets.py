"""Runs after every sync: links tickets to their outage, and judges their clocks.

So nothing waits for the hourly sweep: an urgent ticket pages within five minutes, and a
warning or breach is alerted when it is due.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from supportops.context import Context
from supportops.db.activity import Flow
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import load_or_last_good, outage_tier
from supportops.flows.alerts.watching.dispatch_watch import watch_dispatch
from supportops.flows.sla.sla_sweep import run as sweep
from supportops.flows.tickets.own_tickets.outage_tickets import link_tickets


def follow(context: Context, now: datetime) -> dict[str, Any]:
    """Links tickets to the outages during which they were raised, then sweeps what is due.

    Due are tickets touched since the last sweep, and those with a deadline since. Returns the
    summary of the sweep with `linked`, how many tickets were newly linked, and `faults` of the
    configuration. Raises ConfigurationError, after tickets were linked, where there is no usable
    service_levels.yaml.
    """
    configuration, error = load_or_last_good(context.engine, context.config, now)
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        linked = link_tickets(connection, now, outage_tier(configuration))
    levels = configuration.service_levels
    swept = sweep(context.engine, levels.promises, levels.tiers, now, now, every_open=False)
    watch_dispatch(context.engine, Flow.TICKET_SYNC, now)
    faults = [str(fault) for fault in error.faults] if error else []
    return swept | {"linked": linked, "faults": faults}
