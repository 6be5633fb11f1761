"""What the public endpoint does: takes pushes of jobs, and says in the store that it serves."""

from __future__ import annotations

from datetime import datetime

from supportops.context import Context
from supportops.db.engine import writing
from supportops.flows.pushing import endpoint
from supportops.flows.pushing.receiving import Answer, Request, receive

__all__ = ["Answer", "Request", "beat", "receive"]


def beat(context: Context, now: datetime, *, started: bool = False) -> None:
    """The public endpoint serves at `now`; `started`: for the first time in this process."""
    with writing(context.engine) as connection:
        endpoint.beat(connection, now, started=started)
