"""A program that reads a mailbox and is killed (`killing.points`).

Of a job it takes `store`, `config`, `secrets` and `now` (epoch seconds). Points are before and
after each message is fetched, each commit and each move.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from killing.points import Job, Points, serve
from supportops.config.loader import check
from supportops.context import Context
from supportops.db.engine import make_engine
from supportops.flows.tickets import mailbox
from supportops.mailbox.caller import caller_of
from supportops.mailbox.imap import ImapFolders
from supportops.mailbox.maildir import Maildir
from supportops.mailbox.parsing import parse

_warm = ""


def warm(job: Job) -> None:
    """Reads and computes once what every process would have to."""
    global _warm
    if job["config"] != _warm:
        _warm = job["config"]
        check(Path(_warm))
        caller_of(parse(b"Subject: +44 20 7946 0958\n\n"), "GB")


def one_reading(job: Job, points: Points) -> None:
    engine = make_engine(job["store"])
    now = datetime.fromtimestamp(job["now"], UTC)
    kinds: tuple[Any, ...] = (Maildir, ImapFolders)
    for kind in kinds:
        kind.content, kind.move = points.around(kind.content), points.around(kind.move)
    dialect: Any = engine.dialect
    dialect.do_commit = points.around(dialect.do_commit)
    context = Context(engine, Path(job["config"]), job["secrets"].get)
    mailbox.run(context, lambda: now)
    engine.dispose()


if __name__ == "__main__":
    serve(one_reading, warm)
