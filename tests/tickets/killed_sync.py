"""A program that syncs and is killed (`killing.points`).

Of a job it takes `store`, `zendesk`, `login`, `token` and `now` (epoch seconds). Points are before
and after each request, and before and after each commit.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from killing.points import Job, Points, serve
from supportops.db.engine import make_engine
from supportops.flows.tickets.ticket_sync import sync
from supportops.tickets.zendesk.client import Client
from supportops.tickets.zendesk.http import ZendeskHttp
from supportops.tickets.zendesk.model import Account
from supportops.tickets.zendesk.source import ZendeskSource


def one_sync(job: Job, points: Points) -> None:
    engine = make_engine(job["store"])
    account = Account(job["zendesk"], job["login"], job["token"])
    now = datetime.fromtimestamp(job["now"], UTC)
    http: Any = ZendeskHttp
    http._attempt = points.around(http._attempt)
    dialect: Any = engine.dialect
    dialect.do_commit = points.around(dialect.do_commit)
    with Client(account, sleep=lambda _: None) as client:
        sync(engine, ZendeskSource(client), lambda: now)
    engine.dispose()


if __name__ == "__main__":
    serve(one_sync)
