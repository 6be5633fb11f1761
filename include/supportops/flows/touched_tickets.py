"""What follows whenever tickets came in: they find their outage, and their clocks are judged.

So nothing waits for the hourly sweep: a mission-critical ticket pages within five minutes, and a
deadline is told when it comes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from supportops.context import Context
from supportops.db.engine import writing
from supportops.db.locks import Lock, advisory_lock
from supportops.flows.active_configuration import load_or_last_good
from supportops.flows.sla_sweep import sweep_due
from supportops.flows.ticketing.outage_tickets import TIER, link_tickets


def follow(context: Context, now: datetime) -> dict[str, Any]:
    """Links tickets to the outages they were raised in, then sweeps what was touched or is due.

    Answers what the sweep does, and `linked`. Raises ConfigurationError where there never was a
    good configuration.
    """
    configuration, error = load_or_last_good(context.engine, context.config, now)
    with writing(context.engine) as connection:
        advisory_lock(connection, Lock.APPEND_TICKET_EVENTS)
        linked = link_tickets(connection, now, TIER)
    swept = sweep_due(context.engine, configuration.promises, now, now)
    faults = [str(fault) for fault in error.faults] if error else []
    return swept | {"linked": linked, "faults": faults}
