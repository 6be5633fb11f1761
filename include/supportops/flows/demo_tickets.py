"""Plays a log of tickets into a store that has no tickets but those of the demo and our own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select

from supportops.context import Context
from supportops.db.engine import reading
from supportops.db.schema import sync_marks, tickets
from supportops.flows.ticket_import import DEMO_MAPPING, import_demo
from supportops.tickets.imports.file_import import ImportSummary
from supportops.tickets.source import OWN_SOURCES


def run(context: Context, file: Path, now: datetime, rejects: Path) -> ImportSummary | None:
    """Loads what `file` says up to `now`; see `ticket_import.import_demo`.

    None, with nothing loaded, where the store has tickets of anybody else.
    """
    if has_other_tickets(context.engine):
        return None
    return import_demo(context.engine, context.config, now, file=file, rejects=rejects)


def has_other_tickets(engine: Engine) -> bool:
    """Whether there are tickets that neither a demo loaded nor the product itself created."""
    demo_began = select(sync_marks.c.source).where(sync_marks.c.source == DEMO_MAPPING)
    with reading(engine) as connection:
        ours = [*OWN_SOURCES]
        if connection.execute(demo_began.limit(1)).first() is not None:
            ours.append(DEMO_MAPPING)
        others = select(tickets.c.id).where(tickets.c.source.not_in(ours)).limit(1)
        return connection.execute(others).first() is not None
