"""Brings the demo's log of real tickets into the store, and goes on with it as time passes.

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

from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from supportops.bootstrap import open_context
from supportops.db.engine import reading
from supportops.db.schema import sync_marks, tickets
from supportops.flows.ticket_import import DEMO_MAPPING, import_demo
from supportops.local.demo.clock import utc_now
from supportops.local.supervisor.components import FOLLOW
from supportops.tickets.source import OUTAGE, PHONE

EVERY = 300.0
# A part that only makes the demo livelier must not slow it down.
POLITELY = 10


def bring_in(engine: Engine, config: Path, now: datetime, rejects: Path) -> str:
    """Loads what the log tells up to `now`; what came of it, in a line."""
    if belongs_to_others(engine):
        return "the store has tickets of its own; the demo's are left out"
    summary = import_demo(engine, config, now, rejects=rejects)
    return (
        f"{summary.new_tickets} new tickets, {summary.new_events} new events; "
        f"{summary.later} events are still to come"
    )


def belongs_to_others(engine: Engine) -> bool:
    """Whether there are tickets that neither a demo brought in nor we made ourselves."""
    demo_began = select(sync_marks.c.source).where(sync_marks.c.source == DEMO_MAPPING)
    with reading(engine) as connection:
        ours = [OUTAGE, PHONE]
        if connection.execute(demo_began.limit(1)).first() is not None:
            ours.append(DEMO_MAPPING)
        others = select(tickets.c.id).where(tickets.c.source.not_in(ours)).limit(1)
        return connection.execute(others).first() is not None


def follow(bring: Callable[[], str], pause: Callable[[float], None]) -> None:
    """Calls `bring` every five minutes, for ever; a store that is busy is asked again."""
    while True:
        pause(EVERY)
        try:
            say(bring())
        except OperationalError as error:
            say(f"the store does not answer: {str(error.orig).splitlines()[0]}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    rejects = Path(sys.argv[1])
    with open_context() as place:

        def bring() -> str:
            return bring_in(place.engine, place.config, utc_now(), rejects)

        if FOLLOW in sys.argv[2:]:
            os.nice(POLITELY)
            follow(bring, time.sleep)
        say(bring())


if __name__ == "__main__":
    main()
