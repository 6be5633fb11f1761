"""The clock that all machines of an installation share: the store's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from supportops.db.engine import reading

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
# Below this a machine's own clock counts: a query takes time, and two tasks should not disagree.
TOLERANCE = timedelta(seconds=2)


def machine_clock() -> datetime:
    """The current instant by this machine's clock, aware UTC."""
    return datetime.now(UTC)  # noqa: TID251 (an entrance: the clock itself)


def shared_clock(engine: Engine, own: Clock = machine_clock) -> Clock:
    """This machine's clock, moved by as much as it differs from the store's.

    A worker whose clock is ten minutes fast would otherwise raise alerts that another one sends ten
    minutes later, or take a check's slot for one long past. A store on SQLite has no clock of its
    own: it is on the machine that uses it.
    """
    if engine.dialect.name != "postgresql":
        return own
    with reading(engine) as connection:
        before = own()
        theirs = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        after = own()
    apart: timedelta = theirs - (before + (after - before) / 2)
    if abs(apart) <= TOLERANCE:
        return own
    log.warning(
        "this machine's clock is %.0f s %s the store's, whose time is used",
        abs(apart.total_seconds()),
        "behind" if apart > timedelta(0) else "ahead of",
    )
    return lambda: own() + apart
