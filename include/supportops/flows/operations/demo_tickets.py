"""Plays a log of tickets into a store that has no tickets but those of the demo and our own."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select

from supportops.config.loader import load_mapping
from supportops.context import Context
from supportops.db.engine import reading, writing
from supportops.db.schema import sync_marks, tickets
from supportops.flows.tickets.syncing.freshness import mark_synced
from supportops.tickets.imports.file_import import WEEK, import_file, weeks_until
from supportops.tickets.imports.summary import ImportSummary
from supportops.tickets.log.sync_marks import read_mark, set_first_mark
from supportops.tickets.source import OWN_SOURCES

DEMO_MAPPING = "agency"
DEMO_SOURCE = "demo"
_SHIFT = "demo_shift"


def run(context: Context, file: Path, now: datetime, rejects: Path) -> ImportSummary | None:
    """Loads what `file` says up to `now`; see `import_demo`.

    None, with nothing loaded, where the store has tickets of anybody else.
    """
    if has_other_tickets(context.engine):
        return None
    return import_demo(context.engine, context.config, now, file=file, rejects=rejects, ahead=WEEK)


def has_other_tickets(engine: Engine) -> bool:
    """Whether there are tickets that neither a demo loaded nor the product itself created."""
    began = has_demo_tickets(engine)
    with reading(engine) as connection:
        ours = [*OWN_SOURCES, DEMO_SOURCE] if began else [*OWN_SOURCES]
        others = select(tickets.c.id).where(tickets.c.source.not_in(ours)).limit(1)
        return connection.execute(others).first() is not None


def has_demo_tickets(engine: Engine) -> bool:
    """Whether a demo has begun to load its log into the store."""
    demo_began = select(sync_marks.c.source).where(sync_marks.c.stream == _SHIFT).limit(1)
    with reading(engine) as connection:
        return connection.execute(demo_began).first() is not None


def import_demo(
    engine: Engine,
    config: Path,
    now: datetime,
    *,
    file: Path,
    rejects: Path | None = None,
    by: str = DEMO_MAPPING,
    ahead: timedelta = timedelta(0),
) -> ImportSummary:
    """Imports the demo's log, moved by whole weeks so that its last ticket is at most a week old,
    or as much later as `ahead` says.

    Events after `now` are left for the next call, so tickets go on being answered while the demo
    runs. The first call fixes the number of weeks for all later ones.
    """
    mapping = load_mapping(config, by)
    shift = _stored_shift(engine, mapping.source)
    if shift is None:
        weeks = weeks_until(file, mapping, now, created=True) + ahead
        shift = _store_shift(engine, mapping.source, weeks, now)
    summary = import_file(engine, file, mapping, now, shift=shift, until=now, rejects=rejects)
    with writing(engine) as connection:
        mark_synced(connection, mapping.source, now)
    return summary


def _stored_shift(engine: Engine, source: str) -> timedelta | None:
    with reading(engine) as connection:
        weeks = read_mark(connection, source, _SHIFT)
    return None if weeks is None else timedelta(weeks=int(weeks))


def _store_shift(engine: Engine, source: str, shift: timedelta, now: datetime) -> timedelta:
    """Stores the shift unless another process did; returns the one that is stored."""
    with writing(engine) as connection:
        set_first_mark(connection, source, _SHIFT, str(shift // timedelta(weeks=1)), now)
    stored = _stored_shift(engine, source)
    assert stored is not None
    return stored
