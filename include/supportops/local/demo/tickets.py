"""Loads the demo's past and its log of tickets into the store, and goes on with it as time passes.

`python -m supportops.local.demo.tickets REJECTS` loads what has happened by now and ends; with
`--follow` it waits for what happens next. A store with tickets of its own is left as it is.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import OperationalError

from supportops.bootstrap import open_context
from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.flows.operations import demo_history, demo_tickets
from supportops.local.demo import registry
from supportops.local.demo.clock import utc_now
from supportops.local.supervisor.components import FOLLOW

LOG = Path(__file__).with_name("demo_data") / "agency_10weeks.csv.gz"
# The real log that it was made from, see demo_data/ATTRIBUTION.md; benchmarks and tests read it.
UCI_LOG = LOG.with_name("uci_incidents_2weeks.csv.gz")
HISTORY = LOG.with_name("history.yaml")
INTERVAL = 300.0  # seconds
NICENESS = 10  # of a process that only makes the demo livelier, and must not slow it down


def load(context: Context, now: datetime, rejects: Path) -> str:
    """Loads what the log says up to `now`; returns the outcome in a line."""
    summary = demo_tickets.run(context, LOG, now, rejects)
    if summary is None:
        return "the store has tickets of its own; the demo's are left out"
    return (
        f"{summary.new_tickets} new tickets, {summary.new_events} new events; "
        f"{summary.later} events are still to come"
    )


def holds_demo(address: str) -> bool:
    """Whether the store at `address` was filled by a demo; no where it is not migrated yet."""
    engine = make_engine(address)
    try:
        return demo_tickets.has_demo_tickets(engine)
    except OperationalError:
        return False
    finally:
        engine.dispose()


def follow(load_more: Callable[[], str], pause: Callable[[float], None]) -> None:
    """Calls `load_more` every five minutes, for ever; where the store is busy, the next call does.

    `pause` waits for a number of seconds.
    """
    while True:
        pause(INTERVAL)
        try:
            write_line(load_more())
        except OperationalError as error:
            write_line(f"the store does not answer: {str(error.orig).splitlines()[0]}")


def write_line(line: str) -> None:
    """Writes a line to the log at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    rejects = Path(sys.argv[1])
    with open_context() as context:

        def load_more() -> str:
            return load(context, utc_now(), rejects)

        if FOLLOW in sys.argv[2:]:
            os.nice(NICENESS)
            follow(load_more, time.sleep)
        else:
            demo_history.run(context, HISTORY, utc_now(), registry.ends(context.config))
        write_line(load_more())


if __name__ == "__main__":
    main()
